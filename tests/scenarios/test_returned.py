"""A reminder that reached nobody is not a reminder: when it comes again, waits for a person, or is let be."""

from __future__ import annotations

import pytest

from rules.decide import State
from rules.delivery import Delivery
from tests.scenarios.returning import Returning, returning


def reminded() -> Returning:
    """Due on Tuesday 31 March; the first reminder will leave on Tuesday 7 April (the Monday is Easter's)."""
    return returning().invoice("F-1", "1200.00", due="2026-03-31").day("2026-03-30", "pre_reminder by e-mail")


def test_a_bounce_within_the_hours_sends_it_to_the_next_mailbox_at_once() -> None:
    (
        reminded()
        .came_back("2026-04-07 10:15", "reminder_1", Delivery.BOUNCED)
        .day("2026-04-07", "reminder_1 by e-mail", "reminder_1 by e-mail at 10:15")
        .day("2026-04-15", "reminder_2 by e-mail")
        .day("2026-04-30", "reminder_3 by SMS")
    )


def test_a_bounce_in_the_evening_waits_for_the_morning() -> None:
    (
        reminded()
        .came_back("2026-04-07 19:40", "reminder_1", Delivery.BOUNCED)
        .day("2026-04-07", "reminder_1 by e-mail")
        .day("2026-04-08", "reminder_1 by e-mail")
        .day("2026-04-15", "reminder_2 by e-mail")
    )


def test_one_that_comes_days_later_moves_what_follows() -> None:
    """Sent again on the 13th, the firm reminder of the 15th keeps its distance of five days."""
    (
        reminded()
        .day("2026-04-07", "reminder_1 by e-mail")
        .came_back("2026-04-13 11:00", "reminder_1", Delivery.BOUNCED)
        .day("2026-04-13", "reminder_1 by e-mail at 11:00")
        .day("2026-04-20", "reminder_2 by e-mail")
    )


def test_once_the_ladder_went_on_it_is_let_be() -> None:
    (
        reminded()
        .day("2026-04-07", "reminder_1 by e-mail")
        .day("2026-04-15", "reminder_2 by e-mail")
        .came_back("2026-04-16 11:00", "reminder_1", Delivery.BOUNCED)
        .nothing_until("2026-04-30")
        .day("2026-04-30", "reminder_3 by SMS")
    )


def test_what_was_turned_away_waits_until_a_person_has_seen_to_it() -> None:
    (
        reminded()
        .came_back("2026-04-07 10:15", "reminder_1", Delivery.BLOCKED)
        .status("2026-04-07 10:16", State.AWAITING_PERSON)
        .day("2026-04-07", "reminder_1 by e-mail")
        .nothing_until("2026-04-09")
        .seen_to("2026-04-09 14:00")
        .day("2026-04-09", "reminder_1 by e-mail at 14:00")
        .day("2026-04-15", "reminder_2 by e-mail")
    )


@pytest.mark.parametrize(
    "news", [Delivery.ACCEPTED, Delivery.DEFERRED, Delivery.HANDED_OVER, Delivery.DELIVERED]
)
def test_any_other_news_changes_nothing(news: Delivery) -> None:
    (
        reminded()
        .came_back("2026-04-07 10:15", "reminder_1", news)
        .day("2026-04-07", "reminder_1 by e-mail")
        .nothing_until("2026-04-15")
        .day("2026-04-15", "reminder_2 by e-mail")
    )


def test_a_copy_that_may_have_been_read_is_enough() -> None:
    (
        reminded()
        .day("2026-04-07", "reminder_1 by e-mail")
        .came_back("2026-04-15 10:15", "reminder_2", Delivery.BOUNCED, copies_failed=False)
        .day("2026-04-15", "reminder_2 by e-mail")
        .nothing_until("2026-04-30")
        .day("2026-04-30", "reminder_3 by SMS")
    )
