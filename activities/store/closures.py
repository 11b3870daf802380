"""Closures in the ledger: recording them, taking them back, and telling the cases that waited for their end.

A case whose step falls into a new closure finds it when it wakes, and sleeps on. One that sleeps until after
a closure that is taken back must be told: in batches, each a transaction of its own, by the sweepers.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, or_, select

from activities.store.outbox import add_notes
from models.errors import InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.tables import ClosureRow, Company, DunningCase
from models.tables.words import NoteTo
from rules.calendar import business_calendar
from rules.closures import Closure, fault

BATCH: Final = 100
"""Cases told in one transaction."""

_NOBODY: Final = UUID(int=0)


def closures_of(rows: Sequence[Sequence[Any]] | None) -> tuple[Closure, ...]:
    """Closures as a statement found them: first and last day as ISO text, whether they come every year."""
    return tuple(
        Closure(date.fromisoformat(first), date.fromisoformat(last), yearly)
        for first, last, yearly in rows or ()
    )


def record_closure(
    session: Session,
    company: Company,
    first_day: date,
    last_day: date,
    now: datetime,
    who: str,
    *,
    yearly: bool = False,
    customer_id: UUID | None = None,
    reason: str | None = None,
) -> ClosureRow:
    """Record days on which nothing leaves, of the company or of one customer.

    Raises:
        InvalidFact: days in the wrong order, too many, past, or with the others too long a time.
        WrongState: exactly this closure is recorded already.
    """
    new = Closure(first_day, last_day, yearly)
    beside = session.exec(
        select(ClosureRow).where(
            ClosureRow.company_id == company.id,
            col(ClosureRow.ended_at).is_(None),
            or_(col(ClosureRow.customer_id).is_(None), col(ClosureRow.customer_id) == customer_id),
        )
    ).all()
    others = [Closure(row.first_day, row.last_day, row.yearly) for row in beside]
    calendar = business_calendar(company.country, company.zone)
    wrong = fault(new, others, calendar.local_day(now), calendar.why_closed)
    if wrong is not None:
        raise InvalidFact(wrong)
    for row, other in zip(beside, others, strict=True):
        if other == new and row.customer_id == customer_id:
            raise WrongState(f"this closure is recorded already (closure {row.id})")
    made = ClosureRow(
        company_id=company.id,
        customer_id=customer_id,
        first_day=first_day,
        last_day=last_day,
        yearly=yearly,
        reason=reason,
        recorded_at=now,
        recorded_by=who,
    )
    session.add(made)
    session.flush()
    return made


def end_closure(
    session: Session, company: Company, closure_id: int, now: datetime, who: str
) -> tuple[ClosureRow, list[int]]:
    """Take a closure back; the notes to deliver. The sweepers tell the cases that are left.

    Raises:
        NotFound: the company has no such closure.
        WrongState: it was taken back already.
    """
    row = session.exec(
        select(ClosureRow)
        .where(ClosureRow.id == closure_id, ClosureRow.company_id == company.id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(f"no closure {closure_id}")
    if row.ended_at is not None:
        raise WrongState(f"closure {closure_id} was taken back on {row.ended_at:%Y-%m-%d}")
    row.ended_at, row.ended_by, row.told_up_to = now, who, _NOBODY
    session.flush()
    return row, _tell(session, row, now)


def tell_reopened(session: Session, now: datetime) -> list[int]:
    """Tell the next cases of one closure that was taken back; nothing left to tell: no notes."""
    row = session.exec(
        select(ClosureRow)
        .where(col(ClosureRow.told_up_to).is_not(None))
        .order_by(col(ClosureRow.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    return [] if row is None else _tell(session, row, now)


def _tell(session: Session, row: ClosureRow, now: datetime) -> list[int]:
    wanted = select(DunningCase.invoice_id).where(
        DunningCase.company_id == row.company_id,
        col(DunningCase.closed_at).is_(None),
        DunningCase.state == "waiting",
        col(DunningCase.invoice_id) > row.told_up_to,
    )
    if row.customer_id is not None:
        wanted = wanted.where(DunningCase.customer_id == row.customer_id)
    cases = session.exec(wanted.order_by(col(DunningCase.invoice_id)).limit(BATCH)).all()
    row.told_up_to = cases[-1] if len(cases) == BATCH else None
    session.flush()
    return add_notes(session, cases, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})
