"""Nothing leaves while the creditor or the customer is closed; what falls on those days leaves after them."""

from __future__ import annotations

from rules.decide import State
from tests.scenarios.story import story


def test_a_summer_closure_moves_a_reminder_to_the_first_business_day_after() -> None:
    (
        story()
        .closed("2026-08-03", "2026-08-23")
        .invoice("F-1", "1200.00", due="2026-07-31", entered="2026-07-01")
        .day("2026-07-28", "pre_reminder by e-mail")
        .status(
            "2026-08-01",
            State.WAITING,
            why="2026-08-05 is in the closure from 2026-08-03 to 2026-08-23: moved to 2026-08-24",
        )
        .nothing_until("2026-08-24")
        .day("2026-08-24", "reminder_1 by e-mail")
        # The ladder goes on from there, a step at a time.
        .day("2026-08-31", "reminder_2 by e-mail")
    )


def test_the_turn_of_the_year_comes_back_every_year() -> None:
    for year in (2026, 2027):
        (
            story()
            .closed("2025-12-22", "2026-01-04", yearly=True)
            .invoice("F-1", "1200.00", due=f"{year}-12-18", entered=f"{year}-11-20")
            .day(f"{year}-12-15", "pre_reminder by e-mail")
            .nothing_until(f"{year + 1}-01-04")
            .day(f"{year + 1}-01-05", "reminder_1 by e-mail")
        )


def test_a_closure_that_is_over_and_not_yearly_is_forgotten() -> None:
    (
        story()
        .closed("2025-08-03", "2025-08-23")
        .invoice("F-1", "1200.00", due="2026-07-31", entered="2026-07-01")
        .day("2026-07-28", "pre_reminder by e-mail")
        .day("2026-08-05", "reminder_1 by e-mail")
    )


def test_a_pre_reminder_that_would_come_after_the_due_date_is_dropped() -> None:
    (
        story()
        .closed("2026-08-24", "2026-09-02")
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-08-01")
        .nothing_until("2026-09-07")
        .day("2026-09-07", "reminder_1 by e-mail")
    )


def test_the_day_itself_counts_until_its_end() -> None:
    (
        story()
        .closed("2026-08-05", "2026-08-05")
        .invoice("F-1", "1200.00", due="2026-07-31", entered="2026-07-01")
        .day("2026-07-28", "pre_reminder by e-mail")
        .nothing_until("2026-08-06")
        .day("2026-08-06", "reminder_1 by e-mail")
    )


def test_promises_are_judged_and_claims_awaited_on_the_usual_days() -> None:
    (
        story()
        .closed("2026-08-06", "2026-08-23")
        .invoice("F-1", "1200.00", due="2026-07-31", entered="2026-07-01")
        .day("2026-07-28", "pre_reminder by e-mail")
        .day("2026-08-05", "reminder_1 by e-mail")
        .plan("2026-08-06", ("2026-08-10", "1200.00"))
        .day("2026-08-13", "task broken_promise")
        .nothing_until("2026-08-24")
        .day("2026-08-24", "reminder_2 by e-mail")
    )
