"""A changed policy tried on the live portfolio, before it is published: what would come, and to whom.

Bounded: customers are lived through one by one, in an order that is random but always the same, until so many
were, or so many seconds have passed; what was left out is said. One dry run at a time in a process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Engine

from activities.store.load import LoadedCustomer, load_customer
from activities.store.sql import run
from admin.queries.models import Answer
from admin.queries.reading import snapshot
from rules.compare import Difference, First, Pair, Running
from rules.policy import Policy

HORIZONS: Final = (7, 30, 60)
"""Days that may be asked for, today included."""

NAMED: Final = 50
"""Customers that are named in each of the two lists; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a dry run goes: customers, seconds, open invoices of a customer."""

    customers: int = 1_000
    seconds: float = 5.0
    invoices: int = 500
    patience: float = 15.0
    """Seconds that a second one waits for the first."""


BOUNDS: Final = Bounds()
_ONE: Final = Lock()


class Busy(Exception):
    """Another dry run is under way."""


class Count(Answer):
    """A number as things stand, and with the running cases moved."""

    before: int
    after: int

    @classmethod
    def of(cls, pair: Pair) -> Count:
        """As it was counted."""
        return cls(before=pair.before, after=pair.after)

    @property
    def change(self) -> int:
        """How many more."""
        return self.after - self.before


class StepCount(Count):
    """Contacts at one step."""

    step: Annotated[str, Field(examples=["reminder_1"])]


class DayCount(Count):
    """Contacts on one day, at the customers' places, and by step."""

    on: date
    steps: list[StepCount]


class CustomerMoved(Answer):
    """A customer that only one of the two contacts, and its first contact there."""

    customer: Annotated[str, Field(examples=["C-101"])]
    name: str
    on: date
    step: str
    channel: Annotated[str, Field(examples=["email"])]


class Looked(Answer):
    """How much of the portfolio was looked at. All figures are of that part, and not projected."""

    customers: Annotated[int, Field(description="Customers with an open case under the policy")]
    cases: Annotated[int, Field(description="Open cases under the policy, whatever their edition")]
    looked_customers: int
    looked_cases: int
    too_large: Annotated[int, Field(description="Customers left out for their number of open invoices")]
    suspended: Annotated[int, Field(description="Customers of those looked at under a suspension")]
    whole: Annotated[bool, Field(description="Every customer was looked at")]


class DryRun(Answer):
    """What a changed policy would do to running cases if all of the policy's were moved to it.

    `before` is as things stand. Publishing leaves running cases on their edition: it changes nothing of it.
    Nobody pays, every bank file comes in time, nothing is suspended; approvals and addresses come at once.
    """

    policy: Annotated[str, Field(examples=["standard"])]
    days: Annotated[int, Field(description="Days looked at, today included")]
    portfolio: Looked
    contacts: Count
    contacted: Annotated[Count, Field(description="Customers contacted")]
    approvals: Annotated[Count, Field(description="Contacts that a person reads first")]
    addresses: Annotated[Count, Field(description="Messages for which somebody has to find an address")]
    decisions: Annotated[Count, Field(description="Decisions asked of our own people")]
    by_step: list[StepCount]
    by_day: list[DayCount]
    newly: Annotated[list[CustomerMoved], Field(description=f"Customers newly contacted, {NAMED} at most")]
    newly_count: int
    no_longer: Annotated[list[CustomerMoved], Field(description="Customers no longer contacted, as many")]
    no_longer_count: int


# Who has a case under the policy: numbers of all, and a sample that is the same each time.
_WHO: Final = """
    WITH c AS (
        SELECT customer_id, count(*) AS open, count(*) FILTER (WHERE policy_key = %(key)s) AS own
          FROM dunning_case
         WHERE company_id = %(company)s AND closed_at IS NULL
         GROUP BY customer_id
        HAVING count(*) FILTER (WHERE policy_key = %(key)s) > 0),
    s AS (
        SELECT customer_id FROM c WHERE open <= %(most)s ORDER BY md5(customer_id::text) LIMIT %(limit)s)
    SELECT (SELECT count(*) FROM c) AS customers,
           (SELECT coalesce(sum(own), 0) FROM c) AS cases,
           (SELECT count(*) FROM c WHERE open > %(most)s) AS too_large,
           ARRAY(SELECT customer_id FROM s ORDER BY md5(customer_id::text)) AS sample
"""


def dry_run(
    engine: Engine,
    company_id: UUID,
    candidate: Policy,
    days: int,
    now: datetime,
    sending_fingerprint: str | None,
    bounds: Bounds = BOUNDS,
    seconds: Callable[[], float] = time.monotonic,
) -> DryRun:
    """Try `candidate` on a company's running cases. Nothing is written.

    Args:
        engine: of the ledger.
        company_id: whose portfolio.
        candidate: the changed policy; its key says which cases it is about.
        days: how far to look, today included.
        now: business time.
        sending_fingerprint: of the sending switch in force.
        bounds: how far to go.
        seconds: a clock for `bounds.seconds`.

    Raises:
        Busy: another one is under way, and lasts.
    """
    if not _ONE.acquire(timeout=bounds.patience):
        raise Busy
    try:
        began = seconds()
        found = _Found(candidate, days, now)
        with snapshot(engine) as session:
            who = run(
                session,
                _WHO,
                company=company_id,
                key=candidate.key,
                most=bounds.invoices,
                limit=bounds.customers,
            ).one()
            for customer_id in who.sample:
                found.look(load_customer(session, customer_id, now, sending_fingerprint))
                if seconds() - began > bounds.seconds:
                    break
    finally:
        _ONE.release()
    return found.answer(who.customers, int(who.cases), who.too_large)


class _Found:
    """Adds up customers, and keeps the names of those it will tell."""

    def __init__(self, candidate: Policy, days: int, now: datetime) -> None:
        self._candidate, self._days, self._now = candidate, days, now
        self._sum = Difference()
        self._names: dict[str, str] = {}

    def look(self, loaded: LoadedCustomer) -> None:
        """Live through one customer."""
        cases = [Running(case.facts, case.policy) for case in loaded.cases]
        self._sum.look(loaded.row.ref, loaded.customer, cases, self._candidate, self._now, self._days)
        told = {first.customer for first in (*self._sum.newly[-1:], *self._sum.no_longer[-1:])}
        if loaded.row.ref in told:
            self._names[loaded.row.ref] = loaded.row.name

    def answer(self, customers: int, cases: int, too_large: int) -> DryRun:
        """What was found, of so many."""
        looked = Looked(
            customers=customers,
            cases=cases,
            looked_customers=self._sum.customers,
            looked_cases=self._sum.own_cases,
            too_large=too_large,
            suspended=self._sum.suspended,
            whole=self._sum.customers == customers,
        )
        newly, no_longer = self._sum.newly, self._sum.no_longer
        return found_of(
            self._candidate.key,
            self._candidate.position,
            self._days,
            looked,
            self._sum,
            Moved(self._told(newly), len(newly)),
            Moved(self._told(no_longer), len(no_longer)),
        )

    def _told(self, firsts: list[First]) -> list[CustomerMoved]:
        return [
            CustomerMoved(
                customer=first.customer,
                name=self._names[first.customer],
                on=first.act.on,
                step=first.act.step,
                channel=first.act.channel.value,
            )
            for first in sorted(firsts, key=lambda each: (each.act.on, each.customer))[:NAMED]
        ]


@dataclass(frozen=True, slots=True)
class Moved:
    """Customers that only one of the two lives contacts: the first of them, and how many there are."""

    first: list[CustomerMoved]
    count: int


def found_of(
    policy: str,
    ladder: Iterable[str],
    days: int,
    looked: Looked,
    sums: Difference,
    newly: Moved,
    no_longer: Moved,
) -> DryRun:
    """What was found, as it is told: steps in the order of the changed `ladder`, days in theirs."""
    order = {step: place for place, step in enumerate(ladder)}

    def steps(pairs: Mapping[str, Pair]) -> list[StepCount]:
        return [
            StepCount(step=step, before=pair.before, after=pair.after)
            for step, pair in sorted(pairs.items(), key=lambda each: (order.get(each[0], 999), each[0]))
        ]

    by_day = []
    for on, pairs in sorted(sums.days.items()):
        counted = steps(pairs)
        by_day.append(
            DayCount(
                on=on,
                steps=counted,
                before=sum(each.before for each in counted),
                after=sum(each.after for each in counted),
            )
        )
    return DryRun(
        policy=policy,
        days=days,
        portfolio=looked,
        contacts=Count.of(sums.contacts),
        contacted=Count.of(sums.contacted),
        approvals=Count.of(sums.approvals),
        addresses=Count.of(sums.addresses),
        decisions=Count.of(sums.decisions),
        by_step=steps(sums.steps),
        by_day=by_day,
        newly=newly.first,
        newly_count=newly.count,
        no_longer=no_longer.first,
        no_longer_count=no_longer.count,
    )
