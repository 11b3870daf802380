"""A changed policy tried on every customer of a portfolio by the step a worker runs, against the rules alone.

Measured: the trial of the largest company, from its first step to its last, thirty days ahead: customers
loaded, lived through twice, and what was found written down. The baseline lives through some of the same
customers, loaded beforehand, and writes nothing. Both are one thread of one process.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Engine
from temporalio.testing import ActivityEnvironment

from activities.policy_trials import PolicyTrialActivities
from activities.store.engine import glance, transaction
from activities.store.load import LoadedCustomer, load_customer
from activities.store.lookup import company_by_ref
from activities.store.sql import run as ask
from activities.store.trials import ask_trial
from bench.api_ledger import COMPANIES, fill
from bench.figures import Figure
from bench.harness import MONDAY, StandingClock, ledger, postgres, scratch, settings
from models.messages import PolicyTrialNow
from policies import builtin_policy_texts
from rules.compare import Running, compare
from rules.policy import Policy, parse_policy

CASES: Final = 100_000
DAYS: Final = 30
ALONE: Final = 1_000
"""Customers of the baseline."""

_SOME: Final = """
    SELECT DISTINCT customer_id FROM dunning_case
     WHERE company_id = %(company)s AND closed_at IS NULL ORDER BY customer_id LIMIT %(limit)s
"""


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure with each number of cases."""
    figures = []
    with scratch() as folder, postgres(folder, durable=True) as server:
        for size in sizes or (CASES,):
            with ledger(server) as engine:
                fill(engine, size)
                figures.append(_measure(engine))
    return figures


def _measure(engine: Engine) -> Figure:
    text = builtin_policy_texts()["standard.toml"].replace("offset_days = 15", "offset_days = 20")
    with transaction(engine) as session:
        company = company_by_ref(session, COMPANIES[0]).id
        trial, _ = ask_trial(session, company, "standard", text, DAYS, MONDAY, "bench")
    steps = PolicyTrialActivities(engine, StandingClock(MONDAY), settings())
    environment = ActivityEnvironment()
    laps = []
    while True:
        began = time.perf_counter()
        tried = environment.run(steps.try_policy, PolicyTrialNow(trial_id=trial.id))
        laps.append(time.perf_counter() - began)
        if tried.done:
            break
    assert tried.looked == trial.customers, tried
    with glance(engine) as session:
        loaded = [
            load_customer(session, each, MONDAY)
            for each in ask(session, _SOME, company=company, limit=ALONE).scalars()
        ]
    alone = _alone(loaded, parse_policy(text, "changed"))
    return Figure(
        what=f"{trial.customers:,} customers with {trial.cases:,} cases tried on a changed policy",
        figure=1000 * sum(laps) / tried.looked,
        baseline=1000 * alone / len(loaded),
        unit="ms a customer",
        against="the rules alone",
        notes=(("in all, s", sum(laps)), ("steps", len(laps)), ("longest step, s", max(laps))),
    )


def _alone(customers: Sequence[LoadedCustomer], candidate: Policy) -> float:
    began = time.perf_counter()
    for each in customers:
        cases = [Running(case.facts, case.policy) for case in each.cases]
        compare(each.row.ref, each.customer, cases, candidate, MONDAY, DAYS)
    return time.perf_counter() - began
