"""Days on which nothing leaves: a summer closure, the turn of the year; a creditor's or a customer's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

LONGEST_DAYS: Final = 92
"""A longer closure is a typing error; a customer one does not write to is a suspension."""

LONGEST_RUN: Final = 120
"""Days in a row that all closures together may keep shut."""


@dataclass(frozen=True, slots=True)
class Closure:
    """A range of days, both included; `yearly` ones come back on the same days of every year after."""

    first_day: date
    last_day: date
    yearly: bool = False

    def covers(self, day: date) -> bool:
        """Whether nothing leaves on that day."""
        return self._occurrence(day) is not None

    def why(self, day: date) -> str | None:
        """The occurrence a day lies in, in words."""
        found = self._occurrence(day)
        return None if found is None else f"in the closure from {found[0]} to {found[1]}"

    def _occurrence(self, day: date) -> tuple[date, date] | None:
        years = (day.year - 1, day.year) if self.yearly else (self.first_day.year,)
        length = self.last_day - self.first_day
        for year in years:
            if year >= self.first_day.year:
                first = _same_day(self.first_day, year)
                if first <= day <= first + length:
                    return first, first + length
        return None


def _same_day(day: date, year: int) -> date:
    """The day of another year; 29 February becomes the 28th."""
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def fault(
    new: Closure, others: Sequence[Closure], today: date, closed: Callable[[date], object]
) -> str | None:
    """What is wrong with a closure, if anything; the text names the field.

    Args:
        new: the closure.
        others: those in force beside it.
        today: the creditor's local day.
        closed: what else closes a day (weekends, holidays): anything but None does.
    """
    if new.last_day < new.first_day:
        return f"last_day: {new.last_day} lies before the first ({new.first_day})"
    if (new.last_day - new.first_day).days >= LONGEST_DAYS:
        return f"last_day: more than {LONGEST_DAYS} days in all"
    if new.last_day < today and not new.yearly:
        return f"last_day: {new.last_day} has passed"
    run = 0
    for n in range(3 * 366):
        day = today + timedelta(days=n)
        shut = closed(day) is not None or any(each.covers(day) for each in (new, *others))
        run = run + 1 if shut else 0
        if run > LONGEST_RUN:
            return (
                f"last_day: with the others, nothing could leave for more than {LONGEST_RUN} days up to {day}"
            )
    return None
