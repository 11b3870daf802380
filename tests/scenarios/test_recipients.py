"""Whom messages go to when one comes back, told day by day."""

from rules.decide import State
from rules.facts import Role
from tests.scenarios.people import Someone, story_of

ACCOUNTS, INVOICES = Someone("compta@"), Someone("factures@")
BUYER = Someone("achats@", Role.BUYER)


def test_a_reminder_that_bounces_goes_to_the_next_of_its_role_at_once() -> None:
    (
        story_of(ACCOUNTS, INVOICES, BUYER)
        .invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
        .day("2026-03-30", "pre_reminder by e-mail to compta@")
        .bounces("2026-04-07 09:34", "compta@")
        .day(
            "2026-04-07",
            "reminder_1 by e-mail to compta@",
            "reminder_1 by e-mail to factures@ at 09:34",
        )
        # From there the ladder goes on as if nothing had been.
        .day("2026-04-15", "reminder_2 by e-mail to factures@")
    )


def test_a_bounce_in_the_evening_is_answered_the_next_morning() -> None:
    (
        story_of(ACCOUNTS, INVOICES)
        .invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
        .day("2026-03-30", "pre_reminder by e-mail to compta@")
        .bounces("2026-04-07 20:15", "compta@")
        .day("2026-04-07", "reminder_1 by e-mail to compta@")
        .day("2026-04-08", "reminder_1 by e-mail to factures@")
    )


def test_when_the_last_one_bounces_one_task_asks_and_the_answer_moves_the_ladder_on() -> None:
    (
        story_of(ACCOUNTS, INVOICES)
        .invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
        .day("2026-03-30", "pre_reminder by e-mail to compta@")
        .bounces("2026-04-07 09:34", "compta@")
        .bounces("2026-04-07 10:02", "factures@")
        .day(
            "2026-04-07",
            "reminder_1 by e-mail to compta@",
            "reminder_1 by e-mail to factures@ at 09:34",
            "task find_contact at 10:02",
        )
        .status(
            "2026-04-13 09:00", State.AWAITING_PERSON, why="find contact: a person was asked on 2026-04-07"
        )
        .nothing_until("2026-04-20")
        .found("2026-04-20 11:00", Someone("tresorerie@"))
        .day("2026-04-20", "reminder_1 by e-mail to tresorerie@ at 11:00")
        # Five days after the contact that was made: Saturday the 25th, moved to Monday.
        .day("2026-04-27", "reminder_2 by e-mail to tresorerie@")
    )


def test_one_task_asks_for_every_invoice_of_the_message_that_came_back() -> None:
    (
        story_of(ACCOUNTS)
        .invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
        .invoice("F-2", "300.00", issued="2026-03-01", due="2026-03-31")
        .day("2026-03-30", "pre_reminder by e-mail to compta@ for F-1, F-2")
        .bounces("2026-04-07 09:34", "compta@")
        .day(
            "2026-04-07",
            "reminder_1 by e-mail to compta@ for F-1, F-2",
            "task find_contact for F-1, F-2 at 09:34",
        )
        .nothing_until("2026-04-20")
    )


def test_whoever_unsubscribes_has_read_it_and_the_next_step_goes_to_another() -> None:
    (
        story_of(ACCOUNTS, INVOICES)
        .invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
        .day("2026-03-30", "pre_reminder by e-mail to compta@")
        .not_used("2026-04-07 09:40", "compta@")
        .day("2026-04-07", "reminder_1 by e-mail to compta@")
        .day("2026-04-15", "reminder_2 by e-mail to factures@")
    )


def test_a_number_that_takes_no_sms_leaves_the_third_reminder_to_the_buyer() -> None:
    landline = Someone("compta@", phone="+33145678901")
    (
        story_of(landline, BUYER)
        .invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
        .day("2026-03-30", "pre_reminder by e-mail to compta@")
        .day("2026-04-07", "reminder_1 by e-mail to compta@")
        .day("2026-04-15", "reminder_2 by e-mail to compta@")
        .day("2026-04-30", "reminder_3 by e-mail to achats@")
    )
