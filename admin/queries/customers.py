"""Customers: the list, those with the oldest unpaid due date first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from activities.store.sql import run
from admin.api.paging import Page
from admin.queries.models import Amount, Answer
from admin.queries.places import day_of
from admin.queries.reading import DAY, Order, Paging, Told, as_recorded, pattern, read_page, rows_of
from admin.queries.search import CUSTOMER_HOLDS, SHORTEST
from rules.money import round_money


class OwedRow(Answer):
    """What a customer owes in one currency, as the last decisions on its cases left it."""

    currency: Annotated[str, Field(examples=["EUR"])]
    cases: int
    outstanding: Amount
    overdue: Amount
    disputed: Amount


class CustomerRow(Answer):
    """A customer and what it owes. `oldest_due_on` is the earliest due date still open."""

    ref: Annotated[str, Field(examples=["C-101"])]
    name: Annotated[str, Field(examples=["Client et Fils"])]
    country: str
    segment: str | None
    risk: str | None
    collector: str | None
    policy: str | None
    insolvency_on: date | None
    do_not_contact_since: date | None
    lawyer_since: date | None
    oldest_due_on: date | None
    days_late: Annotated[int | None, Field(description="Of the oldest; below zero before its due date")]
    owed: list[OwedRow]


class CustomerFilter(Paging):
    """Which customers, and in which order."""

    q: Annotated[
        str | None,
        Field(min_length=SHORTEST, max_length=100, description="Part of the name or the reference"),
    ] = None
    collector: Annotated[str | None, Field(max_length=320, description="E-mail address of who follows")] = (
        None
    )
    sort: Annotated[
        Literal["overdue", "ref"],
        Field(description="`overdue`: the oldest unpaid due date first, then those who owe nothing"),
    ] = "overdue"


_COLUMNS: Final = """
    c.id, c.ref, c.name, c.country, c.zone, c.segment, c.risk, c.collector_email AS collector, c.policy,
    c.insolvency_on, c.do_not_contact_since, c.lawyer_since
"""


def list_customers(
    session: Session, company_id: UUID, wanted: CustomerFilter, now: datetime
) -> Page[CustomerRow]:
    """One page of a company's customers.

    Raises:
        InvalidFact: a cursor of another list.
    """
    conditions = ["c.company_id = %(company)s"]
    parameters: dict[str, Any] = {"company": company_id}
    if wanted.q is not None:
        conditions.append(CUSTOMER_HOLDS)
        parameters["q"] = pattern(wanted.q)
    if wanted.collector is not None:
        conditions.append("c.collector_email = ANY (%(collector)s)")
        parameters["collector"] = list(as_recorded(wanted.collector))
    page = _by_ref if wanted.sort == "ref" else _by_oldest
    rows, following = page(session, company_id, wanted, " AND ".join(conditions), parameters)
    return Page(items=_filled(session, rows, now), next=following)


def _by_ref(
    session: Session, company_id: UUID, wanted: CustomerFilter, narrow: str, parameters: Mapping[str, Any]
) -> tuple[list[Told], str | None]:
    order = Order(f"customers ref {company_id}", "c.ref", "c.id", str)

    def build(where: str, limit: int) -> str:
        return f"""
            SELECT {_COLUMNS}, {order.columns}
              FROM customer c
             WHERE {narrow} AND {where}
             ORDER BY {order.by()}
             LIMIT {limit}
        """

    return read_page(session, order, wanted, build, **parameters)


def _by_oldest(
    session: Session, company_id: UUID, wanted: CustomerFilter, narrow: str, parameters: Mapping[str, Any]
) -> tuple[list[Told], str | None]:
    """Walk the company's open cases by due date; each customer stands where its oldest one does."""
    order = Order(f"customers overdue {company_id}", "k.due_on", "k.invoice_id", DAY, nullable=True)
    at = order.placed(wanted.after)
    rows: list[Told] = []
    room = wanted.limit + 1
    place = {} if at is None else {"at_key": at[0], "at_id": at[1]}
    if at is None or at[0] is not None:
        walk = f"""
            SELECT {_COLUMNS}, {order.columns}
              FROM dunning_case k
              JOIN customer c ON c.id = k.customer_id
             WHERE k.company_id = %(company)s
               AND k.closed_at IS NULL
               AND {order.beyond(at)}
               AND NOT EXISTS (SELECT FROM dunning_case older
                                WHERE older.customer_id = k.customer_id
                                  AND older.closed_at IS NULL
                                  AND (older.due_on, older.invoice_id) < (k.due_on, k.invoice_id))
               AND {narrow}
             ORDER BY {order.by()}
             LIMIT {room}
        """
        rows += rows_of(session, walk, **parameters, **place)
    if len(rows) < room:
        behind = "c.id > %(at_id)s" if at is not None and at[0] is None else "TRUE"
        others = f"""
            SELECT {_COLUMNS}, NULL::date AS sort_key, c.id AS sort_id
              FROM customer c
             WHERE {narrow}
               AND NOT EXISTS (SELECT FROM dunning_case k WHERE k.customer_id = c.id AND k.closed_at IS NULL)
               AND {behind}
             ORDER BY c.id
             LIMIT {room}
        """
        rows += rows_of(session, others, **parameters, **place)
    return order.cut(rows[:room], wanted.limit)


def _filled(session: Session, rows: Sequence[Told], now: datetime) -> list[CustomerRow]:
    days = {row["id"]: day_of(now, row["country"], row["zone"]) for row in rows}
    owed, oldest = _owed(session, days)
    found = []
    for row in rows:
        customer_id = row.pop("id")
        del row["zone"]
        since = oldest.get(customer_id)
        found.append(
            CustomerRow(
                **row,
                oldest_due_on=since,
                days_late=None if since is None else (days[customer_id] - since).days,
                owed=owed.get(customer_id, []),
            )
        )
    return found


_OWED: Final = """
    SELECT k.customer_id, k.currency, count(*) AS cases, sum(k.outstanding) AS outstanding,
           sum(k.outstanding) FILTER (WHERE k.due_on < there.today) AS overdue,
           sum(k.disputed) AS disputed, min(k.due_on) AS oldest
      FROM unnest(%(customers)s::uuid[], %(days)s::date[]) AS there (customer_id, today)
      JOIN dunning_case k ON k.customer_id = there.customer_id
     WHERE k.closed_at IS NULL
     GROUP BY k.customer_id, k.currency
     ORDER BY k.customer_id, k.currency
"""


def _owed(session: Session, days: dict[UUID, date]) -> tuple[dict[UUID, list[OwedRow]], dict[UUID, date]]:
    """What each customer owes by currency, and its earliest open due date; `days` are their local ones."""
    owed: dict[UUID, list[OwedRow]] = {}
    oldest: dict[UUID, date] = {}
    if not days:
        return owed, oldest
    for row in run(session, _OWED, customers=list(days), days=list(days.values())):
        owed.setdefault(row.customer_id, []).append(
            OwedRow(
                currency=row.currency,
                cases=row.cases,
                outstanding=round_money(row.outstanding, row.currency),
                overdue=round_money(row.overdue or Decimal(0), row.currency),
                disputed=round_money(row.disputed, row.currency),
            )
        )
        oldest[row.customer_id] = min(row.oldest, oldest.get(row.customer_id, row.oldest))
    return owed, oldest
