"""What workers do beside the API: a policy's trial, some customers at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch
from uuid import UUID

from temporalio.testing import ActivityEnvironment

from activities import policy_trials
from activities.policy_trials import PolicyTrialActivities
from activities.settings import Settings
from models.messages import PolicyTrialNow, PolicyTried
from tests.api.books import customer
from tests.api.conftest import Door


def step(door: Door, trial: str, customers: int = 2, seconds: Any = lambda: 0.0) -> PolicyTried:
    """One step, as a worker does it."""
    steps = PolicyTrialActivities(door.book.engine, door.clock, Settings(), seconds)
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, started_time=door.clock.at)
    with patch.object(policy_trials, "CUSTOMERS", customers):
        return environment.run(steps.try_policy, PolicyTrialNow(trial_id=UUID(trial)))


def steps(door: Door, trial: str, customers: int = 2) -> Iterator[int]:
    """All of them: how many customers are looked at after each."""
    while True:
        tried = step(door, trial, customers)
        yield tried.looked
        if tried.done:
            return


def portfolio(door: Door) -> None:
    """Six customers more: small ones, larger ones, one under another policy."""
    for place in range(2, 5):
        customer(door, f"C-{place}", "5.00")
    customer(door, "C-5", "60.00", "700.00")
    customer(door, "C-6", "80.00")
    customer(door, "C-7", "90.00", policy="strict")
