"""Forms of acts: what cannot be stays on them with its reason; who sees which."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from sqlmodel import Session, select

from activities.store.engine import transaction
from admin.console.acts import cases, customers
from admin.console.acts.instalments import equal_parts
from models.ids import CaseSignal
from models.tables import Company, FactRow, Staff
from tests.console.conftest import Browser, add
from tests.console.newcomers import (
    CASE,
    CUSTOMER,
    LATER,
    mine,
    person,
    stopped,
    suspended,
    value,
)
from tests.fixtures.ledger import (
    TODAY,
)

pytestmark = pytest.mark.integration


REFUSED: list[tuple[str, dict[str, str], str, str]] = [
    ("payment", {"amount": "beaucoup"}, "amount", "n’est pas un montant"),
    ("payment", {"amount": "0"}, "amount", "Plus que zéro"),
    ("payment", {"amount": "1,005"}, "amount", "décimales"),
    ("payment", {"amount": "10", "received_on": "2026-02-30"}, "received_on", "n’est pas une date"),
    ("payment", {"amount": "10", "received_on": "2026-06-01"}, "received_on", "est à venir"),
    ("payment", {"amount": "10", "note": "a\x00b"}, "note", "ne peut être gardé"),
    ("promise", {}, "promised_on", "À remplir"),
    ("promise", {"promised_on": "2026-03-01"}, "", "est passé"),
    (
        "plan",
        {"due_on_1": LATER, "amount_1": "60"},
        "instalments",
        "Elles font 60, alors que 100,00 € sont dus",
    ),
    ("plan", {"due_on_1": LATER}, "instalments", "Ligne 1"),
    ("dispute", {"cause": "humeur"}, "cause", "Choisissez dans la liste"),
    ("pause", {"reason": "salon", "until": "2026-03-10"}, "until", "n’est pas après aujourd’hui"),
    ("pause", {"reason": "x" * 900}, "reason", "200 caractères au plus"),
    ("correction", {}, "", "L’un des champs est à remplir"),
    ("correction", {"replaced_by": "F-9"}, "replaced_by", "Pas de facture « F-9 »"),
    ("resume", {}, "", "n’est pas mise en pause"),
    ("payment", {"amount": "999999999999999999"}, "amount", "Trop de chiffres ou de décimales"),
    ("policy", {"policy": "lune"}, "policy", "Pas de scénario « lune »"),
    ("hold", {}, "invoices", "À remplir"),
    ("hold", {"invoice:F-9": "1"}, "", "pas de facture « F-9 »"),
    ("suspend", {"reason": "salon", "until": str(TODAY)}, "until", "n’est pas après aujourd’hui"),
    ("stop", {}, "reason", "À remplir"),
    ("contact", {"role": "buyer"}, "", "Une adresse électronique ou un téléphone est à remplir"),
    ("contact", {"role": "buyer", "email": "achats"}, "email", "pas une adresse électronique"),
    ("contact", {"role": "buyer", "phone": "12345"}, "phone", "pas un numéro de téléphone"),
    (
        "contact",
        {"role": "buyer", "email": "a@client.example", "preference": "dix"},
        "preference",
        "Un nombre entier est attendu",
    ),
    ("contact", {"role": "king", "email": "a@client.example"}, "role", "Choisissez dans la liste"),
    (
        "contact",
        {"role": "accounting", "email": "compta@client.example", "phone": "+33612345678"},
        "",
        "est déjà connu",
    ),
    ("address", {"lines": "\n".join("abcdefg")}, "lines", "6 au plus, 7 données"),
]


def test_what_cannot_be_stays_on_the_form_with_its_reason(browser: Browser) -> None:
    browser.sign_in(add(browser.door, "manager"))
    for name, fields, field, said in REFUSED:
        place = CASE if name in cases.ACTS else CUSTOMER
        browser.get(f"{place}/act/{name}")
        answer = browser.send(f"{place}/act/{name}", **{"note": "gardé", **fields})
        page = answer.text.replace("\u00a0", " ").replace("\u202f", " ")
        assert answer.status_code == 422, (name, fields)
        assert said in page, (name, fields, page)
        if "note" not in fields and 'name="note"' in page:
            assert 'value="gardé"' in page
        if field and field not in ("instalments", "invoices"):
            assert re.search(rf'name="{field}"[^>]*aria-describedby="error-{field}"', page), (name, fields)
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
    door.book.tell(CaseSignal.PAYMENT_CLAIMED, event_id="cl")
    door.book.tell(
        CaseSignal.PAYMENT_PLAN_AGREED, event_id="l", instalments=[{"due_on": LATER, "amount": "90"}]
    )
    browser.sign_in(add(door, "manager", language=language))
    about = {
        "reversal": "p%2F1%20%C3%A9",
        "cancel_plan": "l",
        "resolution": "d",
        "release": "h",
        "retract": "cl",
        "reopen": "l",
        "no_insolvency": "insolvency",
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


def test_somebody_there_is_known_by_a_colleague_here(browser: Browser) -> None:
    sam = "sam@acme.example"
    with transaction(browser.door.book.engine) as session:
        session.add(
            Staff(id=uuid4(), company_id=browser.door.book.company_id, email=sam, name="Sam", role="x")
        )
    browser.sign_in(add(browser.door))
    of = person(mine(browser.door))
    assert f'<option value="{sam}">Sam</option>' in browser.read(f"{CUSTOMER}/act/correct?of={of}")
    told = {"role": "accounting", "email": "compta@client.example", "of": of}
    refused = browser.send(f"{CUSTOMER}/act/correct", **told, known_by="nobody@acme.example")
    assert refused.status_code == 422
    assert "Personne de la société n’a cette adresse" in refused.text
    assert '<option value="nobody@acme.example" selected>' in refused.text
    preview = browser.send(f"{CUSTOMER}/act/correct", **told, known_by=sam)
    sent = {"go": "confirm", "shown": value(preview.text, "shown"), "form": value(preview.text, "form")}
    browser.send(f"{CUSTOMER}/act/correct", **told, known_by=sam, **sent)
    assert "connu de Sam" in browser.read(CUSTOMER)
    assert f'<option value="{sam}" selected>' in browser.read(f"{CUSTOMER}/act/correct?of={of}")
