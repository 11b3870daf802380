"""A long case goes on in a new run: nothing it was told is lost on the way, and nobody sees the seam."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine
from temporalio.client import WorkflowHandle

from models.ids import CASE_WORKFLOW, TASK_QUEUE, CaseSignal, case_id
from models.messages import CaseInput, CaseView
from tests.workflows.by_hand import Gate, facts, raw, tell, view
from tests.workflows.world import World, world
from workflows.invoice_case import InvoiceCase

pytestmark = [pytest.mark.integration, pytest.mark.slow]

S = CaseSignal
START = datetime(2026, 3, 20, 7, 0, tzinfo=UTC)
FEW = 9
"""Events after which a run is long in these tests: a first review takes fewer, a second one more."""


async def short_runs(it: World, number: str, events: int = FEW) -> WorkflowHandle[Any, CaseView]:
    """A case whose runs are long after a few events."""
    await it.invoice(number, "1200.00", "2026-03-01", "2026-03-31", start=False)
    return await it.env.client.start_workflow(
        CASE_WORKFLOW,
        CaseInput(
            company="acme", number=number, invoice_id=it.invoices[number], events_per_run=events
        ),
        id=case_id("acme", number),
        task_queue=TASK_QUEUE,
        result_type=CaseView,
        static_summary=f"acme {number}",
    )  # fmt: skip


async def runs(it: World, number: str) -> list[Any]:
    """The histories of a case's runs, the first one first."""
    found = []
    run: str | None = None
    while True:
        history = await it.env.client.get_workflow_handle(case_id("acme", number), run_id=run).fetch_history()
        found.append(history.events)
        before = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        if not before:
            return found[::-1]
        run = before


def payment(place: int) -> Any:
    return raw(f'{{"amount": "10.00", "currency": "EUR", "event_id": "bank-{place}"}}')


async def test_a_whole_life_in_short_runs_is_the_same_life(engine: Engine) -> None:
    async with world(engine, START) as it:
        await short_runs(it, "F-1")
        await it.day("2026-07-01")
        assert it.told() == [
            "2026-03-30 09:30 pre_reminder email F-1",
            "2026-04-07 09:30 reminder_1 email F-1",
            "2026-04-15 09:30 reminder_2 email F-1",
            "2026-04-30 09:30 reminder_3 sms F-1",
            "2026-05-11 09:30 phone_call phone F-1",
            "2026-06-01 09:30 formal_notice letter F-1",
            "2026-06-15 09:30 handover decision F-1",
        ]
        histories = await runs(it, "F-1")
        assert len(histories) > 4
        started = [events[0].workflow_execution_started_event_attributes for events in histories]
        inputs = [CaseInput.model_validate_json(start.input.payloads[0].data) for start in started]
        assert [given.runs for given in inputs] == list(range(len(histories)))
        assert {given.events_per_run for given in inputs} == {FEW}


async def test_the_next_run_knows_where_the_case_stood(engine: Engine) -> None:
    """What the last run showed goes into the next one's start, and is its answer until it has looked."""
    async with world(engine, START) as it:
        await short_runs(it, "F-1")
        await view(it, "F-1")
        await tell(it, "F-1", S.PAYMENT_RECEIVED, payment(1))
        shown = await view(it, "F-1")
        assert shown.outstanding == 1190
        second = (await runs(it, "F-1"))[1]
        start = second[0].workflow_execution_started_event_attributes
        given = CaseInput.model_validate_json(start.input.payloads[0].data)
        assert given.view == shown
        assert InvoiceCase(given).status() == shown
        attributes = await it.handle("F-1").describe()
        by_name = {pair.key.name: pair.value for pair in attributes.typed_search_attributes}
        assert by_name["Outstanding"] == 1190.0
        assert by_name["CaseStage"] == "new"


async def test_nothing_told_around_the_seam_is_lost(engine: Engine) -> None:
    """Forty payments, told one after another while the case passes from run to run."""
    async with world(engine, START) as it:
        await short_runs(it, "F-1")
        for place in range(40):
            await tell(it, "F-1", S.PAYMENT_RECEIVED, payment(place))
        after = await view(it, "F-1")
        assert after.outstanding == 800
        assert len(facts(it, "F-1")) == 40
        assert after.rejected == 0
        assert len(await runs(it, "F-1")) >= 2


@pytest.mark.parametrize("by_server", [False, True], ids=["local", "by the server"])
async def test_a_run_never_ends_or_continues_with_a_full_inbox(engine: Engine, by_server: bool) -> None:
    """Told while the last review of a run answers: that run reads it before it hands over.

    While the server runs the review, signals reach the run before the answer: only its own look at the
    inbox saves them. During a local one, the server refuses the end of a run that has not seen them.
    """
    gate = Gate("review", by_server=by_server)
    async with world(engine, START, interceptors=[gate]) as it:
        handle = await short_runs(it, "F-1")
        await view(it, "F-1")
        async with gate.shut():
            await tell(it, "F-1", S.PAYMENT_RECEIVED, payment(1))
            await gate.reached.wait()
            await tell(it, "F-1", S.PAYMENT_RECEIVED, payment(2))
            await tell(it, "F-1", S.PAYMENT_RECEIVED, raw("nonsense"))
        seen = await view(it, "F-1")
        assert (seen.outstanding, seen.rejected) == (Decimal(1180), 1)
        first, second, *_ = await runs(it, "F-1")
        assert signals(first) + signals(second) == 3
        async with gate.shut():
            await tell(it, "F-1", S.PAYMENT_RECEIVED, raw('{"amount": "1180.00", "currency": "EUR"}'))
            await gate.reached.wait()
            await tell(it, "F-1", S.PAYMENT_RECEIVED, raw('{"amount": "1.00", "currency": "EUR"}'))
        result = await handle.result()
        assert result.closed
        assert len(facts(it, "F-1")) == 4


def signals(events: Any) -> int:
    return sum(1 for event in events if event.HasField("workflow_execution_signaled_event_attributes"))


async def test_a_ledger_that_does_not_answer_delays_a_case_and_loses_nothing(engine: Engine) -> None:
    """Two local attempts fail: the server's activity takes over, with all that was told meanwhile."""
    gate = Gate("review", by_server=True)
    async with world(engine, START, interceptors=[gate]) as it:
        async with gate.shut():
            handle = await it.invoice("F-1", "1200.00", "2026-03-01", "2026-03-31")
            await gate.reached.wait()
            await tell(it, "F-1", S.PAYMENT_RECEIVED, payment(1))
        assert (await view(it, "F-1")).outstanding == 1190
        events = (await handle.fetch_history()).events
        scheduled = [e for e in events if e.HasField("activity_task_scheduled_event_attributes")]
        assert len(scheduled) == 1
