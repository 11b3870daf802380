"""Money comes: in full, in part, too late, and back again."""

from __future__ import annotations

import pytest

from rules.decide import State
from tests.scenarios.story import Story, story

LIFE = (
    ("2026-03-30", "pre_reminder by e-mail"),
    ("2026-04-07", "reminder_1 by e-mail"),
    ("2026-04-15", "reminder_2 by e-mail"),
    ("2026-04-30", "reminder_3 by SMS"),
    ("2026-05-11", "phone_call as a call"),
    ("2026-06-01", "formal_notice by letter"),
    ("2026-06-04", "task notice_call"),
    ("2026-06-15", "handover as a decision"),
)


def after(steps: int) -> Story:
    """An invoice due on 31 March that nobody paid, once it has had that many steps."""
    told = story().invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
    for day, step in LIFE[:steps]:
        told.day(day, step)
    return told


@pytest.mark.parametrize(
    ("steps", "paid_on"),
    [
        (0, "2026-03-20"),
        (0, "2026-03-30"),  # known at 00:00: the pre-reminder of that morning does not leave
        (1, "2026-04-02"),
        (2, "2026-04-10"),
        (3, "2026-04-16"),
        (3, "2026-04-30"),
        (4, "2026-05-09"),
        (5, "2026-05-31"),
        (6, "2026-06-03"),
        (7, "2026-06-10"),
        (8, "2026-07-20"),
    ],
)
def test_paid_before_the_pre_reminder_or_between_any_two_steps(steps: int, paid_on: str) -> None:
    after(steps).pays(paid_on, "1200.00").day(paid_on, "closed: paid in full").nothing_more()


def test_paid_an_hour_before_the_slot() -> None:
    (
        after(1)
        .pays("2026-04-07 08:30", "1200.00")
        .day("2026-04-07", "closed: paid in full at 08:30")
        .nothing_more()
    )


def test_part_paid_the_rest_is_chased_on_the_same_days() -> None:
    (
        after(2)
        .pays("2026-04-10", "700.00")
        .balance("500.00")
        .day("2026-04-15", "reminder_2 by e-mail")
        .pays("2026-04-20", "500.00")
        .day("2026-04-20", "closed: paid in full")
        .nothing_more()
    )


def test_part_paid_down_to_less_than_the_minimum_it_stays_open_in_silence() -> None:
    (
        after(2)
        .pays("2026-04-10", "1190.01")
        .status("2026-04-11", State.BELOW_MINIMUM, why="9.99 EUR is below the minimum of 10.00 EUR")
        .nothing_more()
    )


def test_paid_too_much_closes_and_keeps_the_excess() -> None:
    told = after(1).pays("2026-04-02", "1300.00").day("2026-04-02", "closed: paid in full")
    assert told.decision().balance.credit == 100
    told.nothing_more()


def test_credited_in_full() -> None:
    (after(1).credited("2026-04-02", "1200.00").day("2026-04-02", "closed: credited in full").nothing_more())


def test_part_credited_then_paid() -> None:
    (
        after(1)
        .credited("2026-04-02", "200.00")
        .day("2026-04-07", "reminder_1 by e-mail")
        .pays("2026-04-08", "1000.00")
        .day("2026-04-08", "closed: paid in full")
        .nothing_more()
    )


def test_a_returned_payment_reopens_the_case_where_it_stood() -> None:
    (
        after(2)
        .pays("2026-04-09", "1200.00")
        .day("2026-04-09", "closed: paid in full")
        .payment_returned("2026-05-20")
        .balance("1200.00")
        .day("2026-05-20", "reopened", "reminder_2 by e-mail")
        .nothing_until("2026-05-26")  # Whit Monday is 25 May
        .day("2026-05-26", "reminder_3 by SMS")
    )


def test_a_payment_that_bounced_is_not_what_closed_a_credited_invoice() -> None:
    (
        after(2)
        .pays("2026-04-09", "1200.00")
        .day("2026-04-09", "closed: paid in full")
        .payment_returned("2026-04-13")
        .day("2026-04-13", "reopened")
        .credited("2026-04-14", "1200.00")
        .day("2026-04-14", "closed: credited in full")
        .nothing_more()
    )
