"""A formal notice gives its days from the posting: until they have passed, nobody decides what follows."""

from __future__ import annotations

from rules.decide import State
from tests.scenarios.story import Story, story


def noticed() -> Story:
    """Due on 1 July; its notice left on Monday 31 August; the hand-over is planned for 14 September."""
    return (
        story()
        .invoice(
            "F-1",
            "1200.00",
            due="2026-07-01",
            entered="2026-08-12",
            last_step="phone_call",
            last_contacted_on="2026-08-10",
        )
        .day("2026-08-31", "formal_notice by letter")
    )


def test_never_recorded_as_posted_its_days_run_from_the_letter() -> None:
    (
        noticed()
        .status("2026-09-01", State.WAITING, why="75 days after the due date")
        .day("2026-09-03", "task notice_call")
        .nothing_until("2026-09-14")
        .day("2026-09-14", "handover as a decision")
        .nothing_more()
    )


def test_posted_the_next_day_the_hand_over_keeps_its_day() -> None:
    (
        noticed()
        .letter_posted("2026-09-01 16:00", on="2026-09-01")
        .day("2026-09-03", "task notice_call")
        .nothing_until("2026-09-14")
        .day("2026-09-14", "handover as a decision")
        .nothing_more()
    )


def test_posted_late_the_hand_over_waits_for_the_days_it_gives() -> None:
    (
        noticed()
        .day("2026-09-03", "task notice_call")  # three business days after the letter, posted or not
        .letter_posted("2026-09-08 10:00", on="2026-09-08")
        .status(
            "2026-09-08 11:00",
            State.WAITING,
            why="not before 2026-09-17, the notice's deadline is 2026-09-16, 8 days after it was posted on "
            "2026-09-08",
        )
        .nothing_until("2026-09-17")
        .day("2026-09-17", "handover as a decision")
        .nothing_more()
    )


def test_recorded_days_after_it_was_posted_the_day_of_the_post_counts() -> None:
    (
        noticed()
        .day("2026-09-03", "task notice_call")
        .letter_posted("2026-09-12 09:00", on="2026-09-07")
        .nothing_until("2026-09-16")  # 7 September and 8 days, and the day after
        .day("2026-09-16", "handover as a decision")
        .nothing_more()
    )


def test_come_back_and_posted_again_its_days_run_anew() -> None:
    (
        noticed()
        .letter_posted("2026-09-01 16:00", on="2026-09-01")
        .day("2026-09-03", "task notice_call")
        .letter_posted("2026-09-11 10:00", on="2026-09-11")
        .status("2026-09-11 11:00", State.WAITING, why="deadline is 2026-09-19")
        .nothing_until("2026-09-21")  # 20 September is a Sunday
        .day("2026-09-21", "handover as a decision")
        .nothing_more()
    )


def test_a_day_before_the_letter_locks_no_less_than_the_letter() -> None:
    # Another tool's notice, recorded here with a slip of the pen: the letter's own day stands.
    (
        story()
        .invoice(
            "F-1",
            "1200.00",
            due="2026-07-01",
            entered="2026-09-10",
            last_step="formal_notice",
            last_contacted_on="2026-09-09",
        )
        .letter_posted("2026-09-10 10:00", on="2026-08-20")
        .status(
            "2026-09-10 11:00",
            State.WAITING,
            why="not before 2026-09-18, the notice's deadline is 2026-09-17",
        )
        .day("2026-09-18", "2026-09-14: task notice_call", "handover as a decision")
        .nothing_more()
    )


def test_two_invoices_of_one_letter_wait_alike() -> None:
    told = story()
    for number in ("F-1", "F-2"):
        told.invoice(
            number,
            "1200.00",
            due="2026-07-01",
            entered="2026-08-12",
            last_step="phone_call",
            last_contacted_on="2026-08-10",
        )
    (
        told.day("2026-08-31", "formal_notice by letter for F-1, F-2")
        .letter_posted("2026-09-08 10:00", on="2026-09-08")
        .day("2026-09-08", "2026-09-03: task notice_call for F-1", "2026-09-03: task notice_call for F-2")
        .day("2026-09-17", "handover as a decision for F-1", "handover as a decision for F-2")
        .nothing_more()
    )


def test_paid_before_its_days_are_over_it_ends() -> None:
    (
        noticed()
        .letter_posted("2026-09-08 10:00", on="2026-09-08")
        .pays("2026-09-15 12:00", "1200.00")
        .day("2026-09-15", "2026-09-03: task notice_call", "closed: paid in full at 12:00")
        .nothing_more()
    )
