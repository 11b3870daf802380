"""The step of a policy's trial: the next customers are lived through, and what was found is written down.

Safe to run twice: a trial that has moved on meanwhile is left as it is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from sqlalchemy import Engine
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.clock import Clock
from activities.settings import Settings
from activities.store.engine import glance, transaction
from activities.store.load import load_customer
from activities.store.trials import move_on, next_customers, stop_trial
from models.errors import NotFound
from models.messages import PolicyTrialNow, PolicyTried
from models.tables import PolicyTrial
from models.tables.words import TrialState
from rules.compare import Difference, Running
from rules.policy import PolicyError, parse_policy

log = logging.getLogger(__name__)

CUSTOMERS: Final = 500
"""Looked at in one step, at most."""

SECONDS: Final = 10.0
"""After so many a step ends with the customer it is at."""


class PolicyTrialActivities:
    """What a worker does with a trial."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        settings: Settings,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._settings = settings
        self._seconds = seconds

    @activity.defn(name="try_policy", no_thread_cancel_exception=True)
    def try_policy(self, what: PolicyTrialNow) -> PolicyTried:
        """Look at the next customers of a trial, as of the instant it was asked.

        Raises:
            ApplicationError: of type `NotFound`, final: the ledger has no such trial (any more).
        """
        began = self._seconds()
        # Each customer is one statement; no transaction is left open while it is lived through.
        with glance(self._engine) as session:
            trial = session.get(PolicyTrial, what.trial_id)
            if trial is None:
                raise ApplicationError(
                    f"no trial {what.trial_id}", type=NotFound.__name__, non_retryable=True
                )
            if trial.state != TrialState.RUNNING:
                return _told(trial)
            try:
                candidate = parse_policy(trial.toml, f"trial {trial.id}")
            except PolicyError as error:
                # It was valid when it was asked: a later version of the product has stricter rules.
                log.warning("trial %s is stopped: %s", trial.id, error)
                with transaction(self._engine) as held:
                    return _told(stop_trial(held, trial.company_id, trial.id, self._clock.now()))
            # One more than are looked at: whether any are left.
            coming = next_customers(session, trial, CUSTOMERS + 1)
            found = Difference()
            looked = []
            for customer_id in coming[:CUSTOMERS]:
                loaded = load_customer(
                    session, customer_id, trial.asked_at, self._settings.sending_fingerprint
                )
                cases = [Running(case.facts, case.policy) for case in loaded.cases]
                found.look(str(customer_id), loaded.customer, cases, candidate, trial.asked_at, trial.days)
                looked.append(customer_id)
                activity.heartbeat(len(looked))
                if self._seconds() - began > SECONDS:
                    break
        with transaction(self._engine) as session:
            moved = move_on(
                session,
                trial,
                looked,
                found,
                self._clock.now(),
                last=len(looked) == len(coming),
            )
            return _told(moved)


def _told(trial: PolicyTrial) -> PolicyTried:
    return PolicyTried(looked=trial.looked, customers=trial.customers, done=trial.state != TrialState.RUNNING)
