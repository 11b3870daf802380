"""Who stands in for whom: one hop to the deputy, then the credit manager."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Absence:
    """One of our own people is away, both days included."""

    staff: str
    deputy: str
    first_day: date
    last_day: date

    def covers(self, day: date) -> bool:
        """Whether they are away on that day."""
        return self.first_day <= day <= self.last_day


def stand_in(email: str, absences: Sequence[Absence], day: date, manager: str | None) -> str:
    """Who is asked in the place of `email` on `day`: themselves, unless they are away.

    Where the deputy is away too, it is the credit manager, at work or not; without one, the deputy still.
    """
    own = _of(email, absences, day)
    if own is None:
        return email
    if _of(own.deputy, absences, day) is None or manager is None or manager.lower() == email.lower():
        return own.deputy
    return manager


def _of(email: str, absences: Sequence[Absence], day: date) -> Absence | None:
    return next((each for each in absences if each.staff == email.lower() and each.covers(day)), None)
