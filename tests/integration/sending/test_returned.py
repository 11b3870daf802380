"""A message that left and reached nobody: its step comes again, waits for a person, or stands."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from activities.store.engine import transaction
from models.tables import AddressMark
from rules.facts import Role
from tests.integration.sending.desk import Desk
from tests.integration.sending.ear import Ear

pytestmark = pytest.mark.integration

BOUNCE: dict[str, Any] = {
    "type": "bounce",
    "status": "5.1.1",
    "reason": "550 5.1.1 <compta@c-1.example>: no such user",
}


def reminder(desk: Desk, **people: str) -> UUID:
    """A first reminder that left, about two invoices; `people` are further mailboxes by role."""
    desk.invoice("F-1")
    desk.invoice("F-2", due=date(2026, 3, 4))
    for role, address in people.items():
        desk.person("C-1", Role(role), address)
    message = desk.due()
    assert desk.send(message).outcome == "sent"
    desk.notes()
    return message


def stands(desk: Desk, message: UUID) -> bool:
    """The step is done, and nothing asks for it again."""
    return desk.contact(message).status == "sent" and all(desk.items(message).values())


def test_a_bounce_takes_the_step_back_and_the_next_mailbox_gets_it(ear: Ear, desk: Desk) -> None:
    message = reminder(desk)
    desk.person("C-1", Role.ACCOUNTING, "autre@c-1.example")
    ear.sendgrid([ear.event(message, "processed", 1), ear.event(message, "bounce", 2, **BOUNCE)])
    row, contact = desk.message(message), desk.contact(message)
    assert row.status == "sent", "it had left, and its proof stays"
    assert (contact.status, contact.reason) == ("failed", "the address does not exist (5.1.1)")
    assert desk.items(message) == {"F-1": False, "F-2": False}
    assert {("F-1", "contact_concluded"), ("F-2", "contact_concluded")} <= set(desk.notes())
    assert desk.journal("message_returned") == 1
    with transaction(desk.engine) as session:
        (mark,) = session.exec(select(AddressMark)).all()
    assert (mark.address, mark.cause, mark.communication_id) == (row.to_address, "hard_bounce", message)
    again = desk.due()
    assert desk.message(again).to_address == "autre@c-1.example"
    assert desk.send(again).outcome == "sent"
    assert desk.items(again) == {"F-1": True, "F-2": True}
    # The bounce, told once more, undoes nothing.
    ear.sendgrid([ear.event(message, "bounce", 2, **BOUNCE)])
    assert stands(desk, again)


def test_the_same_bounce_told_twice_changes_nothing_the_second_time(ear: Ear, desk: Desk) -> None:
    message = reminder(desk, buyer="achats@c-1.example")
    told = ear.event(message, "bounce", **BOUNCE)
    ear.sendgrid([told, told])
    desk.notes()
    ear.sendgrid([told, ear.event(message, "processed", 1)])
    assert desk.notes() == []
    assert desk.journal("message_returned") == 1


@pytest.mark.parametrize(
    "reason",
    [
        {"type": "blocked", "status": "5.7.1", "reason": "554 blocked using a list"},
        {"type": "bounce", "status": "4.2.2", "reason": "452 mailbox full"},
    ],
    ids=["blocked", "mailbox full"],
)
def test_what_was_turned_away_waits_for_a_person_and_the_address_stays(
    ear: Ear, desk: Desk, reason: dict[str, Any]
) -> None:
    message = reminder(desk)
    ear.sendgrid([ear.event(message, "bounce", **reason)])
    assert desk.contact(message).status == "failed"
    (task,) = desk.tasks(status="open")
    assert (task.kind, task.step, task.communication_id) == ("delivery_failed", "reminder_1", message)
    assert {desk.review(number).state for number in ("F-1", "F-2")} == {"awaiting_person"}
    assert desk.prepare().send == ()
    desk.done(task)
    again = desk.due()
    assert desk.message(again).to_address == desk.message(message).to_address


def test_a_message_dropped_for_what_it_says_is_no_fault_of_the_address(ear: Ear, desk: Desk) -> None:
    message = reminder(desk)
    ear.sendgrid([ear.event(message, "dropped", reason="Spam Content")])
    assert [task.kind for task in desk.tasks(status="open")] == ["delivery_failed"]


@pytest.mark.parametrize("word", ["processed", "deferred", "delivered", "spamreport", "unsubscribe"])
def test_other_news_leaves_the_step_done(ear: Ear, desk: Desk, word: str) -> None:
    message = reminder(desk)
    ear.sendgrid([ear.event(message, word)])
    assert stands(desk, message)
    assert ear.kept(message) == [word]


@pytest.mark.parametrize(("bounce", "delivered", "back"), [(1, 2, False), (2, 1, True)])
def test_the_last_word_counts_in_whatever_order_it_comes(
    ear: Ear, desk: Desk, bounce: int, delivered: int, back: bool
) -> None:
    message = reminder(desk)
    ear.sendgrid([ear.event(message, "delivered", delivered), ear.event(message, "bounce", bounce, **BOUNCE)])
    assert (desk.contact(message).status == "failed") is back


def test_a_copy_that_bounced_is_not_the_message(ear: Ear, desk: Desk) -> None:
    for number in ("F-1", "F-2"):
        desk.invoice(number, due=date(2026, 2, 20), last=("reminder_1", date(2026, 2, 25)))
    desk.person("C-1", Role.BUYER, "achats@c-1.example")
    message = desk.due()
    assert desk.message(message).cc == ["achats@c-1.example"]
    desk.send(message)
    ear.sendgrid([ear.event(message, "bounce", 1, **{**BOUNCE, "email": "Achats@c-1.example"})])
    assert stands(desk, message)
    # Then the addressee's own: now nobody can have read it.
    ear.sendgrid([ear.event(message, "bounce", 2, **BOUNCE)])
    assert desk.contact(message).status == "failed"


def test_a_copy_that_may_have_been_read_keeps_the_step_done(ear: Ear, desk: Desk) -> None:
    for number in ("F-1", "F-2"):
        desk.invoice(number, due=date(2026, 2, 20), last=("reminder_1", date(2026, 2, 25)))
    desk.person("C-1", Role.BUYER, "achats@c-1.example")
    message = desk.due()
    desk.send(message)
    ear.sendgrid([ear.event(message, "bounce", **BOUNCE)])
    assert stands(desk, message)
    assert desk.journal("message_returned") == 1
    ear.sendgrid([ear.event(message, "bounce", 2, **{**BOUNCE, "email": "achats@c-1.example"})])
    assert desk.contact(message).status == "failed"


def test_a_ladder_that_went_on_is_not_taken_back(ear: Ear, desk: Desk) -> None:
    message = reminder(desk, buyer="achats@c-1.example")
    desk.clock.at += timedelta(days=13)
    later = desk.due()
    assert desk.send(later).outcome == "sent"
    ear.sendgrid([ear.event(message, "bounce", **BOUNCE)])
    assert stands(desk, message)
    assert stands(desk, later)


def test_a_paid_invoice_needs_no_second_reminder(ear: Ear, desk: Desk) -> None:
    message = reminder(desk)
    for number in ("F-1", "F-2"):
        desk.pay(number)
        desk.review(number)
    desk.notes()
    ear.sendgrid([ear.event(message, "bounce", **BOUNCE)])
    assert stands(desk, message)
    assert ear.kept(message) == ["bounce"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("30006", None), ("30005", None), ("30003", "delivery_failed"), ("30007", "delivery_failed")],
)
def test_an_sms_to_a_number_that_takes_none(ear: Ear, desk: Desk, code: str, kind: str | None) -> None:
    for number in ("F-1", "F-2"):
        desk.invoice(number, due=date(2026, 2, 4), last=("reminder_2", date(2026, 2, 24)))
    desk.person("C-1", Role.BUYER, "achats@c-1.example")
    message = desk.due()
    desk.send(message)
    sid = desk.message(message).provider_id or ""
    ear.twilio(sid, "sent", message)
    ear.twilio(sid, "undelivered", message, ErrorCode=code, To="+33612345678")
    assert ear.kept(message) == ["sent", "undelivered"]
    assert desk.contact(message).status == "failed"
    assert [task.kind for task in desk.tasks(status="open")] == ([kind] if kind else [])
    if kind is None:
        # The number is out of use: the step goes by its fallback.
        again = desk.due()
        assert desk.message(again).channel == "email"
        assert desk.message(again).to_address == "achats@c-1.example"
