"""Whose turn it is after a suspension: the longest waiting first, so many a day, on their business days."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import business_calendar
from rules.turns import DAYS, Waiting, per_day, turns

FR, SA = business_calendar("FR"), business_calendar("SA")
THURSDAY = datetime(2026, 9, 10, 9, 0, tzinfo=UTC)
WAITED = datetime(2026, 9, 1, 7, 30, tzinfo=UTC)


def waiting(number: int, country: str = "FR", days: int = 0) -> Waiting:
    """A customer that has waited for some days."""
    return Waiting(f"C-{number:03}", business_calendar(country), WAITED - timedelta(days=days))


def days(found: dict[str, date]) -> list[str]:
    """The days by customer."""
    return [str(found[customer]) for customer in sorted(found)]


def test_so_many_a_day_the_longest_waiting_first_over_the_weekend() -> None:
    found = turns([waiting(n, days=n) for n in range(1, 6)], 2, THURSDAY)
    assert days(found) == ["2026-09-14", "2026-09-11", "2026-09-11", "2026-09-10", "2026-09-10"]


def test_who_waits_equally_long_has_always_the_same_turn() -> None:
    backlog = [waiting(n) for n in range(7)]
    assert turns(backlog, 3, THURSDAY) == turns(backlog[::-1], 3, THURSDAY)


def test_a_day_is_a_business_day_where_the_customer_is_and_full_for_all() -> None:
    found = turns([waiting(1), waiting(2, "SA"), waiting(3, "SA"), waiting(4, "SA")], 1, THURSDAY)
    # Friday and Saturday are the weekend there, Sunday is a working day.
    assert days(found) == ["2026-09-10", "2026-09-13", "2026-09-14", "2026-09-15"]


@pytest.mark.parametrize(
    ("now", "first"),
    [
        ("2026-09-10 06:00", "2026-09-10"),
        ("2026-09-10 15:59", "2026-09-10"),
        ("2026-09-10 16:00", "2026-09-11"),  # 18:00 in Paris
        ("2026-09-11 20:00", "2026-09-14"),
        ("2026-09-12 08:00", "2026-09-14"),
    ],
)
def test_the_first_day_is_today_while_somebody_could_be_written_to(now: str, first: str) -> None:
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert days(turns([waiting(1)], 1, at)) == [first]


def test_how_many_a_day() -> None:
    assert [per_day(backlog, None) for backlog in (0, 1, 5, 6, 12_345)] == [1, 1, 1, 2, 2469]
    assert per_day(12_345, 50) == 50
    with pytest.raises(ValueError, match="0 customers a day"):
        turns([waiting(1)], 0, THURSDAY)


@given(
    st.lists(st.tuples(st.sampled_from(("FR", "SA", "US", "JP")), st.integers(0, 40)), max_size=60),
    st.integers(1, 9) | st.none(),
)
def test_each_has_one_turn_no_day_is_too_full_and_five_days_will_do(
    backlog: list[tuple[str, int]], wanted: int | None
) -> None:
    customers = [waiting(n, country, waited) for n, (country, waited) in enumerate(backlog)]
    a_day = per_day(len(customers), wanted)
    found = turns(customers, a_day, THURSDAY)
    assert set(found) == {each.customer for each in customers}
    assert max(Counter(found.values()).values(), default=0) <= a_day
    for each in customers:
        assert each.calendar.is_business_day(found[each.customer])
    if wanted is None and len({each.calendar for each in customers}) == 1:
        assert len(set(found.values())) <= DAYS
