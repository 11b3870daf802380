"""A case's whole life on skipped time, against a bare workflow that gives Temporal the same commands.

The life: entered ten days before its due date, written to before it, three times after it (the last by
SMS), paid 35 days late, thanked. Measured from the start of the cases to the end of the last outreach;
real rules, real ledger, real workers, and providers that agree at once. Whatever a life costs beside
Temporal is in it: PostgreSQL, deciding, composing, rendering.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlmodel import col, select
from temporalio.api.enums.v1 import EventType, IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.client import WorkflowHandle
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.clock import Clock
from activities.outbox import Courier, deliver_pending
from activities.registry import Needs
from activities.store.engine import transaction
from activities.store.facts import record
from admin.portfolio.load import load_portfolio
from admin.stack.postgres import LocalPostgres
from admin.stack.temporal import time_skipping_server_path
from bench.bare import (
    BareActivities,
    BareCase,
    BareOutreach,
    Script,
    Step,
    outreach_id,
    read_script,
)
from bench.figures import Figure
from bench.harness import (
    COMPANY,
    MONDAY,
    Lap,
    agreeing_providers,
    found_company,
    ledger,
    postgres,
    scratch,
    settings,
    stopwatch,
)
from bench.samples import write_future
from models import ids
from models.ids import SEARCH_ATTRIBUTE_TYPES, CaseSignal, case_id
from models.messages import PaymentReceived
from models.tables import DunningCase, Invoice
from worker import make_worker
from workflows.runtime import DATA_CONVERTER, workflow_runner

LIVES: Final = 60
WAVE: Final = 20
"""Lives side by side: more would wait for each other's reviews, all at 09:30 of the same days."""

AIM: Final = 0.7
CONTACTS: Final = 4
BARE_QUEUE: Final = "bare"

START: Final = MONDAY - timedelta(hours=5)
DUE: Final = MONDAY.date() + timedelta(days=10)
PAID_AFTER: Final = timedelta(days=45, hours=7)
"""From `START` to the payment: 35 days after the due date, around noon."""

_TYPES: Final = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
}
_COMMANDS: Final = (
    EventType.EVENT_TYPE_MARKER_RECORDED,
    EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
)


@dataclass(frozen=True, slots=True)
class _Lived:
    """A wave of real lives: how long it took, and the commands and events of one of them."""

    lap: Lap
    steps: list[Step]
    events: Counter[int]


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure with each number of lives, in waves."""
    with scratch() as folder, postgres(folder, durable=True) as server:
        return [_measure(server, folder, size) for size in sizes or (LIVES,)]


def _measure(server: LocalPostgres, folder: Path, size: int) -> Figure:
    ours, bare = Lap(), Lap()
    events = 0
    for first in range(0, size, WAVE):
        wave = min(WAVE, size - first)
        with ledger(server, pool_size=20) as engine:
            lived = asyncio.run(_real(engine, folder / "future.csv", wave))
        # A server of its own each: the clock of the time-skipping one never goes back.
        lap = asyncio.run(_bare(lived, wave))
        for total, more in ((ours, lived.lap), (bare, lap)):
            total.wall_s += more.wall_s
            total.cpu_s += more.cpu_s
        events = lived.events.total()
    rate, bare_rate = size / ours.wall_s, size / bare.wall_s
    return Figure(
        what=f"{size:,} lives of {CONTACTS} contacts and a thank-you",
        figure=rate,
        baseline=bare_rate,
        unit="lives/s",
        against="bare workflows with the same commands",
        aim=f"a ratio of {AIM:g}",
        met=rate / bare_rate >= AIM,
        notes=(
            ("CPU of our process per life, ms", ours.cpu_s / size * 1000),
            ("of the bare one, ms", bare.cpu_s / size * 1000),
            ("events in a case", events),
        ),
    )


# ------------------------------------------------------------------------------------------- real lives


async def _real(engine: Engine, path: Path, count: int) -> _Lived:
    policies = found_company(engine, START)
    write_future(path, count, DUE)
    load_portfolio(engine, path, now=START, policies=policies)
    providers, email, sms = agreeing_providers()
    async with _skipping() as env:
        clock = Clock(START - await env.get_current_time())
        courier = Courier(engine, env.client, asyncio.get_running_loop(), clock)
        told = settings()
        needs = Needs(engine, clock, courier, told, providers)
        with ThreadPoolExecutor(2 * told.worker_slots) as executor:
            async with make_worker(env.client, needs, executor):
                with stopwatch() as lap:
                    await deliver_pending(courier)
                    await env.sleep(PAID_AFTER)
                    await _settled(env, engine)
                    now = clock.business(await env.get_current_time())
                    await courier.deliver_async(await asyncio.to_thread(_pay_all, engine, now))
                    # A result that is waited for lets the server skip: nothing more is to happen but this.
                    with env.auto_time_skipping_disabled():
                        for number in _numbers(count):
                            await env.client.get_workflow_handle(case_id(COMPANY, number)).result()
                        await _outreaches_end(env, await asyncio.to_thread(_customers, engine))
        history = await env.client.get_workflow_handle(case_id(COMPANY, _numbers(count)[0])).fetch_history()
    # Three e-mails before the SMS, and the thank-you.
    assert (email.taken, sms.taken) == (CONTACTS * count, count), (email.taken, sms.taken)
    counted = Counter(int(event.event_type) for event in history.events)
    return _Lived(lap, read_script(history.events), counted)


def _numbers(count: int) -> list[str]:
    return [f"F-{place:06}" for place in range(count)]


async def _settled(env: WorkflowEnvironment, engine: Engine) -> None:
    """Wait until nothing is due: time stands still meanwhile."""
    while under_way := await asyncio.to_thread(_due, engine):
        with env.auto_time_skipping_disabled():
            await _outreaches_end(env, under_way)


async def _outreaches_end(env: WorkflowEnvironment, customers: Sequence[str]) -> None:
    for workflow_id in customers:
        await env.client.get_workflow_handle(workflow_id).result()


def _due(engine: Engine) -> list[str]:
    with transaction(engine) as session:
        found = session.exec(
            select(DunningCase.customer_id).where(
                DunningCase.state == "due", col(DunningCase.closed_at).is_(None)
            )
        )
        return [ids.outreach_id(customer) for customer in found]


def _customers(engine: Engine) -> list[str]:
    with transaction(engine) as session:
        return [ids.outreach_id(customer) for customer in session.exec(select(DunningCase.customer_id))]


def _pay_all(engine: Engine, now: datetime) -> list[int]:
    """Record a payment in full of every invoice; returns the notes to deliver."""
    notes: list[int] = []
    with transaction(engine) as session:
        owed = [
            (invoice.number, invoice.total, invoice.currency) for invoice in session.exec(select(Invoice))
        ]
    for number, total, currency in owed:
        with transaction(engine) as session:
            fact = PaymentReceived(amount=total, currency=currency, event_id=f"bank/{number}")
            done = record(
                session,
                now=now,
                invoice=(COMPANY, number),
                fact=fact,
                signal=CaseSignal.PAYMENT_RECEIVED,
                who="bench",
            )
            notes += done.notes
    return notes


# ------------------------------------------------------------------------------------------- bare lives


async def _bare(lived: _Lived, count: int) -> Lap:
    cases = [f"bare-{place}" for place in range(count)]
    async with _skipping() as env:
        does = BareActivities(env.client, BARE_QUEUE)
        async with Worker(
            env.client,
            task_queue=BARE_QUEUE,
            workflows=[BareCase, BareOutreach],
            activities=[does.review, does.prepare, does.send],
            workflow_runner=workflow_runner(),
        ):
            with stopwatch() as lap:
                handles = await asyncio.gather(*(_start(env, case, lived.steps) for case in cases))
                await env.sleep(PAID_AFTER)
                await asyncio.gather(*(handle.signal(BareCase.told) for handle in handles))
                with env.auto_time_skipping_disabled():
                    for handle in handles:
                        await handle.result()
                    await _outreaches_end(env, [outreach_id(case) for case in cases])
            history = await handles[0].fetch_history()
    counted = Counter(int(event.event_type) for event in history.events)
    same = {kind: (counted[kind], lived.events[kind]) for kind in _COMMANDS}
    assert all(bare == real for bare, real in same.values()), same
    return lap


async def _start(env: WorkflowEnvironment, case: str, steps: list[Step]) -> WorkflowHandle[BareCase, None]:
    return await env.client.start_workflow(
        BareCase.run, Script(case=case, steps=steps), id=case, task_queue=BARE_QUEUE
    )


@asynccontextmanager
async def _skipping() -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping server that knows our search attributes."""
    # It warns at each start that the server is an old one, which it is on purpose.
    quiet = TelemetryConfig(logging=LoggingConfig(TelemetryFilter(core_level="ERROR", other_level="ERROR")))
    env = await WorkflowEnvironment.start_time_skipping(
        data_converter=DATA_CONVERTER,
        test_server_existing_path=str(time_skipping_server_path()),
        runtime=Runtime(telemetry=quiet),
    )
    async with env:
        await env.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(
                namespace="default",
                search_attributes={name: _TYPES[kind] for name, kind in SEARCH_ATTRIBUTE_TYPES.items()},
            )
        )
        yield env
