"""Everything is stopped at once on a real server, and goes on customer by customer."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from activities.store.suspensions import suspend
from activities.sweeper import Sweeper
from rules.facts import SuspensionScope
from tests.workflows.by_hand import view
from tests.workflows.world import world
from workflows.display import card

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)


async def test_held_ended_by_its_day_and_spread(engine: Engine) -> None:
    async with world(engine, START) as it:
        for n in (1, 2, 3):
            await it.invoice(f"F-{n}", "1200.00", "2026-03-01", f"2026-03-1{n}", customer=f"C-{n}")
        await it.day("2026-03-13", 12)
        told = it.told()
        assert len(told) == 3, "a statement each"
        now = await it.now()

        def stop() -> None:
            with transaction(engine) as session:
                company = company_by_ref(session, "acme")
                company.resume_per_day = 2
                until = date(2026, 3, 25)
                why = "Mme Durand moves"
                suspend(session, company, SuspensionScope.COMPANY, now, "test", reason=why, until=until)

        await asyncio.to_thread(stop)
        await it.day("2026-03-24", 20)
        assert it.told() == told
        held = await view(it, "F-1")
        assert (held.state, held.paused_by, held.wake_at) == ("suspended", "suspension", None)
        assert "all of the company is suspended until 2026-03-25 (suspension 1); reminder_1 waits" in card(
            held
        )
        assert "Durand" not in held.model_dump_json()

        # Before the day begins nothing ends; then the sweeper ends it, and each has a turn.
        sweeper = Sweeper(engine, it.clock, it.courier)
        assert (await sweeper.once()).told == 0
        await it.day("2026-03-25", 0, 10)
        assert (await sweeper.once()).told == 3
        assert "its turn after suspension 1" in (await view(it, "F-3")).why
        await it.day("2026-03-26", 12)
        assert sorted(it.told()[3:]) == [
            "2026-03-25 09:30 reminder_1 email F-1",
            "2026-03-25 09:30 reminder_1 email F-2",
            "2026-03-26 09:30 reminder_1 email F-3",
        ]
