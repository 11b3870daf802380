"""A message that cannot be written: a person is asked once, and it is composed again when that is mended."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from activities import compose
from activities.rendering import RenderError
from models.ids import CaseSignal
from rules.facts import Role
from tests.integration.sending.desk import Desk

pytestmark = pytest.mark.integration


def test_without_an_address_one_task_asks_for_one(desk: Desk) -> None:
    desk.customer("C-1", email=None, phone=None)
    for number in ("F-1", "F-2"):
        desk.invoice(number)
        desk.review(number)
    assert desk.prepare().send == ()
    (task,) = desk.tasks()
    assert (task.kind, task.step, task.status) == ("find_contact", "reminder_1", "open")
    assert task.assignee_email == "claire@acme.example"
    assert {desk.review(number).state for number in ("F-1", "F-2")} == {"awaiting_person"}
    desk.clock.at += timedelta(days=1)
    assert {desk.review(number).state for number in ("F-1", "F-2")} == {"awaiting_person"}
    assert desk.prepare().send == ()
    assert len(desk.tasks()) == 1, "asked once, not every day"
    # Found: composed again, and it leaves.
    desk.person("C-1", Role.ACCOUNTING, "found@c-1.example")
    desk.done(task)
    message = desk.due()
    assert desk.send(message).outcome == "sent"
    assert [each.recipients for each in desk.asked()] == [("found@c-1.example",)]


def test_a_task_completed_without_an_address_asks_again(desk: Desk) -> None:
    desk.customer("C-1", email=None, phone=None)
    desk.invoice("F-1")
    desk.review("F-1")
    desk.prepare()
    desk.done(desk.tasks()[0])
    assert desk.review("F-1").state == "due"
    assert desk.prepare().send == ()
    assert sorted(task.status for task in desk.tasks("find_contact")) == ["done", "open"]
    assert desk.review("F-1").state == "awaiting_person"


def test_a_template_that_fails_asks_a_person_and_blocks_nobody_else(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_more: Any) -> Any:
        raise RenderError("courteous_reminder", "fr", "'payment_link' is undefined")

    desk.invoice("F-1")
    desk.invoice("F-9", customer="C-9")
    with monkeypatch.context() as patched:
        patched.setattr(compose, "render", broken)
        desk.review("F-1")
        assert desk.prepare().send == ()
    (task,) = desk.tasks()
    assert (task.kind, task.status) == ("delivery_failed", "open")
    assert "is undefined" in task.body
    assert desk.review("F-1").state == "awaiting_person"
    desk.review("F-9")
    (other,) = desk.prepare("C-9").send
    assert desk.send(other).outcome == "sent"
    desk.done(task)
    desk.review("F-1")
    (again,) = desk.prepare().send
    assert desk.send(again).outcome == "sent"


# ------------------------------------------------------------------------------------ thank-you


def paid_after_a_reminder(desk: Desk, number: str = "F-1") -> None:
    desk.invoice(number)
    message = desk.due()
    assert desk.send(message).outcome == "sent"
    desk.clock.at += timedelta(hours=1)
    desk.pay(number)
    assert desk.review(number).closed


def test_a_thank_you_leaves_once_a_day(desk: Desk) -> None:
    paid_after_a_reminder(desk)
    (thanks,) = desk.prepare().send
    assert desk.message(thanks).kind == "thank_you"
    assert desk.send(thanks).outcome == "sent"
    assert desk.prepare().send == ()
    assert desk.review("F-1").closed
    assert len(desk.asked()) == 2
    assert desk.tasks() == []


def test_no_thank_you_without_a_reminder_or_while_something_else_is_late(desk: Desk) -> None:
    desk.invoice("F-0", due=date(2026, 3, 20))
    desk.pay("F-0")
    assert desk.review("F-0").closed
    assert desk.prepare().send == ()
    paid_after_a_reminder(desk)
    desk.invoice("F-2", due=date(2026, 3, 8))
    desk.review("F-2")
    assert desk.prepare().send == ()


def test_a_thank_you_outside_the_hours_waits_for_the_morning(desk: Desk) -> None:
    desk.invoice("F-1")
    desk.send(desk.due())
    desk.clock.at = desk.clock.at.replace(hour=20)
    desk.pay("F-1")
    desk.review("F-1")
    prepared = desk.prepare()
    assert prepared.send == ()
    assert prepared.wake_at == desk.clock.at.replace(day=11, hour=8, minute=30)
    desk.clock.at = prepared.wake_at
    (thanks,) = desk.prepare().send
    assert desk.send(thanks).outcome == "sent"


def test_a_thank_you_that_grew_stale_is_written_again(desk: Desk) -> None:
    """Another payment came in between: one message thanks for both."""
    desk.invoice("F-1")
    desk.invoice("F-2")
    desk.send(desk.due())
    desk.clock.at += timedelta(minutes=1)
    desk.pay("F-1")
    desk.pay("F-2")
    for number in ("F-1", "F-2"):
        desk.review(number)
    desk.invoice("F-3", due=date(2026, 4, 20))
    (thanks,) = desk.prepare().send
    desk.pay("F-3", "1.00")
    assert desk.send(thanks).outcome == "stale"
    (again,) = desk.prepare().send
    assert desk.message(again).kind == "thank_you"
    assert desk.send(again).outcome == "sent"
    assert len(desk.asked()) == 2


def test_a_thank_you_that_cannot_be_written_blocks_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: Any, **_more: Any) -> Any:
        raise RenderError("thank_you", "fr", "'nobody' is undefined")

    paid_after_a_reminder(desk)
    with monkeypatch.context() as patched:
        patched.setattr(compose, "render", broken)
        assert desk.prepare().send == ()
    assert len(desk.asked()) == 1


def test_a_thank_you_says_nothing_to_who_is_not_to_be_contacted(desk: Desk) -> None:
    paid_after_a_reminder(desk)
    desk.invoice("F-2", due=date(2026, 4, 20))
    desk.tell(CaseSignal.INSOLVENCY_OPENED, "F-2")
    assert desk.prepare().send == ()
