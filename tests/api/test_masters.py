"""Companies, customers, contacts, invoices and policies over HTTP."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

import pytest
from sqlmodel import select

from activities.decisions import settle_case
from activities.store.engine import transaction
from activities.store.policies import ensure_builtin
from models.ids import CaseSignal
from models.tables import AuditEvent, CaseEvent, Company, Contact, ContactMade, Customer, PolicyRow
from policies import builtin_policy_texts
from tests.api.conftest import Door
from tests.api.pages import field_of, ok
from tests.fixtures.ledger import NOW, add_contact

pytestmark = pytest.mark.integration

ACME = "/v1/companies/acme"
C1 = f"{ACME}/customers/C-1"


def draft_of(door: Door) -> UUID:
    """A letter about F-1 that waits for approval."""
    with transaction(door.book.engine) as session:
        return add_contact(session, door.book, "draft", {"F-1": "formal_notice"}).id


def status_of(door: Door, contact: UUID) -> str:
    with transaction(door.book.engine) as session:
        return session.get_one(ContactMade, contact).status


def the_contact(door: Door) -> str:
    with transaction(door.book.engine) as session:
        return str(session.exec(select(Contact.id).where(Contact.customer_id == door.book.customer_id)).one())


INVOICE = {
    "invoice": "F-10",
    "customer": "C-1",
    "issued_on": "2026-02-01",
    "due_on": "2026-03-01",
    "amount": "250.00",
    "currency": "EUR",
}


def test_an_invoice_is_created_once_and_its_case_starts(door: Door) -> None:
    made = ok(door.ask("POST", f"{ACME}/invoices", INVOICE), 201)
    assert made["created"] is True
    assert (made["case"]["invoice"], made["case"]["outstanding"]) == ("F-10", "250.00")
    assert made["case"]["next_step"] == "reminder_1"
    assert len(door.courier.notes) == 1
    again = ok(door.ask("POST", f"{ACME}/invoices", INVOICE))
    assert again == made | {"created": False}
    assert len(door.courier.notes) == 1
    other = door.ask("POST", f"{ACME}/invoices", INVOICE | {"amount": "251.00"})
    assert other.status_code == 409
    assert "amount is 250.00 in the ledger, 251.00 here" in other.json()["detail"]


def test_an_invoice_brings_its_customer(door: Door) -> None:
    new = INVOICE | {"customer": "C-2"}
    assert field_of(door.ask("POST", f"{ACME}/invoices", new)) == "body.customer"
    debtor = {"name": "Deux SARL", "accounting_email": "compta@deux.example", "buyer_phone": "0612345678"}
    made = ok(door.ask("POST", f"{ACME}/invoices", new | {"debtor": debtor, "paid": "50.00"}), 201)
    assert made["case"]["outstanding"] == "200.00"
    assert made["case"]["next_channel"] == "email"
    known = ok(door.ask("PATCH", f"{ACME}/customers/C-2", {"segment": "key"}))
    assert (known["name"], known["open_cases"]) == ("Deux SARL", 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "0"}, "body.amount"),
        ({"amount": "10.001"}, "body.amount"),
        ({"currency": "XXX"}, "body.currency"),
        ({"due_on": "2026-01-01"}, "body.due_on"),
        ({"due_on": "soon"}, "body.due_on"),
        ({"paid": "251.00"}, "body.paid"),
        ({"policy": "gentle"}, "body.policy"),
        ({"last_step": "reminder_9", "last_contacted_on": "2026-03-02"}, "body.last_step"),
        ({"last_step": "call_1", "last_contacted_on": "2026-03-02"}, "body.last_step"),
        ({"last_step": "reminder_1"}, "body.last_contacted_on"),
        ({"invoice": "x" * 201}, "body.invoice"),
        ({"invoice": "F\u202e1"}, "body.invoice"),
        ({"colour": "red"}, "body.colour"),
    ],
)
def test_an_invoice_that_cannot_be(door: Door, change: dict[str, str], field: str) -> None:
    assert field_of(door.ask("POST", f"{ACME}/invoices", INVOICE | change)) == field
    assert door.book.seq() == 0


def test_a_policy_for_an_invoice_is_a_managers_choice(door: Door) -> None:
    strict = INVOICE | {"policy": "strict"}
    assert door.ask("POST", f"{ACME}/invoices", strict, role="collector").status_code == 403
    made = ok(door.ask("POST", f"{ACME}/invoices", strict), 201)
    assert made["case"]["next_step"] == "reminder_1"


def test_a_customer_is_created_once(door: Door) -> None:
    body = {"customer": "C-7", "name": "Sept", "country": "BE", "collector_email": "paul@acme.example"}
    made = ok(door.ask("POST", f"{ACME}/customers", body), 201)
    assert (made["country"], made["open_cases"]) == ("BE", 0)
    assert ok(door.ask("POST", f"{ACME}/customers", body)) == made
    other = door.ask("POST", f"{ACME}/customers", body | {"name": "Huit"})
    assert other.status_code == 409
    assert other.json()["detail"] == "customer 'C-7' is known already, with another name"
    for change, field in (
        ({"country": "ZZ"}, "body.country"),
        ({"timezone": "Mars/Olympus"}, "body.timezone"),
        ({"language": "xx"}, "body.language"),
        ({"collector_email": "no-reply@acme.example"}, "body.collector_email"),
    ):
        wrong = body | {"customer": "C-8"} | change
        assert field_of(door.ask("POST", f"{ACME}/customers", wrong)) == field


def test_a_customers_change_is_told_to_its_cases(door: Door) -> None:
    draft = draft_of(door)
    changed = ok(door.ask("PATCH", C1, {"language": "en", "segment": "key"}))
    assert (changed["language"], changed["segment"]) == ("en", "key")
    assert door.book.seq() == 1
    assert status_of(door, draft) == "withdrawn"
    told = [note for note in door.book.notes() if note[0] in ("F-1", "F-2")]
    assert told == [("F-1", "contact_concluded", True), ("F-2", "contact_concluded", True)]
    assert ok(door.ask("PATCH", C1, {"language": "en"}))["language"] == "en"
    assert door.book.seq() == 1, "what is known already changes nothing"
    assert ok(door.ask("PATCH", C1, {"segment": None}))["segment"] is None
    assert field_of(door.ask("PATCH", C1, {"name": None})) == "body.name"
    assert field_of(door.ask("PATCH", C1, {})) == "body"
    assert door.ask("PATCH", f"{ACME}/customers/C-9", {"segment": "x"}).status_code == 404


def test_a_name_is_changed_and_not_kept_in_the_journal(door: Door) -> None:
    ok(door.ask("PATCH", C1, {"name": "Jean Dupont EIRL", "risk": "high"}))
    with transaction(door.book.engine) as session:
        (event,) = session.exec(select(CaseEvent).where(CaseEvent.what == "customer_changed")).all()
        audits = session.exec(select(AuditEvent)).all()
    assert event.detail == {"changed": ["name", "risk"], "risk": {"from": None, "to": "high"}}
    assert "Dupont" not in " ".join(str(audit.detail) for audit in audits)


def test_a_policy_of_its_own(door: Door) -> None:
    assert ok(door.ask("PUT", f"{C1}/policy", {"policy": "strict"}))["policy"] == "strict"
    assert field_of(door.ask("PUT", f"{C1}/policy", {"policy": "gentle"})) == "body.policy"
    made = ok(door.ask("POST", f"{ACME}/invoices", INVOICE | {"due_on": "2026-04-30"}), 201)
    assert made["case"]["next_on"] == "2026-04-23", "strict pre-reminds seven days before"


def test_contacts(door: Door) -> None:
    body = {"role": "buyer", "name": "Marc", "email": "Achats@Client.EXAMPLE", "phone": "06 98 76 54 32"}
    made = ok(door.ask("POST", f"{C1}/contacts", body), 201)
    assert made["email"] == "Achats@client.example"
    assert (made["phone"], made["phone_kind"], made["in_use"]) == ("+33698765432", "mobile", True)
    assert door.ask("POST", f"{C1}/contacts", body).status_code == 409
    mine = f"{C1}/contacts/{made['id']}"
    fixed = ok(door.ask("PATCH", mine, {"phone": "01 45 67 89 01", "name": None}))
    assert (fixed["phone_kind"], fixed["name"]) == ("fixed", None)
    assert field_of(door.ask("PATCH", mine, {"email": None, "phone": None})) == "body"
    assert field_of(door.ask("PATCH", mine, {"phone": "+33700"})) == "body.phone"
    assert field_of(door.ask("POST", f"{C1}/contacts", {"role": "buyer"})) == "body"
    assert field_of(door.ask("POST", f"{C1}/contacts", {"role": "boss", "email": "a@b.fr"})) == "body.role"
    assert field_of(door.ask("POST", f"{C1}/contacts", {"role": "buyer", "email": "a@b"})) == "body.email"
    same = {"role": "accounting", "email": "compta@client.example", "phone": "+33612345678"}
    assert door.ask("PATCH", mine, same).status_code == 409
    assert door.ask("PATCH", f"{C1}/contacts/{uuid4()}", {"name": "X"}).status_code == 404
    gone = ok(door.ask("POST", f"{mine}/invalidation", {"reason": "has left"}))
    assert (gone["in_use"], gone["invalid_reason"]) == (False, "has left")
    assert door.ask("POST", f"{mine}/invalidation", {"reason": "again"}).status_code == 409
    assert ok(door.ask("POST", f"{mine}/reinstatement", {"reason": "a mistake"}))["in_use"] is True
    assert door.ask("POST", f"{mine}/reinstatement", {"reason": "again"}).status_code == 409
    assert ok(door.ask("POST", f"{mine}/opt-out"))["opted_out"] is True
    assert door.ask("POST", f"{mine}/opt-out").status_code == 409


def test_nothing_composed_for_somebody_out_of_use_leaves(door: Door) -> None:
    draft = draft_of(door)
    ok(door.ask("POST", f"{C1}/contacts/{the_contact(door)}/opt-out"))
    assert status_of(door, draft) == "withdrawn"
    case = ok(door.ask("POST", f"{ACME}/invoices/F-1/claims", {"paid_on": "2026-03-09"}), 201)["case"]
    assert case["paused_by"] == "claimed_paid"
    with transaction(door.book.engine) as session:
        journal = session.exec(select(CaseEvent).where(CaseEvent.what == "contact_opted_out")).one()
    assert list(journal.detail) == ["contact"]


def test_settings_of_a_company(door: Door) -> None:
    draft = draft_of(door)
    one = "FR7630006000011234567890189"
    changed = ok(door.ask("PATCH", ACME, {"iban": one, "gap_days": 9}))
    assert (changed["iban"], changed["gap_days"], changed["bank_details_change"]) == (one, 9, None)
    assert status_of(door, draft) == "withdrawn", "it showed no IBAN to pay to"
    with transaction(door.book.engine) as session:
        audit = session.exec(select(AuditEvent).where(AuditEvent.what == "change_company")).all()[-1]
    assert audit.detail["changed"]["iban"] == {"from": None, "to": "FR76 … 0189"}
    assert one not in str(audit.detail)
    for body, field in (
        ({"iban": "FR7630006000011234567890188"}, "body.iban"),
        ({"gap_days": 0}, "body.gap_days"),
        ({"gap_days": None}, "body.gap_days"),
        ({"timezone": "Mars/Olympus"}, "body.timezone"),
        ({"payment_link": "javascript:alert(1)"}, "body.payment_link"),
        ({"signatory": {"name": "M", "email": "noreply@acme.example"}}, "body.signatory.email"),
    ):
        assert field_of(door.ask("PATCH", ACME, body)) == field
    signed = {"name": "Margot", "email": "margot@acme.example", "title": "Directrice du crédit"}
    assert ok(door.ask("PATCH", ACME, {"signatory": signed}))["signatory_email"] == "margot@acme.example"


def test_the_bank_is_known_forward_only_and_claims_look_again(door: Door) -> None:
    assert ok(door.ask("PATCH", ACME, {"bank_known_until": "2026-03-06"}))["bank_known_until"] == "2026-03-06"
    door.book.tell(CaseSignal.PAYMENT_CLAIMED, "F-2", paid_on=date(2026, 3, 4))
    with transaction(door.book.engine) as session:
        settle_case(session, door.book.invoices["F-2"], NOW, "live")
    waiting = len(door.book.notes())
    assert ok(door.ask("PATCH", ACME, {"bank_known_until": "2026-03-09"}))["bank_known_until"] == "2026-03-09"
    assert door.book.notes()[waiting:] == [("F-2", "contact_concluded", True)]
    for day in ("2026-03-08", "2026-03-11", None):
        assert field_of(door.ask("PATCH", ACME, {"bank_known_until": day})) == "body.bank_known_until"


def test_a_company_is_created_by_who_opens_all(door: Door) -> None:
    everywhere = door.key("manager", None, name="chief")
    body = {"company": "nord", "name": "Nord", "legal_name": "Nord SAS", "address": ["1 rue X", "Lille"]}
    made = ok(door.ask("POST", "/v1/companies", body, key=everywhere), 201)
    assert (made["company"], made["gap_days"], made["address"]) == ("nord", 5, ["1 rue X", "Lille"])
    assert door.ask("POST", "/v1/companies", body, key=everywhere).status_code == 409
    assert door.ask("POST", "/v1/companies", body | {"company": "sud"}).status_code == 403
    with transaction(door.book.engine) as session:
        assert session.exec(select(Company).where(Company.ref == "sud")).first() is None


POLICY = builtin_policy_texts()["standard.toml"]


def test_a_policy_is_published_and_outlives_a_restart(door: Door) -> None:
    chief = door.key("manager", None, name="chief")
    mine = POLICY.replace("offset_days = 5\n", "offset_days = 6\n", 1)
    done = ok(door.ask("POST", "/v1/policies/standard/versions", {"toml": mine}, key=chief), 201)
    assert (done["version"], done["created"]) == (2, True)
    again = ok(door.ask("POST", "/v1/policies/standard/versions", {"toml": mine}, key=chief))
    assert again == done | {"created": False}
    with transaction(door.book.engine) as session:
        assert ensure_builtin(session, builtin_policy_texts(), NOW)["standard"] == 2
        assert session.get_one(PolicyRow, ("standard", 2)).published_by == "api:chief"
    made = ok(door.ask("POST", f"{ACME}/invoices", INVOICE | {"due_on": "2026-03-08"}), 201)
    assert made["case"]["next_on"] == "2026-03-16", "the sixth day is a Saturday"


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        ("offset_days = 5\n", "offset_days = -9\n", "line 25: step reminder_1: offset_days: -9"),
        ('title = "Standard"\n', "title = \n", "line 4: not valid TOML"),
        ("min_gap_days = 5\n", 'min_gap_days = "five"\n', "line 5: min_gap_days:"),
        ('entry_cap = "reminder_2"', 'entry_cap = "reminder_8"', "line 8: entry_cap:"),
        (
            'template = "courteous_reminder"',
            'template = "love_letter"',
            "line 27: step reminder_1: template",
        ),
        ('key = "standard"', 'key = "strict"', "line 3: key: 'strict' is not the key of the path"),
        (POLICY, "0", "not valid TOML"),
    ],
)
def test_a_policy_that_cannot_be_names_its_line(door: Door, before: str, after: str, rule: str) -> None:
    chief = door.key("manager", None, name="chief")
    text = POLICY.replace(before, after, 1)
    answer = door.ask("POST", "/v1/policies/standard/versions", {"toml": text}, key=chief)
    assert answer.status_code == 422, answer.text
    errors = answer.json()["errors"]
    assert {error["field"] for error in errors} == {"body.toml"}
    assert errors[0]["rule"].startswith(rule), errors[0]["rule"]


def test_a_policy_without_steps_is_refused_as_any_other(door: Door) -> None:
    chief = door.key("manager", None, name="chief")
    for text in ('key = "standard"\n', "x = " + "1" * 5000):
        answer = door.ask("POST", "/v1/policies/standard/versions", {"toml": text}, key=chief)
        assert answer.status_code == 422, answer.text


def test_where_letters_go(door: Door) -> None:
    path = "/v1/companies/acme/customers/C-1/address"
    ok(door.ask("PUT", path, {"lines": ["ZI des Paluds", "13400 Aubagne"]}))
    with transaction(door.book.engine) as session:
        assert session.get_one(Customer, door.book.customer_id).address == "ZI des Paluds\n13400 Aubagne"
    assert door.ask("PUT", path, {"lines": ["ZI des Paluds", "13400 Aubagne"]}).status_code == 409
    for lines in ([], ["x"] * 7, ["x" * 61], [""]):
        refused = door.ask("PUT", path, {"lines": lines})
        assert refused.status_code == 422, lines
        assert refused.json()["errors"]
