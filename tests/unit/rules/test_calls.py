"""What follows from a call: sharing out an amount, trying again, and days that hold."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.absences import Absence, stand_in
from rules.calendar import business_calendar
from rules.calls import NextTry, Owed, Part, allot, call_back_fault, next_try, promise_fault

TODAY = date(2026, 3, 10)
OLD = Owed("F-2", date(2026, 1, 5), Decimal("100.00"))
NEW = Owed("F-1", date(2026, 2, 5), Decimal("250.00"))


def parts(amount: str | None) -> list[tuple[str, str, bool]]:
    """How an amount is shared out over a younger and an older invoice."""
    shared = allot((NEW, OLD), None if amount is None else Decimal(amount))
    return [(part.invoice, str(part.amount), part.whole) for part in shared]


def test_the_oldest_comes_first() -> None:
    assert parts(None) == [("F-2", "100.00", True), ("F-1", "250.00", True)]
    assert parts("350.00") == parts(None)
    assert parts("99.99") == [("F-2", "99.99", False)]
    assert parts("100.00") == [("F-2", "100.00", True)]
    assert parts("100.01") == [("F-2", "100.00", True), ("F-1", "0.01", False)]
    with pytest.raises(ValueError, match=r"0\.01 more"):
        parts("350.01")


def test_of_one_day_the_number_decides_and_what_owes_nothing_gets_nothing() -> None:
    same = [Owed(number, TODAY, Decimal(5)) for number in ("F-9", "F-10", "F-1")]
    assert [part.invoice for part in allot([*same, Owed("F-0", TODAY, Decimal(0))], None)] == [
        "F-1",
        "F-10",
        "F-9",
    ]
    assert allot([], None) == ()


cents = st.decimals(min_value=0, max_value=1000, places=2)


@given(st.lists(cents, max_size=8), cents)
def test_nothing_is_lost_and_only_the_last_is_in_part(amounts: list[Decimal], wanted: Decimal) -> None:
    owed = [Owed(f"F-{place}", TODAY, amount) for place, amount in enumerate(amounts)]
    amount = min(wanted, sum(amounts, Decimal(0)))
    shared = allot(owed, amount)
    assert sum((part.amount for part in shared), Decimal(0)) == amount
    assert all(part.whole for part in shared[:-1])
    assert all(part.amount > 0 for part in shared)
    assert all(isinstance(part, Part) for part in shared)


def test_tried_again_the_next_business_day_and_escalated_at_the_third() -> None:
    calendar = business_calendar("FR")
    friday = date(2026, 4, 3)
    # Easter Monday is closed.
    assert [next_try(count, friday, calendar) for count in (1, 2, 3, 4)] == [
        NextTry(date(2026, 4, 7), escalate) for escalate in (False, False, True, True)
    ]


@pytest.mark.parametrize(
    ("day", "fault"),
    [
        ("2026-03-09", "has passed"),
        ("2026-03-10", None),
        ("2026-05-09", None),
        ("2026-05-10", "agree a payment plan"),
    ],
)
def test_a_promise_lies_between_today_and_sixty_days(day: str, fault: str | None) -> None:
    said = promise_fault(date.fromisoformat(day), TODAY)
    assert said is None if fault is None else fault in (said or "")


@pytest.mark.parametrize(
    ("day", "fault"),
    [("2026-03-09", "has passed"), ("2026-03-10", None), ("2026-04-09", None), ("2026-04-10", "30 days")],
)
def test_a_call_is_put_off_for_a_month_at_most(day: str, fault: str | None) -> None:
    said = call_back_fault(date.fromisoformat(day), TODAY)
    assert said is None if fault is None else fault in (said or "")


def away(staff: str, deputy: str, first: int = 9, last: int = 13) -> Absence:
    """Away in March."""
    return Absence(staff, deputy, date(2026, 3, first), date(2026, 3, last))


@pytest.mark.parametrize(
    ("absences", "day", "asked"),
    [
        ((), 10, "Claire"),
        ((away("claire", "paul"),), 8, "Claire"),
        ((away("claire", "paul"),), 9, "paul"),
        ((away("claire", "paul"),), 13, "paul"),
        ((away("claire", "paul"),), 14, "Claire"),
        ((away("claire", "paul"), away("paul", "zoe")), 10, "margot"),
        ((away("claire", "paul"), away("paul", "zoe", 11)), 10, "paul"),
        ((away("claire", "paul"), away("paul", "claire"), away("margot", "zoe")), 10, "margot"),
    ],
)
def test_one_hop_then_the_credit_manager(absences: tuple[Absence, ...], day: int, asked: str) -> None:
    assert stand_in("Claire", absences, date(2026, 3, day), "margot") == asked


def test_the_credit_manager_and_a_firm_without_one_have_the_deputy() -> None:
    both = (away("margot", "paul"), away("paul", "zoe"))
    assert stand_in("margot", both, TODAY, "margot") == "paul"
    assert stand_in("margot", both, TODAY, None) == "paul"
