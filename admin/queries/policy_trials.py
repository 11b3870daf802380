"""Trials of a changed policy on a whole portfolio, as people follow and read them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, func, select

from activities.store.trials import read
from admin.api.paging import Page
from admin.queries.dry_run import NAMED, CustomerMoved, DryRun, Looked, Moved, found_of
from admin.queries.models import Answer
from admin.queries.reading import DAY, Order, Paging, read_page
from models.errors import NotFound
from models.tables import PolicyTrial, PolicyTrialCustomer
from models.tables.words import TrialState
from rules.policy import PolicyError, parse_policy

LATEST: Final = 10
"""Trials of a policy that are listed."""


class MovedFilter(Paging):
    """Which customers of a trial."""

    newly: Annotated[bool, Field(description="Those newly contacted; `false`: those no longer contacted")] = (
        True
    )


class Trial(Answer):
    """A changed policy tried on every customer with an open case under it, as of the instant it was asked.

    `found` is there once it is over; of a stopped one it is of the customers looked at.
    """

    id: UUID
    policy: Annotated[str, Field(examples=["standard"])]
    days: Annotated[int, Field(description="Days looked at, today included")]
    state: TrialState
    customers: Annotated[int, Field(description="Customers there were to look at when it was asked")]
    looked: Annotated[int, Field(description="Customers looked at so far")]
    asked_at: datetime
    asked_by: str
    moved_at: Annotated[datetime, Field(description="When it last came forward")]
    finished_at: datetime | None
    found: DryRun | None = None

    @property
    def per_cent(self) -> int:
        """How far it is, in whole per cent; 100 only at its end."""
        if self.state is TrialState.DONE:
            return 100
        return min(99, 100 * self.looked // max(self.customers, 1))


def get_trial(session: Session, company_id: UUID, key: str, trial_id: UUID) -> tuple[Trial, str]:
    """A trial with what it found, and the text that was tried.

    Raises:
        NotFound: the company has no such trial of that policy.
    """
    row = session.get(PolicyTrial, trial_id)
    if row is None or row.company_id != company_id or row.policy_key != key:
        raise NotFound(f"no trial {trial_id}")
    found = None if row.state == TrialState.RUNNING else _found(session, row)
    return _told(row, found), row.toml


def latest_trials(session: Session, company_id: UUID, key: str) -> list[Trial]:
    """A company's latest trials of a policy, the newest first, without what they found."""
    rows = session.exec(
        select(PolicyTrial)
        .where(PolicyTrial.company_id == company_id, PolicyTrial.policy_key == key)
        .order_by(col(PolicyTrial.asked_at).desc(), col(PolicyTrial.id))
        .limit(LATEST)
    )
    return [_told(row) for row in rows]


def customers_moved(session: Session, trial_id: UUID, wanted: MovedFilter) -> Page[CustomerMoved]:
    """Customers that are newly contacted, or no longer, by the day of their first contact."""
    order = Order(f"trial {trial_id} {wanted.newly}", "t.on_day", "t.customer_id", DAY)

    def build(where: str, limit: int) -> str:
        return f"""
            SELECT c.ref AS customer, c.name, t.on_day AS "on", t.step, t.channel, {order.columns}
              FROM policy_trial_customer t JOIN customer c ON c.id = t.customer_id
             WHERE t.trial_id = %(trial)s AND t.newly = %(newly)s AND {where}
             ORDER BY {order.by("t.on_day", "t.customer_id")}
             LIMIT {limit}
        """

    rows, following = read_page(session, order, wanted, build, trial=trial_id, newly=wanted.newly)
    return Page(items=[CustomerMoved(**row) for row in rows], next=following)


def _told(row: PolicyTrial, found: DryRun | None = None) -> Trial:
    return Trial(
        id=row.id,
        policy=row.policy_key,
        days=row.days,
        state=TrialState(row.state),
        customers=row.customers,
        looked=row.looked,
        asked_at=row.asked_at,
        asked_by=row.asked_by,
        moved_at=row.moved_at,
        finished_at=row.finished_at,
        found=found,
    )


def _found(session: Session, row: PolicyTrial) -> DryRun:
    whole, sums = row.state == TrialState.DONE, read(row.sums)
    looked = Looked(
        # Cases that were opened or closed on the way count as they were when their turn came.
        customers=row.looked if whole else row.customers,
        cases=sums.own_cases if whole else row.cases,
        looked_customers=row.looked,
        looked_cases=sums.own_cases,
        too_large=0,
        suspended=sums.suspended,
        whole=whole,
    )
    return found_of(
        row.policy_key,
        _ladder(row),
        row.days,
        looked,
        sums,
        _some(session, row.id, newly=True),
        _some(session, row.id, newly=False),
    )


def _some(session: Session, trial_id: UUID, *, newly: bool) -> Moved:
    count = session.exec(
        select(func.count())
        .select_from(PolicyTrialCustomer)
        .where(PolicyTrialCustomer.trial_id == trial_id, PolicyTrialCustomer.newly == newly)
    ).one()
    return Moved(customers_moved(session, trial_id, MovedFilter(newly=newly, limit=NAMED)).items, count)


def _ladder(row: PolicyTrial) -> tuple[str, ...]:
    """The steps of the text that was tried, in order; none where later rules no longer take it."""
    try:
        return tuple(parse_policy(row.toml, f"trial {row.id}").position)
    except PolicyError:
        return ()
