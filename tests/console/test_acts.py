"""Acts at the console: each shows what it changes, changes just that, and can be withdrawn for a while."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from activities.settings import Settings
from activities.store import users
from activities.store.cases import open_case
from activities.store.engine import transaction
from activities.store.marks import mark_contact
from activities.store.policies import latest
from admin.console.acts import cases, customers
from admin.console.acts.instalments import equal_parts
from admin.console.acts.trying import Outcome, attempt
from admin.console.pages import acts as pages
from admin.queries.case import CasePage, CasePreview, case_under_policies, get_case, preview_case
from admin.queries.customer import CustomerPage, get_customer
from models.ids import CaseSignal
from models.tables import (
    AuditEvent,
    Communication,
    Company,
    Contact,
    Customer,
    FactRow,
    SuspensionRow,
)
from models.tables.words import UnreachableCause
from tests.api.conftest import Door
from tests.console.conftest import Browser, add
from tests.fixtures.ledger import (
    NOW,
    TODAY,
    Book,
    add_contact,
    add_invoice,
    add_message,
    everything,
)

pytestmark = pytest.mark.integration

CASE = "/console/acme/cases/F-1"
CUSTOMER = "/console/acme/customers/C-1"
SETTINGS = Settings.model_validate({"RELANCE_SENDING": "live"})


@pytest.fixture(autouse=True)
def quick_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign in without the slow hash, whose slowness is tested elsewhere."""
    monkeypatch.setattr(users, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@dataclass(frozen=True)
class Newcomer:
    """A customer of its own with one invoice, so that what others were told does not touch it."""

    door: Door
    book: Book
    number: str
    ref: str

    @property
    def case(self) -> str:
        """Address of its case."""
        return f"/console/acme/cases/{self.number}"

    @property
    def customer(self) -> str:
        """Address of it."""
        return f"/console/acme/customers/{self.ref}"

    def tell(self, signal: CaseSignal, event_id: str | None = None, **told: Any) -> str:
        """Record a fact about its invoice; the event id."""
        event_id = event_id or f"earlier {self.number}"
        return self.book.tell(signal, self.number, event_id=event_id, **told).event_id

    def look(self) -> tuple[CasePage, CustomerPage, CasePreview]:
        """How it stands, as the pages show it."""
        at, about = self.door.clock.now(), (self.book.company_id, "acme")
        with Session(self.book.engine) as session:
            return (
                get_case(session, *about, self.number, SETTINGS, at),
                get_customer(session, *about, self.ref, SETTINGS, at),
                preview_case(session, *about, self.number, SETTINGS, at),
            )


def newcomer(door: Door) -> Newcomer:
    """Somebody at the company of the door."""
    name = uuid4().hex[:6]
    with transaction(door.book.engine) as session:
        customer = Customer(
            id=uuid4(), company_id=door.book.company_id, ref=f"C-{name}", name=name, country="FR"
        )
        session.add(customer)
        session.flush()
        session.add(
            Contact(id=uuid4(), customer_id=customer.id, role="accounting", email=f"{name}@client.example")
        )
        invoice = add_invoice(session, door.book.company_id, customer, f"N-{name}", NOW)
        version = latest(session, "standard")
        open_case(session, invoice, customer, "standard", version, NOW, "test")
        numbers = {invoice.number: invoice.id}
    book = Book(door.book.engine, door.book.company_id, customer.id, numbers)
    return Newcomer(door, book, f"N-{name}", f"C-{name}")


def mine(door: Door) -> Newcomer:
    """The customer that is there in every test."""
    return Newcomer(door, door.book, "F-1", "C-1")


Before: TypeAlias = Callable[[Newcomer], str]


def fact(signal: CaseSignal, **told: Any) -> Before:
    """A fact that is there before; its event id."""
    return lambda who: who.tell(signal, **told)


def nothing(who: Newcomer) -> str:
    """No fact before."""
    return ""


def person(who: Newcomer) -> str:
    """The only person there."""
    with Session(who.book.engine) as session:
        return str(session.exec(select(Contact.id).where(Contact.customer_id == who.book.customer_id)).one())


def out_of_use(who: Newcomer) -> str:
    """That person, out of use."""
    found = UUID(person(who))
    with transaction(who.book.engine) as session:
        contact = session.get_one(Contact, found)
        contact.invalid_since, contact.invalid_reason = NOW, "gone"
    return str(found)


def marked(who: Newcomer) -> str:
    """That person's mailbox bounced."""
    found = UUID(person(who))
    with transaction(who.book.engine) as session:
        mark_contact(session, session.get_one(Contact, found), UnreachableCause.HARD_BOUNCE, NOW, "test")
    return str(found)


def stopped(who: Newcomer) -> str:
    """Contact is stopped."""
    with transaction(who.book.engine) as session:
        session.get_one(Customer, who.book.customer_id).do_not_contact_since = TODAY
    return "do_not_contact"


def suspended(who: Newcomer) -> str:
    """It is suspended."""
    with transaction(who.book.engine) as session:
        row = SuspensionRow(
            company_id=who.book.company_id,
            customer_id=who.book.customer_id,
            scope="customer",
            reason="fair",
            since=NOW,
            by="test",
        )
        session.add(row)
        session.flush()
        return str(row.id)


LATER = str(TODAY + timedelta(days=20))
PAID: dict[str, Any] = {"amount": "100.00", "currency": "EUR"}
PLAN: dict[str, Any] = {"instalments": [{"due_on": LATER, "amount": "100.00"}]}

OF_CASE: list[tuple[str, dict[str, str], Before]] = [
    ("payment", {"amount": "40,00", "reference": "VIR 7"}, nothing),
    ("payment", {"amount": "100"}, nothing),
    ("payment", {"amount": "130"}, nothing),
    ("claim", {"paid_on": str(TODAY)}, nothing),
    ("promise", {"promised_on": LATER, "note": "Mme Durand"}, nothing),
    (
        "plan",
        {"due_on_1": LATER, "amount_1": "60", "due_on_3": str(TODAY + timedelta(days=50)), "amount_3": "40"},
        fact(CaseSignal.PAYMENT_PLAN_AGREED, **PLAN),
    ),
    ("dispute", {"cause": "price", "amount": "30"}, nothing),
    ("dispute", {}, nothing),
    ("credit_note", {"amount": "10", "number": "AV-1"}, nothing),
    ("pause", {"reason": "salon", "until": LATER}, nothing),
    ("resume", {}, fact(CaseSignal.PAUSED, reason="salon")),
    ("correction", {"due_on": LATER}, nothing),
    ("policy", {"policy": "strict"}, nothing),
    ("close", {"reason": "passée en perte"}, nothing),
    ("reversal", {}, fact(CaseSignal.PAYMENT_RECEIVED, **PAID)),
    ("cancel_plan", {}, fact(CaseSignal.PAYMENT_PLAN_AGREED, **PLAN)),
    ("resolution", {"credited": "20"}, fact(CaseSignal.DISPUTE_OPENED, amount="30.00")),
    ("release", {}, fact(CaseSignal.DELIVERY_HOLD_PLACED, pauses_ladder=True)),
]
OF_CUSTOMER: list[tuple[str, dict[str, str], Before]] = [
    ("hold", {"invoice:{number}": "1", "pauses_ladder": "1"}, nothing),
    ("suspend", {"reason": "salon", "until": LATER}, nothing),
    ("stop", {"reason": "do_not_contact"}, nothing),
    ("insolvency", {"opened_on": str(TODAY)}, nothing),
    ("contact", {"role": "executive", "email": "dg@client.example", "phone": "04 72 00 00 01"}, nothing),
    ("address", {"lines": "1 rue de la Paix\n69001 Lyon"}, nothing),
    ("release", {}, fact(CaseSignal.DELIVERY_HOLD_PLACED, pauses_ladder=True)),
    ("lift", {}, stopped),
    ("go_on", {}, suspended),
    ("correct", {"role": "buyer", "email": "achats@client.example", "in_copy": "1"}, person),
    ("invalid", {"reason": "partie"}, person),
    ("opt_out", {}, person),
    ("reinstate", {"reason": "erreur"}, out_of_use),
    ("works", {"channel": "email", "reason": "boîte pleine"}, marked),
]


def test_each_act_is_tried_below() -> None:
    assert {name for name, _, _ in OF_CASE} == set(cases.ACTS)
    assert {name for name, _, _ in OF_CUSTOMER} == set(customers.ACTS)


def value(page: str, name: str) -> str:
    """What a hidden field of a page holds."""
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page)
    assert found is not None, page
    return found[1]


def carried(page: str) -> dict[str, str]:
    """Every hidden field of a preview's form, the last of the page: what its button sends."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def seen(case: CasePage | None, customer: CustomerPage, foreseen: CasePreview | None) -> tuple[object, ...]:
    """All that a preview promises. Left out: numbers given anew, and the closing that a case does itself."""
    of_case = case and (case.decision, case.balance, case.policy, len(case.tasks))
    items = [item.model_dump(exclude={"case": {"suspension", "why", "pauses"}}) for item in customer.items]
    people = [each.model_dump(exclude={"id"}) for each in customer.contacts]
    return (of_case, foreseen, items, customer.next_contact, people)


def sessions_apart(engine: Engine) -> dict[str, object]:
    """The ledger, without who is signed in."""
    return {name: rows for name, rows in everything(engine).items() if name != "console_session"}


def test_confirming_gives_exactly_what_was_shown(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    door, engine = browser.door, browser.door.book.engine
    shown: list[Outcome] = []

    def tried(*about: Any, **more: Any) -> Outcome:
        shown.append(attempt(*about, **more))
        return shown[-1]

    monkeypatch.setattr(pages, "attempt", tried)
    browser.sign_in(add(door, "manager"))
    for acts, all_told in ((cases.ACTS, OF_CASE), (customers.ACTS, OF_CUSTOMER)):
        assert {name for name, _, _ in all_told} == set(acts), "each act is tried here"
        for name, given, before in all_told:
            who = newcomer(door)
            fields = {key.replace("{number}", who.number): text for key, text in given.items()}
            of, place = before(who), who.case if acts is cases.ACTS else who.customer
            form = browser.get(f"{place}/act/{name}?of={quote(of)}")
            assert form.status_code == 200, (name, form.text)
            shown.clear()
            was = sessions_apart(engine)
            told = {**fields, "of": of, "form": value(form.text, "form")}
            preview = browser.send(f"{place}/act/{name}", **told)
            assert preview.status_code == 200, (name, preview.text)
            assert "Rien n’est encore enregistré" in preview.text
            assert sessions_apart(engine) == was, f"the preview of {name} leaves nothing behind"
            door.courier.notes.clear()

            # What was typed is carried on: the page alone is enough to confirm.
            sent = {**carried(preview.text), "go": "confirm"}
            done = browser.client.post(f"{place}/act/{name}", data=sent)
            assert str(done.url).endswith(place), (name, done.text)
            assert "Enregistré" in done.text, name
            case, customer, foreseen = who.look()
            after = shown[0].after
            if acts is cases.ACTS:
                assert seen(after.case, after.customer, after.foreseen) == seen(case, customer, foreseen), (
                    name
                )
                assert shown[0].before.mark != after.mark or name == "claim", name
            else:
                assert seen(None, after.customer, None) == seen(None, customer, None), name
            with Session(engine) as session:
                audit = session.exec(select(AuditEvent).order_by(col(AuditEvent.id).desc())).first()
            assert audit is not None
            assert (audit.who, audit.what) == ("console:manager-acme@acme.example", acts[name].operation)

            # The same form sent again counts once; what it was about may be no more in force by then.
            was = sessions_apart(engine)
            again = browser.client.post(f"{place}/act/{name}", data=sent, follow_redirects=False)
            assert again.status_code in (303, 404), (name, again.text)
            assert sessions_apart(engine) == was, name


def test_what_changed_meanwhile_is_shown_again_instead_of_told(browser: Browser) -> None:
    door = browser.door
    browser.sign_in(add(door, "collector"))
    browser.get(f"{CASE}/act/pause")
    preview = browser.send(f"{CASE}/act/pause", reason="salon")
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, event_id="p", amount="10.00", currency="EUR")
    answer = browser.client.post(f"{CASE}/act/pause", data={**carried(preview.text), "go": "confirm"})
    assert "Les faits ont changé" in answer.text
    with Session(door.book.engine) as session:
        assert session.exec(select(FactRow).where(FactRow.kind == CaseSignal.PAUSED)).all() == []
    assert (
        "Enregistré"
        in browser.client.post(f"{CASE}/act/pause", data={**carried(answer.text), "go": "confirm"}).text
    )


def test_a_preview_says_what_leaves_at_once(browser: Browser) -> None:
    door = browser.door
    with transaction(door.book.engine) as session:
        # Both had their reminder two weeks ago: the next one is due.
        add_contact(
            session,
            door.book,
            "sent",
            {"F-1": "reminder_1", "F-2": "reminder_1"},
            concluded_on=TODAY - timedelta(days=14),
            composed_at=NOW - timedelta(days=14),
        )
    browser.sign_in(add(door, "collector"))
    browser.get(f"{CASE}/act/correction")
    text = browser.send(f"{CASE}/act/correction", due_on=str(TODAY - timedelta(days=25))).text
    assert "Dès la confirmation" in text
    assert re.search(r"2e relance \(courriel\) part pour F-1", text.replace("\u00a0", " ")), text
    # Paid, with nothing else late, the customer is thanked.
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, "F-2", event_id="p2", **PAID)
    browser.get(f"{CASE}/act/payment")
    text = browser.send(f"{CASE}/act/payment", amount="100").text
    assert "remerciement" in text
    assert "remerciement" not in browser.send(f"{CASE}/act/payment", amount="99").text


REFUSED: list[tuple[str, dict[str, str], str, str]] = [
    ("payment", {"amount": "beaucoup"}, "amount", "Ce n’est pas un montant"),
    ("payment", {"amount": "0"}, "amount", "positif"),
    ("payment", {"amount": "1,005"}, "amount", "décimales"),
    ("payment", {"amount": "10", "received_on": "2026-02-30"}, "received_on", "pas un jour"),
    ("payment", {"amount": "10", "received_on": "2026-06-01"}, "received_on", "pas encore venu"),
    ("payment", {"amount": "10", "note": "a\x00b"}, "note", "ne s’imprime pas"),
    ("promise", {}, "promised_on", "À remplir"),
    ("promise", {"promised_on": "2026-03-01"}, "", "est passé"),
    ("plan", {"due_on_1": LATER, "amount_1": "60"}, "instalments", "60 en tout, il est dû 100,00 EUR"),
    ("plan", {"due_on_1": LATER}, "instalments", "Ligne 1"),
    ("dispute", {"cause": "humeur"}, "cause", "dans la liste"),
    ("pause", {"reason": "salon", "until": "2026-03-10"}, "until", "après aujourd’hui"),
    ("pause", {"reason": "x" * 900}, "reason", "trop long"),
    ("correction", {}, "", "au moins ce qui change"),
    ("correction", {"replaced_by": "F-9"}, "replaced_by", "pas cette facture"),
    ("resume", {}, "", "Aucune pause"),
]


def test_what_cannot_be_stays_on_the_form_with_its_reason(browser: Browser) -> None:
    browser.sign_in(add(browser.door, "manager"))
    for name, fields, field, said in REFUSED:
        browser.get(f"{CASE}/act/{name}")
        answer = browser.send(f"{CASE}/act/{name}", **{"note": "gardé", **fields})
        text = answer.text.replace("\u00a0", " ").replace("\u202f", " ")
        assert answer.status_code == 422, (name, fields)
        assert said in text, (name, fields, text)
        if "note" not in fields:
            assert 'value="gardé"' in text
        if field and field != "instalments":
            assert re.search(rf'name="{field}"[^>]*aria-describedby="error-{field}"', text), (name, fields)
    with Session(browser.door.book.engine) as session:
        assert session.exec(select(FactRow)).all() == []


def test_a_plan_is_spread_in_equal_parts(browser: Browser) -> None:
    found = equal_parts(Decimal("100.00"), "EUR", 3, date(2026, 1, 31), "month")
    assert found == [
        (date(2026, 1, 31), Decimal("33.33")),
        (date(2026, 2, 28), Decimal("33.33")),
        (date(2026, 3, 31), Decimal("33.34")),
    ]
    assert equal_parts(Decimal(100), "JPY", 3, TODAY, "week")[-1] == (TODAY + timedelta(days=14), Decimal(34))
    browser.sign_in(add(browser.door, "collector"))
    page = browser.get(f"{CASE}/act/plan?parts=3&first={LATER}&every=fortnight").text
    rows = {
        f"{name}_{place}": value(page, f"{name}_{place}")
        for name in ("due_on", "amount")
        for place in (1, 2, 3)
    }
    assert rows["amount_3"] == "33,34"
    assert browser.send(f"{CASE}/act/plan", **rows).status_code == 200
    for wrong in (
        "parts=0&first=2026-04-01",
        "parts=3&first=demain",
        "parts=%D9%A3&first=2026-04-01",
        "parts=25",
    ):
        assert browser.get(f"{CASE}/act/plan?{wrong}").status_code == 422


WITHDRAWN: list[tuple[CaseSignal, dict[str, Any], str]] = [
    (CaseSignal.PAYMENT_RECEIVED, PAID, "reversal"),
    (CaseSignal.PAYMENT_PLAN_AGREED, PLAN, "cancel_plan"),
    (CaseSignal.DISPUTE_OPENED, {"amount": "30.00"}, "resolution"),
    (CaseSignal.PAUSED, {"reason": "salon"}, "resume"),
    (CaseSignal.DELIVERY_HOLD_PLACED, {}, "release"),
    (CaseSignal.POLICY_CHANGED, {"policy": "strict"}, "policy"),
]


def test_what_was_told_is_withdrawn_until_a_message_has_left(browser: Browser) -> None:
    door, engine = browser.door, browser.door.book.engine
    browser.sign_in(add(door, "manager"))
    for signal, told, name in WITHDRAWN:
        who = newcomer(door)
        was = who.look()
        of = who.tell(signal, **told)
        link = f"{who.case}/act/{name}?of={quote(of)}&withdraw=1"
        written = link.replace("&", "&amp;")
        assert written in browser.get(who.case).text, name
        preview = browser.get(link)
        assert preview.status_code == 200, (name, preview.text)
        sent = {**carried(preview.text), "go": "confirm"}
        with transaction(engine) as session:
            message = add_message(session, who.book, None, "planned")
            message.sending_at, message.status = NOW, "sending"
            message.kind = "hold_notice" if name == "release" else "thank_you"
            message_id = message.id
        late = browser.client.post(f"{who.case}/act/{name}", data=sent)
        assert late.status_code == 422, name
        assert "Un message est parti depuis" in late.text
        page = browser.get(who.case).text
        assert written not in page
        assert "Un message est parti depuis" in page

        with transaction(engine) as session:
            session.get_one(Communication, message_id).status = "withdrawn"
        done = browser.client.post(f"{who.case}/act/{name}", data=sent)
        assert "Enregistré" in done.text, (name, done.text)
        assert written not in browser.get(who.case).text, name
        now = who.look()
        assert now[0].balance == was[0].balance
        if name in ("reversal", "release", "policy"):
            # After the others comes the gap that the policy keeps after a pause.
            assert now[2].steps == was[2].steps, name


def test_a_message_about_the_case_counts_and_one_about_another_does_not(browser: Browser) -> None:
    door = browser.door
    link = f"{CASE}/act/reversal?of=oops&amp;withdraw=1"
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, event_id="oops", amount="10.00", currency="EUR")
    browser.sign_in(add(door, "collector"))
    for number, offered in (("F-2", True), ("F-1", False)):
        with transaction(door.book.engine) as session:
            items = {number: "reminder_1"}
            made = add_contact(session, door.book, "sent", items, concluded_on=TODAY)
            message = add_message(session, door.book, made, "sent")
            message.sending_at = message.sent_at = NOW
        assert (link in browser.get(CASE).text) is offered, number


def test_under_each_policy_the_steps_are_foreseen_and_nothing_changes(browser: Browser) -> None:
    door = browser.door
    browser.sign_in(add(door, "manager"))
    was = sessions_apart(door.book.engine)
    page = browser.read(f"{CASE}/policies")
    assert sessions_apart(door.book.engine) == was
    with Session(door.book.engine) as session:
        ladders = case_under_policies(session, door.book.company_id, "acme", "F-1", SETTINGS, NOW)
    assert len(ladders) == 5
    for ladder in ladders:
        assert ladder.policy in page
    # Going on under one of them is what was foreseen under it.
    strict = next(each for each in ladders if each.policy.startswith("strict"))
    door.book.tell(CaseSignal.POLICY_CHANGED, policy="strict")
    with Session(door.book.engine) as session:
        assert preview_case(session, door.book.company_id, "acme", "F-1", SETTINGS, NOW) == strict


def test_who_may_what(browser: Browser) -> None:
    door = browser.door
    browser.sign_in(add(door, "collector"))
    page = browser.get(CASE).text
    assert f"{CASE}/act/payment" in page
    assert f"{CASE}/act/close" not in page
    for name in ("close", "policy"):
        assert browser.get(f"{CASE}/act/{name}").status_code == 403
    assert browser.get(f"{CUSTOMER}/act/lift?of=do_not_contact").status_code == 403
    browser.sign_in(add(door, "viewer"))
    assert "/act/" not in browser.get(CASE).text
    assert "/act/" not in browser.get(CUSTOMER).text
    assert browser.get(f"{CASE}/act/payment").status_code == 403
    assert browser.send(f"{CASE}/act/payment", amount="10", go="confirm").status_code == 403
    assert browser.get(f"{CASE}/policies").status_code == 200


def test_to_users_of_another_company_no_act_is_there(browser: Browser) -> None:
    door = browser.door
    held = suspended(mine(door))
    with transaction(door.book.engine) as session:
        session.add(Company(id=uuid4(), ref="other", name="Other", country="FR"))
    browser.sign_in(add(door, "manager", ("other",)))
    unknown = browser.get("/console/nobody/today").text
    for path in (
        f"{CASE}/act/payment",
        f"{CASE}/act/nothing",
        f"{CASE}/policies",
        f"{CASE}/timeline",
        f"{CUSTOMER}/act/stop",
        f"{CUSTOMER}/act/go_on?of={held}",
        f"{CUSTOMER}/timeline",
        f"{CUSTOMER}/messages",
        "/console/other/cases/F-1/act/payment",
        "/console/other/customers/C-1/act/stop",
    ):
        answer = browser.get(path)
        assert (answer.status_code, answer.text) == (404, unknown), path
    assert browser.send(f"{CASE}/act/payment", amount="10").status_code == 404


def test_what_is_not_there_is_not_found(browser: Browser) -> None:
    browser.sign_in(add(browser.door, "manager"))
    for path in (
        f"{CASE}/act/dance",
        f"{CASE}/act/reversal",
        f"{CASE}/act/reversal?of=nothing",
        f"{CASE}/act/reversal?of=%00",
        f"{CASE}/act/payment?withdraw=1&of=x",
        f"{CUSTOMER}/act/invalid?of=7",
        f"{CUSTOMER}/act/go_on?of=99999999999999999999",
        f"{CUSTOMER}/act/release?of=x",
    ):
        assert browser.get(path).status_code == 404, path


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_form_shows_itself_in_both_languages(browser: Browser, language: str) -> None:
    door = browser.door
    person_id, held = person(mine(door)), suspended(mine(door))
    stopped(mine(door))
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, event_id="p/1 é", amount="10.00", currency="EUR")
    door.book.tell(CaseSignal.DISPUTE_OPENED, event_id="d", cause="price", note="<b>")
    door.book.tell(CaseSignal.DELIVERY_HOLD_PLACED, event_id="h")
    door.book.tell(
        CaseSignal.PAYMENT_PLAN_AGREED, event_id="l", instalments=[{"due_on": LATER, "amount": "90"}]
    )
    browser.sign_in(add(door, "manager", language=language))
    about = {
        "reversal": "p%2F1%20%C3%A9",
        "cancel_plan": "l",
        "resolution": "d",
        "release": "h",
        "lift": "do_not_contact",
        "go_on": held,
    }
    for place, acts in ((CASE, cases.ACTS), (CUSTOMER, customers.ACTS)):
        for name in acts:
            answer = browser.get(f"{place}/act/{name}?of={about.get(name, person_id)}")
            assert answer.status_code == 200, name
            assert f'<html lang="{language}"' in answer.text
    page = browser.read(CASE)
    assert "&lt;b&gt;" in page
    assert "of=p%2F1%20%C3%A9" in page
    page = browser.read(CUSTOMER)
    assert ("90,00 €" if language == "fr" else "€90.00") in page
    assert ("1 à 30 jours" if language == "fr" else "1 to 30 days") in page
    for path in (f"{CASE}/timeline", f"{CUSTOMER}/timeline", f"{CUSTOMER}/messages", f"{CASE}/policies"):
        assert browser.get(path).status_code == 200


def test_histories_read_on_by_link(browser: Browser) -> None:
    door = browser.door
    for place in range(60):
        door.book.tell(
            CaseSignal.PAYMENT_RECEIVED,
            event_id=f"p{place}",
            amount="1.00",
            currency="EUR",
            note=f"no {place}.",
        )
    browser.sign_in(add(door, "viewer"))
    for page in (CASE, CUSTOMER):
        first = browser.get(f"{page}/timeline").text
        assert "no 59." in first
        assert "no 0." not in first
        link = re.search(r'href="([^"]*timeline\?after=[^"]+)"', first)
        assert link is not None
        assert "no 0." in browser.get(link[1]).text
