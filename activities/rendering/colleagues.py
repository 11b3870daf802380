"""What sales representatives read: what is late at their customers, and a step they may hold up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from rules.money import by_currency

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class RepQuestion:
    """A sales representative is asked whether a step may leave.

    :param step: its name in the policy, by `channel`; `leaves_on` is its day.
    :param answer_by: last day for an answer.
    """

    step: str
    channel: str
    leaves_on: date
    answer_by: date


@dataclass(frozen=True, slots=True)
class LateItem:
    """A late invoice, as a sales representative reads of it.

    :param disputed: the part of `outstanding` that is contested.
    :param state: what its case is doing, one of `rules.decide.State`; `held_by` what pauses or stops it.
    :param step: the next step and its `channel`; `next_on` is its day, all None where there is none.
    :param broken: promises to pay it that were not kept.
    """

    invoice: str
    due_on: date
    days_late: int
    outstanding: Decimal
    currency: str
    disputed: Decimal = _ZERO
    state: str = "waiting"
    held_by: str | None = None
    step: str | None = None
    channel: str | None = None
    next_on: date | None = None
    broken: int = 0


def added_up(items: Iterable[LateItem]) -> tuple[tuple[Decimal, str], ...]:
    """What is outstanding on late items, by currency."""
    sums = by_currency((item.outstanding, item.currency) for item in items)
    return tuple((amount, currency) for currency, amount in sums.items())


@dataclass(frozen=True, slots=True)
class LateCustomer:
    """A customer with its late invoices, the oldest first."""

    name: str
    reference: str
    items: tuple[LateItem, ...]

    @property
    def sums(self) -> tuple[tuple[Decimal, str], ...]:
        """What is late there, by currency."""
        return added_up(self.items)


@dataclass(frozen=True, slots=True)
class Digest:
    """What is late at the customers of one sales representative.

    :param sums: what is late in all, by currency; `count` is of how many invoices.
    :param left_out: how many of them would make it too long to read.
    """

    customers: tuple[LateCustomer, ...]
    sums: tuple[tuple[Decimal, str], ...]
    count: int
    left_out: int = 0
