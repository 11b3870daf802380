"""Nobody is asked for money that may lie on our account already: what leaves waits for the bank file."""

from __future__ import annotations

from rules.decide import State
from tests.scenarios.story import Story, story


def due_in_august(**changes: object) -> Story:
    """Due on Monday 31 August 2026: the first reminder is Monday 7 September's, the second the 15th's."""
    return story(**changes).invoice("F-1", "1200.00", due="2026-08-31", entered="2026-08-01")  # type: ignore[arg-type]


def last_known(day: str, **changes: object) -> Story:
    """As `due_in_august`, the bank known up to that day since Tuesday 1 September at noon."""
    return (
        due_in_august(**changes)
        .day("2026-08-28", "pre_reminder by e-mail")
        .bank_known_until("2026-09-01 12:00", day)
    )


def test_with_yesterdays_file_the_ladder_is_as_ever() -> None:
    told = due_in_august().day("2026-08-28", "pre_reminder by e-mail")
    for day, before in (("2026-09-07", "2026-09-04"), ("2026-09-15", "2026-09-14")):
        told.bank_known_until(f"{day} 09:00", before)
        told.day(day, f"reminder_{1 if before == '2026-09-04' else 2} by e-mail")


def test_three_business_days_old_will_do_four_will_not() -> None:
    # On Monday 7 September: Friday 4, Thursday 3, Wednesday 2.
    last_known("2026-09-02").nothing_until("2026-09-07").day("2026-09-07", "reminder_1 by e-mail")
    last_known("2026-09-01").nothing_until("2026-12-01").nothing_more()


def test_a_reminder_waits_for_the_bank_and_says_so_then_leaves_at_once() -> None:
    (
        last_known("2026-08-31")
        .status("2026-09-06 23:59", State.WAITING)
        .status(
            "2026-09-07 09:30",
            State.AWAITING_BANK,
            why="the bank is known up to 2026-08-31 only; reminder_1 waits for a bank file of 2026-09-02",
        )
        .nothing_until("2026-09-09")
        .bank_known_until("2026-09-09 11:00", "2026-09-08")
        .day("2026-09-09", "reminder_1 by e-mail at 11:00")
        # The second one keeps its own day, and looks at the bank of that day.
        .bank_known_until("2026-09-15 09:00", "2026-09-14")
        .day("2026-09-15", "reminder_2 by e-mail")
    )


def test_a_file_of_the_evening_lets_it_leave_in_the_next_mornings_slot() -> None:
    (
        last_known("2026-08-31")
        .bank_known_until("2026-09-09 20:00", "2026-09-09")
        .status("2026-09-09 20:00", State.WAITING, why="late: its day was 2026-09-07")
        .day("2026-09-10", "reminder_1 by e-mail")
    )


def test_a_file_that_will_be_too_old_by_the_morning_does_not_help() -> None:
    (
        last_known("2026-08-31")
        # On Wednesday Friday 4 is enough; on Thursday it takes Monday 7.
        .bank_known_until("2026-09-09 20:00", "2026-09-04")
        .status("2026-09-09 20:01", State.AWAITING_BANK, why="waits for a bank file of 2026-09-07 or later")
        .status("2026-09-10 09:30", State.AWAITING_BANK, why="waits for a bank file of 2026-09-07 or later")
        .nothing_more()
    )


def test_a_file_that_is_itself_too_old_changes_only_the_reason() -> None:
    (
        last_known("2026-08-31")
        .bank_known_until("2026-09-09 11:00", "2026-09-03")
        .status("2026-09-09 11:00", State.AWAITING_BANK, why="known up to 2026-09-03 only")
        .nothing_more()
    )


def test_what_the_file_shows_as_paid_is_never_asked_for() -> None:
    (
        last_known("2026-08-31")
        .nothing_until("2026-09-09")
        .pays("2026-09-09 10:59", "1200.00")
        .bank_known_until("2026-09-09 11:00", "2026-09-08")
        .day("2026-09-09", "closed: paid in full at 10:59")
        .nothing_more()
    )


def test_the_statement_before_the_due_date_asks_for_nothing_and_leaves() -> None:
    (
        due_in_august()
        .bank_known_until("2026-08-03", "2026-07-01")
        .day("2026-08-28", "pre_reminder by e-mail")
        .nothing_more()
    )


def test_a_creditor_that_names_no_day_and_a_policy_without_an_age_are_not_held() -> None:
    due_in_august().day("2026-08-28", "pre_reminder by e-mail").day("2026-09-07", "reminder_1 by e-mail")
    last_known("2026-01-02", bank_max_age_days=None).day("2026-09-07", "reminder_1 by e-mail")


def test_a_policy_of_its_own_patience() -> None:
    last_known("2026-09-03", bank_max_age_days=1).nothing_more()
    last_known("2026-09-04", bank_max_age_days=1).day("2026-09-07", "reminder_1 by e-mail")


def test_the_age_counts_in_the_creditors_business_days() -> None:
    """Tuesday 14 July is a holiday in France, not in Germany: Thursday 9 is three French days before."""
    for creditor, leaves in (("FR", True), ("DE", False)):
        told = (
            story(country="DE", creditor=creditor)
            .invoice("F-1", "1200.00", due="2026-07-10", entered="2026-06-01")
            .day("2026-07-07", "pre_reminder by e-mail")
            .bank_known_until("2026-07-10", "2026-07-09")
        )
        if leaves:
            told.day("2026-07-15", "reminder_1 by e-mail")
        else:
            told.status("2026-07-15 09:30", State.AWAITING_BANK, why="file of 2026-07-10 or later")


def test_what_was_held_together_leaves_together() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-01")
        .invoice("F-2", "300.00", due="2026-08-30", entered="2026-09-01")
        .bank_known_until("2026-09-01 12:00", "2026-08-31")
        .nothing_until("2026-09-09")
        .bank_known_until("2026-09-09 11:00", "2026-09-08")
        .day("2026-09-09", "reminder_1 by e-mail for F-1, F-2 at 11:00")
    )


# Letters, calls, decisions


def noticed(calls: str = "at once") -> Story:
    """Its notice left on Monday 31 August, on fresh data; the hand-over is planned for 14 September."""
    return (
        story(calls=calls)
        .invoice(
            "F-1",
            "1200.00",
            due="2026-07-01",
            entered="2026-08-12",
            last_step="phone_call",
            last_contacted_on="2026-08-10",
        )
        .bank_known_until("2026-08-28", "2026-08-28")
        .day("2026-08-31", "formal_notice by letter")
    )


def test_the_call_about_a_notice_waits_too() -> None:
    (
        noticed()  # known up to Friday 28; on Thursday 3 September it takes Monday 31
        .nothing_until("2026-09-04")
        .bank_known_until("2026-09-04 10:00", "2026-09-03")
        .day("2026-09-04", "task notice_call at 10:00")
    )


def test_a_decision_between_ourselves_does_not_wait() -> None:
    noticed().nothing_until("2026-09-14").day("2026-09-14", "handover as a decision").nothing_more()


def test_a_call_is_not_asked_for_on_old_data() -> None:
    (
        story()
        .invoice(
            "F-1",
            "1200.00",
            due="2026-08-31",
            entered="2026-10-01",
            last_step="reminder_3",
            last_contacted_on="2026-09-30",
        )
        .bank_known_until("2026-10-02", "2026-10-01")
        .status("2026-10-12 09:30", State.AWAITING_BANK, why="phone_call waits for a bank file of 2026-10-07")
        .bank_known_until("2026-10-13 12:30", "2026-10-12")
        # Nobody rings at lunch.
        .day("2026-10-13", "phone_call as a call at 14:00")
    )


def test_a_letter_approved_on_fresh_data_does_not_leave_on_old_ones() -> None:
    (
        story(approvals="wait")
        .invoice(
            "F-1",
            "1200.00",
            due="2026-07-01",
            entered="2026-08-12",
            last_step="phone_call",
            last_contacted_on="2026-08-10",
        )
        .bank_known_until("2026-08-28", "2026-08-28")
        .day("2026-08-31", "formal_notice by letter awaits approval")
        .status("2026-09-04", State.AWAITING_APPROVAL)
        .approves("2026-09-04 10:00", "formal_notice")
        .status("2026-09-04 10:00", State.AWAITING_BANK, why="formal_notice waits for a bank file of")
        .bank_known_until("2026-09-04 15:00", "2026-09-03")
        .day("2026-09-04", "formal_notice by letter at 15:00")
    )


# Promises and claims


def promised(day: str) -> Story:
    """Reminded on 7 September; on the 8th they promise all of it for a day; the bank is known to the 9th."""
    return (
        last_known("2026-09-02")
        .day("2026-09-07", "reminder_1 by e-mail")
        .plan("2026-09-08", (day, "1200.00"))
        .bank_known_until("2026-09-10", "2026-09-09")
    )


def test_no_promise_is_broken_on_older_data() -> None:
    (
        promised("2026-09-10")  # checked on Sunday 13: Friday 11 must be known
        .status("2026-09-13 09:29", State.PAUSED, why="checked on 2026-09-13")
        .status("2026-09-13 09:30", State.PAUSED, why="the bank is awaited up to 2026-09-11")
        .nothing_until("2026-09-21")
        .bank_known_until("2026-09-21 10:00", "2026-09-18")
        .day("2026-09-21", "task broken_promise at 10:00")
        # Five days after the pause: Saturday 26.
        .nothing_until("2026-09-28")
        .bank_known_until("2026-09-28 09:00", "2026-09-25")
        .day("2026-09-28", "reminder_2 by e-mail")
    )


def test_a_promise_that_a_late_file_shows_as_kept_was_kept() -> None:
    (
        promised("2026-09-10")
        .nothing_until("2026-09-21")
        .pays("2026-09-21 09:50", "1200.00")
        .bank_known_until("2026-09-21 10:00", "2026-09-18")
        .day("2026-09-21", "closed: paid in full at 09:50")
        .nothing_more()
    )


def test_an_instalment_that_a_late_file_shows_as_paid_keeps_the_plan_alive() -> None:
    (
        last_known("2026-09-02")
        .day("2026-09-07", "reminder_1 by e-mail")
        .plan("2026-09-08", ("2026-09-10", "400.00"), ("2026-10-12", "800.00"))
        .nothing_until("2026-09-21")
        .pays("2026-09-21 09:50", "400.00")
        .bank_known_until("2026-09-21 10:00", "2026-09-18")
        .status(
            "2026-09-21 10:00", State.PAUSED, why="800.00 EUR promised for 2026-10-12, checked on 2026-10-15"
        )
        .nothing_until("2026-10-16")
        .bank_known_until("2026-10-16 10:00", "2026-10-15")
        .day("2026-10-16", "task broken_promise at 10:00")
    )


def test_a_claim_that_late_files_do_not_show_leaves_the_debtor_the_days_after_a_pause() -> None:
    """Once known, the step does not follow at once: the pause ends when the bank becomes known."""
    (
        last_known("2026-09-02")
        .day("2026-09-07", "reminder_1 by e-mail")
        .claims_paid("2026-09-08", on="2026-09-08")  # Friday 11 must be known
        .nothing_until("2026-10-21")
        .bank_known_until("2026-10-21 10:00", "2026-10-20")
        .day("2026-10-21", "task claim_not_found at 10:00")
        .nothing_until("2026-10-26")
        .bank_known_until("2026-10-26 08:00", "2026-10-23")
        .day("2026-10-26", "reminder_2 by e-mail")
    )
