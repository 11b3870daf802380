"""Equal parts of what is owed, a week, a fortnight or a month apart."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Final

from rules.money import minor_units

EVERY: Final = ("month", "fortnight", "week")
_DAYS: Final = {"fortnight": 14, "week": 7}


def equal_parts(
    owed: Decimal, currency: str, parts: int, first: date, every: str
) -> list[tuple[date, Decimal]]:
    """Days and amounts that add up to what is owed; the last takes what does not divide.

    Monthly, a day that a month lacks is its last one, and the next month has the first one's day again.
    """
    unit = Decimal(1).scaleb(-minor_units(currency))
    part = (owed / parts).quantize(unit, ROUND_DOWN)
    amounts = [part] * (parts - 1) + [owed - part * (parts - 1)]
    return [(_after(first, every, place), amount) for place, amount in enumerate(amounts)]


def _after(first: date, every: str, place: int) -> date:
    if every in _DAYS:
        return first + timedelta(days=_DAYS[every] * place)
    years, month = divmod(first.month - 1 + place, 12)
    year = first.year + years
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))
