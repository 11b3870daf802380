"""After a suspension, who is contacted on which day: the backlog is spread instead of flooding out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from rules.calendar import BusinessCalendar, Channel, opening_hours

DAYS: Final = 5
"""Business days a backlog is spread over, where the creditor sets no number a day."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A customer of the backlog, by its id: `since` is when its earliest held step was due."""

    customer: str
    calendar: BusinessCalendar
    since: datetime


def per_day(backlog: int, wanted: int | None) -> int:
    """How many customers a day: as set, else so many that it takes at most five business days."""
    return wanted if wanted is not None else max(1, -(-backlog // DAYS))


def turns(backlog: Iterable[Waiting], a_day: int, now: datetime) -> dict[str, date]:
    """The local day of each customer: the longest waiting first, at most `a_day` customers on any day.

    A day is a business day of the customer's; the first is today while somebody could still be written to.
    Whoever would fall on a day that is full gets their next day. The same backlog gives the same days.

    Raises:
        ValueError: `a_day` is less than one.
    """
    if a_day < 1:
        raise ValueError(f"cannot contact {a_day} customers a day: expected 1 or more")
    taken: Counter[date] = Counter()
    reached: dict[BusinessCalendar, date] = {}
    found: dict[str, date] = {}
    for each in sorted(backlog, key=lambda waiting: (waiting.since, waiting.customer)):
        calendar = each.calendar
        day = reached.get(calendar) or _first(calendar, now)
        while taken[day] >= a_day:
            day = calendar.first_business_day(day + timedelta(days=1))
        taken[day] += 1
        found[each.customer] = reached[calendar] = day
    return found


def _first(calendar: BusinessCalendar, now: datetime) -> date:
    today = calendar.local_day(now)
    closes = opening_hours(Channel.EMAIL)[-1][1]
    if calendar.is_business_day(today) and now < calendar.instant(today, closes):
        return today
    return calendar.first_business_day(today + timedelta(days=1))
