"""What heals by itself: notes a crash left, cases that should have acted, messages nobody settles."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from sqlalchemy import Engine, delete, update
from sqlmodel import col, select
from temporalio.testing import ActivityEnvironment

from activities.clock import Clock
from activities.outbox import Courier
from activities.registry import activities
from activities.store.engine import transaction
from activities.sweeper import OVERDUE, Sweeper, Swept
from models.ids import CaseSignal, outreach_id
from models.messages import OutreachNow, Prepared
from models.tables import Communication, DunningCase, OutboxNote, Owed
from models.tables.words import CommunicationStatus
from tests.workflows.by_hand import view
from tests.workflows.world import World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]

S = CaseSignal
START = datetime(2026, 3, 20, 7, 0, tzinfo=UTC)
ISSUED, DUE = "2026-03-01", "2026-03-31"


async def sweep(it: World) -> Swept:
    """One round, at the server's time."""
    await it.now()
    return await Sweeper(it.engine, it.clock, it.courier).once()


def forget_notes(engine: Engine) -> None:
    """As if they had been delivered, to a Temporal store that was lost."""
    with transaction(engine) as session:
        session.exec(delete(OutboxNote))


async def test_a_fact_whose_teller_crashed_reaches_its_case_by_the_sweep(engine: Engine) -> None:
    async with world(engine, START) as it:
        await it.invoice("F-1", "1200.00", ISSUED, DUE)
        await view(it, "F-1")
        now = await it.now()
        paid = {"amount": "200.00", "currency": "EUR", "event_id": "bank-1"}
        it._record(now, S.PAYMENT_RECEIVED, "F-1", paid)
        assert (await view(it, "F-1")).outstanding == 1200, "nobody told it"
        assert await sweep(it) == Swept(delivered=1)
        assert (await view(it, "F-1")).outstanding == 1000
        assert await sweep(it) == Swept()


async def test_what_an_earlier_version_did_not_keep_is_kept_by_the_hour(engine: Engine) -> None:
    def kept() -> int:
        with transaction(engine) as session:
            return len(session.exec(select(Owed)).all())

    async with world(engine, START) as it:
        await it.invoice("F-1", "1200.00", ISSUED, DUE)
        sweeper = Sweeper(it.engine, it.clock, it.courier)
        assert kept() == 1
        for passed, expected in ((timedelta(0), 1), (timedelta(minutes=59), 0), (timedelta(minutes=2), 1)):
            with transaction(engine) as session:
                session.exec(delete(Owed))
            await it.let_pass(passed)
            await it.now()
            await sweeper.once()
            assert kept() == expected, passed


async def test_an_installation_whose_temporal_store_was_lost_goes_on(engine: Engine) -> None:
    """A week after the loss: what is overdue comes back at once, the rest when its hour has passed."""
    numbers = {
        "late": DUE,
        "later": "2026-04-20",
        "paid": DUE,
        "paused": DUE,
        "promised": DUE,
        "claimed": DUE,
    }
    async with world(engine, START) as lost:
        for number, due in numbers.items():
            await lost.invoice(number, "1200.00", ISSUED, due, customer=number)
        await lost.day("2026-04-08", 12)
        await lost.pay("paid", "1200.00")
        await lost.tell(S.PAUSED, "paused", until="2026-04-17")
        await lost.tell(
            S.PAYMENT_PLAN_AGREED, "promised", instalments=[{"due_on": "2026-04-17", "amount": "1200.00"}]
        )
        await lost.tell(S.PAYMENT_CLAIMED, "claimed")
        await view(lost, "late")
        before = lost.told()
    again = datetime(2026, 4, 15, 10, 0, tzinfo=UTC)
    async with world(engine, again, after=lost) as it:
        assert it.told() == before
        swept = await sweep(it)
        assert swept.woken >= 1
        assert (await view(it, "late")).stage == "reminder_2"
        assert (await sweep(it)).woken == 0, "once an hour, not at every sweep"
        for day in range(16, 31):
            await it.day(f"2026-04-{day}", 12)
            await sweep(it)
            await it.settled()
        await it.day("2026-05-01", 20)
        told = it.told()
        assert told[: len(before)] == before
        assert len(told) == len(set(told)), "nothing was said twice"
        said = [tuple(line.split()[2::2]) for line in told]
        assert len(said) == len(set(said)), "no step of a case twice"
        assert ("reminder_2", "late") in said
        assert ("pre_reminder", "later") in said
        assert ("reminder_2", "paused") in said, "the pause ended on 17 April"
        assert ("reminder_2", "promised") in said, "the promise was broken"
        assert ("reminder_2", "claimed") in said, "the payment did not come"
        assert {number for step, number in said if step == "reminder_2"} == set(numbers) - {"later", "paid"}
        assert {task.kind for task in it.tasks()} >= {"broken_promise", "claim_not_found"}


async def test_a_case_that_was_started_and_lost_before_its_first_look_comes_back(engine: Engine) -> None:
    """Its start was delivered, then the Temporal store was lost: its row was never decided upon."""
    async with world(engine, START) as it:
        await it.invoice("F-1", "1200.00", ISSUED, DUE, start=False)
        forget_notes(engine)
        assert it.case("F-1").decided_at is None
        await it.advance_to(await it.now() + 2 * OVERDUE)
        assert (await sweep(it)).woken == 1
        assert (await view(it, "F-1")).state == "waiting"


async def test_a_case_not_yet_an_hour_late_is_left_alone(engine: Engine) -> None:
    async with world(engine, START) as it:
        await it.invoice("F-1", "1200.00", ISSUED, DUE)
        shown = await view(it, "F-1")
        await it.handle("F-1").terminate("lost")
        assert shown.next_at is not None
        await it.advance_to(shown.next_at + OVERDUE - timedelta(minutes=1))
        assert await sweep(it) == Swept()
        await it.advance_to(shown.next_at + OVERDUE + timedelta(minutes=1))
        assert await sweep(it) == Swept(delivered=1, woken=1)
        await view(it, "F-1")
        (told,) = it.told()
        assert told.startswith("2026-03-30 10:3")
        # What waits for a person, or is closed, is not overdue however long ago it was.
        await it.pay("F-1", "1200.00")
        await view(it, "F-1")
        await it.day("2026-04-20")
        assert await sweep(it) == Swept()


async def test_a_message_left_planned_is_sent_by_the_sweep(engine: Engine) -> None:
    async with world(engine, START) as it:
        prepared = await _due_by_hand(it)
        assert len(prepared.send) == 1
        assert await sweep(it) == Swept(), "it may still be under way"
        await it.advance_to(await it.now() + timedelta(minutes=16))
        assert (await sweep(it)).strays == 1
        await it.env.client.get_workflow_handle(outreach_id(it.customers["C-1"])).result()
        assert len(it.sandbox.messages()) == 1
        assert (await sweep(it)).strays == 0


async def test_a_message_left_in_sending_becomes_uncertain_by_the_sweep(engine: Engine) -> None:
    async with world(engine, START) as it:
        prepared = await _due_by_hand(it)
        with transaction(engine) as session:
            session.exec(
                update(Communication)
                .where(col(Communication.id).in_(prepared.send))
                .values(status=CommunicationStatus.SENDING.value)
            )
        await it.advance_to(await it.now() + timedelta(minutes=16))
        assert (await sweep(it)).strays == 1
        await it.env.client.get_workflow_handle(outreach_id(it.customers["C-1"])).result()
        assert [task.kind for task in it.tasks(status="open")] == ["uncertain_message"]
        assert it.sandbox.messages(accepted=None) == []
        assert (await sweep(it)).strays == 0


async def _due_by_hand(it: World) -> Prepared:
    """The case is due and says so; its outreach composes a message, and is lost before it sends it."""
    await it.invoice("F-1", "1200.00", ISSUED, DUE, start=False)
    forget_notes(it.engine)
    await it.advance_to(datetime(2026, 3, 30, 7, 30, tzinfo=UTC))
    with transaction(it.engine) as session:
        session.exec(update(DunningCase).values(decided_at=await it.now()))
    prepare = activities(it.needs)[1]
    what = OutreachNow(customer_id=it.customers["C-1"], now=it.clock.temporal(await it.now()))
    return cast(Prepared, await asyncio.to_thread(ActivityEnvironment().run, prepare, what))


class Fails(Courier):
    """A courier whose first sweep finds the ledger gone."""

    def __init__(self) -> None:
        self.sweeps = 0
        self.second = asyncio.Event()

    async def sweep(self, limit: int = 100) -> int:
        """Raise once; then there is nothing to do."""
        self.sweeps += 1
        if self.sweeps == 1:
            raise ConnectionError("the ledger is gone")
        self.second.set()
        return 0


async def test_an_error_is_logged_and_the_next_round_comes(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not caplog: what other tests do to logging in this process must not decide.
    said: list[str] = []
    monkeypatch.setattr("activities.sweeper.log.warning", lambda *words: said.append(str(words)))
    fails, stop = Fails(), asyncio.Event()
    running = asyncio.create_task(Sweeper(engine, Clock(), fails, every=0.01).run(stop))
    await asyncio.wait_for(fails.second.wait(), 60)
    stop.set()
    await asyncio.wait_for(running, 60)
    assert "ConnectionError" in said[0]


async def test_a_sweeper_stops_at_once(engine: Engine) -> None:
    fails, stop = Fails(), asyncio.Event()
    fails.sweeps = 1
    running = asyncio.create_task(Sweeper(engine, Clock(), fails, every=3600).run(stop))
    await asyncio.wait_for(fails.second.wait(), 60)
    stop.set()
    await asyncio.wait_for(running, 60)
