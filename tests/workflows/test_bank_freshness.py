"""A reminder waits for the bank file on a real server, and leaves when somebody states the bank's day."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from activities.store.bank import Stated, state_bank_day
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from activities.sweeper import Sweeper
from models.ids import CaseSignal
from tests.workflows.by_hand import view
from tests.workflows.world import World, world
from workflows.display import card

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


async def known(it: World, until: str) -> Stated:
    """Somebody states the bank's day, as the API does."""
    now = await it.now()

    def write() -> Stated:
        with transaction(it.engine) as session:
            company = company_by_ref(session, "acme", lock=True)
            return state_bank_day(session, company, date.fromisoformat(until), now, "test")

    done = await asyncio.to_thread(write)
    await it.courier.deliver_async(done.notes)
    return done


async def test_held_asked_for_told_and_gone(engine: Engine) -> None:
    async with world(engine, START) as it:
        await known(it, "2026-02-27")
        await it.invoice("F-1", "1200.00", "2026-03-01", "2026-03-10")
        await it.invoice("F-2", "300.00", "2026-03-01", "2026-03-10", customer="C-2")
        await it.invoice("F-3", "500.00", "2026-03-01", "2026-03-10", customer="C-3")
        await it.day("2026-03-12", 12)
        statements = [f"2026-03-09 09:30 pre_reminder email F-{n}" for n in (1, 2, 3)]
        assert sorted(it.told()) == statements, "a statement asks for nothing"
        await it.tell(
            CaseSignal.PAYMENT_PLAN_AGREED,
            "F-3",
            instalments=[{"due_on": "2026-03-13", "amount": "500.00"}],
        )
        # 15 March is a Sunday: the first reminders are Monday's.
        await it.day("2026-03-17", 10)
        assert sorted(it.told()) == statements
        held = await view(it, "F-1")
        assert (held.state, held.paused_by, held.wake_at) == ("awaiting_bank", "bank_data", None)
        assert "**Why** the bank is known up to 2026-02-27 only; reminder_1 waits for a bank file" in card(
            held
        )
        assert card(held).startswith("### F-1: waits for a bank file")
        promised = await view(it, "F-3")
        assert promised.state == "paused"
        assert "the bank is awaited up to 2026-03-13" in promised.why
        await Sweeper(engine, it.clock, it.courier).once()
        (task,) = it.tasks("bank_file")
        assert task.body.startswith("2 contacts about 2 invoices (1,500.00 EUR) wait for a bank file")

        await it.pay("F-2", "300.00")
        await it.day("2026-03-17", 10, 5)
        done = await known(it, "2026-03-16")
        assert (len(done.notes), done.left) == (2, 0), "F-2 is paid: nobody tells it"
        await it.day("2026-03-17", 10, 6)
        assert it.told()[3:] == ["2026-03-17 10:05 reminder_1 email F-1"]
        assert (await view(it, "F-2")).closed
        assert [task.kind for task in it.tasks("broken_promise", "open")] == ["broken_promise"]
        assert it.tasks("bank_file", "open") == []
        # The resume gap counts from the day on which the bank became known: Sunday 22.
        await known(it, "2026-03-17")
        await it.day("2026-03-18", 12)
        await known(it, "2026-03-18")
        await it.day("2026-03-22", 20)
        assert len(it.told()) == 4
        await known(it, "2026-03-20")
        await it.day("2026-03-23", 10)
        assert it.told()[4:] == ["2026-03-23 09:30 reminder_1 email F-3"]
