"""What each invoice owed, from which day to which: kept with the facts, so that any day can be summed up.

Days are those of the business in its company's place, not of who typed it in: money of the 30th that was
recorded on the 2nd was there on the 30th. What is recorded counts by the end of the day of that at the
latest. An invoice is owed from the day it was issued, less the payments that had come and had not gone back,
less its credit notes, until its case is closed by a person or another invoice takes its place. A correction,
a credit that was cancelled and a case that was opened again count as if they had always been so.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities.store.sql import run
from rules.calendar import BusinessCalendar, business_calendar


def _day(instant: str) -> str:
    return f"CAST(timezone(%(zone)s, {instant}) AS date)"


_FORGET: Final = "DELETE FROM owed WHERE invoice_id = ANY (%(invoices)s::uuid[])"
_RECKON: Final = f"""
    WITH its AS MATERIALIZED (
             SELECT i.id, i.company_id, i.customer_id, i.currency, i.due_on, i.total,
                    least(i.issued_on, {_day("i.created_at")}) AS begins,
                    least({_day("k.closed_at")}, r.issued_on, {_day("r.created_at")}) AS ends
               FROM invoice i
               JOIN dunning_case k ON k.invoice_id = i.id
               LEFT JOIN invoice r ON r.id = i.replaced_by_id
              WHERE i.id = ANY (%(invoices)s::uuid[])),
         -- Without `reversed_on`, a payment went back on the day that was told.
         less AS (
             SELECT p.invoice_id, p.amount, least(p.received_on, {_day("p.recorded_at")}) AS came,
                    CASE WHEN p.reversed_at IS NOT NULL
                         THEN least(p.reversed_on, {_day("p.reversed_at")}) END AS went
               FROM payment p
              WHERE p.invoice_id = ANY (%(invoices)s::uuid[])
              UNION ALL
             SELECT n.invoice_id, n.amount, least(n.issued_on, {_day("n.recorded_at")}), NULL
               FROM credit_note n
              WHERE n.invoice_id = ANY (%(invoices)s::uuid[]) AND n.cancelled_at IS NULL),
         moves AS (
             SELECT id, begins AS day, total AS amount FROM its
              UNION ALL
             SELECT i.id, greatest(i.begins, l.came), -l.amount
               FROM less l JOIN its i ON i.id = l.invoice_id
              WHERE l.went IS NULL OR l.went > l.came
              UNION ALL
             SELECT i.id, greatest(i.begins, l.went), l.amount
               FROM less l JOIN its i ON i.id = l.invoice_id
              WHERE l.went > l.came),
         days AS (
             SELECT id, day, sum(amount) AS change FROM moves GROUP BY id, day HAVING sum(amount) <> 0),
         spans AS (
             SELECT id, day, lead(day) OVER lived AS following, sum(change) OVER lived AS rest
               FROM days
             WINDOW lived AS (PARTITION BY id ORDER BY day))
    INSERT INTO owed (invoice_id, from_on, until_on, company_id, customer_id, currency, due_on, rest)
    SELECT i.id, s.day, least(s.following, i.ends), i.company_id, i.customer_id, i.currency, i.due_on, s.rest
      FROM spans s JOIN its i ON i.id = s.id
     WHERE s.rest > 0 AND (i.ends IS NULL OR s.day < i.ends)
"""  # noqa: S608 (the days above)


def keep_owed(
    session: Session, invoices: Collection[UUID], company: BusinessCalendar, *, new: bool = False
) -> None:
    """Reckon anew what invoices owed, from the facts as they stand now.

    Who changes one of these facts calls it in the same transaction.

    Args:
        session: the transaction.
        invoices: all of one company, under their customers' locks.
        company: the company's calendar, whose time zone decides the day.
        new: nothing is kept about them yet.
    """
    if not invoices:
        return
    asked = list(invoices)
    if not new:
        run(session, _FORGET, invoices=asked)
    run(session, _RECKON, invoices=asked, zone=str(company.zone))


_APART: Final = """
    SELECT apart.invoice_id, apart.customer_id, c.country, c.zone
      FROM (SELECT k.invoice_id, k.customer_id, k.company_id
              FROM dunning_case k
              LEFT JOIN owed o ON o.invoice_id = k.invoice_id AND o.until_on IS NULL
             WHERE k.closed_at IS NULL AND k.outstanding <> coalesce(o.rest, 0)
             UNION ALL
            SELECT k.invoice_id, k.customer_id, k.company_id
              FROM owed o
              JOIN dunning_case k ON k.invoice_id = o.invoice_id
             WHERE o.until_on IS NULL AND k.closed_at IS NOT NULL) apart
      JOIN company c ON c.id = apart.company_id
     ORDER BY apart.customer_id
     LIMIT %(limit)s
"""
_LOCK: Final = "SELECT FROM customer WHERE id = ANY (%(customers)s::uuid[]) ORDER BY id FOR NO KEY UPDATE"


def mend_owed(session: Session, limit: int) -> int:
    """Keep what a worker of an earlier version left out, while both ran: where cases show something else.

    Args:
        session: a transaction of its own; customers are locked in their order.
        limit: invoices to look at, at most.

    Returns:
        how many invoices were reckoned anew.
    """
    apart: dict[tuple[str, str | None], list[UUID]] = {}
    customers = set()
    for invoice, customer, country, zone in run(session, _APART, limit=limit):
        apart.setdefault((country, zone), []).append(invoice)
        customers.add(customer)
    if customers:
        run(session, _LOCK, customers=list(customers))
    for (country, zone), invoices in apart.items():
        keep_owed(session, invoices, business_calendar(country, zone))
    return sum(map(len, apart.values()))
