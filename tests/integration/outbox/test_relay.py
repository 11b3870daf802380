"""Notes to workflows: committed with the fact, delivered at least once, by whoever comes first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.outbox import Courier, deliver_pending
from activities.store.engine import transaction
from activities.store.outbox import LEASE, MAX_BACKOFF, add_notes
from models.ids import CaseSignal, OutreachSignal, case_id, outreach_id
from models.messages import CaseInput, OutreachInput
from models.tables import OutboxNote
from models.tables.words import NoteTo
from tests.fixtures.ledger import NOW, Book, make_book

pytestmark = pytest.mark.integration

S = CaseSignal


@dataclass
class Hands:
    """A clock that a test turns."""

    at: datetime = field(default_factory=lambda: datetime(2026, 3, 10, 9, 0, tzinfo=UTC))

    def wall(self) -> datetime:
        """Where the hands stand."""
        return self.at


@dataclass
class Temporal:
    """Stands for the client: it keeps what it was asked to start or signal, or is down."""

    down: RPCStatusCode | None = None
    refuses: frozenset[str] = frozenset()
    asked: list[tuple[str, str | None, Any]] = field(default_factory=list)
    given: list[dict[str, Any]] = field(default_factory=list)
    pause: float = 0.0

    async def start_workflow(self, workflow: str, argument: Any, **more: Any) -> None:
        """As the client's."""
        await asyncio.sleep(self.pause)
        if self.down is not None or more["id"] in self.refuses:
            raise RPCError("unavailable", self.down or RPCStatusCode.UNAVAILABLE, b"")
        args = more.get("start_signal_args")
        self.asked.append((more["id"], more.get("start_signal"), args[0] if args else None))
        self.given.append({"workflow": workflow, "argument": argument, **more})


def courier(engine: Engine, temporal: Temporal, hands: Hands) -> Courier:
    return Courier(engine, cast(Client, temporal), asyncio.get_running_loop(), hands)


@pytest.fixture
def book(engine: Engine) -> Book:
    """Invoices F-1 and F-2 of one customer."""
    return make_book(engine)


def waiting(engine: Engine) -> list[OutboxNote]:
    with transaction(engine) as session:
        return list(session.exec(select(OutboxNote).order_by(col(OutboxNote.id))))


async def test_a_fact_is_told_with_start_and_forgotten(book: Book, engine: Engine) -> None:
    temporal = Temporal()
    done = book.tell(S.PAYMENT_RECEIVED, "F-1", amount="10", event_id="bank-1")
    assert await courier(engine, temporal, Hands()).deliver_async(done.notes) == 1
    (asked,) = temporal.asked
    assert asked == (case_id("acme", "F-1"), "payment_received", {"recorded": True, "event_id": "bank-1"})
    (given,) = temporal.given
    assert given["argument"] == CaseInput(company="acme", number="F-1", invoice_id=book.invoices["F-1"])
    assert given["static_summary"] == "acme F-1: 100.00 EUR, due 2026-02-28"
    assert waiting(engine) == []


async def test_an_outreach_is_named_by_its_customer_alone(book: Book, engine: Engine) -> None:
    temporal = Temporal()
    with transaction(engine) as session:
        add_notes(session, [book.customer_id], NoteTo.OUTREACH, OutreachSignal.NUDGED, NOW)
    await courier(engine, temporal, Hands()).sweep()
    assert temporal.asked == [(outreach_id(book.customer_id), "nudged", {})]
    assert temporal.given[0]["argument"] == OutreachInput(customer_id=book.customer_id)


async def test_a_crash_after_the_commit_leaves_the_note_to_the_relay(book: Book, engine: Engine) -> None:
    temporal = Temporal()
    book.tell(S.PAYMENT_RECEIVED, "F-1", amount="10", event_id="bank-1")
    assert len(waiting(engine)) == 1
    assert await courier(engine, temporal, Hands()).sweep() == 1
    assert [signal for _, signal, _ in temporal.asked] == ["payment_received"]
    assert waiting(engine) == []


async def test_a_fact_rolled_back_tells_nobody(book: Book, engine: Engine) -> None:
    temporal = Temporal()
    with Session(engine) as session:
        add_notes(session, book.invoices.values(), NoteTo.CASE, S.PAUSED, NOW)
        session.rollback()
    assert await courier(engine, temporal, Hands()).sweep() == 0


async def test_a_crash_in_the_middle_of_a_delivery_delays_it_by_the_lease(book: Book, engine: Engine) -> None:
    """Claimed, then killed: nobody knows whether it went; told twice does no harm, not at all would."""
    hands, temporal = Hands(), Temporal()
    done = book.tell(S.PAYMENT_RECEIVED, "F-1", amount="10")
    killed = courier(engine, temporal, hands)
    await asyncio.to_thread(killed._claim, 1, done.notes)
    other = courier(engine, temporal, hands)
    hands.at += LEASE - timedelta(seconds=1)
    assert await other.sweep() == 0
    hands.at += timedelta(seconds=1)
    assert await other.sweep() == 1
    assert len(temporal.asked) == 1


async def test_while_temporal_is_down_the_note_waits_longer_and_longer(book: Book, engine: Engine) -> None:
    hands, temporal = Hands(), Temporal(down=RPCStatusCode.UNAVAILABLE)
    relay = courier(engine, temporal, hands)
    done = book.tell(S.PAYMENT_RECEIVED, "F-1", amount="10")
    assert await relay.deliver_async(done.notes) == 0
    waits = []
    for _ in range(12):
        (note,) = waiting(engine)
        assert note.claimed_until is not None
        assert "unavailable" in str(note.last_error)
        waits.append(note.claimed_until - hands.at)
        assert await relay.sweep() == 0, "left alone until its time"
        hands.at = note.claimed_until
        assert await relay.sweep() == 1
    assert waits[:4] == [timedelta(seconds=s) for s in (1, 2, 4, 8)]
    assert waits == sorted(waits)
    assert waits[-1] == MAX_BACKOFF
    (note,) = waiting(engine)
    assert note.attempts == 13
    temporal.down = None
    hands.at += MAX_BACKOFF
    await relay.sweep()
    assert len(temporal.asked) == 1
    assert waiting(engine) == []


async def test_a_note_that_cannot_go_holds_up_no_other(book: Book, engine: Engine) -> None:
    temporal = Temporal(refuses=frozenset({case_id("acme", "F-1")}))
    for number in ("F-1", "F-2"):
        book.tell(S.PAYMENT_RECEIVED, number, amount="10")
    assert await courier(engine, temporal, Hands()).sweep() == 2
    assert [workflow_id for workflow_id, _, _ in temporal.asked] == [case_id("acme", "F-2")]
    assert [note.key for note in waiting(engine)] == [book.invoices["F-1"]]


async def test_many_relays_share_the_notes_and_double_none(
    book: Book, new_engine: Callable[[], Engine]
) -> None:
    """Six workers sweep at once, and the callers who committed the notes deliver them as well."""
    hands, temporal = Hands(), Temporal(pause=0.002)
    with transaction(book.engine) as session:
        ids = add_notes(
            session, list(book.invoices.values()) * 150, NoteTo.CASE, S.CONTACT_CONCLUDED, NOW, {"n": 1}
        )
    relays = [courier(new_engine(), temporal, hands) for _ in range(6)]

    async def until_empty(relay: Courier) -> None:
        while await relay.sweep(20):
            pass

    await asyncio.gather(
        *(until_empty(relay) for relay in relays),
        *(relays[place % 6].deliver_async(ids[place * 30 : place * 30 + 30]) for place in range(10)),
    )
    assert Counter(workflow_id for workflow_id, _, _ in temporal.asked) == {
        case_id("acme", "F-1"): 150,
        case_id("acme", "F-2"): 150,
    }
    assert waiting(book.engine) == []


async def test_notes_go_out_earliest_action_first(book: Book, engine: Engine) -> None:
    temporal = Temporal()
    with transaction(engine) as session:
        for number, days in (("F-1", 5), ("F-2", 1)):
            add_notes(
                session,
                [book.invoices[number]],
                NoteTo.CASE,
                S.CONTACT_CONCLUDED,
                NOW,
                order_at=NOW + timedelta(days=days),
            )
    seen: list[int] = []
    relay = courier(engine, temporal, Hands())
    assert await relay.sweep(1) == 1
    assert await deliver_pending(relay, on_progress=seen.append) == 1
    assert [workflow_id for workflow_id, _, _ in temporal.asked] == [
        case_id("acme", "F-2"),
        case_id("acme", "F-1"),
    ]
    assert seen == [1]


async def test_an_unknown_note_id_is_nothing_to_deliver(book: Book, engine: Engine) -> None:
    temporal = Temporal()
    relay = courier(engine, temporal, Hands())
    assert await relay.deliver_async([]) == 0
    assert await relay.deliver_async([10**9]) == 0
    assert temporal.asked == []


async def test_from_a_thread_a_deaf_temporal_never_raises(book: Book, engine: Engine) -> None:
    """Activities deliver from threads: what they committed stands, whatever becomes of the note."""
    temporal = Temporal(down=RPCStatusCode.DEADLINE_EXCEEDED)
    relay = courier(engine, temporal, Hands())
    done = book.tell(S.PAYMENT_RECEIVED, "F-1", amount="10", event_id=str(uuid4()))
    assert await asyncio.to_thread(relay.deliver, done.notes) == 0
    assert len(waiting(engine)) == 1
