"""Which day it is where a customer is, whose own time zone decides; or where a company is."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from activities.store.sql import run
from rules.calendar import BusinessCalendar, business_calendar
from rules.countries import CAPITAL_ZONES


def day_of(now: datetime, country: str, zone: str | None) -> date:
    """The local day of a customer of that country and time zone."""
    return business_calendar(country, zone).local_day(now)


def company_calendar(session: Session, company_id: UUID) -> BusinessCalendar:
    """The calendar of a company's own place."""
    found = run(session, "SELECT country, zone FROM company WHERE id = %(company)s", company=company_id).one()
    return business_calendar(found.country, found.zone)


def today_there(now: datetime) -> tuple[str, dict[str, object]]:
    """SQL: the local day of `customer c`, and its parameters."""
    days = _countries_by_day(now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0))
    usual = max(days, key=lambda day: len(days[day]))
    parameters: dict[str, object] = {"now": now, "usual_day": usual}
    others = ""
    for place, (day, countries) in enumerate(days.items()):
        if day != usual:
            others += f" WHEN c.country = ANY (%(countries_{place})s) THEN %(day_{place})s"
            parameters |= {f"countries_{place}": list(countries), f"day_{place}": day}
    given = "CAST(timezone(c.zone, %(now)s) AS date)"
    return f"CASE WHEN c.zone IS NOT NULL THEN {given}{others} ELSE %(usual_day)s END", parameters


def surely_past(now: datetime) -> date:
    """Before this day, a day is past everywhere: no zone is more than 12 hours behind UTC."""
    return (now - timedelta(hours=12)).date()


@lru_cache(maxsize=8)
def _countries_by_day(quarter: datetime) -> dict[date, tuple[str, ...]]:
    """Every offset from UTC is a multiple of 15 minutes, so a day begins with a quarter of an hour."""
    found: dict[date, tuple[str, ...]] = {}
    for country, zone in CAPITAL_ZONES.items():
        day = quarter.astimezone(ZoneInfo(zone)).date()
        found[day] = (*found.get(day, ()), country)
    return found
