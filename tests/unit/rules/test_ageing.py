"""Ageing: how late money is, by currency."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from rules.ageing import Bucket, OpenItem, bucket, standings

TODAY = date(2026, 9, 15)


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (-10, Bucket.NOT_DUE),
        (0, Bucket.NOT_DUE),
        (1, Bucket.TO_30),
        (30, Bucket.TO_30),
        (31, Bucket.TO_60),
        (60, Bucket.TO_60),
        (61, Bucket.TO_90),
        (90, Bucket.TO_90),
        (91, Bucket.OVER_90),
        (4000, Bucket.OVER_90),
    ],
)
def test_each_day_has_one_bucket(late: int, expected: Bucket) -> None:
    assert bucket(TODAY - timedelta(days=late), TODAY) is expected


def item(late: int, amount: str, currency: str = "EUR", disputed: str = "0.00") -> OpenItem:
    return OpenItem(currency, TODAY - timedelta(days=late), Decimal(amount), Decimal(disputed))


def test_a_standing_adds_up_in_each_currency() -> None:
    items = [item(-5, "10.00"), item(0, "20.00"), item(1, "30.00", disputed="5.00"), item(95, "40.00")]
    euro, yen = standings([*items, item(40, "700", "JPY", "0")], TODAY)
    assert (euro.currency, euro.open, euro.due, euro.overdue, euro.coming_due, euro.disputed) == (
        "EUR",
        Decimal("100.00"),
        Decimal("90.00"),
        Decimal("70.00"),
        Decimal("10.00"),
        Decimal("5.00"),
    )
    assert euro.ageing == {
        Bucket.NOT_DUE: Decimal("30.00"),
        Bucket.TO_30: Decimal("30.00"),
        Bucket.TO_60: Decimal(0),
        Bucket.TO_90: Decimal(0),
        Bucket.OVER_90: Decimal("40.00"),
    }
    assert sum(euro.ageing.values()) == euro.open
    # With the currency's own decimals, also where nothing is owed.
    assert str(euro.ageing[Bucket.TO_60]) == "0.00"
    assert (yen.currency, str(yen.overdue), str(yen.coming_due)) == ("JPY", "700", "0")


def test_nothing_owed_has_no_standing() -> None:
    assert standings([], TODAY) == []
