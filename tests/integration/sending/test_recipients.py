"""Whom messages go to, and how a step finds the next person by itself when an address does not work."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select

from activities.inbound.events import take
from activities.inbound.work import Work
from activities.store.engine import transaction
from activities.store.lookup import lock_customer
from activities.store.message_events import Told
from activities.store.reachability import clear_mark
from models.tables import AddressMark, Contact
from models.tables.words import Provider
from rules.calendar import Channel
from rules.facts import Role
from tests.integration.sending.desk import Desk, Notes

pytestmark = pytest.mark.integration

LANDLINE, STOPPED, NO_NUMBER = "+15005550009", "+15005550004", "+15005550001"
"""The sandbox answers as Twilio does of these: 21614, 21610, 21211."""


def marks(desk: Desk) -> list[tuple[str, str, str]]:
    with transaction(desk.engine) as session:
        rows = session.exec(select(AddressMark).order_by(col(AddressMark.marked_at))).all()
        return [(row.channel, row.address, row.cause) for row in rows]


def change(desk: Desk, email: str, **values: object) -> None:
    with transaction(desk.engine) as session:
        contact = session.exec(select(Contact).where(Contact.email == email)).one()
        for name, value in values.items():
            setattr(contact, name, value)


def bounced(desk: Desk, message: UUID) -> None:
    """SendGrid tells that the mailbox does not exist, as its post is worked on."""
    row = desk.message(message)
    told = Told(
        event_id=f"bounce/{message}",
        word="bounce",
        at=desk.clock.at,
        communication=str(message),
        provider_id=row.provider_id,
        recipient=row.to_address,
        detail={"type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 unknown user"},
    )
    work = Work(desk.engine, desk.clock, Notes(), desk.settings)
    take(work, Provider.SENDGRID, [told], desk.clock.at)


def test_the_first_by_preference_is_written_to_and_copies_go_to_who_wants_them(desk: Desk) -> None:
    desk.customer("C-1", email="a@c-1.example")
    for email in ("b@c-1.example", "c@c-1.example", "B@c-1.example", "d@c-1.example"):
        desk.person("C-1", Role.ACCOUNTING, email)
    desk.person("C-1", Role.BUYER, "c@c-1.example")
    desk.person("C-1", Role.BUYER, "achats@c-1.example")
    change(desk, "b@c-1.example", preference=1, language="en")
    change(desk, "B@c-1.example", in_copy=True)
    change(desk, "d@c-1.example", in_copy=True)
    # The second reminder, with the buyer in copy.
    desk.invoice("F-1", due=date(2026, 2, 20), last=("reminder_1", date(2026, 2, 26)))
    message = desk.due()
    row = desk.message(message)
    assert (row.to_address, row.language) == ("b@c-1.example", "en")
    assert row.cc == ["d@c-1.example", "achats@c-1.example"]
    assert desk.send(message).outcome == "sent"
    (left,) = desk.asked()
    assert left.recipients == ("b@c-1.example", "d@c-1.example", "achats@c-1.example")


def test_a_reminder_that_bounces_goes_to_the_next_then_one_task_then_on_when_mended(desk: Desk) -> None:
    desk.invoice("F-1")
    desk.person("C-1", Role.ACCOUNTING, "factures@c-1.example")
    first = desk.due()
    assert desk.send(first).outcome == "sent"
    assert desk.review("F-1").state == "waiting"
    desk.clock.at += timedelta(minutes=3)
    bounced(desk, first)
    assert desk.items(first) == {"F-1": False}
    second = desk.due()
    assert desk.message(second).to_address == "factures@c-1.example"
    assert desk.send(second).outcome == "sent"
    desk.clock.at += timedelta(minutes=3)
    bounced(desk, second)
    # Nobody is left: one task, however often one looks.
    for _ in range(2):
        desk.review("F-1")
        assert desk.prepare().send == ()
    (task,) = desk.tasks()
    assert (task.kind, task.status) == ("find_contact", "open")
    assert "factures@c-1.example: hard bounce on 2026-03-10" in task.body
    assert desk.review("F-1").state == "awaiting_person"
    with transaction(desk.engine) as session:
        customer = lock_customer(session, desk.customers["C-1"])
        whose = session.exec(select(Contact.id).where(Contact.email == "factures@c-1.example")).one()
        clear_mark(session, customer, whose, Channel.EMAIL, desk.clock.at, "claire", "it works again")
    assert [each.status for each in desk.tasks()] == ["done"]
    third = desk.due()
    assert desk.send(third).outcome == "sent"
    assert desk.message(third).to_address == "factures@c-1.example"
    assert [each.recipients[0] for each in desk.asked()] == [
        "compta@c-1.example",
        "factures@c-1.example",
        "factures@c-1.example",
    ]


@pytest.mark.parametrize(
    ("number", "mark"),
    [
        (LANDLINE, ("sms", LANDLINE, "landline")),
        (STOPPED, ("sms", STOPPED, "opted_out")),
        (NO_NUMBER, ("phone", NO_NUMBER, "invalid_number")),
    ],
)
def test_a_number_twilio_refuses_is_marked_and_the_step_falls_back_by_itself(
    desk: Desk, number: str, mark: tuple[str, str, str]
) -> None:
    desk.customer("C-1", phone=number)
    desk.person("C-1", Role.BUYER, "achats@c-1.example")
    desk.invoice("F-1", due=date(2026, 2, 4), last=("reminder_2", date(2026, 2, 24)))
    message = desk.due()
    assert desk.message(message).channel == "sms"
    desk.notes()
    assert desk.send(message).outcome == "failed"
    assert marks(desk) == [mark]
    assert desk.tasks() == []
    assert ("F-1", "contact_concluded") in desk.notes()
    assert (desk.contact(message).status, desk.items(message)) == ("failed", {"F-1": False})
    again = desk.due()
    assert (desk.message(again).channel, desk.message(again).to_address) == ("email", "achats@c-1.example")
    assert desk.send(again).outcome == "sent"


def test_the_next_mobile_takes_the_sms(desk: Desk) -> None:
    desk.customer("C-1", phone=LANDLINE)
    desk.person("C-1", Role.ACCOUNTING, None, "+33698765432")
    desk.invoice("F-1", due=date(2026, 2, 4), last=("reminder_2", date(2026, 2, 24)))
    change(desk, "compta@c-1.example", preference=1)
    assert desk.send(desk.due()).outcome == "failed"
    again = desk.due()
    assert (desk.message(again).channel, desk.message(again).to_address) == ("sms", "+33698765432")
    assert desk.send(again).outcome == "sent"


def test_an_address_sendgrid_takes_for_none_is_marked_copy_or_not(desk: Desk) -> None:
    """As the sandbox judges, like SendGrid; a ledger may have such ones from before they were checked."""
    desk.customer("C-1", email="compta@c-1")
    desk.person("C-1", Role.ACCOUNTING, "factures@c-1.example")
    desk.person("C-1", Role.ACCOUNTING, "copie@c-1")
    change(desk, "compta@c-1", preference=1)
    change(desk, "copie@c-1", in_copy=True)
    desk.invoice("F-1")
    assert desk.send(desk.due()).outcome == "failed"
    assert marks(desk) == [
        ("email", "compta@c-1", "invalid_address"),
        ("email", "copie@c-1", "invalid_address"),
    ]
    assert desk.tasks() == []
    again = desk.due()
    row = desk.message(again)
    assert (row.to_address, row.cc) == ("factures@c-1.example", [])
    assert desk.send(again).outcome == "sent"


def test_a_refusal_that_is_not_about_the_address_still_asks_a_person(desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.sandbox.add_fault("status", status=413, times=1)
    assert desk.send(message).outcome == "failed"
    assert marks(desk) == []
    assert [task.kind for task in desk.tasks()] == ["delivery_failed"]
