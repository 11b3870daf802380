"""The weeks whose digests are written, and what is late at the customers of each sales representative."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col

from activities.store.sql import run
from models.tables import WeeklyDigest
from rules.calendar import business_calendar
from rules.digest import MONDAY, OFF, digest_week

# What is too small to chase is not late. The name of who follows a customer is written in any capitals.
_LATE: Final = """
    SELECT lower(c.sales_rep_email),
           (SELECT min(u.name) FROM app_user u WHERE lower(u.email) = lower(c.sales_rep_email)),
           c.ref, c.name, i.number, k.due_on, k.outstanding, k.currency,
           k.disputed, k.state, k.paused_by, k.next_step, k.next_channel, k.next_at,
           (SELECT count(*) FROM task t
             WHERE t.invoice_id = k.invoice_id AND t.kind = 'broken_promise' AND t.status <> 'withdrawn')
      FROM dunning_case k
      JOIN invoice i ON i.id = k.invoice_id
      JOIN customer c ON c.id = k.customer_id
     WHERE k.company_id = %(company)s AND k.closed_at IS NULL AND k.due_on < %(today)s
       AND k.outstanding > 0 AND k.state <> 'below_minimum' AND c.sales_rep_email IS NOT NULL
     ORDER BY 1, min(k.due_on) OVER (PARTITION BY k.customer_id), c.ref, k.due_on, i.number
"""

_WRITTEN: Final = """
    SELECT c.id, c.country, c.zone, c.digest_day,
           (SELECT max(w.week) FROM weekly_digest w WHERE w.company_id = c.id)
      FROM company c
     WHERE coalesce(c.digest_day, %(monday)s) <> %(off)s
"""


class LateRow(NamedTuple):
    """A late invoice, whose customer it is of, and the sales representative who follows that one."""

    rep: str
    rep_name: str | None
    customer_ref: str
    customer_name: str
    number: str
    due_on: date
    outstanding: Decimal
    currency: str
    disputed: Decimal
    state: str
    paused_by: str | None
    next_step: str | None
    next_channel: str | None
    next_at: datetime | None
    broken: int


def digests_due(session: Session, now: datetime) -> list[tuple[UUID, date]]:
    """Companies whose digest is due and not written, each with its week."""
    rows = run(session, _WRITTEN, off=OFF, monday=MONDAY)
    due = []
    for company_id, country, zone, weekday, written in rows:
        week = digest_week(business_calendar(country, zone), weekday, now)
        if week is not None and (written is None or written < week):
            due.append((company_id, week))
    return due


def claim_week(session: Session, company_id: UUID, week: date, now: datetime) -> bool:
    """Whether this transaction is to write a week's digests; any other then waits, and writes none."""
    made = session.exec(
        insert(WeeklyDigest)
        .values(company_id=company_id, week=week, made_at=now, sent_to=0)
        .on_conflict_do_nothing()
        .returning(col(WeeklyDigest.week))
    ).one_or_none()
    return made is not None


def late_rows(session: Session, company_id: UUID, today: date) -> Sequence[LateRow]:
    """What is late on a day, by representative, then by customer, that of the oldest invoice first."""
    return [LateRow._make(row) for row in run(session, _LATE, company=company_id, today=today)]
