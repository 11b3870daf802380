"""Payment terms: from the issue date of an invoice to its due date, or to those of its instalments."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias

from rules.money import round_money

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
    :param on_day: the day of a month on which payments are made: from the day reached, on to the next one.
        In a month that is too short, its last day.
    :raises ValueError: when days are out of range.
    """

    days: int
    month_end: MonthEnd
    on_day: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.days <= MAX_DAYS:
            raise ValueError(f"payment terms of {self.days} days: expected 0 to {MAX_DAYS}")
        if self.on_day is not None and not 1 <= self.on_day <= 31:
            raise ValueError(f"payment on the {self.on_day}th of a month: expected 1 to 31")

    def __str__(self) -> str:
        match self.month_end:
            case MonthEnd.NONE:
                told = f"net {self.days} days"
            case MonthEnd.DAYS_THEN_MONTH_END:
                told = f"{self.days} days, then end of month"
            case MonthEnd.MONTH_END_THEN_DAYS:
                told = f"end of month, then {self.days} days"
        return told if self.on_day is None else f"{told}, then on day {self.on_day} of the month"


@dataclass(frozen=True, slots=True)
class Instalments:
    """An invoice that is payable in parts, each with a share in percent and terms of its own.

    :raises ValueError: fewer than two parts, a share that is not positive, or shares that do not make 100.
    """

    parts: tuple[tuple[Decimal, PaymentTerms], ...]

    def __post_init__(self) -> None:
        if len(self.parts) < 2:
            raise ValueError("instalments: expected two or more")
        if any(share <= 0 for share, _ in self.parts):
            raise ValueError("instalments: each share must be more than zero")
        if (total := sum(share for share, _ in self.parts)) != 100:
            raise ValueError(f"instalments: the shares make {total} %, not 100 %")

    def __str__(self) -> str:
        return "; ".join(f"{share.normalize():f} % {terms}" for share, terms in self.parts)


Terms: TypeAlias = PaymentTerms | Instalments


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
            reached = issued_on + span
        case MonthEnd.DAYS_THEN_MONTH_END:
            reached = _end_of_month(issued_on + span)
        case MonthEnd.MONTH_END_THEN_DAYS:
            reached = _end_of_month(issued_on) + span
    return reached if terms.on_day is None else _next_on(reached, terms.on_day)


def instalments(issued_on: date, total: Decimal, currency: str, terms: Terms) -> list[tuple[date, Decimal]]:
    """Due date and amount of each part of an invoice, in the order of its terms; one for undivided terms.

    Parts are rounded to the currency's decimals, and the last one takes the rest: they make up the total.

    :param total: what the invoice is for, in `currency`.
    :raises ValueError: a part would be nothing: the total is too small to be divided.
    """
    if isinstance(terms, PaymentTerms):
        return [(due_date(issued_on, terms), total)]
    amounts = [round_money(total * share / 100, currency) for share, _ in terms.parts[:-1]]
    amounts.append(total - sum(amounts))
    if any(amount <= 0 for amount in amounts):
        raise ValueError(f"{total} {currency} cannot be divided into {len(amounts)} instalments")
    return [(due_date(issued_on, each), part) for (_, each), part in zip(terms.parts, amounts, strict=True)]


def _next_on(day: date, on_day: int) -> date:
    """The first `on_day` of a month, on or after `day`."""
    here = day.replace(day=min(on_day, monthrange(day.year, day.month)[1]))
    if here >= day:
        return here
    year, month = divmod(day.year * 12 + day.month, 12)
    return date(year, month + 1, min(on_day, monthrange(year, month + 1)[1]))


def _end_of_month(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
