"""Lists of cases: as their last decisions left them, found in the cases' own table, then filled in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field
from sqlmodel import Session

from activities.store.api_keys import KeyHolder
from admin.api.paging import Page
from admin.queries.companies import company_asked, of_companies
from admin.queries.models import Amount, Answer
from admin.queries.places import day_of
from admin.queries.reading import (
    AMOUNT,
    DAY,
    INSTANT,
    Order,
    Paging,
    Told,
    as_recorded,
    pattern,
    read_page,
)
from admin.queries.search import SHORTEST, amounts_typed, hits, search_page
from models.errors import InvalidFact
from rules.decide import State
from rules.money import round_money

CaseSort = Literal[
    "next_at", "-next_at", "due_on", "-due_on", "days_late", "-days_late", "outstanding", "-outstanding",
    "closed_at", "-closed_at",
]  # fmt: skip

# Late by the more days, due the earlier: one order, which neither midnight nor a time zone changes.
_SAME_AS = {"-days_late": "due_on", "days_late": "-due_on"}


NONE: Final = "-"
"""Stands for customers without a segment, or without a collector, where one can be asked for."""


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
    next_step: Annotated[str | None, Field(max_length=40, description="The step that comes next")] = None
    policy: Annotated[
        str | None, Field(max_length=60, description="`standard`, or one edition of it: `standard@1`")
    ] = None
    paused_by: Annotated[
        str | None, Field(max_length=60, description="`pause`, `dispute`, `promise`, `plan`, `insolvency` …")
    ] = None
    currency: Annotated[str | None, Field(pattern="^[A-Z]{3}$")] = None
    collector: Annotated[
        str | None,
        Field(max_length=320, description="E-mail address of who follows the customer; `-`: nobody"),
    ] = None
    segment: Annotated[
        str | None, Field(max_length=200, description="The customer's; `-` for those without one")
    ] = None
    disputed: Annotated[
        Literal["true", "false"] | None, Field(description="`true`: something of it is contested")
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
            description="Part of the number, the order reference, the customer's name or reference; or an "
            "amount, owed or of the whole invoice: `1234.56`, `1 234,56`",
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
    conditions, parameters = conditions_of(wanted)
    order = _order(wanted.sort)
    mine = of_companies(holder, company_id, parameters)

    def build(where: str, limit: int) -> str:
        found = f"SELECT {order.columns} FROM dunning_case k"
        narrow = " AND ".join((where, *conditions))
        if wanted.q is None:
            page = mine.first_of_each(found, narrow, order, limit)
        else:
            page = search_page(mine, narrow, order, limit, amounts="amounts" in parameters)
        return f"""
            {"" if wanted.q is None else hits(mine, amounts="amounts" in parameters)}
            SELECT {_COLUMNS}, page.sort_key, page.sort_id
              FROM ({page}) page
              JOIN dunning_case k ON k.invoice_id = page.sort_id
              JOIN invoice i ON i.id = k.invoice_id
              JOIN customer c ON c.id = k.customer_id
              JOIN company co ON co.id = k.company_id
             ORDER BY {order.by("page.sort_key", "page.sort_id")}
        """

    rows, following = read_page(session, order, wanted, build, **parameters)
    return Page(items=[case_row(row, now) for row in rows], next=following)


def _order(sort: CaseSort) -> Order:
    name = _SAME_AS.get(sort, sort)
    column = name.removeprefix("-")
    read, nullable = {
        "next_at": (INSTANT, True),
        "due_on": (DAY, False),
        "outstanding": (AMOUNT, False),
        "closed_at": (INSTANT, True),
    }[column]
    return Order(
        f"cases {name}", f"k.{column}", "k.invoice_id", read, name.startswith("-"), nullable=nullable
    )


def conditions_of(wanted: CaseFilter) -> tuple[list[str], dict[str, Any]]:
    """SQL on `dunning_case k` without what is searched for, and the parameters of both."""
    found: list[str] = []
    if wanted.open != "all":
        found.append("k.closed_at IS NULL" if wanted.open == "true" else "k.closed_at IS NOT NULL")
    parameters = wanted.model_dump(include=set(_CONDITIONS), exclude_none=True)
    found += [_CONDITIONS[name] for name in parameters]
    if wanted.state is not None:
        # A word of ours stands in the text: the planner knows how rare it is.
        found.append(f"k.state = '{wanted.state.value}'")
    if wanted.segment is not None:
        if wanted.segment == NONE:
            found.append(_OF_CUSTOMERS.format("c.segment IS NULL"))
        else:
            found.append(_OF_CUSTOMERS.format("c.segment = %(segment)s"))
            parameters["segment"] = wanted.segment
    if wanted.disputed is not None:
        found.append("k.disputed > 0" if wanted.disputed == "true" else "k.disputed = 0")
    if wanted.q is not None:
        parameters["q"] = pattern(wanted.q)
        if amounts := amounts_typed(wanted.q):
            parameters["amounts"] = amounts
    if wanted.collector == NONE:
        found.append(_OF_CUSTOMERS.format("c.collector_email IS NULL"))
    elif wanted.collector is not None:
        found.append(_OF_CUSTOMERS.format("c.collector_email = ANY (%(collector)s)"))
        parameters["collector"] = list(as_recorded(wanted.collector))
    if wanted.policy is not None:
        parameters["policy"], _, version = wanted.policy.partition("@")
        if version:
            if not version.isascii() or not version.isdigit() or len(version) > 9:
                raise InvalidFact("policy: a key, or a key and a version: standard@1")
            found.append("k.policy_version = %(version)s")
            parameters["version"] = int(version)
    return found, parameters


_CONDITIONS: Final = {
    "stage": "k.stage = %(stage)s",
    "next_step": "k.next_step = %(next_step)s",
    "paused_by": "k.paused_by = %(paused_by)s",
    "currency": "k.currency = %(currency)s",
    "policy": "k.policy_key = %(policy)s",
    "customer": """
        k.customer_id IN (SELECT c.id FROM customer c
                           WHERE c.company_id = k.company_id AND c.ref = %(customer)s)
    """,
    "due_from": "k.due_on >= %(due_from)s",
    "due_to": "k.due_on <= %(due_to)s",
    "next_before": "k.next_at < %(next_before)s",
    "min_outstanding": "k.outstanding >= %(min_outstanding)s",
}
"""SQL by field of the filter, on `dunning_case k`."""

_OF_CUSTOMERS: Final = """
    k.customer_id IN (SELECT c.id FROM customer c WHERE c.company_id = k.company_id AND {})
"""
_COLUMNS: Final = """
    co.ref AS company, i.number AS invoice, i.order_ref, c.ref AS customer, c.name AS customer_name,
    c.collector_email AS collector, c.country, c.zone, k.currency, i.total, k.outstanding, k.disputed,
    k.due_on, k.state, k.stage, k.next_step, k.next_channel, k.next_at, k.next_why AS why, k.paused_by,
    k.policy_key, k.policy_version, k.decided_at, k.closed_at, k.closing_reason
"""


def case_row(told: Told, now: datetime) -> CaseRow:
    """One row of the list, as it is shown."""
    country, zone = told.pop("country"), told.pop("zone")
    key, version = told.pop("policy_key"), told.pop("policy_version")
    for name in ("total", "outstanding", "disputed"):
        told[name] = round_money(told[name], told["currency"])
    next_at = told["next_at"]
    return CaseRow(
        **told,
        days_late=(day_of(now, country, zone) - told["due_on"]).days if told["closed_at"] is None else None,
        next_on=day_of(next_at, country, zone) if next_at else None,
        policy=f"{key}@{version}",
    )
