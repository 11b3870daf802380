"""Suspending contact with a company, a customer, on a channel or under a policy; and going on again.

Nobody is told when it begins: what becomes due finds it, and what is composed is refused at the moment of
sending. A case it holds names it (`dunning_case.suspension_id`). When it is over, each customer it held gets
a turn, and the cases are told in batches, each a transaction of its own: the first by whoever ends it, the
rest by the sweepers, who also end those whose day has come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from activities.store.outbox import add_notes
from activities.store.sql import run
from models.errors import InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.tables import Company, PolicyRow, SuspensionRow
from models.tables.words import NoteTo
from rules.calendar import Channel, business_calendar
from rules.facts import SuspensionScope
from rules.turns import Waiting, per_day, turns

BATCH: Final = 100
"""Cases told in one transaction."""

CHANNELS: Final = (Channel.EMAIL, Channel.SMS, Channel.PHONE, Channel.LETTER)
"""What can be suspended: a decision is between ourselves."""

_BACKLOG: Final = """
    SELECT k.customer_id, cu.country, cu.zone, min(coalesce(k.next_at, k.opened_at))
      FROM dunning_case k JOIN customer cu ON cu.id = k.customer_id
     WHERE k.suspension_id = %(suspension)s AND k.closed_at IS NULL
     GROUP BY 1, 2, 3
"""
_TURNS: Final = """
    INSERT INTO suspension_turn (suspension_id, customer_id, day)
    SELECT %(suspension)s, given.customer, given.day
      FROM unnest(%(customers)s::uuid[], %(days)s::date[]) AS given (customer, day)
"""
# Rows that a review or another teller holds are passed over: what they miss, the next round finds.
_TELL: Final = """
    WITH ready AS MATERIALIZED (
        SELECT found.*
          FROM suspension s
         CROSS JOIN LATERAL (
               SELECT k.invoice_id, k.next_at
                 FROM dunning_case k
                WHERE k.suspension_id = s.id AND k.closed_at IS NULL
                ORDER BY k.next_at, k.invoice_id
                LIMIT %(limit)s
                  FOR NO KEY UPDATE SKIP LOCKED) found
         WHERE s.ended_at IS NOT NULL AND (%(suspension)s::bigint IS NULL OR s.id = %(suspension)s)
         LIMIT %(limit)s),
    told AS (
        UPDATE dunning_case k SET suspension_id = NULL FROM ready WHERE k.invoice_id = ready.invoice_id)
    SELECT invoice_id FROM ready ORDER BY next_at, invoice_id
"""


@dataclass(frozen=True, slots=True)
class Resumed:
    """What ending a suspension set off: `customers` have a turn, the last on `last_day`.

    `notes` are to be delivered; the workers tell the rest.
    """

    customers: int
    last_day: date | None
    notes: tuple[int, ...]


def suspend(
    session: Session,
    company: Company,
    scope: SuspensionScope,
    now: datetime,
    who: str,
    *,
    reason: str,
    customer_id: UUID | None = None,
    target: str | None = None,
    until: date | None = None,
) -> SuspensionRow:
    """Suspend all contact in a scope, at once.

    Args:
        session: the transaction.
        company: the creditor.
        scope: all of the company, a customer (`customer_id`), a channel or a policy (`target`).
        now: business time.
        who: who says so.
        reason: why, in a person's words.
        customer_id: the customer, for that scope.
        target: the channel or the policy's key, for those.
        until: the creditor's local day at whose start it ends by itself; None: until somebody ends it.

    Raises:
        InvalidFact: `until` is not after today, or no such channel or policy.
        WrongState: exactly this is suspended already.
    """
    today = business_calendar(company.country, company.zone).local_day(now)
    if until is not None and until <= today:
        raise InvalidFact(f"until: {until} is not after today ({today})")
    if scope is SuspensionScope.CHANNEL and target not in CHANNELS:
        raise InvalidFact(f"channel: {target!r} is none of {', '.join(CHANNELS)}")
    if scope is SuspensionScope.POLICY:
        known = session.exec(select(PolicyRow.key).where(PolicyRow.key == target).limit(1)).first()
        if known is None:
            raise InvalidFact(f"policy: no policy {target!r}")
    same = session.exec(
        select(SuspensionRow).where(
            SuspensionRow.company_id == company.id,
            col(SuspensionRow.ended_at).is_(None),
            SuspensionRow.scope == scope.value,
            col(SuspensionRow.customer_id).is_not_distinct_from(customer_id),
            col(SuspensionRow.target).is_not_distinct_from(target),
        )
    ).first()
    if same is not None:
        raise WrongState(f"this is suspended already (suspension {same.id})")
    row = SuspensionRow(
        company_id=company.id,
        scope=scope.value,
        customer_id=customer_id,
        target=target,
        reason=reason,
        since=now,
        until=until,
        by=who,
    )
    session.add(row)
    session.flush()
    return row


def resume(
    session: Session,
    company: Company,
    suspension_id: int,
    now: datetime,
    who: str,
    a_day: int | None = None,
) -> Resumed:
    """End a suspension; each customer it held gets a turn, `a_day` of them a business day.

    `a_day`, if left out, is the company's setting, else so many that it takes five business days at most.

    Raises:
        NotFound: the company has no such suspension.
        WrongState: it is over already.
    """
    row = session.exec(
        select(SuspensionRow)
        .where(SuspensionRow.id == suspension_id, SuspensionRow.company_id == company.id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound(f"no suspension {suspension_id}")
    if row.ended_at is not None:
        raise WrongState(f"suspension {suspension_id} is over since {row.ended_at:%Y-%m-%d}")
    return _end(session, row, now, who, a_day if a_day is not None else company.resume_per_day)


def end_those_due(session: Session, now: datetime) -> list[int]:
    """End suspensions whose day has come, at the creditor's place; the notes to deliver."""
    rows = session.exec(
        select(SuspensionRow, Company)
        .join(Company, col(Company.id) == SuspensionRow.company_id)
        .where(col(SuspensionRow.ended_at).is_(None), col(SuspensionRow.until).is_not(None))
        .order_by(col(SuspensionRow.id))
        .with_for_update(of=SuspensionRow, skip_locked=True)
    ).all()
    notes: list[int] = []
    for row, company in rows:
        today = business_calendar(company.country, company.zone).local_day(now)
        if row.until is not None and row.until <= today:
            notes += _end(session, row, now, "relance", company.resume_per_day).notes
    return notes


def tell_released(
    session: Session, now: datetime, suspension_id: int | None = None, limit: int = BATCH
) -> list[int]:
    """Tell up to `limit` cases that what held them is over; the notes to deliver after the commit."""
    cases = list(run(session, _TELL, suspension=suspension_id, limit=limit).scalars())
    return add_notes(session, cases, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})


def _end(session: Session, row: SuspensionRow, now: datetime, who: str, a_day: int | None) -> Resumed:
    row.ended_at, row.ended_by = now, who
    session.flush()
    backlog = [
        Waiting(str(customer), business_calendar(country, zone), since)
        for customer, country, zone, since in run(session, _BACKLOG, suspension=row.id)
    ]
    days = turns(backlog, per_day(len(backlog), a_day), now)
    if days:
        run(session, _TURNS, suspension=row.id, customers=list(days), days=list(days.values()))
    notes = tell_released(session, now, row.id)
    return Resumed(len(days), max(days.values(), default=None), tuple(notes))


def held_by(session: Session, ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """How many invoices, of how many customers, these suspensions hold at this moment."""
    rows = run(
        session,
        "SELECT suspension_id, count(*), count(DISTINCT customer_id) FROM dunning_case "
        "WHERE closed_at IS NULL AND suspension_id = ANY (%(ids)s::bigint[]) GROUP BY 1",
        ids=list(ids),
    )
    return {suspension: (invoices, customers) for suspension, invoices, customers in rows}
