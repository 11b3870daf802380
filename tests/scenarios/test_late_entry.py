"""Cases that start late, come from another tool, or wake after an outage."""

from __future__ import annotations

import pytest

from rules.decide import State
from tests.scenarios.story import story


@pytest.mark.parametrize(
    ("entered", "step"),
    [
        ("2026-09-07", "reminder_1 by e-mail"),  # 7 days late
        ("2026-09-14", "reminder_1 by e-mail"),  # 14 days late
        ("2026-09-15", "reminder_2 by e-mail"),  # 15 days late: its planned day has come
        ("2026-09-30", "reminder_2 by e-mail"),  # 30: no higher than the cap
        ("2026-10-30", "reminder_2 by e-mail"),  # 60: nobody's first letter is a formal notice
        ("2027-09-01", "reminder_2 by e-mail"),
    ],
)
def test_standard_begins_at_the_latest_step_that_has_come_up_to_the_cap(entered: str, step: str) -> None:
    story().invoice("F-1", "1200.00", due="2026-08-31", entered=entered).day(entered, step)


@pytest.mark.parametrize(
    ("policy", "step"),
    [
        ("standard", "reminder_2 by e-mail"),
        ("key_account", "reminder_2 by e-mail"),
        ("small_amounts", "reminder_2 by e-mail"),
        ("strict", "reminder_2 by SMS"),
        ("public_sector", "reminder_2 by e-mail"),
    ],
)
def test_every_policy_enters_a_year_late_at_its_second_reminder(policy: str, step: str) -> None:
    story(policy).invoice("F-1", "1200.00", due="2026-08-31", entered="2027-09-01").day("2027-09-01", step)


def test_another_cap() -> None:
    (
        story(entry_cap="reminder_1")
        .invoice("F-1", "1200.00", due="2026-03-31", entered="2026-12-01")
        .day("2026-12-01", "reminder_1 by e-mail")
        .day("2026-12-07", "reminder_2 by e-mail")
    )


def test_from_its_entry_a_case_climbs_one_step_at_a_time() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-01-15", entered="2026-06-01")
        .day("2026-06-01", "reminder_2 by e-mail")
        .nothing_until("2026-06-08")  # 5 days on is Saturday 6
        .day("2026-06-08", "reminder_3 by SMS")
        .day("2026-06-15", "phone_call as a call")  # 5 days on is Saturday 13
        .nothing_until("2026-06-22")
        .day("2026-06-22", "formal_notice by letter")  # Saturday 20
        .day("2026-06-25", "task notice_call")
        .nothing_until("2026-07-01")  # the debtor has 8 days, until 30 June
        .day("2026-07-01", "handover as a decision")
        .nothing_more()
    )


def test_entered_between_due_date_and_first_reminder_it_waits_for_the_reminder() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-02")
        .nothing_until(5)
        .day(7, "reminder_1 by e-mail")  # Saturday 5 September
        .nothing_until(15)
        .day(15, "reminder_2 by e-mail")
    )


def test_entered_between_two_steps_it_begins_with_the_one_that_has_come() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-12")  # Saturday, 12 days late
        .nothing_until("2026-09-14")
        .day("2026-09-14", "reminder_1 by e-mail")
        .nothing_until("2026-09-21")  # planned on 15, not before 19: a Saturday
        .day("2026-09-21", "reminder_2 by e-mail")
        .day(30, "reminder_3 by SMS")  # back on its own days
    )


def test_brought_over_from_another_tool_it_goes_on_from_there() -> None:
    (
        story()
        .invoice(
            "F-1",
            "1200.00",
            due="2026-03-31",
            entered="2026-06-10",
            last_step="phone_call",
            last_contacted_on="2026-06-08",
        )
        .nothing_until("2026-06-15")  # five days after the other tool's call: Saturday 13
        .day("2026-06-15", "formal_notice by letter")
        .day("2026-06-18", "task notice_call")
        .nothing_until("2026-06-24")
        .day("2026-06-24", "handover as a decision")
        .nothing_more()
    )


def test_a_formal_notice_sent_by_another_tool_still_locks_the_hand_over() -> None:
    (
        story()
        .invoice(
            "F-1",
            "1200.00",
            due="2026-03-01",
            entered="2026-06-10",
            last_step="formal_notice",
            last_contacted_on="2026-06-09",
        )
        .status("2026-06-10 12:00", State.WAITING, why="the notice's deadline is 2026-06-17")
        .day("2026-06-12", "task notice_call")
        .nothing_until("2026-06-18")
        .day("2026-06-18", "handover as a decision")
    )


def test_the_other_tools_contact_counts_for_the_customers_other_invoices() -> None:
    (
        story()
        .invoice(
            "F-1",
            "1200.00",
            due="2026-09-01",
            entered="2026-09-08",
            last_step="reminder_1",
            last_contacted_on="2026-09-07",
        )
        .invoice("F-2", "300.00", due="2026-09-02", entered="2026-09-08")
        .nothing_until("2026-09-14")  # 7 September + 5 days is Saturday 12
        .day("2026-09-14", "reminder_1 by e-mail for F-2")
        .nothing_until("2026-09-21")
        .day("2026-09-21", "reminder_2 by e-mail for F-1, F-2")
    )


def test_woken_weeks_late_a_case_climbs_one_step_at_a_time_from_where_it_stood() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31")
        .day(-3, "pre_reminder by e-mail")
        .nothing_until("2026-09-07")
        .day("2026-09-07", "reminder_1 by e-mail")
        .outage("2026-09-10", "2026-11-24 10:15")  # 85 days late: past the hand-over's planned day
        .day("2026-11-24", "reminder_2 by e-mail at 10:15")
        .nothing_until("2026-11-30")  # Sunday 29
        .day("2026-11-30", "reminder_3 by SMS")
        .nothing_until("2026-12-07")
        .day("2026-12-07", "phone_call as a call")
        .nothing_until("2026-12-14")
        .day("2026-12-14", "formal_notice by letter")
        .day("2026-12-17", "task notice_call")
        .nothing_until("2026-12-23")
        .day("2026-12-23", "handover as a decision")
        .nothing_more()
    )


def test_an_outage_over_everything_does_not_enter_late_but_starts_at_the_first_reminder() -> None:
    # The case was there in time, so the cap has nothing to say: it stood below the ladder.
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31")
        .outage("2026-08-10", "2026-11-24 10:15")
        .day("2026-11-24", "reminder_1 by e-mail at 10:15")
        .nothing_until("2026-11-30")
        .day("2026-11-30", "reminder_2 by e-mail")
    )


def test_an_outage_that_ends_at_night_sends_nothing_before_the_morning() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31")
        .day(-3, "pre_reminder by e-mail")
        .outage("2026-09-05", "2026-09-11 22:00")  # a Friday night
        .day("2026-09-13", "nothing")
        .day("2026-09-14", "reminder_1 by e-mail")
    )


def test_a_pre_reminder_missed_by_an_outage_is_dropped() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31")
        .outage("2026-08-20", "2026-09-01 10:00")
        .nothing_until("2026-09-07")
        .day("2026-09-07", "reminder_1 by e-mail")
    )
