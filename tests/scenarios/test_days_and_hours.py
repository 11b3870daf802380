"""When a step happens: business days, weekends of the country, clocks, hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rules.decide import State
from tests.scenarios.story import story


def test_the_first_of_may_is_a_holiday_in_france() -> None:
    (
        story("small_amounts")
        .invoice("F-1", "500.00", due="2026-04-24")
        .day(7, "nothing")  # Friday 1 May
        .nothing_until("2026-05-04")
        .day("2026-05-04", "reminder_1 by e-mail")
    )


def test_the_first_of_may_is_no_holiday_in_the_united_states() -> None:
    (
        story("small_amounts", "US")
        .invoice("F-1", "500.00", due="2026-04-24", currency="USD")
        .day("2026-05-01", "reminder_1 by e-mail")
    )


def test_good_friday_is_a_holiday_in_britain_and_easter_monday_not_everywhere() -> None:
    (
        story("small_amounts", "GB")
        .invoice("F-1", "500.00", due="2026-03-27", currency="GBP")
        .day(7, "nothing")  # Good Friday 3 April
        .nothing_until("2026-04-06")
        .day("2026-04-06", "reminder_1 by e-mail")  # Scotland works, so it is no national holiday
    )


def test_the_weekend_is_friday_and_saturday_in_saudi_arabia() -> None:
    (
        story(country="SA")
        .invoice("F-1", "5000.00", due="2026-07-13", currency="SAR")
        .nothing_until(-3)
        .day(-3, "nothing")  # Friday 10 July
        .day(-2, "nothing")
        .day(-1, "pre_reminder by e-mail")  # Sunday
        .nothing_until(5)
        .day(5, "nothing")  # Saturday 18 July
        .day(6, "reminder_1 by e-mail")  # Sunday again
    )


def test_the_slot_is_half_past_nine_in_new_york() -> None:
    told = (
        story(country="US")
        .invoice("F-1", "5000.00", due="2026-07-16", currency="USD")
        .day(-3, "pre_reminder by e-mail")
    )
    assert told.left[0][0] == datetime(2026, 7, 13, 13, 30, tzinfo=UTC)


def test_a_given_zone_goes_before_the_capital() -> None:
    told = (
        story(country="US", zone="America/Los_Angeles")
        .invoice("F-1", "5000.00", due="2026-07-16", currency="USD")
        .day(-3, "pre_reminder by e-mail")
    )
    assert told.left[0][0] == datetime(2026, 7, 13, 16, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "first_day", "second_day", "utc_hours"),
    [
        # The clocks go forward on Sunday 29 March 2026, and back on Sunday 25 October.
        ("2026-03-25", "2026-03-23", "2026-03-30", (8, 7)),
        ("2026-10-21", "2026-10-19", "2026-10-26", (7, 8)),
    ],
)
def test_the_slot_follows_the_clocks(
    due: str, first_day: str, second_day: str, utc_hours: tuple[int, int]
) -> None:
    told = (
        story()
        .invoice("F-1", "1200.00", due=due)
        .day(first_day, "pre_reminder by e-mail")
        .day(second_day, "reminder_1 by e-mail")
    )
    assert tuple(at.hour for at, *_ in told.left) == utc_hours


def test_a_case_entered_at_eleven_acts_at_once() -> None:
    (
        story()
        .invoice("F-1", "1200.00", entered="2026-04-08 11:00", due="2026-03-31")
        .day("2026-04-08", "reminder_1 by e-mail at 11:00")
    )


def test_a_case_entered_before_the_slot_waits_for_it_though_email_is_open() -> None:
    (
        story()
        .invoice("F-1", "1200.00", entered="2026-04-08 08:45", due="2026-03-31")
        .day("2026-04-08", "reminder_1 by e-mail")
    )


def test_the_last_minute_of_the_email_hours() -> None:
    (
        story()
        .invoice("F-1", "1200.00", entered="2026-04-08 17:59", due="2026-03-31")
        .day("2026-04-08", "reminder_1 by e-mail at 17:59")
    )


def test_past_the_email_hours_it_is_the_next_business_day() -> None:
    (
        story()
        .invoice("F-1", "1200.00", entered="2026-04-10 18:00", due="2026-03-31")  # a Friday
        .day("2026-04-10", "nothing")
        .nothing_until("2026-04-13")
        .day("2026-04-13", "reminder_1 by e-mail")
    )


def test_entered_on_a_saturday_at_eleven_it_waits_for_monday() -> None:
    (
        story()
        .invoice("F-1", "1200.00", entered="2026-04-11 11:00", due="2026-03-31")
        .day("2026-04-11", "nothing")
        .day("2026-04-12", "nothing")
        .day("2026-04-13", "reminder_1 by e-mail")
    )


@pytest.mark.parametrize("step", ["by SMS", "as a call"])
def test_sms_and_phone_are_closed_at_lunch(step: str) -> None:
    # strict enters at reminder_2 (an SMS), key_account at call_1.
    policy, due = ("strict", "2026-04-01") if step == "by SMS" else ("key_account", "2026-04-10")
    key = "reminder_2" if step == "by SMS" else "call_1"
    for clock, expected in {
        "09:00": ("2026-04-15", f"{key} {step}"),
        "11:59": ("2026-04-15", f"{key} {step} at 11:59"),
        "12:00": ("2026-04-15", f"{key} {step} at 14:00"),
        "13:00": ("2026-04-15", f"{key} {step} at 14:00"),
        "14:00": ("2026-04-15", f"{key} {step} at 14:00"),
        "18:00": ("2026-04-16", f"{key} {step}"),
    }.items():
        told = story(policy).invoice("F-1", "1200.00", entered=f"2026-04-15 {clock}", due=due)
        if expected[0] == "2026-04-16":
            told.day("2026-04-15", "nothing")
        told.day(*expected)


def test_the_pre_reminder_leaves_on_the_due_date_itself_at_the_latest() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-10-05")  # Monday; 3 days before is Friday 2 October
        .day(-3, "pre_reminder by e-mail")
    )
    (
        story()
        .invoice("F-1", "1200.00", entered="2026-10-03", due="2026-10-05")  # known on the Saturday
        .nothing_until(0)
        .day(0, "pre_reminder by e-mail")
    )


def test_a_pre_reminder_whose_slot_falls_after_the_due_date_is_dropped() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-04-06", entered="2026-04-03 18:30")  # Friday before Easter
        .day("2026-04-07", "nothing")
        .nothing_until(5)
        .day(7, "reminder_1 by e-mail")  # 5 days after is Saturday 11 April
    )


def test_a_pre_reminder_for_a_due_date_on_a_sunday_is_dropped_when_known_on_the_saturday() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-09-13", entered="2026-09-12")
        .nothing_until(5)
        .day(5, "reminder_1 by e-mail")
    )


def test_status_says_why_a_step_waits() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-03-31")
        .status(
            "2026-03-20 12:00",
            State.WAITING,
            why="3 days before the due date; 2026-03-28 is Saturday: moved to",
        )
        .day("2026-03-30", "pre_reminder by e-mail")
        .status("2026-04-01 12:00", State.WAITING, why="2026-04-05 is Sunday: moved to 2026-04-07")
    )
