"""How many events a case costs in Temporal: what bounds the number of cases a cluster can carry."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine
from temporalio.api.enums.v1 import EventType

from tests.workflows.oracle import Debtor, live
from tests.workflows.world import World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]

NEVER_PAID, PAID_AFTER_FIRST_REMINDER = 120, 45


async def _events(it: World, number: str) -> Counter[str]:
    history = await it.handle(number).fetch_history()
    return Counter(EventType.Name(event.event_type) for event in history.events)


async def test_events_in_the_history_of_a_case(engine: Engine) -> None:
    never = Debtor("never").invoice("1200.00", "2026-03-31", issued="2026-03-01")
    paid = Debtor("paid").invoice("1200.00", "2026-03-31", issued="2026-03-01").pays("2026-04-10 11:00")
    async with world(engine, datetime(2026, 2, 28, 22, 55, tzinfo=UTC)) as it:
        await live(it, [never, paid], "2026-08-01")
        counts = {number: await _events(it, number) for number in ("never/1", "paid/1")}
        assert it.case("never/1").state == "ladder_done"
        assert it.case("paid/1").closing_reason == "paid in full"
    for number, count in counts.items():
        print(f"{number}: {count.total()} events")
    assert counts["never/1"].total() <= NEVER_PAID, counts["never/1"]
    assert counts["paid/1"].total() <= PAID_AFTER_FIRST_REMINDER, counts["paid/1"]
