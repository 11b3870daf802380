"""What nobody was sure of: proved by the provider, answered by a person, or both and not alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from urllib.parse import parse_qs
from uuid import UUID

import pytest
from sqlalchemy import text

from activities.store.engine import transaction
from tests.fixtures.signing import PUBLIC
from tests.integration.sending.desk import NOW, Desk, settings_for
from tests.integration.sending.ear import EVIDENCE, Ear

pytestmark = pytest.mark.integration

TOLD = sorted([("F-1", "contact_concluded"), ("F-2", "contact_concluded")])


def by_email(desk: Desk) -> UUID:
    desk.invoice("F-1")
    desk.invoice("F-2", due=date(2026, 3, 4))
    return desk.due()


def by_sms(desk: Desk) -> UUID:
    for number in ("F-1", "F-2"):
        desk.invoice(number, due=date(2026, 2, 4), last=("reminder_2", date(2026, 2, 24)))
    return desk.due()


def uncertain(desk: Desk, ready: Callable[[Desk], UUID], mode: str = "accept_then_drop") -> UUID:
    """A message whose provider did not answer; it had taken it, or not (`drop_before`)."""
    message = ready(desk)
    desk.sandbox.add_fault(mode, times=1)
    assert desk.send(message).outcome == "uncertain"
    desk.notes()
    return message


def certain(desk: Desk, message: UUID) -> bool:
    """Sent, its step done, nobody asked any more, and the cases told."""
    row, contact = desk.message(message), desk.contact(message)
    return (
        (row.status, row.error, row.sent_at, contact.status) == ("sent", None, NOW, "sent")
        and desk.items(message) == {"F-1": True, "F-2": True}
        and desk.tasks(status="open") == []
        and sorted(desk.notes()) == TOLD
        and desk.journal("message_proved") == 1
    )


def test_nobody_is_asked_while_evidence_may_come(ear: Ear, desk: Desk) -> None:
    message = uncertain(desk, by_email)
    assert (desk.message(message).status, desk.contact(message).status) == ("uncertain", "uncertain")
    assert desk.items(message) == {"F-1": True, "F-2": True}
    desk.clock.at += timedelta(minutes=29)
    ear.sweep()
    assert desk.tasks() == []
    desk.clock.at += timedelta(minutes=1)
    assert ear.sweep().asked == 1
    (task,) = desk.tasks("uncertain_message", "open")
    assert task.key == f"uncertain/{message}"
    assert str(message) in task.body
    assert task.assignee_email == "claire@acme.example"
    assert ear.sweep().asked == 0
    desk.done(task, "sent")
    assert desk.message(message).status == "sent"


@pytest.mark.parametrize(
    "settings",
    [{}, {**EVIDENCE, "evidence_seconds": 0}],
    ids=["no webhooks", "no time to wait"],
)
def test_where_none_can_come_a_person_is_asked_at_once(desk: Desk, settings: dict[str, object]) -> None:
    desk.settings = settings_for(desk.sandbox.url, **settings)
    message = uncertain(desk, by_email)
    assert [task.communication_id for task in desk.tasks("uncertain_message", "open")] == [message]


def test_an_event_of_our_id_proves_that_an_e_mail_was_taken(ear: Ear, desk: Desk) -> None:
    message = uncertain(desk, by_email)
    ear.sendgrid([ear.event(message, "processed", sg_message_id="abc.recvd-1")])
    assert certain(desk, message)
    assert (desk.message(message).provider, desk.message(message).provider_id) == ("sendgrid", "abc")
    # And again, as providers do.
    ear.sendgrid([ear.event(message, "processed"), ear.event(message, "delivered")])
    assert desk.journal("message_proved") == 1
    assert desk.notes() == []


def test_evidence_that_comes_late_withdraws_the_question(ear: Ear, desk: Desk) -> None:
    message = uncertain(desk, by_email)
    desk.clock.at += timedelta(minutes=31)
    ear.sweep()
    (task,) = desk.tasks("uncertain_message", "open")
    ear.sendgrid([ear.event(message, "delivered")])
    assert certain(desk, message)
    assert {each.id: each.status for each in desk.tasks()} == {task.id: "withdrawn"}


def test_what_was_told_before_the_answer_broke_off_is_heard(ear: Ear, desk: Desk) -> None:
    """The event comes while the provider is still being called; then the line breaks."""
    message = by_email(desk)
    ear.sendgrid([])
    with transaction(desk.engine) as session:
        session.connection().execute(
            text("UPDATE communication SET status = 'sending', sending_at = :at"), {"at": NOW}
        )
    ear.sendgrid([ear.event(message, "processed", sg_message_id="abc.recvd-1")])
    assert desk.message(message).status == "sending"
    # Whoever comes next finds it in `sending`: its worker is dead, and it is certain all the same.
    assert desk.send(message).outcome == "sent"
    assert desk.message(message).provider_id == "abc"
    assert desk.contact(message).status == "sent"
    assert desk.tasks() == []
    assert desk.asked() == []


def test_a_status_callback_proves_that_an_sms_was_taken(ear: Ear, desk: Desk) -> None:
    message = uncertain(desk, by_sms)
    (left,) = desk.asked()
    ear.twilio(left.provider_id or "", "queued", message)
    assert certain(desk, message)
    assert desk.message(message).provider_id == left.provider_id


def test_an_sms_takes_along_where_to_tell_of_it(ear: Ear, desk: Desk) -> None:
    message = by_sms(desk)
    desk.send(message)
    (left,) = desk.asked()
    assert left.provider_id == desk.message(message).provider_id
    raw = desk.sandbox.store.get(left.id)
    assert raw is not None
    assert raw.raw is not None
    (callback,) = parse_qs(raw.raw.body)["StatusCallback"]
    assert callback == f"{PUBLIC}/webhooks/twilio?communication={message}"


@pytest.mark.parametrize("reachable", [True, False], ids=["webhooks", "no webhooks"])
def test_twilio_s_list_proves_it_after_a_minute(ear: Ear, desk: Desk, reachable: bool) -> None:
    if not reachable:
        desk.settings = settings_for(desk.sandbox.url)
    message = uncertain(desk, by_sms)
    ear.sweep()
    assert desk.message(message).status == "uncertain", "a request may still be on its way"
    desk.clock.at += timedelta(minutes=1)
    assert ear.sweep().proved == 1
    assert desk.message(message).provider_id == desk.asked()[0].provider_id
    assert certain(desk, message)


def test_a_list_without_it_is_asked_again_less_and_less_and_then_a_person_is(ear: Ear, desk: Desk) -> None:
    message = uncertain(desk, by_sms, "drop_before")
    asked: list[int] = []

    class Lists:
        """A provider that has nothing."""

        def send(self, sms: object) -> None:
            raise AssertionError("nothing is sent twice")

        def find(self, to: str, sent_since: object, body: str, known: object = ()) -> None:
            asked.append(int((desk.clock.at - NOW).total_seconds() / 60))

    for _ in range(40):
        desk.clock.at += timedelta(minutes=1)
        ear.sweep(Lists())  # type: ignore[arg-type]
    assert asked == [1, 2, 4, 8, 16, 32]
    (task,) = desk.tasks("uncertain_message", "open")
    desk.done(task, "not_sent")
    assert desk.items(message) == {"F-1": False, "F-2": False}
    again = desk.due()
    assert desk.send(again).outcome == "sent"


def test_another_sms_of_the_same_text_is_no_evidence(ear: Ear, desk: Desk) -> None:
    message = uncertain(desk, by_sms, "drop_before")
    desk.clock.at += timedelta(minutes=31)
    ear.sweep()
    desk.done(desk.tasks("uncertain_message", "open")[0], "not_sent")
    again = desk.due()
    desk.sandbox.add_fault("accept_then_drop", times=1)
    assert desk.send(again).outcome == "uncertain"
    with transaction(desk.engine) as session:
        # The first one is looked for as well, as if nobody had answered.
        session.connection().execute(
            text("UPDATE communication SET status = 'uncertain', sending_at = :at"), {"at": desk.clock.at}
        )
    desk.clock.at += timedelta(minutes=1)
    assert ear.sweep().proved == 1
    found = [each.provider_id for each in desk.messages()]
    assert sorted(found, key=str) == sorted([None, desk.sandbox.messages()[-1].provider_id], key=str)
    assert message != again


def test_evidence_against_a_person_s_word_restores_what_was_not_sent_again(ear: Ear, desk: Desk) -> None:
    message = uncertain(desk, by_email)
    desk.clock.at += timedelta(minutes=31)
    ear.sweep()
    desk.done(desk.tasks()[0], "not_sent")
    # Composed again, and not yet gone.
    again = desk.due()
    desk.notes()
    ear.sendgrid([ear.event(message, "delivered")])
    assert (desk.message(message).status, desk.contact(message).status) == ("sent", "sent")
    assert desk.items(message) == {"F-1": True, "F-2": True}
    assert (desk.message(again).status, desk.contact(again).status) == ("withdrawn", "withdrawn")
    assert sorted(desk.notes()) == TOLD
    assert desk.send(again).outcome == "stale"
    assert len(desk.asked()) == 1
    assert desk.tasks(status="open") == []


def test_evidence_against_a_person_s_word_after_a_second_send_is_told_loudly(
    ear: Ear, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    message = uncertain(desk, by_email)
    desk.clock.at += timedelta(minutes=31)
    ear.sweep()
    desk.done(desk.tasks()[0], "not_sent")
    again = desk.due()
    assert desk.send(again).outcome == "sent"
    with caplog.at_level("ERROR"):
        ear.sendgrid([ear.event(message, "delivered")])
    (task,) = desk.tasks("possible_double", "open")
    assert (task.communication_id, task.assignee_email) == (message, "manager@acme.example")
    assert "a message may have left twice" in caplog.text
    assert desk.journal("message_possible_double") == 1
    assert (desk.message(message).status, desk.contact(message).status) == ("sent", "failed")
    assert desk.items(again) == {"F-1": True, "F-2": True}
    # Told again, it is one task.
    ear.sendgrid([ear.event(message, "delivered", 90)])
    assert len(desk.tasks("possible_double")) == 1
