"""A changed policy on the whole portfolio, by a real worker that fails, and until somebody stops it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities import policy_trials
from activities.store import outbox
from activities.store.engine import transaction
from activities.store.trials import ask_trial, running_trial, stop_trial
from activities.sweeper import STRAY, Sweeper
from admin.queries.dry_run import DryRun, dry_run
from admin.queries.policy_trials import Trial, get_trial
from models.ids import policy_trial_id
from models.messages import PolicyTried
from policies import builtin_policy_texts
from rules.policy import parse_policy
from tests.workflows.world import World, world

pytestmark = [pytest.mark.integration]

START = datetime(2026, 4, 6, 7, 0, tzinfo=UTC)
LATER = builtin_policy_texts()["standard.toml"].replace("offset_days = 15", "offset_days = 20")


@dataclass
class AfterEachStep(Interceptor):
    """Something happens once a step is written down, before its worker has told of it."""

    happens: Callable[[int], object]
    steps: list[int] = field(default_factory=list)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Stand behind every activity."""
        return _AfterEachStep(next, self)


class _AfterEachStep(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, plan: AfterEachStep) -> None:
        super().__init__(next)
        self._plan = plan

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        result = await super().execute_activity(input)
        if activity.info().activity_type == "try_policy":
            self._plan.steps.append(result.looked)
            await asyncio.to_thread(self._plan.happens, len(self._plan.steps))
        return result


async def customers(it: World) -> None:
    for place in range(1, 6):
        await it.invoice(f"F-{place}", "1200.00", "2026-03-01", "2026-03-31", customer=f"C-{place}")
    await it.settled()


async def begun(it: World) -> tuple[UUID, list[int]]:
    """Ask; the trial and the note that starts it."""
    now = await it.now()

    def ask() -> tuple[UUID, list[int]]:
        with transaction(it.engine) as session:
            row, notes = ask_trial(session, it.company_id, "standard", LATER, 30, now, "test")
            return row.id, notes

    return await asyncio.to_thread(ask)


async def end_of(it: World, trial_id: UUID) -> PolicyTried:
    """Wait for it."""
    with it.env.auto_time_skipping_disabled():
        handle = it.env.client.get_workflow_handle(policy_trial_id(trial_id), result_type=PolicyTried)
        ended: PolicyTried = await handle.result()
    return ended


async def asked(it: World) -> tuple[UUID, PolicyTried]:
    """Ask, deliver the note, wait for the end."""
    trial_id, notes = await begun(it)
    assert await it.courier.deliver_async(notes) == 1
    return trial_id, await end_of(it, trial_id)


def told(it: World, trial_id: UUID) -> Trial:
    with transaction(it.engine) as session:
        return get_trial(session, it.company_id, "standard", trial_id)[0]


def by_dry_run(it: World, at: datetime) -> DryRun:
    fingerprint = it.needs.settings.sending_fingerprint
    return dry_run(it.engine, it.company_id, parse_policy(LATER, "later"), 30, at, fingerprint)


async def test_every_customer_counts_once_though_workers_fail_after_writing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(step: int) -> None:
        if step % 2:
            raise ConnectionError("the worker is gone before it could say so")

    monkeypatch.setattr(policy_trials, "CUSTOMERS", 2)
    plan = AfterEachStep(fails)
    async with world(engine, START, interceptors=[plan]) as it:
        await customers(it)
        trial_id, ended = await asked(it)
        # The third step, tried again, finds everybody looked at.
        assert plan.steps == [2, 4, 5, 5]
        assert ended == PolicyTried(looked=5, customers=5, done=True)
        trial = await asyncio.to_thread(told, it, trial_id)
        assert trial.found == await asyncio.to_thread(by_dry_run, it, trial.asked_at)
        assert any(day.change for day in trial.found.by_day), "the second reminder comes later"


async def test_somebody_stops_it_and_its_workflow_ends(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_trials, "CUSTOMERS", 2)

    def stop(it: World, step: int) -> None:
        if step == 1:
            with transaction(it.engine) as session:
                running = running_trial(session, it.company_id)
                assert running is not None
                stop_trial(session, it.company_id, running.id, START)

    plan = AfterEachStep(lambda _: None)
    async with world(engine, START, interceptors=[plan]) as it:
        plan.happens = partial(stop, it)
        await customers(it)
        trial_id, ended = await asked(it)
        assert ended == PolicyTried(looked=2, customers=5, done=True)
        trial = await asyncio.to_thread(told, it, trial_id)
        assert (trial.state, trial.looked) == ("stopped", 2)


async def test_one_whose_workflow_was_lost_is_begun_anew_by_the_sweep(engine: Engine) -> None:
    async with world(engine, START) as it:
        await customers(it)
        trial_id, notes = await begun(it)
        # As if it had been delivered, to a Temporal store that was lost.
        with transaction(engine) as session:
            outbox.delivered(session, notes)
        sweeper = Sweeper(it.engine, it.clock, it.courier)
        await it.now()
        assert (await sweeper.once()).delivered == 0, "it may still be under way"
        await it.let_pass(STRAY + timedelta(minutes=1))
        await it.now()
        assert (await sweeper.once()).delivered == 1
        assert await end_of(it, trial_id) == PolicyTried(looked=5, customers=5, done=True)
        assert (await sweeper.once()).delivered == 0
