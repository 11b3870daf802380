"""Customers: the list, those with the oldest unpaid due date first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Row,
    Select,
    Uuid,
    cast,
    column,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.expression import SQLColumnExpression
from sqlmodel import Session, col

from admin.api.paging import Page
from admin.queries.models import Amount, Answer
from admin.queries.places import day_of
from admin.queries.reading import DAY, Order, Paging, as_recorded, read_page
from admin.queries.search import SHORTEST, customer_holds
from models.tables import Customer, DunningCase
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


_COLUMNS: Final[tuple[SQLColumnExpression[Any], ...]] = (
    col(Customer.id),
    col(Customer.ref),
    col(Customer.name),
    col(Customer.country),
    col(Customer.zone),
    col(Customer.segment),
    col(Customer.risk),
    col(Customer.collector_email).label("collector"),
    col(Customer.policy),
    col(Customer.insolvency_on),
    col(Customer.do_not_contact_since),
    col(Customer.lawyer_since),
)


def list_customers(
    session: Session, company_id: UUID, wanted: CustomerFilter, now: datetime
) -> Page[CustomerRow]:
    """One page of a company's customers.

    Raises:
        InvalidFact: a cursor of another list.
    """
    conditions: list[ColumnElement[bool]] = []
    if wanted.q is not None:
        conditions.append(customer_holds(wanted.q))
    if wanted.collector is not None:
        conditions.append(col(Customer.collector_email).in_(as_recorded(wanted.collector)))
    if wanted.sort == "ref":
        rows, following = _by_ref(session, company_id, wanted, conditions)
    else:
        rows, following = _by_oldest(session, company_id, wanted, conditions)
    return Page(items=_filled(session, rows, now), next=following)


def _by_ref(
    session: Session, company_id: UUID, wanted: CustomerFilter, conditions: Sequence[ColumnElement[bool]]
) -> tuple[list[Row[Any]], str | None]:
    order = Order(f"customers ref {company_id}", col(Customer.ref), col(Customer.id), str)

    def build(where: ColumnElement[bool], by: tuple[ColumnElement[Any], ...], limit: int) -> Select[Any]:
        return (
            select(*_COLUMNS)
            .add_columns(col(Customer.ref).label("sort_key"), col(Customer.id).label("sort_id"))
            .where(col(Customer.company_id) == company_id, where, *conditions)
            .order_by(*by)
            .limit(limit)
        )

    return read_page(session, order, wanted.after, wanted.limit, build)


def _by_oldest(
    session: Session, company_id: UUID, wanted: CustomerFilter, conditions: Sequence[ColumnElement[bool]]
) -> tuple[list[Row[Any]], str | None]:
    """Walk the company's open cases by due date; each customer stands where its oldest one does."""
    order = Order(
        f"customers overdue {company_id}",
        col(DunningCase.due_on),
        col(DunningCase.invoice_id),
        DAY,
        nullable=True,
    )
    older = aliased(DunningCase)
    has_older = (
        select(col(older.invoice_id))
        .where(
            col(older.customer_id) == col(DunningCase.customer_id),
            col(older.closed_at).is_(None),
            tuple_(col(older.due_on), col(older.invoice_id))
            < tuple_(col(DunningCase.due_on), col(DunningCase.invoice_id)),
        )
        .correlate(DunningCase)
        .exists()
    )
    at = order.placed(wanted.after)
    rows: list[Row[Any]] = []
    connection = session.connection()
    room = wanted.limit + 1
    if at is None or at[0] is not None:
        rows += connection.execute(
            select(*_COLUMNS)
            .add_columns(
                col(DunningCase.due_on).label("sort_key"), col(DunningCase.invoice_id).label("sort_id")
            )
            .select_from(DunningCase)
            .join(Customer, col(Customer.id) == col(DunningCase.customer_id))
            .where(
                col(DunningCase.company_id) == company_id,
                col(DunningCase.closed_at).is_(None),
                order.beyond(at),
                ~has_older,
                *conditions,
            )
            .order_by(*order.columns)
            .limit(room)
        )
    if len(rows) < room:
        owes = select(col(older.invoice_id)).where(
            col(older.customer_id) == col(Customer.id), col(older.closed_at).is_(None)
        )
        behind = col(Customer.id) > at[1] if at is not None and at[0] is None else literal(True)
        rows += connection.execute(
            select(*_COLUMNS)
            .add_columns(literal(None, Date).label("sort_key"), col(Customer.id).label("sort_id"))
            .where(
                col(Customer.company_id) == company_id,
                ~owes.correlate(Customer).exists(),
                behind,
                *conditions,
            )
            .order_by(col(Customer.id))
            .limit(room - len(rows))
        )
    return order.cut(rows, wanted.limit)


def _filled(session: Session, rows: Sequence[Row[Any]], now: datetime) -> list[CustomerRow]:
    days = {row.id: day_of(now, row.country, row.zone) for row in rows}
    owed, oldest = _owed(session, days)
    found = []
    for row in rows:
        told = {key: value for key, value in row._mapping.items() if key not in _NOT_SHOWN}
        since = oldest.get(row.id)
        found.append(
            CustomerRow(
                **told,
                oldest_due_on=since,
                days_late=None if since is None else (days[row.id] - since).days,
                owed=owed.get(row.id, []),
            )
        )
    return found


_NOT_SHOWN: Final = ("id", "zone", "sort_key", "sort_id")


def _owed(session: Session, days: dict[UUID, date]) -> tuple[dict[UUID, list[OwedRow]], dict[UUID, date]]:
    """What each customer owes by currency, and its earliest open due date; `days` are their local ones."""
    owed: dict[UUID, list[OwedRow]] = {}
    oldest: dict[UUID, date] = {}
    if not days:
        return owed, oldest
    there = (
        func.unnest(
            cast(literal(list(days), ARRAY(Uuid())), ARRAY(Uuid())),
            cast(literal(list(days.values()), ARRAY(Date())), ARRAY(Date())),
        )
        .table_valued(column("customer_id", Uuid), column("today", Date))
        .render_derived()
    )
    late = col(DunningCase.due_on) < there.c.today
    rows = session.connection().execute(
        select(
            col(DunningCase.customer_id),
            col(DunningCase.currency),
            func.count().label("cases"),
            func.sum(col(DunningCase.outstanding)).label("outstanding"),
            func.sum(col(DunningCase.outstanding)).filter(late).label("overdue"),
            func.sum(col(DunningCase.disputed)).label("disputed"),
            func.min(col(DunningCase.due_on)).label("oldest"),
        )
        .join(there, there.c.customer_id == col(DunningCase.customer_id))
        .where(col(DunningCase.closed_at).is_(None))
        .group_by(col(DunningCase.customer_id), col(DunningCase.currency))
        .order_by(col(DunningCase.currency))
    )
    for row in rows:
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
