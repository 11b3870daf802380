"""What was told is withdrawn until a message has left; other policies and histories are looked at."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from sqlmodel import Session

from activities.store.engine import transaction
from admin.queries.case import case_under_policies, preview_case
from models.ids import CaseSignal
from models.tables import (
    Communication,
)
from tests.console.conftest import Browser, add
from tests.console.newcomers import (
    CASE,
    CUSTOMER,
    PAID,
    PLAN,
    SETTINGS,
    carried,
    newcomer,
    sessions_apart,
)
from tests.fixtures.ledger import (
    NOW,
    TODAY,
    add_contact,
    add_message,
)

pytestmark = pytest.mark.integration


WITHDRAWN: list[tuple[CaseSignal, dict[str, Any], str]] = [
    (CaseSignal.PAYMENT_RECEIVED, PAID, "reversal"),
    (CaseSignal.PAYMENT_PLAN_AGREED, PLAN, "cancel_plan"),
    (CaseSignal.DISPUTE_OPENED, {"amount": "30.00"}, "resolution"),
    (CaseSignal.PAUSED, {"reason": "salon"}, "resume"),
    (CaseSignal.DELIVERY_HOLD_PLACED, {}, "release"),
    (CaseSignal.POLICY_CHANGED, {"policy": "strict"}, "policy"),
    (CaseSignal.PAYMENT_CLAIMED, {"paid_on": str(TODAY)}, "retract"),
    (CaseSignal.CREDIT_NOTE_ISSUED, {"amount": "30.00"}, "retract"),
    (CaseSignal.INVOICE_CHANGED, {"total": "80.00", "due_on": "2026-04-15"}, "retract"),
    (CaseSignal.CLOSED, {"reason": "passée en perte"}, "reopen"),
]

_STEPS_AS_BEFORE = (CaseSignal.CREDIT_NOTE_ISSUED, CaseSignal.INVOICE_CHANGED, CaseSignal.CLOSED)


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
        if name in ("reversal", "release", "policy") or signal in _STEPS_AS_BEFORE:
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
