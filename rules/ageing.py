"""How late money is, in the steps by which receivables are read everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final


class Bucket(StrEnum):
    """Days after the due date; what falls due today is not late."""

    NOT_DUE = "not_due"
    TO_30 = "1_30"
    TO_60 = "31_60"
    TO_90 = "61_90"
    OVER_90 = "over_90"


_DAYS_LATE: Final[dict[Bucket, tuple[int | None, int | None]]] = {
    Bucket.NOT_DUE: (None, 0),
    Bucket.TO_30: (1, 30),
    Bucket.TO_60: (31, 60),
    Bucket.TO_90: (61, 90),
    Bucket.OVER_90: (91, None),
}
"""The least and the most days of each, in their order."""


def bucket(due_on: date, today: date) -> Bucket:
    """Where an item due on `due_on` stands on `today`, both days at the customer's place."""
    late = (today - due_on).days
    return next(each for each, (_, most) in _DAYS_LATE.items() if most is None or late <= most)


def due_between(wanted: Bucket, today: date) -> tuple[date | None, date | None]:
    """The first and the last due date of a bucket on `today`; None where it has no end: `bucket` in turn."""
    least, most = _DAYS_LATE[wanted]
    first = None if most is None else today - timedelta(days=most)
    return first, None if least is None else today - timedelta(days=least)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """What one invoice still owes; amounts in `currency`."""

    currency: str
    due_on: date
    outstanding: Decimal
    disputed: Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """What a customer owes in one currency: `open` is `due` and `coming_due`, `overdue` part of `due`.

    What falls due today is due, not overdue. `disputed` is part of `open`, whenever it is due.
    """

    currency: str
    open: Decimal
    due: Decimal
    overdue: Decimal
    coming_due: Decimal
    disputed: Decimal
    ageing: dict[Bucket, Decimal]


def standings(items: Iterable[OpenItem], today: date) -> list[Standing]:
    """The standing in each currency, by its code."""
    by_currency: dict[str, list[OpenItem]] = {}
    for item in items:
        by_currency.setdefault(item.currency, []).append(item)
    return [_standing(currency, by_currency[currency], today) for currency in sorted(by_currency)]


def _standing(currency: str, items: list[OpenItem], today: date) -> Standing:
    # With the decimals of the currency, also where nothing is owed.
    zero = items[0].outstanding - items[0].outstanding
    ageing = dict.fromkeys(Bucket, zero)
    for item in items:
        ageing[bucket(item.due_on, today)] += item.outstanding
    return Standing(
        currency=currency,
        open=sum((item.outstanding for item in items), zero),
        due=sum((item.outstanding for item in items if item.due_on <= today), zero),
        overdue=sum((item.outstanding for item in items if item.due_on < today), zero),
        coming_due=sum((item.outstanding for item in items if item.due_on > today), zero),
        disputed=sum((item.disputed for item in items), zero),
        ageing=ageing,
    )
