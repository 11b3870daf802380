"""Somebody stops everything at once; when it goes on, each customer has a turn, and no step is lost."""

from __future__ import annotations

from rules.decide import State
from tests.scenarios.story import Story, story


def told() -> Story:
    """Due on Monday 31 August 2026; the first reminder is Monday 7 September's, the second the 15th's."""
    return (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-08-01")
        .day("2026-08-28", "pre_reminder by e-mail")
    )


def test_all_of_a_company_is_suspended_and_says_so_before_and_after_its_day() -> None:
    (
        told()
        .suspend("2026-09-01", until="2026-09-28")
        .status(
            "2026-09-02",
            State.WAITING,
            why="all of the company is suspended until 2026-09-28 (suspension 1)",
        )
        .status("2026-09-07 09:30", State.SUSPENDED, why="(suspension 1); reminder_1 waits")
        .nothing_until("2026-09-28")
    )


def test_with_nobody_before_it_a_held_reminder_leaves_at_once_and_the_ladder_goes_on() -> None:
    (
        told()
        .suspend("2026-09-01")
        .nothing_until("2026-09-10")
        .resume_all("2026-09-10 11:00")
        .day("2026-09-10", "reminder_1 by e-mail at 11:00")
        # Its own day: the suspension is no arrangement with the debtor, and adds no days of grace.
        .day("2026-09-15", "reminder_2 by e-mail")
    )


def test_its_turn_comes_on_its_day() -> None:
    (
        told()
        .suspend("2026-09-01")
        .nothing_until("2026-09-10")
        .resume_all("2026-09-10 11:00", before=25, a_day=10)  # Thursday: ten a day, it is the 26th
        .status("2026-09-10 11:00", State.WAITING, why="not before 2026-09-14, its turn after suspension 1")
        .nothing_until("2026-09-14")
        .day("2026-09-14", "reminder_1 by e-mail")
    )


def test_resumed_in_the_evening_the_first_turn_is_tomorrow_morning() -> None:
    (
        told()
        .suspend("2026-09-01")
        .nothing_until("2026-09-10")
        .resume_all("2026-09-10 19:00")
        .status("2026-09-10 19:00", State.WAITING, why="not before 2026-09-11, its turn")
        .day("2026-09-11", "reminder_1 by e-mail")
    )


def test_what_was_not_yet_due_keeps_its_own_day() -> None:
    (
        told()
        .suspend("2026-09-01")
        .resume_all("2026-09-04 11:00")
        .nothing_until("2026-09-07")
        .day("2026-09-07", "reminder_1 by e-mail")
    )


def test_suspended_twice_it_waits_for_the_last() -> None:
    (
        told()
        .suspend("2026-09-01", "customer")
        .suspend("2026-09-02", "policy", "standard")
        .status("2026-09-08", State.SUSPENDED, why="the customer is suspended until resumed (suspension 1)")
        .resume_all("2026-09-10 11:00")
        .day("2026-09-10", "reminder_1 by e-mail at 11:00")
    )


def test_another_policy_and_another_channel_go_on() -> None:
    (
        told()
        .suspend("2026-09-01", "policy", "strict")
        .suspend("2026-09-01", "channel", "sms")
        .day("2026-09-07", "reminder_1 by e-mail")
        .day("2026-09-15", "reminder_2 by e-mail")
        .status("2026-09-29", State.WAITING, why="the channel sms is suspended until resumed (suspension 2)")
        .status("2026-09-30 09:30", State.SUSPENDED, why="the channel sms is suspended")
        .nothing_until("2026-10-02")
        .resume_all("2026-10-02 10:00")
        .day("2026-10-02", "reminder_3 by SMS at 10:00")
    )


def test_money_that_comes_meanwhile_closes_the_case() -> None:
    (
        told()
        .suspend("2026-09-01")
        .pays("2026-09-09", "1200.00")
        .day("2026-09-09", "closed: paid in full")
        .resume_all("2026-09-10 11:00")
        .nothing_more()
    )


def test_promises_are_judged_meanwhile() -> None:
    (
        told()
        .day("2026-09-07", "reminder_1 by e-mail")
        .plan("2026-09-08", ("2026-09-10", "1200.00"))
        .suspend("2026-09-09")
        .day("2026-09-13", "task broken_promise")
        .nothing_until("2026-09-30")
    )


def test_the_hand_over_and_the_call_about_a_notice_wait_too() -> None:
    (
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
        .suspend("2026-09-01")
        .nothing_until("2026-09-21")
        .resume_all("2026-09-21 10:00")
        .day("2026-09-21", "task notice_call at 10:00", "handover as a decision at 10:00")
    )
