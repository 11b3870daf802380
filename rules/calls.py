"""What follows from a telephone call: which invoices a promise covers, when to try again, which days hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from rules.calendar import BusinessCalendar

TRIES: Final = 3
"""Calls nobody answered, after which the credit manager is asked."""

PROMISE_DAYS: Final = 60
"""Calendar days a promise made on a call may lie ahead: the longest term the law allows (L441-10)."""

CALL_BACK_DAYS: Final = 30
"""Calendar days a call may be put off when the customer asks for it."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What one invoice owes, in the currency all of them share."""

    invoice: str
    due_on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """What of an amount falls to one invoice; `whole` when it covers all that this one owes."""

    invoice: str
    amount: Decimal
    whole: bool


@dataclass(frozen=True, slots=True)
class NextTry:
    """When a call nobody answered is tried again, and whether the credit manager is asked."""

    due_on: date
    escalate: bool


def allot(owed: Sequence[Owed], amount: Decimal | None) -> tuple[Part, ...]:
    """Share out an amount, the oldest due date first (Code civil 1342-10); all of it, if None.

    Invoices it does not reach are left out; so are those that owe nothing.

    Raises:
        ValueError: the amount is more than all of them owe.
    """
    rest = sum((each.amount for each in owed), Decimal(0)) if amount is None else amount
    parts = []
    for each in sorted(owed, key=lambda each: (each.due_on, each.invoice)):
        share = min(rest, each.amount)
        if share > 0:
            parts.append(Part(each.invoice, share, whole=share == each.amount))
            rest -= share
    if rest > 0:
        raise ValueError(f"{rest} more than is owed")
    return tuple(parts)


def next_try(unanswered: int, today: date, calendar: BusinessCalendar) -> NextTry:
    """The next business day; `unanswered` calls, this one included, escalate it once they are three."""
    return NextTry(calendar.add_business_days(today, 1), escalate=unanswered >= TRIES)


def promise_fault(day: date, today: date) -> str | None:
    """What is wrong with the day of a promise, if anything."""
    if day < today:
        return f"{day} has passed (today is {today})"
    if day > today + timedelta(days=PROMISE_DAYS):
        return f"{day} is more than {PROMISE_DAYS} days away: agree a payment plan instead"
    return None


def call_back_fault(day: date, today: date) -> str | None:
    """What is wrong with the day on which to call back, if anything."""
    if day < today:
        return f"{day} has passed (today is {today})"
    if day > today + timedelta(days=CALL_BACK_DAYS):
        return f"{day} is more than {CALL_BACK_DAYS} days away"
    return None
