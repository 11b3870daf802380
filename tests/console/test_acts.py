"""Acts at the console: confirming gives exactly what was shown before, and nothing is left by looking."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select

from activities.store.engine import transaction
from admin.console.acts import cases, customers
from admin.console.acts.trying import Outcome, attempt
from admin.console.pages import acts as pages
from admin.queries.case import CasePage, CasePreview
from admin.queries.customer import CustomerPage
from models.ids import CaseSignal
from models.tables import (
    AuditEvent,
    FactRow,
)
from tests.console.conftest import Browser, add
from tests.console.newcomers import (
    CASE,
    LATER,
    PAID,
    PLAN,
    Before,
    carried,
    fact,
    insolvent,
    marked,
    newcomer,
    nothing,
    out_of_use,
    person,
    sessions_apart,
    stopped,
    suspended,
)
from tests.fixtures.ledger import (
    NOW,
    TODAY,
    add_contact,
)

pytestmark = pytest.mark.integration


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
    ("retract", {}, fact(CaseSignal.PAYMENT_CLAIMED, paid_on=TODAY)),
    ("retract", {"note": "doublon"}, fact(CaseSignal.CREDIT_NOTE_ISSUED, amount="100.00")),
    ("retract", {}, fact(CaseSignal.INVOICE_CHANGED, due_on="2026-06-15")),
    ("reopen", {"note": "erreur"}, fact(CaseSignal.CLOSED, reason="passée en perte")),
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
    ("no_insolvency", {}, insolvent),
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


def seen(case: CasePage | None, customer: CustomerPage, foreseen: CasePreview | None) -> tuple[object, ...]:
    """All that a preview promises. Left out: numbers given anew, and the closing that a case does itself."""
    of_case = case and (case.decision, case.balance, case.policy, len(case.tasks))
    items = [item.model_dump(exclude={"case": {"suspension", "why", "pauses"}}) for item in customer.items]
    people = [each.model_dump(exclude={"id"}) for each in customer.contacts]
    return (of_case, foreseen, items, customer.next_contact, people)


def test_confirming_gives_exactly_what_was_shown(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    door, engine = browser.door, browser.door.book.engine
    shown: list[Outcome] = []

    def tried(*about: Any, **more: Any) -> Outcome:
        shown.append(attempt(*about, **more))
        return shown[-1]

    monkeypatch.setattr(pages, "attempt", tried)
    browser.sign_in(add(door, "manager"))
    browser.get(f"{CASE}/act/pause")
    for acts, all_told in ((cases.ACTS, OF_CASE), (customers.ACTS, OF_CUSTOMER)):
        assert {name for name, _, _ in all_told} == set(acts), "each act is tried here"
        for name, given, before in all_told:
            who = newcomer(door)
            fields = {key.replace("{number}", who.number): typed for key, typed in given.items()}
            of, place = before(who), who.case if acts is cases.ACTS else who.customer
            shown.clear()
            was = sessions_apart(engine)
            preview = browser.send(f"{place}/act/{name}", **fields, of=of, form=str(uuid4()))
            assert preview.status_code == 200, (name, preview.text)
            assert "Rien n’est encore enregistré" in preview.text
            assert sessions_apart(engine) == was, f"the preview of {name} leaves nothing behind"
            door.courier.notes.clear()

            # What was typed is carried on: the page alone is enough to confirm.
            sent = {**carried(preview.text), "go": "confirm"}
            done = browser.client.post(f"{place}/act/{name}", data=sent, follow_redirects=False)
            assert (done.status_code, done.headers.get("location")) == (303, place), (name, done.text)
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
    assert "C’était déjà enregistré" in browser.get(CASE).text.replace("\u00a0", " "), (
        "said once, of the last"
    )


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
    page = browser.send(f"{CASE}/act/correction", due_on=str(TODAY - timedelta(days=25))).text
    assert "Dès la confirmation" in page
    assert re.search(r"2e relance \(courriel\) part pour F-1", page.replace("\u00a0", " ")), page
    # Paid, with nothing else late, the customer is thanked.
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, "F-2", event_id="p2", **PAID)
    browser.get(f"{CASE}/act/payment")
    page = browser.send(f"{CASE}/act/payment", amount="100").text
    assert "remerciement" in page
    assert "remerciement" not in browser.send(f"{CASE}/act/payment", amount="99").text
