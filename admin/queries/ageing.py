"""What was owed on a day, by how late it was: of all, by customer, segment or collector, invoice by invoice.

What was owed on which days is kept with the facts (`activities.store.owed` says how a day is reckoned), and
is summed up here. What is recorded counts by the end of the day of that at the latest, so that today comes to
the figures of the cases and customers.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from activities.store.records import decoded
from activities.store.sql import run
from admin.queries.ageing_sql import GROUPINGS, STATEMENT, due_in, owed
from admin.queries.cases import NONE
from admin.queries.models import Amount, Answer
from admin.queries.places import company_calendar
from admin.queries.reading import AMOUNT, DAY, Order, Paging, Read, Told
from models.errors import InvalidFact
from rules.ageing import Bucket
from rules.ledger import NOTHING
from rules.money import round_money

By = Literal["customer", "segment", "collector", "bucket", "invoice"]


class AgeingFilter(Paging):
    """Of which day, and by what."""

    on: Annotated[
        date | None, Field(description="At the end of that day, the company's; today, if left out")
    ] = None
    by: Annotated[By, Field(description="What a row is")] = "customer"
    currency: Annotated[
        str | None, Field(pattern="^[A-Z]{3}$", description="Of the rows; the most used one, if left out")
    ] = None
    bucket: Bucket | None = None
    customer: Annotated[str | None, Field(max_length=200, description="Only this customer's")] = None
    segment: Annotated[
        str | None, Field(max_length=200, description="Only of this segment; `-`: of none")
    ] = None
    collector: Annotated[
        str | None, Field(max_length=320, description="Only whose customers they follow; `-`: nobody's")
    ] = None


class Aged(Answer):
    """Sums in one currency; `overdue` is what `open` holds of days before that day."""

    currency: Annotated[str, Field(examples=["EUR"])]
    invoices: int
    open: Amount
    overdue: Amount
    ageing: Annotated[dict[Bucket, Decimal], Field(description="Of `open`, by days after the due date")]


class AgedRow(Aged):
    """A customer, segment, collector, bucket or invoice; `key` is absent for customers without one."""

    key: Annotated[str | None, Field(description="Reference, name or number", examples=["C-101"])]
    name: Annotated[str | None, Field(description="The customer's", examples=["Client et Fils"])]
    customer: Annotated[str | None, Field(description="The customer's reference", examples=["C-101"])]
    due_on: Annotated[date | None, Field(description="Of an invoice")]


class Ageing(Answer):
    """What was owed at the end of the day `on`. `totals` are over all rows, by currency; rows are in one.

    Rows come with the largest sum first; buckets and invoices by their due date.
    """

    on: date
    by: By
    currency: Annotated[str | None, Field(description="Of the rows; absent where nothing was owed")]
    totals: list[Aged]
    items: list[AgedRow]
    next: Annotated[str | None, Field(description="Give it as `after` to read on")] = None


def get_ageing(session: Session, company_id: UUID, wanted: AgeingFilter, now: datetime) -> Ageing:
    """What a company was owed at the end of a day, in one statement.

    Raises:
        InvalidFact: the day has not come, or a cursor of another list.
    """
    calendar = company_calendar(session, company_id)
    today = calendar.local_day(now)
    on = today if wanted.on is None else wanted.on
    if on > today:
        raise InvalidFact(f"on: {on} has not come (today is {today})")
    if on < _EARLIEST:
        raise InvalidFact(f"on: {on} is before {_EARLIEST}")
    parameters: dict[str, Any] = {
        "company": company_id,
        "on": on,
        "currency": wanted.currency,
    }
    narrow = _narrowed(wanted, parameters)
    order = _order(wanted, on)
    at = order.placed(wanted.after)
    if at is not None:
        parameters |= {"at_key": at[0], "at_id": at[1]}
    rows = "NULL" if wanted.by == "bucket" else _rows(wanted, order, narrow, further=at is not None)
    statement = STATEMENT.format(owed=owed(narrow, today=on == today), rows=rows)
    told = decoded(run(session, statement, **parameters).scalar_one())
    totals = [_aged(each) for each in told["totals"] or ()]
    following = None
    if wanted.by == "bucket":
        items = [
            row for each in totals if each.currency == told["currency"] for row in _by_bucket(each, told)
        ]
    else:
        page, following = order.cut(told["rows"] or [], wanted.limit)
        items = [_row(each, told["currency"]) for each in page]
    return Ageing(
        on=on,
        by=wanted.by,
        currency=told["currency"],
        totals=totals,
        items=items,
        next=following,
    )


_EARLIEST: Final = date(1990, 1, 1)


def _rows(wanted: AgeingFilter, order: Order, narrow: str, *, further: bool) -> str:
    grouping = GROUPINGS[wanted.by]
    page = f"""
        SELECT g.*, {order.columns}
          FROM ({grouping.keys()}) g
         WHERE {order.beyond(("", "") if further else None)}
         ORDER BY {order.by()}
         LIMIT {wanted.limit + 1}
    """
    return f"""
        SELECT json_agg(r ORDER BY {order.by("r.sort_key", "r.sort_id")})
          FROM ({grouping.rows(page, narrow)}) r
    """


def _order(wanted: AgeingFilter, on: date) -> Order:
    name = f"ageing {wanted.by} {on} {wanted.currency or ''}"
    if wanted.by == "invoice":
        return Order(name, "g.due_on", "g.id", DAY)
    read_id: Read = UUID if wanted.by == "customer" else str
    return Order(name, "g.open", "g.id", AMOUNT, descending=True, read_id=read_id)


def _narrowed(wanted: AgeingFilter, parameters: dict[str, Any]) -> str:
    found = ""
    if wanted.bucket is not None:
        found += f" AND {due_in(wanted.bucket)}"
    for name, column in (("customer", "ref"), ("segment", "segment"), ("collector", "collector_email")):
        value = getattr(wanted, name)
        if value is None:
            continue
        none = value == NONE and name != "customer"
        parameters |= {} if none else {name: value}
        holds = f"c.{column} IS NULL" if none else f"c.{column} = %({name})s"
        found += f"""
            AND customer_id IN (SELECT c.id FROM customer c WHERE c.company_id = %(company)s AND {holds})
        """
    return found


def _aged(told: Told) -> Aged:
    return Aged(**_sums(told, told["currency"]))


def _row(told: Told, currency: str) -> AgedRow:
    return AgedRow(
        key=told["key"],
        name=told["name"],
        customer=told["customer"],
        due_on=None if told["due_on"] is None else date.fromisoformat(told["due_on"]),
        **_sums(told, currency),
    )


def _sums(told: Told, currency: str) -> dict[str, Any]:
    ageing = {each: round_money(Decimal(told[f"late_{each}"]), currency) for each in Bucket}
    total = round_money(Decimal(told["open"]), currency)
    return {
        "currency": currency,
        "invoices": told["invoices"],
        "open": total,
        "overdue": total - ageing[Bucket.NOT_DUE],
        "ageing": ageing,
    }


def _by_bucket(total: Aged, told: Told) -> list[AgedRow]:
    counts = next(each for each in told["totals"] if each["currency"] == total.currency)
    zero = round_money(NOTHING, total.currency)
    return [
        AgedRow(
            key=each.value,
            name=None,
            customer=None,
            due_on=None,
            currency=total.currency,
            invoices=counts[f"count_{each}"],
            open=amount,
            overdue=zero if each is Bucket.NOT_DUE else amount,
            ageing={**dict.fromkeys(Bucket, zero), each: amount},
        )
        for each, amount in total.ageing.items()
    ]
