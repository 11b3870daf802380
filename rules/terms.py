"""Payment terms: from the issue date of an invoice to its due date."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

MAX_DAYS: Final = 999
"""Longest term accepted, in days. Far beyond any lawful term: what is longer is a slip of the pen."""


class MonthEnd(StrEnum):
    """Whether, and when in the reckoning, the end of the month is taken.

    French law knows both readings of "end of month" (Code de commerce L441-10 I leaves the choice to
    the contract), so there is no default between them.
    """

    NONE = "none"
    DAYS_THEN_MONTH_END = "days_then_month_end"
    MONTH_END_THEN_DAYS = "month_end_then_days"


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """Agreed time to pay. Made by `net_days`, `days_then_month_end` or `month_end_then_days`.

    :param days: calendar days, from 0 to `MAX_DAYS`.
    :param month_end: the reading of "end of month", or none.
    :raises ValueError: when days are out of range.
    """

    days: int
    month_end: MonthEnd

    def __post_init__(self) -> None:
        if not 0 <= self.days <= MAX_DAYS:
            raise ValueError(f"payment terms of {self.days} days: expected 0 to {MAX_DAYS}")

    def __str__(self) -> str:
        match self.month_end:
            case MonthEnd.NONE:
                return f"net {self.days} days"
            case MonthEnd.DAYS_THEN_MONTH_END:
                return f"{self.days} days, then end of month"
            case MonthEnd.MONTH_END_THEN_DAYS:
                return f"end of month, then {self.days} days"


def net_days(days: int) -> PaymentTerms:
    """Terms of so many calendar days from the issue date."""
    return PaymentTerms(days, MonthEnd.NONE)


def days_then_month_end(days: int) -> PaymentTerms:
    """Terms of so many days from the issue date, then on to the end of the month reached."""
    return PaymentTerms(days, MonthEnd.DAYS_THEN_MONTH_END)


def month_end_then_days(days: int) -> PaymentTerms:
    """Terms of so many days from the end of the month of issue."""
    return PaymentTerms(days, MonthEnd.MONTH_END_THEN_DAYS)


def due_date(issued_on: date, terms: PaymentTerms) -> date:
    """Return the last day on which payment is in time.

    :param issued_on: the invoice's date.
    :param terms: the agreed terms.
    :raises ValueError: when given an instant instead of a day.
    """
    if isinstance(issued_on, datetime):
        raise ValueError(f"expected a day, not an instant: {issued_on.isoformat()}")
    span = timedelta(days=terms.days)
    match terms.month_end:
        case MonthEnd.NONE:
            return issued_on + span
        case MonthEnd.DAYS_THEN_MONTH_END:
            return _end_of_month(issued_on + span)
        case MonthEnd.MONTH_END_THEN_DAYS:
            return _end_of_month(issued_on) + span


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
