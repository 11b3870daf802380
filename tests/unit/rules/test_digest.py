"""The morning of the week's digest, told day by day."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import business_calendar
from rules.digest import digest_week

PARIS = business_calendar("FR")


def due(day: str, at: str = "10:00", weekday: int | None = None, where: str = "FR") -> str | None:
    calendar = business_calendar(where)
    week = digest_week(calendar, weekday, calendar.instant(date.fromisoformat(day), time.fromisoformat(at)))
    return str(week) if week else None


@pytest.mark.parametrize(
    ("day", "at", "weekday", "week"),
    [
        # Monday 9 March 2026, from the hour at which e-mails may leave.
        ("2026-03-09", "08:29", None, None),
        ("2026-03-09", "08:30", None, "2026-03-09"),
        ("2026-03-09", "17:59", None, "2026-03-09"),
        ("2026-03-09", "18:00", None, None),
        # For who was down all Monday, on Tuesday still; then it is old.
        ("2026-03-10", "10:00", None, "2026-03-09"),
        ("2026-03-11", "10:00", None, None),
        ("2026-03-14", "10:00", None, None),
        # 6 April 2026 is Easter Monday.
        ("2026-04-06", "10:00", None, None),
        ("2026-04-07", "10:00", None, "2026-04-06"),
        ("2026-04-08", "10:00", None, "2026-04-06"),
        # Friday 1 May is a holiday: that week's comes on the Monday after.
        ("2026-05-01", "10:00", 5, None),
        ("2026-05-04", "10:00", 5, "2026-04-27"),
        ("2026-05-08", "10:00", 5, None),
        # A Sunday is no business day here.
        ("2026-03-16", "10:00", 7, "2026-03-09"),
        ("2026-03-12", "10:00", 4, "2026-03-09"),
        ("2026-03-09", "10:00", 0, None),
    ],
)
def test_the_day_of_the_digest(day: str, at: str, weekday: int | None, week: str | None) -> None:
    assert due(day, at, weekday) == week


def test_it_is_the_creditors_own_morning() -> None:
    assert due("2026-03-09", "08:30", None, "US") == "2026-03-09"
    now = datetime.fromisoformat("2026-03-09T09:00:00+01:00")
    assert digest_week(PARIS, None, now) == date(2026, 3, 9)
    assert digest_week(business_calendar("US"), None, now) is None


@given(
    st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    st.integers(1, 7),
    st.sampled_from(["FR", "US", "CN", "AE", "IL"]),
)
def test_a_week_is_named_by_its_monday_and_never_told_early(day: date, weekday: int, where: str) -> None:
    calendar = business_calendar(where)
    week = digest_week(calendar, weekday, calendar.instant(day, time(10)))
    if week is not None:
        assert week.isoweekday() == 1
        assert (day - week).days >= weekday - 1
        assert calendar.is_business_day(day)
