"""Reference rates: those this version knows, and those somebody entered since, which go before them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlmodel import Session, col, select

from activities.jurisdiction import PUBLIC_SEGMENTS
from activities.store.late import RATES, rates_of
from activities.store.records import CompanyRecord, decoded
from activities.store.sql import run
from activities.store.tasks import close_task, open_task
from models.errors import InvalidFact
from models.tables import Company, ReferenceRate, Task
from models.tables.words import TaskKind, TaskStatus
from rules.calendar import business_calendar
from rules.interest import (
    MissingRate,
    RateTable,
    Series,
    below_floor,
    floor_warning,
    half_name,
    half_year,
    jurisdiction_for,
)

_LONGEST_SOURCE: Final = 300


def rate_table(session: Session) -> RateTable:
    """Every rate that is known."""
    found = run(session, f"SELECT ({RATES})::text").scalar_one()
    return rates_of(None if found is None else decoded(found))


def enter_rate(
    session: Session, series: Series, first: date, percent: Decimal, source: str, now: datetime, who: str
) -> Decimal | None:
    """Record a half-year's rate; what it was before, if it was known. Whoever was asked for it is done.

    Args:
        session: the transaction.
        series: which rate.
        first: first day of the half-year.
        percent: percent a year.
        source: who published it, and where: it is printed beside a computation.
        now: business time.
        who: who enters it.

    Raises:
        InvalidFact: the half-year has not begun, the day is not its first, or no source is given.
    """
    if first != half_year(first):
        raise InvalidFact(f"half_year: {first} is not the first day of one")
    if first > now.date():
        raise InvalidFact(f"half_year: it begins on {first}; its rate is not fixed yet")
    source = source.strip()
    if not source or len(source) > _LONGEST_SOURCE:
        raise InvalidFact(f"source: say who published it, in {_LONGEST_SOURCE} characters at most")
    try:
        before = rate_table(session).on(series, first)
    except MissingRate:
        before = None
    session.merge(
        ReferenceRate(
            series=series, first_day=first, percent=percent, source=source, recorded_at=now, recorded_by=who
        )
    )
    asked = select(Task).where(
        Task.kind == TaskKind.REFERENCE_RATE,
        Task.status == TaskStatus.OPEN,
        col(Task.key).startswith(_key(series, first)),
    )
    for task in session.exec(asked):
        close_task(task, TaskStatus.DONE, "entered", who, now)
    session.flush()
    return before


def check_late_rate(session: Session, company: Company, told: Mapping[str, Any], now: datetime) -> None:
    """Refuse an agreed rate under the floor that the law sets it, or where the law leaves nothing to agree.

    A floor that is not known yet refuses nothing: a computation never demands more than was agreed.

    Args:
        session: the transaction.
        company: the creditor.
        told: what is written of the company, or of a customer with country, segment and law, by column.
        now: business time.

    Raises:
        InvalidFact: the rate is under the floor, or fixed by law; the text has the numbers and the article.
    """
    rate = told.get("late_rate")
    debtor = told.get("country") or company.country
    public = told.get("segment") in PUBLIC_SEGMENTS
    law = jurisdiction_for(company.country, debtor, public=public, agreed=told.get("late_law"))
    if rate is None or law is None:
        return
    if law.fixed_rate:
        raise InvalidFact(f"late_rate: {law.title} fixes the rate: none can be agreed ({law.source})")
    rates = rate_table(session)
    try:
        floor = below_floor(rate, law, rates, now.date())
    except MissingRate:
        return
    if floor is not None:
        raise InvalidFact(f"late_rate: {floor_warning(rate, law, rates, now.date())}")


def ask_for_rate(session: Session, company: CompanyRecord, missing: MissingRate, now: datetime) -> None:
    """Ask a company's credit manager for a half-year's rate, once."""
    calendar = business_calendar(company.country, company.zone)
    half = half_name(missing.first)
    open_task(
        session,
        key=f"{_key(missing.series, missing.first)}/{company.ref}",
        kind=TaskKind.REFERENCE_RATE,
        company_id=company.id,
        customer_id=None,
        title=f"Enter {missing.series.full_name} for {half}: letters cannot reckon interest",
        body=(
            f"{missing}. Until it is entered, letters announce interest without its sum; nothing else waits. "
            f'Enter it: relance rates add {missing.series} {half} PERCENT --source "who published it".'
        ),
        now=now,
        today=calendar.local_day(now),
        assignee_email=company.signatory_email,
    )


def _key(series: Series, first: date) -> str:
    return f"reference-rate/{series}/{first}"
