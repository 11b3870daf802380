"""What waits for one of our own people: approvals, calls, the lock on the hand-over, another policy."""

from __future__ import annotations

import pytest

from rules.decide import State
from tests.scenarios.story import Story, story


def before_the_notice() -> Story:
    """Due on Wednesday 1 July, called on 10 August: its notice is planned for Sunday 30 August."""
    return story(approvals="wait").invoice(
        "F-1",
        "1200.00",
        due="2026-07-01",
        entered="2026-08-12",
        last_step="phone_call",
        last_contacted_on="2026-08-10",
    )


# Approvals


def test_an_approval_is_asked_and_never_gives_itself() -> None:
    (
        before_the_notice()
        .day("2026-08-31", "formal_notice by letter awaits approval")
        .status("2026-09-01 12:00", State.AWAITING_APPROVAL, why="composed on 2026-08-31, waits for approval")
        .nothing_until("2026-09-14")
        .day("2026-09-14", "formal_notice by letter awaits approval")  # 10 business days on: composed again
        .nothing_until("2026-09-28")
        .day("2026-09-28", "formal_notice by letter awaits approval")
    )


def test_what_waits_for_approval_says_so_by_night_and_on_sundays_too() -> None:
    (
        before_the_notice()
        .day("2026-08-31", "formal_notice by letter awaits approval")
        .status("2026-09-01 20:00", State.AWAITING_APPROVAL)
        .status("2026-09-06 12:00", State.AWAITING_APPROVAL)
    )


def test_once_approved_it_leaves_and_the_hand_over_waits_for_its_deadline() -> None:
    (
        before_the_notice()
        .day("2026-08-31", "formal_notice by letter awaits approval")
        .approves("2026-09-10 11:00", "formal_notice")
        .day("2026-09-10", "formal_notice by letter at 11:00")
        .day("2026-09-15", "task notice_call")  # three business days after the notice
        .status("2026-09-16", State.WAITING, why="the notice's deadline is 2026-09-18")
        .nothing_until("2026-09-21")  # Saturday 19 is the first day after
        .day("2026-09-21", "handover as a decision")
        .nothing_more()
    )


def test_approved_at_night_it_leaves_in_the_morning() -> None:
    (
        before_the_notice()
        .day("2026-08-31", "formal_notice by letter awaits approval")
        .approves("2026-09-10 22:00", "formal_notice")
        .day("2026-09-10", "nothing")
        .day("2026-09-11", "formal_notice by letter")
    )


def test_paid_while_it_waits_for_approval_it_never_leaves() -> None:
    (
        before_the_notice()
        .day("2026-08-31", "formal_notice by letter awaits approval")
        .pays("2026-09-03", "1200.00")
        .approves("2026-09-03 10:00", "formal_notice")
        .day("2026-09-03", "closed: paid in full")
        .nothing_more()
    )


def test_when_a_quoted_fact_changes_it_is_composed_again() -> None:
    (
        before_the_notice()
        .day("2026-08-31", "formal_notice by letter awaits approval")
        .pays("2026-09-03 10:00", "200.00")
        .day("2026-09-03", "formal_notice by letter awaits approval at 10:00")
        .approves("2026-09-04 10:00", "formal_notice")
        .day("2026-09-04", "formal_notice by letter at 10:00")
    )


def test_approved_then_a_quoted_fact_changes_before_it_leaves_it_is_approved_anew() -> None:
    (
        before_the_notice()
        .day("2026-08-31", "formal_notice by letter awaits approval")
        .approves("2026-09-03 19:00", "formal_notice")
        .pays("2026-09-03 21:00", "200.00")
        .day("2026-09-03", "nothing")
        .day("2026-09-04", "formal_notice by letter awaits approval")
    )


def test_a_waiting_draft_blocks_no_other_contact_and_starts_no_gap() -> None:
    (
        before_the_notice()
        .invoice("F-2", "500.00", due="2026-08-27", entered="2026-08-28")
        .day("2026-08-31", "formal_notice by letter awaits approval for F-1")
        .day("2026-09-01", "reminder_1 by e-mail for F-2")
    )


def test_what_a_waiting_draft_carries_goes_by_itself_the_next_business_day() -> None:
    # Our reading: "blocks no other contact" leaves the approver one business day to send it all as one.
    (
        before_the_notice()
        .invoice("F-2", "500.00", due="2026-08-26", entered="2026-08-28 19:00")
        .day("2026-08-31", "formal_notice by letter awaits approval for F-1, also F-2")
        .day("2026-09-01", "reminder_1 by e-mail for F-2")
        .approves("2026-09-02 10:00", "formal_notice")
        .nothing_until("2026-09-07")  # the customer's gap: Sunday 6
        .day("2026-09-07", "formal_notice by letter for F-1")
    )


def test_approved_the_same_day_it_carries_its_folded_items() -> None:
    (
        before_the_notice()
        .invoice("F-2", "500.00", due="2026-08-26", entered="2026-08-28 19:00")
        .approves("2026-08-31 15:00", "formal_notice")
        .day(
            "2026-08-31",
            "formal_notice by letter awaits approval for F-1, also F-2",
            "formal_notice by letter for F-1, also F-2 at 15:00",
        )
        .day("2026-09-03", "task notice_call for F-1")
        .nothing_until("2026-09-09")
    )


def test_an_approved_letter_advances_only_what_it_quotes() -> None:
    # F-2 falls due between composing and sending: the approved bytes do not ask for it.
    (
        before_the_notice()
        .invoice("F-2", "500.00", due="2026-08-27", entered="2026-08-28")
        .day("2026-08-31", "formal_notice by letter awaits approval for F-1")
        .approves("2026-09-01 08:00", "formal_notice")
        .day("2026-09-01", "formal_notice by letter for F-1")
        .day("2026-09-04", "task notice_call for F-1")
        .nothing_until("2026-09-07")
        .day("2026-09-07", "reminder_1 by e-mail for F-2")
    )


# Calls


def test_a_call_is_done_when_it_opens_and_the_ladder_goes_on_without_it() -> None:
    (
        story(calls="wait")
        .invoice(
            "F-1",
            "1200.00",
            due="2026-08-31",
            entered="2026-10-05",
            last_step="reminder_3",
            last_contacted_on="2026-10-01",
        )
        .nothing_until("2026-10-12")
        .day("2026-10-12", "phone_call as a call")
        .nothing_until("2026-10-15")
        .day("2026-10-15", "task call_overdue")  # not made in three business days
        .status("2026-10-20", State.WAITING, why="call is not made")
        .nothing_until("2026-10-30")
        .day("2026-10-30", "formal_notice by letter")
    )


def test_a_call_made_in_time_is_not_escalated() -> None:
    (
        story(calls="wait")
        .invoice(
            "F-1",
            "1200.00",
            due="2026-08-31",
            entered="2026-10-05",
            last_step="reminder_3",
            last_contacted_on="2026-10-01",
        )
        .day("2026-10-12", "phone_call as a call")
        .call_made("2026-10-14 17:00")
        .nothing_until("2026-10-30")
        .day("2026-10-30", "formal_notice by letter")
    )


def test_a_call_about_the_notice_that_nobody_makes_is_escalated_too() -> None:
    (
        story(calls="wait", approvals="at once")
        .invoice(
            "F-1",
            "1200.00",
            due="2026-07-01",
            entered="2026-08-12",
            last_step="phone_call",
            last_contacted_on="2026-08-10",
        )
        .day("2026-08-31", "formal_notice by letter")
        .day("2026-09-03", "task notice_call")
        .day("2026-09-08", "task call_overdue")  # Thursday's call, not made by Tuesday
        .status("2026-09-09", State.WAITING, why="call is not made")
    )


@pytest.mark.parametrize("bent", ["pause", "dispute", "plan", "below the minimum"])
def test_no_call_about_a_notice_while_the_debtor_is_to_be_left_alone(bent: str) -> None:
    told = before_the_notice().approves_everything().day("2026-08-31", "formal_notice by letter")
    if bent == "pause":
        told.pause("2026-09-01", "leniency", until="2026-12-01")
    elif bent == "dispute":
        told.disputes("2026-09-01")
    elif bent == "plan":
        told.plan("2026-09-01", ("2026-12-01", "1200.00"))
    else:
        told.pays("2026-09-01", "1195.00")
    told.nothing_until("2026-11-30")


def test_a_call_about_a_notice_comes_after_a_pause() -> None:
    (
        before_the_notice()
        .approves_everything()
        .day("2026-08-31", "formal_notice by letter")
        .pause("2026-09-01", "leniency", until="2026-10-07")
        .day("2026-10-07", "task notice_call")
    )


# Another policy


def test_moved_to_a_stricter_policy_it_goes_on_and_never_down() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-08-03")
        .day("2026-08-28", "pre_reminder by e-mail")
        .day("2026-09-07", "reminder_1 by e-mail")
        .policy_becomes("2026-09-10", "strict")  # reminder_1 is behind it: the SMS of +13 is next
        .nothing_until("2026-09-14")
        .day("2026-09-14", "reminder_2 by SMS")
    )


def test_moved_to_a_policy_without_the_last_step_it_goes_on_by_the_days() -> None:
    (
        story()
        .invoice(
            "F-1",
            "1200.00",
            due="2026-08-31",
            entered="2026-10-05",
            last_step="phone_call",
            last_contacted_on="2026-10-12",
        )
        .policy_becomes("2026-10-13", "key_account")  # a call at +40 stands for its call_2
        .nothing_until("2026-10-30")
        .day("2026-10-30", "formal_notice by letter")
    )


def test_moved_to_a_stricter_policy_nobody_is_handed_over_without_a_notice() -> None:
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
        .policy_becomes("2026-10-02", "strict")  # whose notice was planned for +20, before our SMS of +30
        .nothing_until("2026-10-05")
        .day("2026-10-05", "formal_notice by letter")
        .day("2026-10-08", "task notice_call")
        .nothing_until("2026-10-14")
        .day("2026-10-14", "handover as a decision")
    )
