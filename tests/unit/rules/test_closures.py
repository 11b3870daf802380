"""Which days a closure covers, which ones are refused, and that no set of them ever stops the calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import Channel, business_calendar
from rules.closures import Closure, fault

FR = business_calendar("FR")
TODAY = date(2026, 3, 10)


def closure(first: str, last: str, *, yearly: bool = False) -> Closure:
    """From one day to another."""
    return Closure(date.fromisoformat(first), date.fromisoformat(last), yearly)


@pytest.mark.parametrize(
    ("of", "day", "covered"),
    [
        (closure("2026-08-03", "2026-08-21"), "2026-08-02", False),
        (closure("2026-08-03", "2026-08-21"), "2026-08-03", True),
        (closure("2026-08-03", "2026-08-21"), "2026-08-21", True),
        (closure("2026-08-03", "2026-08-21"), "2026-08-22", False),
        (closure("2026-08-03", "2026-08-21"), "2027-08-10", False),
        (closure("2026-08-03", "2026-08-21", yearly=True), "2027-08-10", True),
        (closure("2026-08-03", "2026-08-21", yearly=True), "2025-08-10", False),
        (closure("2026-12-24", "2027-01-03", yearly=True), "2027-01-03", True),
        (closure("2026-12-24", "2027-01-03", yearly=True), "2026-01-02", False),
        (closure("2026-12-24", "2027-01-03", yearly=True), "2030-01-01", True),
        (closure("2026-12-24", "2027-01-03", yearly=True), "2030-01-04", False),
        (closure("2028-02-29", "2028-02-29", yearly=True), "2029-02-28", True),
        (closure("2028-02-29", "2028-02-29", yearly=True), "2029-03-01", False),
    ],
)
def test_which_days_it_covers(of: Closure, day: str, covered: bool) -> None:
    assert of.covers(date.fromisoformat(day)) is covered


def test_the_calendar_of_contact_is_closed_and_the_usual_one_is_not() -> None:
    days = FR.closed_on((closure("2026-08-03", "2026-08-21"),))
    assert days.first_business_day(date(2026, 8, 3)) == date(2026, 8, 24)
    assert days.why_closed(date(2026, 8, 5)) == "in the closure from 2026-08-03 to 2026-08-21"
    assert days.why_closed(date(2026, 8, 8)) == "Saturday"
    noon = FR.slot(date(2026, 8, 5)) + timedelta(hours=1)
    assert not days.is_open(Channel.EMAIL, noon)
    assert FR.is_open(Channel.EMAIL, noon)
    assert FR.closed_on(()) is FR


@pytest.mark.parametrize(
    ("new", "others", "why"),
    [
        (closure("2026-08-21", "2026-08-03"), (), "last_day: 2026-08-03 lies before the first"),
        (closure("2026-08-01", "2026-11-01"), (), "last_day: more than 92 days"),
        (closure("2026-03-02", "2026-03-09"), (), "last_day: 2026-03-09 has passed"),
        (
            closure("2026-08-01", "2026-10-31"),
            (closure("2026-06-01", "2026-07-31", yearly=True),),
            "last_day: with the others, nothing could leave for more than 120 days",
        ),
    ],
)
def test_what_is_refused(new: Closure, others: tuple[Closure, ...], why: str) -> None:
    found = fault(new, others, TODAY, FR.why_closed)
    assert found is not None
    assert found.startswith(why)


def test_what_is_taken() -> None:
    for new in (
        closure("2026-08-01", "2026-10-31"),
        closure("2026-03-02", "2026-03-10"),
        closure("2024-12-24", "2025-01-03", yearly=True),
    ):
        assert fault(new, (), TODAY, FR.why_closed) is None


CLOSURES = st.lists(
    st.builds(
        lambda start, length, yearly: Closure(
            TODAY + timedelta(days=start), TODAY + timedelta(days=start + length), yearly
        ),
        st.integers(-400, 400),
        st.integers(0, 91),
        st.booleans(),
    ),
    max_size=8,
)


@given(CLOSURES, st.integers(0, 1200))
def test_whatever_is_closed_a_day_is_found_and_it_is_open(closures: list[Closure], later: int) -> None:
    """Also where the closures leave no day at all: then they are passed over rather than waited for."""
    days = FR.closed_on(tuple(closures))
    wanted = TODAY + timedelta(days=later)
    found = days.first_business_day(wanted)
    assert found >= wanted
    assert FR.is_business_day(found)
    if (found - wanted).days > 0 and days.is_business_day(found):
        assert not any(days.is_business_day(wanted + timedelta(days=n)) for n in range((found - wanted).days))
