"""What bends the ladder: plans, promises, payments said to be made, pauses, stops."""

from __future__ import annotations

import pytest

from rules.decide import State
from rules.facts import StopReason
from tests.scenarios.story import Story, story


def reminded() -> Story:
    """An invoice due on Monday 31 August, reminded twice."""
    return (
        story()
        .invoice("F-1", "1200.00", issued="2026-08-01", due="2026-08-31")
        .day("2026-08-28", "pre_reminder by e-mail")
        .day("2026-09-07", "reminder_1 by e-mail")
        .day("2026-09-15", "reminder_2 by e-mail")
    )


# Plans and promises


def test_a_plan_kept() -> None:
    (
        reminded()
        .plan("2026-09-17", ("2026-10-01", "400.00"), ("2026-11-02", "400.00"), ("2026-12-01", "400.00"))
        .status(
            "2026-09-30 12:00", State.PAUSED, why="400.00 EUR promised for 2026-10-01, checked on 2026-10-04"
        )
        .pays("2026-10-01", "400.00")
        .pays("2026-11-04", "400.00")  # two days late: still within the three of grace
        .nothing_until("2026-11-30")
        .pays("2026-11-30", "400.00")
        .day("2026-11-30", "closed: paid in full")
        .nothing_more()
    )


def test_a_plan_broken_at_the_second_instalment_resumes_where_it_stood() -> None:
    (
        reminded()
        .plan("2026-09-17", ("2026-10-01", "400.00"), ("2026-11-02", "800.00"))
        .pays("2026-10-01", "400.00")
        .nothing_until("2026-11-05")
        .day("2026-11-05", "task broken_promise")  # 2 November and three days
        .nothing_until("2026-11-10")
        .day("2026-11-10", "reminder_3 by SMS")  # five days after the end of the pause
        .nothing_until("2026-11-16")
        .day("2026-11-16", "phone_call as a call")
    )


def test_an_instalment_that_comes_short_breaks_the_plan() -> None:
    (
        reminded()
        .plan("2026-09-17", ("2026-10-01", "400.00"), ("2026-11-02", "800.00"))
        .pays("2026-10-01", "399.99")
        .nothing_until("2026-10-04")
        .day("2026-10-04", "task broken_promise")  # checked on a Sunday, chased on a business day
        .day("2026-10-09", "reminder_3 by SMS")
    )


def test_an_instalment_that_comes_on_the_day_of_the_check_is_in_time() -> None:
    (
        reminded()
        .plan("2026-09-17", ("2026-10-01", "1200.00"))
        .pays("2026-10-04 09:00", "1200.00")
        .day("2026-10-04", "closed: paid in full at 09:00")
        .nothing_more()
    )


def test_a_payment_before_the_plan_does_not_count_for_it() -> None:
    (
        reminded()
        .pays("2026-09-16", "400.00")
        .plan("2026-09-17", ("2026-10-01", "400.00"), ("2026-11-02", "400.00"))
        .nothing_until("2026-10-04")
        .day("2026-10-04", "task broken_promise")
    )


def test_an_instalment_paid_early_covers_its_date() -> None:
    (
        reminded()
        .plan("2026-09-17", ("2026-10-01", "400.00"), ("2026-11-02", "800.00"))
        .pays("2026-09-20", "1000.00")
        .nothing_until("2026-11-05")
        .day("2026-11-05", "task broken_promise")  # of the 1,200.00 promised by now, 200.00 are missing
    )


def test_an_instalment_returned_by_the_bank_before_the_check_did_not_come() -> None:
    (
        reminded()
        .plan("2026-09-17", ("2026-10-01", "400.00"), ("2026-11-02", "800.00"))
        .pays("2026-10-01", "400.00")
        .payment_returned("2026-10-03")
        .day("2026-10-04", "task broken_promise")
    )


def test_a_promise_kept_and_one_broken() -> None:
    (
        reminded()
        .plan("2026-09-17", ("2026-09-25", "1200.00"))
        .status("2026-09-18", State.PAUSED, why="paused by promise")
        .pays("2026-09-25", "1200.00")
        .day("2026-09-25", "closed: paid in full")
        .nothing_more()
    )
    (
        reminded()
        .plan("2026-09-17", ("2026-09-25", "1200.00"))
        .nothing_until("2026-09-28")
        .day("2026-09-28", "task broken_promise")
        .nothing_until("2026-10-05")  # 3 October is a Saturday
        .day("2026-10-05", "reminder_3 by SMS")
    )


def test_a_plan_for_a_part_kept_the_rest_is_chased_afterwards() -> None:
    (
        reminded()
        .plan("2026-09-17", ("2026-10-01", "400.00"))
        .pays("2026-10-01", "400.00")
        .nothing_until("2026-10-09")  # checked on the 4th, and five days
        .day("2026-10-09", "reminder_3 by SMS")
    )


def test_a_plan_called_off_resumes_after_the_gap() -> None:
    (
        reminded()
        .plan("2026-09-17", ("2026-11-02", "1200.00"))
        .plan_cancelled("2026-10-07")
        .nothing_until("2026-10-12")
        .day("2026-10-12", "reminder_3 by SMS")
    )


# A payment that is said to be made


def test_a_claimed_payment_that_comes() -> None:
    (
        reminded()
        .claims_paid("2026-09-17", on="2026-09-16")
        .status(
            "2026-09-18",
            State.PAUSED,
            why="said to be paid on 2026-09-16; the bank is awaited up to 2026-09-21",
        )
        .pays("2026-09-18", "1200.00")
        .day("2026-09-18", "closed: paid in full")
        .nothing_more()
    )


def test_a_claimed_payment_that_does_not_come_is_asked_about_then_the_ladder_goes_on() -> None:
    (
        reminded()
        .claims_paid("2026-09-17", on="2026-09-16")  # Wednesday: three business days on is Monday 21
        .nothing_until("2026-09-22")
        .day("2026-09-22", "task claim_not_found")
        .day("2026-09-30", "reminder_3 by SMS")  # its own day, past 22 September + 5
    )


def test_a_claim_put_off_until_after_a_step_postpones_it() -> None:
    (
        reminded()
        .claims_paid("2026-09-29", on="2026-09-29")  # the bank is awaited up to Friday 2 October
        .nothing_until("2026-10-05")
        .day("2026-10-05", "task claim_not_found")
        .nothing_until("2026-10-12")
        .day("2026-10-12", "reminder_3 by SMS")
    )


def test_a_claim_waits_for_the_bank_statements_however_late() -> None:
    told = (
        reminded()
        .bank_known_until("2026-09-16", "2026-09-15")
        .claims_paid("2026-09-17", on="2026-09-16")
        .nothing_until("2026-10-20")
        .status("2026-10-20", State.PAUSED, why="the bank is awaited up to 2026-09-21")
        .bank_known_until("2026-10-21 10:00", "2026-09-20")
        .status("2026-10-21 10:00", State.PAUSED)
        .bank_known_until("2026-10-22 10:00", "2026-09-21")
    )
    assert [task.kind for task in told.decision().tasks] == ["claim_not_found"]


def test_a_claim_followed_by_a_part_payment_is_not_called_unfounded() -> None:
    (
        reminded()
        .claims_paid("2026-09-17", on="2026-09-16")
        .pays("2026-09-18", "500.00")
        .nothing_until("2026-09-30")
        .day("2026-09-30", "reminder_3 by SMS")
    )


# Pauses


def test_a_pause_with_a_date_ends_by_itself() -> None:
    (
        reminded()
        .pause("2026-09-17", "the collector is on site", until="2026-10-07")
        .status("2026-10-01 12:00", State.PAUSED, why="then reminder_3 30 days after the due date")
        .nothing_until("2026-10-12")
        .day("2026-10-12", "reminder_3 by SMS")
    )


def test_an_open_pause_lasts_until_resumed() -> None:
    (
        reminded()
        .pause("2026-09-17", "sales asked for leniency")
        .nothing_until("2027-03-01")
        .resume("2027-03-01")
        .nothing_until("2027-03-08")  # five days on is Saturday 6
        .day("2027-03-08", "reminder_3 by SMS")
    )


def test_a_pause_with_a_date_resumed_early() -> None:
    (
        reminded()
        .pause("2026-09-17", "leniency", until="2026-12-01")
        .resume("2026-10-07")
        .nothing_until("2026-10-12")
        .day("2026-10-12", "reminder_3 by SMS")
    )


def test_a_short_pause_between_two_steps_changes_nothing() -> None:
    (
        reminded()
        .pause("2026-09-17", "holidays", until="2026-09-22")
        .nothing_until("2026-09-30")
        .day("2026-09-30", "reminder_3 by SMS")
    )


@pytest.mark.parametrize("order", ["short first", "long first"])
def test_overlapping_pauses_end_with_the_last(order: str) -> None:
    first, second = ("2026-10-01", "2026-10-07") if order == "short first" else ("2026-10-07", "2026-10-01")
    (
        reminded()
        .pause("2026-09-17", "leniency", until=first)
        .pause("2026-09-18", "holidays", until=second)
        .nothing_until("2026-10-12")
        .day("2026-10-12", "reminder_3 by SMS")
    )


def test_a_pause_inside_a_dispute_changes_nothing() -> None:
    (
        reminded()
        .disputes("2026-09-16")
        .pause("2026-09-17", "leniency", until="2026-09-24")
        .dispute_resolved("2026-10-07")
        .nothing_until("2026-10-12")
        .day("2026-10-12", "reminder_3 by SMS")
    )


def test_an_open_pause_outlives_a_dated_one() -> None:
    (
        reminded()
        .pause("2026-09-17", "leniency")
        .pause("2026-09-18", "holidays", until="2026-09-24")
        .nothing_until("2026-12-01")
        .status("2026-12-01", State.PAUSED, why="leniency")
    )


def test_a_pause_over_the_pre_reminder_drops_it() -> None:
    (
        story()
        .invoice("F-1", "1200.00", issued="2026-08-01", due="2026-08-31")
        .pause("2026-08-20", "leniency", until="2026-08-27")
        .nothing_until("2026-09-07")
        .day("2026-09-07", "reminder_1 by e-mail")
    )


def test_another_resume_gap() -> None:
    (
        story(resume_gap_days=0)
        .invoice("F-1", "1200.00", issued="2026-08-01", due="2026-08-31")
        .day("2026-08-28", "pre_reminder by e-mail")
        .pause("2026-09-01", "leniency", until="2026-09-10")
        .nothing_until("2026-09-10")
        .day("2026-09-10", "reminder_1 by e-mail")
    )


def test_another_gap_between_contacts() -> None:
    (
        story(min_gap_days=14)
        .invoice("F-1", "1200.00", issued="2026-08-01", due="2026-08-31")
        .day("2026-08-28", "pre_reminder by e-mail")
        .nothing_until("2026-09-11")
        .day("2026-09-11", "reminder_1 by e-mail")
        .nothing_until("2026-09-25")
        .day("2026-09-25", "reminder_2 by e-mail")
    )


# Stops


@pytest.mark.parametrize("reason", list(StopReason))
def test_insolvency_do_not_contact_and_a_lawyer_stop_everything_at_once(reason: StopReason) -> None:
    (
        reminded()
        .stop("2026-09-30 09:00", reason)
        .status("2026-09-30 09:30", State.STOPPED, why=reason.value.replace("_", " "))
        .nothing_more()
    )


def test_a_stopped_customer_that_pays_is_closed() -> None:
    (
        reminded()
        .stop("2026-09-20", StopReason.LAWYER)
        .pays("2026-10-20", "1200.00")
        .day("2026-10-20", "closed: paid in full")
        .nothing_more()
    )


def test_a_stop_holds_for_every_invoice_of_the_customer() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-08-01")
        .invoice("F-2", "500.00", due="2026-10-31", entered="2026-08-01")
        .day("2026-08-28", "pre_reminder by e-mail for F-1")
        .stop("2026-09-03", StopReason.INSOLVENCY)
        .nothing_more()
    )
