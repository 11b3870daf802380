"""Lists of cases: as their last decisions left them, found in the cases' own table, then filled in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field
from sqlalchemy import ColumnElement, Row, Select, select, true
from sqlalchemy.sql.expression import SQLColumnExpression
from sqlmodel import Session, col

from activities.store.api_keys import KeyHolder
from admin.api.paging import Page
from admin.queries.companies import company_asked, opened
from admin.queries.models import Amount, Answer
from admin.queries.places import day_of
from admin.queries.reading import AMOUNT, DAY, INSTANT, Order, Paging, as_recorded, read_page
from admin.queries.search import SHORTEST, case_search
from models.errors import InvalidFact
from models.tables import Company, Customer, DunningCase, Invoice
from rules.decide import State
from rules.money import round_money

CaseSort = Literal[
    "next_at", "-next_at", "due_on", "-due_on", "days_late", "-days_late", "outstanding", "-outstanding",
    "closed_at", "-closed_at",
]  # fmt: skip

# Late by the more days, due the earlier: one order, which neither midnight nor a time zone changes.
_SAME_AS = {"-days_late": "due_on", "days_late": "-due_on"}


class CaseRow(Answer):
    """A case as its last decision left it, at `decided_at`; facts told since then are in the case's own page.

    `days_late` counts at the customer's place as of now: below zero before the due date, absent once closed.
    """

    company: Annotated[str, Field(examples=["brunet"])]
    invoice: Annotated[str, Field(examples=["FA-1001"])]
    order_ref: str | None
    customer: Annotated[str, Field(examples=["C-101"])]
    customer_name: Annotated[str, Field(examples=["Client et Fils"])]
    collector: Annotated[str | None, Field(examples=["claire@brunet.example"])]
    currency: Annotated[str, Field(examples=["EUR"])]
    total: Amount
    outstanding: Amount
    disputed: Amount
    due_on: date
    days_late: int | None
    state: Annotated[str, Field(examples=["waiting"])]
    stage: Annotated[str, Field(description="The last step done, or `new`", examples=["reminder_1"])]
    next_step: str | None
    next_channel: str | None
    next_at: datetime | None
    next_on: Annotated[date | None, Field(description="The day of `next_at` at the customer's place")]
    why: str | None
    paused_by: str | None
    policy: Annotated[str, Field(examples=["standard@1"])]
    decided_at: datetime | None
    closed_at: datetime | None
    closing_reason: str | None


class CaseFilter(Paging):
    """Which cases, and in which order."""

    company: Annotated[str | None, Field(max_length=200, description="Only this company's")] = None
    customer: Annotated[str | None, Field(max_length=200, description="The customer's reference")] = None
    state: State | None = None
    stage: Annotated[str | None, Field(max_length=40, description="The last step done; `new` before any")] = (
        None
    )
    policy: Annotated[
        str | None, Field(max_length=60, description="`standard`, or one edition of it: `standard@1`")
    ] = None
    paused_by: Annotated[
        str | None, Field(max_length=60, description="`pause`, `dispute`, `promise`, `plan`, `insolvency` …")
    ] = None
    currency: Annotated[str | None, Field(pattern="^[A-Z]{3}$")] = None
    collector: Annotated[
        str | None, Field(max_length=320, description="E-mail address of who follows the customer")
    ] = None
    open: Annotated[Literal["true", "false", "all"], Field(description="`false`: only closed ones")] = "true"
    due_from: Annotated[date | None, Field(description="Due on that day or later")] = None
    due_to: Annotated[date | None, Field(description="Due on that day or earlier")] = None
    next_before: Annotated[
        AwareDatetime | None, Field(description="The next step comes before this instant")
    ] = None
    min_outstanding: Annotated[
        Decimal | None, Field(ge=0, max_digits=19, decimal_places=4, description="Takes `currency` along")
    ] = None
    q: Annotated[
        str | None,
        Field(
            min_length=SHORTEST,
            max_length=100,
            description="Part of the number, the order reference, the customer's name or reference",
        ),
    ] = None
    sort: Annotated[
        CaseSort, Field(description="`-` for descending; cases without a next step come last")
    ] = "next_at"


def list_cases(session: Session, holder: KeyHolder, wanted: CaseFilter, now: datetime) -> Page[CaseRow]:
    """One page of the cases a key opens.

    Raises:
        NotFound: the company asked for is none the key opens.
        InvalidFact: an amount without a currency, or a cursor of another list.
    """
    if wanted.min_outstanding is not None and wanted.currency is None:
        raise InvalidFact("min_outstanding: takes `currency` along: amounts of several cannot be compared")
    company_id = company_asked(session, holder, wanted.company)
    conditions = _conditions(wanted)
    search = None if wanted.q is None else case_search(session, wanted.q, company_id)
    order = _order(wanted.sort)

    def build(where: ColumnElement[bool], by: tuple[ColumnElement[Any], ...], limit: int) -> Select[Any]:
        found: Select[Any] = (
            select(order.key.label("sort_key"), order.id.label("sort_id"))
            .select_from(DunningCase)
            .where(where, *conditions)
            .order_by(*by)
            .limit(limit)
        )
        if search is not None:
            found = search.narrow(found)
        if search is not None and search.few:
            mine = select(col(Company.id)).where(opened(holder, company_id))
            page = found.where(col(DunningCase.company_id).in_(mine)).subquery()
        elif company_id is not None:
            page = found.where(col(DunningCase.company_id) == company_id).subquery()
        else:
            # Each index begins with the company: take the first of each, and the first of those.
            company = select(col(Company.id)).where(opened(holder)).subquery()
            each = found.where(col(DunningCase.company_id) == company.c.id).correlate(company).lateral()
            places = (each.c.sort_key, each.c.sort_id)
            page = (
                select(*places)
                .select_from(company.join(each, true()))
                .order_by(*(place.desc() if order.descending else place.asc() for place in places))
                .limit(limit)
                .subquery()
            )
        return (
            _filled()
            .add_columns(page.c.sort_key, page.c.sort_id)
            .join(page, page.c.sort_id == col(DunningCase.invoice_id))
            .order_by(
                *(
                    place.desc() if order.descending else place.asc()
                    for place in (page.c.sort_key, page.c.sort_id)
                )
            )
        )

    rows, following = read_page(session, order, wanted.after, wanted.limit, build)
    return Page(items=[case_row(row, now) for row in rows], next=following)


def _order(sort: CaseSort) -> Order:
    name = _SAME_AS.get(sort, sort)
    column = name.removeprefix("-")
    key, read, nullable = {
        "next_at": (col(DunningCase.next_at), INSTANT, True),
        "due_on": (col(DunningCase.due_on), DAY, False),
        "outstanding": (col(DunningCase.outstanding), AMOUNT, False),
        "closed_at": (col(DunningCase.closed_at), INSTANT, True),
    }[column]
    return Order(
        f"cases {name}", key, col(DunningCase.invoice_id), read, name.startswith("-"), nullable=nullable
    )


def _conditions(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    case = DunningCase
    found: list[ColumnElement[bool]] = []
    if wanted.open != "all":
        closed = col(case.closed_at)
        found.append(closed.is_(None) if wanted.open == "true" else closed.is_not(None))
    for column, value in (
        (case.state, wanted.state),
        (case.stage, wanted.stage),
        (case.paused_by, wanted.paused_by),
        (case.currency, wanted.currency),
    ):
        if value is not None:
            found.append(col(column) == value)
    if wanted.policy is not None:
        key, _, version = wanted.policy.partition("@")
        found.append(col(case.policy_key) == key)
        if version:
            if not version.isascii() or not version.isdigit() or len(version) > 9:
                raise InvalidFact("policy: a key, or a key and a version: standard@1")
            found.append(col(case.policy_version) == int(version))
    if wanted.customer is not None:
        of_ref = select(col(Customer.id)).where(
            col(Customer.company_id) == col(case.company_id), col(Customer.ref) == wanted.customer
        )
        found.append(col(case.customer_id).in_(of_ref.correlate(case)))
    if wanted.collector is not None:
        followed = select(col(Customer.id)).where(
            col(Customer.company_id) == col(case.company_id),
            col(Customer.collector_email).in_(as_recorded(wanted.collector)),
        )
        found.append(col(case.customer_id).in_(followed.correlate(case)))
    if wanted.due_from is not None:
        found.append(col(case.due_on) >= wanted.due_from)
    if wanted.due_to is not None:
        found.append(col(case.due_on) <= wanted.due_to)
    if wanted.next_before is not None:
        found.append(col(case.next_at) < wanted.next_before)
    if wanted.min_outstanding is not None:
        found.append(col(case.outstanding) >= wanted.min_outstanding)
    return found


_COLUMNS: Final[tuple[SQLColumnExpression[Any], ...]] = (
    col(Company.ref).label("company"),
    col(Invoice.number).label("invoice"),
    col(Invoice.order_ref),
    col(Invoice.total),
    col(Customer.ref).label("customer"),
    col(Customer.name).label("customer_name"),
    col(Customer.collector_email).label("collector"),
    col(Customer.country),
    col(Customer.zone),
    col(DunningCase.currency),
    col(DunningCase.outstanding),
    col(DunningCase.disputed),
    col(DunningCase.due_on),
    col(DunningCase.state),
    col(DunningCase.stage),
    col(DunningCase.next_step),
    col(DunningCase.next_channel),
    col(DunningCase.next_at),
    col(DunningCase.next_why).label("why"),
    col(DunningCase.paused_by),
    col(DunningCase.policy_key),
    col(DunningCase.policy_version),
    col(DunningCase.decided_at),
    col(DunningCase.closed_at),
    col(DunningCase.closing_reason),
)


def _filled() -> Select[Any]:
    """A row of the list for each case."""
    return (
        select(*_COLUMNS)
        .select_from(DunningCase)
        .join(Invoice, col(Invoice.id) == col(DunningCase.invoice_id))
        .join(Customer, col(Customer.id) == col(DunningCase.customer_id))
        .join(Company, col(Company.id) == col(DunningCase.company_id))
    )


def case_row(row: Row[Any], now: datetime) -> CaseRow:
    """One row of `_filled`, as it is shown."""
    told = dict(row._mapping)
    country, zone = told.pop("country"), told.pop("zone")
    key, version = told.pop("policy_key"), told.pop("policy_version")
    told.pop("sort_key", None)
    told.pop("sort_id", None)
    for name in ("total", "outstanding", "disputed"):
        told[name] = round_money(told[name], row.currency)
    open_now = row.closed_at is None
    return CaseRow(
        **told,
        days_late=(day_of(now, country, zone) - row.due_on).days if open_now else None,
        next_on=day_of(row.next_at, country, zone) if row.next_at else None,
        policy=f"{key}@{version}",
    )
