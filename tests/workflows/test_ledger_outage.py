"""A ledger that does not answer for a while: the case is handed to the server's retries and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import OperationalError
from temporalio.api.enums.v1 import EventType

from tests.workflows.oracle import Debtor, live
from tests.workflows.world import world

pytestmark = [pytest.mark.integration]


@contextmanager
def _refused(engine: Engine, times: int) -> Iterator[list[None]]:
    """Refuse the next transactions, so many times; yields a list that grows with each refusal."""
    refused: list[None] = []

    def refuse(_: Connection) -> None:
        if len(refused) < times:
            refused.append(None)
            raise OperationalError("BEGIN", {}, ConnectionError("the server closed the connection"))

    event.listen(engine, "begin", refuse)
    try:
        yield refused
    finally:
        event.remove(engine, "begin", refuse)


async def test_a_case_outlives_an_outage_longer_than_its_local_tries(engine: Engine) -> None:
    debtor = Debtor("C-1").invoice("1200.00", "2026-03-31", issued="2026-03-01")
    async with world(engine, datetime(2026, 2, 28, 22, 55, tzinfo=UTC)) as it:
        await live(it, [debtor], "2026-03-30")
        # Two local tries and the server's first one; its second one finds the ledger back.
        with _refused(engine, 3) as refused:
            await it.let_pass(timedelta(hours=12))
        assert len(refused) == 3
        await it.day("2026-03-31")
        assert it.told() == ["2026-03-30 09:30 pre_reminder email C-1/1"]
        history = await it.handle("C-1/1").fetch_history()
        scheduled = [
            e for e in history.events if e.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        ]
        assert [e.activity_task_scheduled_event_attributes.activity_type.name for e in scheduled] == [
            "review"
        ]
