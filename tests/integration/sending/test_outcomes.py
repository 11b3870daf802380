"""What a provider answers, and what becomes of the message, its contact, its cases and our people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from temporalio.exceptions import ApplicationError

from activities.channels.outcomes import Outcome, Sent
from activities.channels.sendgrid_email import Email
from activities.providers import Providers
from admin.stack.ports import free_port
from tests.integration.sending.desk import NOW, Desk, settings_for
from tests.integration.sending.turns import unblock

pytestmark = pytest.mark.integration


def by_email(desk: Desk) -> UUID:
    """A first reminder about two invoices, ready to leave."""
    desk.invoice("F-1")
    desk.invoice("F-2", due=date(2026, 3, 4))
    return desk.due()


def by_sms(desk: Desk) -> UUID:
    """The same at the step where the channel changes."""
    for number in ("F-1", "F-2"):
        desk.invoice(number, due=date(2026, 2, 4), last=("reminder_2", date(2026, 2, 24)))
    return desk.due()


Ready = Callable[[Desk], UUID]


@pytest.fixture(params=[by_email, by_sms], ids=["email", "sms"])
def ready(request: pytest.FixtureRequest) -> Ready:
    found: Ready = request.param
    return found


def test_what_the_provider_takes_is_sent_once_and_the_cases_are_told(desk: Desk, ready: Ready) -> None:
    message = ready(desk)
    stage = desk.case("F-1").stage
    desk.notes()
    assert desk.send(message).outcome == "sent"
    row, contact = desk.message(message), desk.contact(message)
    (left,) = desk.asked()
    assert (row.status, row.provider_id, row.attempts) == ("sent", left.provider_id, 1)
    assert (row.sending_at, row.sent_at) == (NOW, NOW)
    assert (contact.status, contact.on_day, contact.concluded_at) == ("sent", NOW.date(), NOW)
    assert desk.items(message) == {"F-1": True, "F-2": True}
    assert desk.case("F-1").stage == contact.step != stage
    assert sorted(desk.notes()) == [("F-1", "contact_concluded"), ("F-2", "contact_concluded")]
    assert desk.tasks() == []
    # Asked again, by a retry or by another worker: it has left.
    assert desk.send(message).outcome == "sent"
    assert len(desk.asked()) == 1
    assert desk.notes() == []


def test_429_puts_it_back_for_as_long_as_the_provider_asks(desk: Desk, ready: Ready) -> None:
    message = ready(desk)
    desk.notes()
    desk.sandbox.add_fault("status", status=429, retry_after=120, times=1)
    with pytest.raises(ApplicationError) as caught:
        desk.send(message)
    assert (caught.value.type, caught.value.non_retryable) == ("NotSent", False)
    assert caught.value.next_retry_delay == timedelta(seconds=120)
    assert (desk.message(message).status, desk.contact(message).status) == ("planned", "sending")
    assert desk.items(message) == {"F-1": False, "F-2": False}
    assert desk.notes() == []
    assert desk.tasks() == []
    desk.clock.at += timedelta(seconds=120)
    unblock(desk)
    assert desk.send(message).outcome == "sent"
    assert [each.accepted for each in desk.asked()] == [False, True]
    assert desk.message(message).attempts == 2


def test_a_refused_connection_is_tried_again(desk: Desk, ready: Ready) -> None:
    message = ready(desk)
    nobody = Providers.of(settings_for(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(ApplicationError) as caught:
        desk.send(message, providers=nobody)
    assert (caught.value.type, caught.value.next_retry_delay) == ("NotSent", None)
    assert desk.message(message).status == "planned"
    assert desk.send(message).outcome == "sent"
    assert len(desk.asked()) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413])
def test_a_refusal_is_final_until_a_person_has_seen_to_it(desk: Desk, ready: Ready, status: int) -> None:
    message = ready(desk)
    step = desk.contact(message).step
    desk.notes()
    desk.sandbox.add_fault("status", status=status, times=1)
    assert desk.send(message).outcome == "failed"
    assert (desk.message(message).status, desk.contact(message).status) == ("failed", "failed")
    assert desk.items(message) == {"F-1": False, "F-2": False}
    (task,) = desk.tasks()
    assert (task.kind, task.status, task.step) == ("delivery_failed", "open", step)
    assert task.assignee_email == "claire@acme.example"
    assert sorted(desk.notes()) == [("F-1", "contact_concluded"), ("F-2", "contact_concluded")]
    # The step waits for that person, whatever comes by.
    assert {desk.review(number).state for number in ("F-1", "F-2")} == {"awaiting_person"}
    assert desk.prepare().send == ()
    assert desk.send(message).outcome == "failed"
    assert len(desk.asked()) == 1
    # Mended: composed again, and it leaves.
    desk.done(task)
    again = desk.due()
    assert again != message
    assert desk.contact(again).step == step
    assert desk.send(again).outcome == "sent"
    assert [each.accepted for each in desk.asked()] == [False, True]


UNCERTAIN = [
    ("status", 500, 0),
    ("status", 503, 0),
    ("hang", 500, 0),
    ("drop_before", 500, 0),
    ("accept_then_drop", 500, 1),
    ("accept_then_status", 502, 1),
]


@pytest.mark.parametrize(("mode", "status", "taken"), UNCERTAIN)
def test_what_may_have_left_is_never_sent_again(
    desk: Desk, ready: Ready, mode: str, status: int, taken: int
) -> None:
    message = ready(desk)
    desk.notes()
    if mode == "hang":
        desk.settings = settings_for(desk.sandbox.url, sendgrid_timeout=0.5, twilio_timeout=0.5)
    desk.sandbox.add_fault(mode, status=status, delay=30)
    assert desk.send(message).outcome == "uncertain"
    desk.sandbox.clear_faults()
    contact = desk.contact(message)
    assert (desk.message(message).status, contact.status) == ("uncertain", "uncertain")
    (task,) = desk.tasks()
    assert (task.kind, task.communication_id, task.status) == ("uncertain_message", message, "open")
    assert str(message) in task.body
    assert desk.items(message) == {"F-1": True, "F-2": True}, "a step counts as done when someone is asked"
    assert len(desk.notes()) == 2
    assert desk.send(message).outcome == "uncertain"
    assert {desk.review(number).stage for number in ("F-1", "F-2")} == {contact.step}
    assert desk.prepare().send == ()
    assert len(desk.asked()) == 1
    assert len(desk.sandbox.messages()) == taken
    assert len(desk.tasks()) == 1


def test_a_person_finds_that_it_had_left(desk: Desk, ready: Ready) -> None:
    message = ready(desk)
    desk.sandbox.add_fault("accept_then_drop", times=1)
    desk.send(message)
    desk.done(desk.tasks()[0], "sent")
    row, contact = desk.message(message), desk.contact(message)
    assert (row.status, row.sent_at, contact.status) == ("sent", NOW, "sent")
    assert desk.review("F-1").stage == contact.step
    assert desk.prepare().send == ()
    assert len(desk.asked()) == 1


def test_a_person_finds_that_it_had_not_left(desk: Desk, ready: Ready) -> None:
    message = ready(desk)
    stage = desk.case("F-1").stage
    desk.sandbox.add_fault("drop_before", times=1)
    desk.send(message)
    desk.done(desk.tasks()[0], "not_sent")
    assert (desk.message(message).status, desk.contact(message).status) == ("failed", "failed")
    assert desk.items(message) == {"F-1": False, "F-2": False}
    assert desk.review("F-1").stage == stage
    again = desk.due()
    assert desk.send(again).outcome == "sent"
    assert [each.accepted for each in desk.asked()] == [False, True]
    assert len(desk.tasks(status="open")) == 0


class Dies:
    """A provider during whose call the worker is killed, before or after it has taken the message."""

    def __init__(self, real: Providers, *, after: bool) -> None:
        self._real, self._after = real, after

    def send(self, email: Email) -> Outcome:
        """Never answers."""
        assert self._real.email is not None
        if self._after:
            assert isinstance(self._real.email.send(email), Sent)
        raise SystemExit("killed")


@pytest.mark.parametrize("after", [False, True], ids=["before the provider", "after the provider"])
def test_a_row_found_in_sending_is_uncertain(desk: Desk, after: bool) -> None:
    """Killed between `sending` and its answer: whoever comes next cannot know, and asks a person."""
    message = by_email(desk)
    real = Providers.of(desk.settings)
    with pytest.raises(SystemExit):
        desk.send(message, providers=replace(real, email=Dies(real, after=after)))
    assert desk.message(message).status == "sending"
    # The outreach was lost as well: another one finds the message left over.
    prepared = desk.prepare()
    assert (prepared.send, prepared.again) == ((message,), True)
    assert desk.send(message).outcome == "uncertain"
    assert desk.contact(message).status == "uncertain"
    assert len(desk.tasks("uncertain_message", "open")) == 1
    assert len(desk.asked()) == int(after)
    assert desk.prepare().send == ()


def test_killed_before_sending_it_leaves_once(desk: Desk) -> None:
    """Composed and stored, then nothing: the next pass hands over exactly those bytes."""
    message = by_email(desk)
    composed = desk.message(message).content_hash
    prepared = desk.prepare()
    assert prepared.send == (message,)
    assert desk.send(message).outcome == "sent"
    assert desk.message(message).content_hash == composed
    assert len(desk.asked()) == 1
