"""A company's morning: what changed since the last business day, and what waits for a person.

Each section has how many there are and the first of them; a few statements in all, each found by an index.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from activities.store.sql import run
from admin.queries.bank_lines import TO_ALLOCATE
from admin.queries.reading import rows_of
from models.tables.words import TaskKind
from rules.calendar import business_calendar
from rules.money import round_money

MESSAGES: Final = ("sent", "returned", "failed", "uncertain", "withheld")
"""What becomes of messages, as it is counted."""
SHOWN: Final = 8
"""Rows of a section; the count goes on."""

CALLS: Final = (TaskKind.PHONE_CALL, TaskKind.NOTICE_CALL)
BROKEN: Final = (TaskKind.BROKEN_PROMISE, TaskKind.CLAIM_NOT_FOUND)
UNSURE: Final = (TaskKind.UNCERTAIN_MESSAGE, TaskKind.POSSIBLE_DOUBLE)
_OTHERS: Final = frozenset(TaskKind) - {
    *(*CALLS, *BROKEN, *UNSURE, TaskKind.APPROVAL, TaskKind.DISPUTE, TaskKind.BANK_FILE)
}


@dataclass(frozen=True, slots=True)
class LateItem:
    """An invoice whose due date has passed since the last business day."""

    invoice: str
    customer: str
    name: str
    due_on: date
    outstanding: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Received:
    """Money recorded since then; without an invoice it is kept as credit."""

    customer: str
    name: str
    invoice: str | None
    amount: Decimal
    currency: str
    received_on: date


@dataclass(frozen=True, slots=True)
class Job:
    """An open task. `stake` is what its invoices owe by currency, `days` how late the latest of them is."""

    id: UUID
    kind: str
    title: str
    customer: str | None
    name: str | None
    due_on: date | None
    assignee: str | None
    stake: tuple[tuple[Decimal, str], ...]
    days: int | None


@dataclass(frozen=True, slots=True)
class Section:
    """The first rows of a list, how many it has, and their sums by currency where they have any."""

    rows: tuple[Any, ...]
    count: int
    sums: tuple[tuple[Decimal, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Today:
    """The morning of a company on its day `today`, `since` the last business day before it.

    `sent` counts messages to debtors by what became of them; one that came back had left. `bank_known_until`
    is how far the bank is known, `bank_asked` the task that asks for its file, `lines_asked` how many
    lines of the bank a person has to see to.
    """

    today: date
    since: date
    late: Section
    received: Section
    sent: dict[str, int]
    unsure: Section
    calls: Section
    approvals: Section
    broken: Section
    disputes: Section
    others: Section
    bank_known_until: date | None
    bank_asked: Job | None
    lines_asked: int


_LATE: Final = """
    SELECT i.number AS invoice, c.ref AS customer, c.name, k.due_on, k.outstanding, k.currency
      FROM dunning_case k
      JOIN invoice i ON i.id = k.invoice_id
      JOIN customer c ON c.id = k.customer_id
     WHERE {which}
     ORDER BY k.outstanding DESC, i.number
     LIMIT %(shown)s
"""
_LATE_ONES: Final = """
    k.company_id = %(company)s AND k.due_on >= %(since)s AND k.due_on < %(today)s
    AND k.closed_at IS NULL AND k.outstanding > 0
"""
_LATE_SUMS: Final = """
    SELECT k.currency, count(*) AS count, sum(k.outstanding) AS amount
      FROM dunning_case k
     WHERE {which}
     GROUP BY k.currency
     ORDER BY k.currency
"""
_RECEIVED: Final = """
    SELECT p.ref AS customer, p.name, i.number AS invoice, p.amount, p.currency, p.received_on
      FROM (SELECT p.*, c.ref, c.name
              FROM payment p
              JOIN customer c ON c.id = p.customer_id
             WHERE {which}
             ORDER BY p.amount DESC, p.id
             LIMIT %(shown)s) p
      LEFT JOIN invoice i ON i.id = p.invoice_id
     ORDER BY p.amount DESC, p.id
"""
_RECEIVED_ONES: Final = """
    p.recorded_at >= %(since)s AND p.reversed_at IS NULL AND c.company_id = %(company)s
"""
_RECEIVED_SUMS: Final = """
    SELECT p.currency, count(*) AS count, sum(p.amount) AS amount
      FROM payment p
      JOIN customer c ON c.id = p.customer_id
     WHERE {which}
     GROUP BY p.currency
     ORDER BY p.currency
"""
_SENT: Final = """
    SELECT 'sent' AS status, count(*) AS count
      FROM communication
     WHERE company_id = %(company)s AND audience = 'debtor' AND sent_at >= %(since)s AND status = 'sent'
     UNION ALL
    SELECT status, count(*)
      FROM communication
     WHERE company_id = %(company)s AND audience = 'debtor' AND planned_at >= %(since)s
       AND status IN ('failed', 'uncertain', 'withheld')
     GROUP BY status
     UNION ALL
    SELECT 'returned', count(DISTINCT m.id)
      FROM communication_event e
      JOIN communication m ON m.id = e.communication_id
     WHERE e.kind IN ('bounce', 'dropped', 'undelivered', 'failed') AND e.detail ->> 'copy' IS NULL
       AND e.received_at >= %(since)s
       AND m.company_id = %(company)s AND m.audience = 'debtor'
"""
# The first ones due of each kind, by its index; of calls enough to weigh them against each other. What a task
# is about: its own invoice, or those of its contact. Row by row: joined as wholes, every open case is read.
_JOBS: Final = """
    SELECT p.id, p.kind, p.title, c.ref AS customer, c.name, p.due_on, p.assignee_email AS assignee,
           s.stake, s.oldest
      FROM unnest(%(kinds)s::text[]) AS wanted (kind)
     CROSS JOIN LATERAL (
           SELECT t.*
             FROM task t
            WHERE t.company_id = %(company)s AND t.status = 'open' AND t.kind = wanted.kind
            ORDER BY t.due_on, t.id
            LIMIT CASE WHEN wanted.kind = ANY (%(calls)s) THEN 200 ELSE %(shown)s END) AS p
      LEFT JOIN LATERAL (SELECT d.ref, d.name FROM customer d WHERE d.id = p.customer_id OFFSET 0) AS c
             ON TRUE
      LEFT JOIN LATERAL (
           SELECT json_object_agg(o.currency, o.owed) AS stake, min(o.oldest) AS oldest
             FROM (SELECT k.currency, sum(k.outstanding) AS owed, min(k.due_on) AS oldest
                     FROM (SELECT p.invoice_id
                            UNION
                           SELECT m.invoice_id FROM contact_item m WHERE m.contact_id = p.contact_id) AS i
                     JOIN dunning_case k ON k.invoice_id = i.invoice_id
                    WHERE k.closed_at IS NULL
                    GROUP BY k.currency) AS o) AS s ON TRUE
     ORDER BY p.due_on, s.oldest, p.id
"""
_COUNTS: Final = """
    SELECT kind, count(*) AS open, count(*) FILTER (WHERE due_on < %(today)s) AS overdue
      FROM task
     WHERE company_id = %(company)s AND status = 'open'
     GROUP BY kind
"""
_COMPANY: Final = "SELECT country, zone, bank_known_until FROM company WHERE id = %(company)s"
_LINES: Final = """
    SELECT count(*) FROM bank_line l
     WHERE l.company_id = %(company)s AND NOT l.is_batch AND {which}
"""


def today_of(session: Session, company_id: UUID, now: datetime) -> Today:
    """The morning of a company.

    Args:
        session: a snapshot of the ledger.
        company_id: the creditor.
        now: business time; the creditor's zone decides the day.
    """
    company = run(session, _COMPANY, company=company_id).one()
    calendar = business_calendar(company.country, company.zone)
    today = calendar.local_day(now)
    since = calendar.business_days_before(today, 1)
    days = {"company": company_id, "since": since, "today": today}
    instants = {"company": company_id, "since": calendar.start_of_day(since)}
    late = [
        LateItem(**{**row, "outstanding": round_money(row["outstanding"], row["currency"])})
        for row in rows_of(session, _LATE.format(which=_LATE_ONES), **days, shown=SHOWN)
    ]
    received = [
        Received(**{**row, "amount": round_money(row["amount"], row["currency"])})
        for row in rows_of(session, _RECEIVED.format(which=_RECEIVED_ONES), **instants, shown=SHOWN)
    ]
    sent = {row["status"]: row["count"] for row in rows_of(session, _SENT, **instants)}
    asked = {"company": company_id, "kinds": list(TaskKind), "calls": list(CALLS), "shown": SHOWN}
    jobs = [_job(row, today) for row in rows_of(session, _JOBS, **asked)]
    counted = {row["kind"]: row for row in rows_of(session, _COUNTS, company=company_id, today=today)}
    calls = sorted(
        (job for job in jobs if job.kind in CALLS),
        key=lambda job: (-max((amount for amount, _ in job.stake), default=Decimal(0)), -(job.days or 0)),
    )
    return Today(
        today=today,
        since=since,
        late=_summed(late, rows_of(session, _LATE_SUMS.format(which=_LATE_ONES), **days)),
        received=_summed(received, rows_of(session, _RECEIVED_SUMS.format(which=_RECEIVED_ONES), **instants)),
        sent={status: sent.get(status, 0) for status in MESSAGES},
        unsure=_listed(jobs, counted, UNSURE),
        calls=_listed(calls, counted, CALLS),
        approvals=_listed(jobs, counted, (TaskKind.APPROVAL,)),
        broken=_listed(jobs, counted, BROKEN),
        disputes=_listed(
            [job for job in jobs if job.due_on is not None and job.due_on < today],
            counted,
            (TaskKind.DISPUTE,),
            "overdue",
        ),
        others=_listed(jobs, counted, _OTHERS),
        bank_known_until=company.bank_known_until,
        bank_asked=next((job for job in jobs if job.kind == TaskKind.BANK_FILE), None),
        lines_asked=run(session, _LINES.format(which=TO_ALLOCATE), company=company_id).scalar_one(),
    )


def _job(row: dict[str, Any], today: date) -> Job:
    stake, oldest = row.pop("stake") or {}, row.pop("oldest")
    sums = tuple(
        (round_money(Decimal(str(amount)), currency), currency) for currency, amount in sorted(stake.items())
    )
    return Job(**row, stake=sums, days=None if oldest is None else (today - oldest).days)


def _listed(
    jobs: list[Job], counted: dict[str, dict[str, Any]], kinds: Iterable[TaskKind], which: str = "open"
) -> Section:
    wanted = frozenset(kinds)
    count = sum(row[which] for kind, row in counted.items() if kind in wanted)
    return Section(tuple(job for job in jobs if job.kind in wanted)[:SHOWN], count)


def _summed(rows: list[Any], sums: list[dict[str, Any]]) -> Section:
    total = tuple((round_money(each["amount"], each["currency"]), each["currency"]) for each in sums)
    return Section(tuple(rows), sum(each["count"] for each in sums), total)
