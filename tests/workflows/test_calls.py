"""A promise made on the telephone: the running cases sleep on it, and wake when it is broken."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine

from activities.store.engine import transaction
from activities.store.facts import Recorded
from activities.store.work import Completion, complete_task
from models.messages import CaseView
from models.tables import Task
from models.tables.words import TaskKind, TaskStatus
from tests.workflows.world import World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]


async def complete(it: World, task: Task, completion: Completion) -> None:
    """Complete a task as the command line does: record, commit, deliver."""
    now = await it.now()

    def done() -> Recorded:
        with transaction(it.engine) as session:
            return complete_task(
                session, task_id=task.id, completion=completion, now=now, who="claire@acme.example"
            )

    await it.courier.deliver_async((await asyncio.to_thread(done)).notes)


async def test_a_promise_pauses_its_cases_and_broken_they_go_on(engine: Engine) -> None:
    async with world(engine, datetime(2026, 3, 14, 22, 55, tzinfo=UTC)) as it:
        for number, amount in (("F-1", "1200.00"), ("F-2", "300.00")):
            await it.invoice(number, amount, "2026-03-15", "2026-03-31", policy="strict")
        # The call of `strict`, three days after the due date, is about both.
        await it.day("2026-04-03", 10)
        assert it.told()[-1] == "2026-04-03 09:30 call_1 phone F-1,F-2"
        (call,) = it.tasks(TaskKind.PHONE_CALL, TaskStatus.OPEN)
        promise = Completion(outcome="promise", promised_on=date(2026, 4, 10), cause="payment_run")
        await complete(it, call, promise)
        await it.day("2026-04-07", 10)
        for number in ("F-1", "F-2"):
            view: CaseView = await it.handle(number).query("status", result_type=CaseView)
            assert (view.state, view.paused_by) == ("paused", "promise")
        # F-1 is paid in time; F-2 is not: on the Monday after it somebody is asked, and the ladder resumes.
        await it.pay("F-1", "1200.00")
        await it.day("2026-04-13", 9)
        assert it.tasks(TaskKind.BROKEN_PROMISE) == []
        assert (it.case("F-1").state, it.case("F-2").state) == ("closed", "paused")
        await it.day("2026-04-13", 10)
        (broken,) = it.tasks(TaskKind.BROKEN_PROMISE, TaskStatus.OPEN)
        assert broken.invoice_id == it.invoices["F-2"]
        await it.day("2026-04-21")
        assert it.told() == [
            "2026-03-24 09:30 pre_reminder email F-1,F-2",
            "2026-04-03 09:30 call_1 phone F-1,F-2",
            # Planned for the 8th; five days after the end of the pause is a Saturday.
            "2026-04-20 09:30 reminder_1 email F-2",
        ]
