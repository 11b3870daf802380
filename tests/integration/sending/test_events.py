"""What providers tell of messages: kept once, ordered by when it happened, whatever comes with it."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import Any, cast

import pytest
from sqlalchemy import Engine, text

from activities.inbound.inbox import Inbox
from activities.inbound.provider_events import sendgrid_events
from activities.inbound.work import Work
from activities.store.engine import transaction
from activities.store.receipts import MAX_ATTEMPTS, Receipt
from bench.statements import statements
from models.tables.words import Provider, ReceiptKind
from tests.integration.sending.desk import Desk, Notes
from tests.integration.sending.ear import Ear

pytestmark = pytest.mark.integration


def test_events_are_kept_once_and_in_the_order_in_which_they_happened(ear: Ear, desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.send(message)
    told = [
        ear.event(message, word, after)
        for after, word in enumerate(("processed", "deferred", "delivered"), start=1)
    ]
    doubled = [*told, *told]
    random.Random(4).shuffle(doubled)
    ear.sendgrid(doubled)
    # In another post: the provider did not hear our answer.
    ear.sendgrid(list(reversed(told)))
    assert ear.kept(message) == ["processed", "deferred", "delivered"]
    assert desk.items(message) == {"F-1": True}
    assert desk.tasks() == []


def test_who_opened_or_clicked_is_not_kept(ear: Ear, desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.send(message)
    ear.sendgrid([ear.event(message, word) for word in ("open", "click", "delivered")])
    assert ear.kept(message) == ["delivered"]
    assert ear.unknown() == []


def test_the_provider_s_own_id_finds_what_came_without_ours(ear: Ear, desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.send(message)
    ear.sendgrid([ear.event(message, "delivered", communication=None)])
    assert ear.kept(message) == ["delivered"]


def test_what_is_nobody_s_is_kept_apart_without_its_address(ear: Ear, desk: Desk, engine: Engine) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.send(message)
    foreign = ear.event(message, "bounce", communication=None, sg_message_id="other.recvd-1")
    foreign |= {"email": "someone@elsewhere.example", "reason": "550 <Someone@elsewhere.example> unknown"}
    gone = ear.event(message, "delivered", communication="0b1f6f0e-6a55-4c39-8f0c-2f1f9f3c6a10")
    ear.sendgrid([foreign, {**gone, "sg_message_id": "x.1"}, ear.event(message, "processed")])
    assert ear.kept(message) == ["processed"]
    assert ear.unknown() == ["bounce", "delivered"]
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT unknown_event::text FROM unknown_event")).scalars().all()
    assert not [row for row in rows if "elsewhere.example" in row.lower()]
    assert [row for row in rows if "(recipient)" in row]


def test_an_event_that_cannot_be_read_stops_no_other(ear: Ear, desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.send(message)
    ear.sendgrid(
        [
            cast(dict[str, Any], None),
            {"event": 7},
            {"event": "Ä" * 99},
            ear.event(message, "delivered", timestamp="yesterday", reason="\x00\ud800"),
            ear.event(message, "processed", timestamp=1e300, sg_event_id=None),
            ear.event(message, "deferred", email=["a"], communication={"a": 1}, response={"b": []}),
        ]
    )
    assert sorted(ear.kept(message)) == ["deferred", "delivered", "processed"]
    assert ear.unknown() == ["malformed"] * 3
    assert [state for state, _, _ in ear.receipts()] == ["done"]


def test_a_post_that_fails_waits_and_stops_no_other(ear: Ear, desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.send(message)
    poison = ear.keep(Provider.TWILIO, ReceiptKind.STATUS, b"poison")

    def fails(_: Work, receipt: Receipt) -> None:
        raise ZeroDivisionError("it names compta@c-1.example")

    work = Work(desk.engine, desk.clock, Notes(), ear.settings)
    handlers = {ReceiptKind.STATUS: fails, ReceiptKind.EVENTS: sendgrid_events}
    broken = Inbox(work, handlers)
    ear.keep(Provider.SENDGRID, ReceiptKind.EVENTS, json.dumps([ear.event(message, "delivered")]).encode())
    assert broken.drain() == 1
    assert ear.kept(message) == ["delivered"]
    assert ear.receipts() == [("new", 1, "ZeroDivisionError"), ("done", 1, None)]
    # Not again at once: it has its time to wait; then again, and not for ever.
    assert broken.drain() == 0
    for _ in range(MAX_ATTEMPTS):
        with transaction(desk.engine) as session:
            session.connection().execute(
                text("UPDATE webhook_receipt SET claimed_until = NULL WHERE id = :id"), {"id": poison}
            )
        broken.drain()
    assert ear.receipts()[0] == ("refused", MAX_ATTEMPTS, "ZeroDivisionError")


def test_a_post_nobody_can_read_is_refused_at_once(ear: Ear, desk: Desk) -> None:
    ear.keep(Provider.SENDGRID, ReceiptKind.EVENTS, b"{}")
    ear.keep(Provider.TWILIO, ReceiptKind.STATUS, b"")
    assert Inbox(ear.work, {ReceiptKind.EVENTS: sendgrid_events}).drain() == 0
    assert ear.receipts() == [
        ("refused", 1, "the body is no JSON array"),
        ("refused", 1, "nothing here works on status"),
    ]


def test_what_comes_back_while_it_is_handed_over_is_told_again(ear: Ear, desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    with transaction(desk.engine) as session:
        session.connection().execute(text("UPDATE communication SET status = 'sending'"))
    ear.sendgrid([ear.event(message, "dropped", reason="Bounced Address"), ear.event(message, "processed")])
    ((state, _, error),) = ear.receipts()
    assert (state, error) == ("new", "StillOnItsWay")
    assert ear.kept(message) == ["processed"]
    with transaction(desk.engine) as session:
        session.connection().execute(text("UPDATE communication SET status = 'planned'"))
        session.connection().execute(text("UPDATE webhook_receipt SET claimed_until = NULL"))
    desk.send(message)
    ear.inbox.drain()
    assert sorted(ear.kept(message)) == ["dropped", "processed"]
    assert desk.contact(message).status == "failed"


def test_a_status_of_an_sms_that_came_before_its_name_is_matched_later(ear: Ear, desk: Desk) -> None:
    desk.invoice("F-1", due=date(2026, 2, 4), last=("reminder_2", date(2026, 2, 24)))
    message = desk.due()
    assert desk.send(message).outcome == "sent"
    sid = desk.message(message).provider_id or ""
    with transaction(desk.engine) as session:
        session.connection().execute(text("UPDATE communication SET provider_id = NULL, provider = NULL"))
    ear.twilio(sid, "delivered")
    assert (ear.kept(message), ear.unknown()) == ([], ["delivered"])
    with transaction(desk.engine) as session:
        session.connection().execute(
            text("UPDATE communication SET provider_id = :sid, provider = 'twilio'"), {"sid": sid}
        )
    ear.sweep()
    assert (ear.kept(message), ear.unknown()) == (["delivered"], [])


def test_the_many_take_as_many_statements_whatever_their_number(ear: Ear, desk: Desk) -> None:
    desk.invoice("F-1")
    message = desk.due()
    desk.send(message)
    counts = []
    for number in (1, 400):
        body = json.dumps([ear.event(message, "delivered", second) for second in range(number)]).encode()
        ear.keep(Provider.SENDGRID, ReceiptKind.EVENTS, body)
        with statements(desk.engine) as seen:
            ear.inbox.drain()
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 6, counts
