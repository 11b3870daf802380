"""Disputes: of the whole or of a part, resolved for us or for the customer."""

from __future__ import annotations

from rules.decide import State
from tests.scenarios.story import Story, story


def reminded() -> Story:
    """An invoice due on Monday 31 August, reminded once."""
    return (
        story()
        .invoice("F-1", "1200.00", issued="2026-08-01", due="2026-08-31")
        .day("2026-08-28", "pre_reminder by e-mail")
        .day("2026-09-07", "reminder_1 by e-mail")
    )


def test_disputed_as_a_whole_it_is_silent_until_resolved_for_us() -> None:
    (
        reminded()
        .disputes("2026-09-10")
        .status("2026-09-20 12:00", State.PAUSED, why="paused by dispute")
        .balance("1200.00", disputed="1200.00")
        .dispute_resolved("2026-10-07")  # Wednesday
        .nothing_until("2026-10-12")
        .day("2026-10-12", "reminder_2 by e-mail")  # 5 days after the end of the pause
        .nothing_until("2026-10-19")
        .day("2026-10-19", "reminder_3 by SMS")
    )


def test_disputed_as_a_whole_and_credited() -> None:
    (
        reminded()
        .disputes("2026-09-10")
        .dispute_resolved("2026-10-07", credit="1200.00")
        .day("2026-10-07", "closed: credited in full")
        .nothing_more()
    )


def test_disputed_as_a_whole_and_credited_in_part_the_rest_is_chased_after_the_gap() -> None:
    (
        reminded()
        .disputes("2026-09-10")
        .dispute_resolved("2026-10-07", credit="200.00")
        .balance("1000.00")
        .nothing_until("2026-10-12")
        .day("2026-10-12", "reminder_2 by e-mail")
    )


def test_disputed_in_part_the_rest_is_chased_on_its_days() -> None:
    (
        reminded()
        .disputes("2026-09-10", "400.00")
        .balance("1200.00", disputed="400.00")
        .day("2026-09-15", "reminder_2 by e-mail")
        .dispute_resolved("2026-09-21")
        .balance("1200.00")
        .day("2026-09-30", "reminder_3 by SMS")
    )


def test_disputed_for_the_larger_part_and_credited_the_rest_goes_on_without_a_pause() -> None:
    (
        reminded()
        .disputes("2026-09-08", "700.00")
        .dispute_resolved("2026-09-14", credit="700.00")
        .balance("500.00")
        .day("2026-09-15", "reminder_2 by e-mail")
    )


def test_disputed_in_part_the_rest_paid_it_is_silent_until_resolved() -> None:
    (
        reminded()
        .disputes("2026-09-10", "400.00")
        .pays("2026-09-14", "800.00")
        .status("2026-09-15 12:00", State.PAUSED, why="dispute")
        .nothing_until("2026-10-07")
        .dispute_resolved("2026-10-07")
        .nothing_until("2026-10-12")
        .day("2026-10-12", "reminder_2 by e-mail")
    )


def test_disputed_in_part_the_rest_paid_and_the_part_credited() -> None:
    (
        reminded()
        .disputes("2026-09-10", "400.00")
        .pays("2026-09-14", "800.00")
        .dispute_resolved("2026-10-07", credit="400.00")
        .day("2026-10-07", "closed: paid in full")
        .nothing_more()
    )


def test_disputed_in_part_down_to_less_than_the_minimum() -> None:
    (
        reminded()
        .disputes("2026-09-10", "1195.00")
        .status("2026-09-16 12:00", State.BELOW_MINIMUM)
        .nothing_until("2026-10-07")
        .dispute_resolved("2026-10-07")
        .day("2026-10-07", "reminder_2 by e-mail")
    )


def test_two_disputes_that_contest_everything_together_are_a_dispute_of_the_whole() -> None:
    (
        reminded()
        .disputes("2026-09-10", "700.00")
        .disputes("2026-09-11", "500.00")
        .status("2026-09-16 12:00", State.PAUSED, why="dispute")
    )


def test_a_dispute_of_more_than_is_owed_is_one_of_all_that_is_owed() -> None:
    (
        reminded()
        .disputes("2026-09-10", "5000.00")
        .balance("1200.00", disputed="1200.00")
        .status("2026-09-16 12:00", State.PAUSED)
        .pays("2026-09-17", "1200.00")
        .day("2026-09-17", "closed: paid in full")
        .nothing_more()
    )


def test_a_dispute_of_one_invoice_does_not_delay_another() -> None:
    (
        story()
        .invoice("F-1", "1200.00", issued="2026-08-01", due="2026-08-31")
        .invoice("F-2", "500.00", issued="2026-08-01", due="2026-08-31")
        .day("2026-08-28", "pre_reminder by e-mail for F-1, F-2")
        .disputes("2026-09-03", invoice="F-1")
        .day("2026-09-07", "reminder_1 by e-mail for F-2")
        .day("2026-09-15", "reminder_2 by e-mail for F-2")
    )
