"""One voice per customer: what is due together leaves together, and not too often."""

from __future__ import annotations

from rules.facts import StopReason
from tests.scenarios.story import story


def test_two_invoices_at_the_same_step_make_one_contact() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-08-03")
        .invoice("F-2", "500.00", due="2026-08-31", entered="2026-08-03")
        .day("2026-08-28", "pre_reminder by e-mail for F-1, F-2")
        .day("2026-09-07", "reminder_1 by e-mail for F-1, F-2")
        .pays("2026-09-10", "1200.00", "F-1")
        .day("2026-09-10", "closed: paid in full for F-1")
        .day("2026-09-15", "reminder_2 by e-mail for F-2")
        .pays("2026-09-20", "500.00", "F-2")
        .day("2026-09-20", "closed: paid in full for F-2")
        .nothing_more()
    )


def test_the_contact_takes_the_strongest_step_and_folds_the_weaker_ones() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-08-03")
        .invoice("F-2", "500.00", due="2026-09-10", entered="2026-08-17")
        .day("2026-08-28", "pre_reminder by e-mail for F-1")
        .day("2026-09-07", "reminder_1 by e-mail for F-1, also F-2")  # F-2's statement of the 7th
        .nothing_until("2026-09-15")
        .day("2026-09-15", "reminder_2 by e-mail for F-1, also F-2")  # F-2's first reminder
        .day("2026-09-25", "reminder_2 by e-mail for F-2")
        .day("2026-09-30", "reminder_3 by SMS for F-1")
        .nothing_until("2026-10-12")  # F-1's call: Saturday 10; F-2's SMS, also of the 10th, is folded
        .day("2026-10-12", "phone_call as a call with a statement for F-1, also F-2")
    )


def test_a_folded_item_advances_and_restarts_its_gap() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-15")  # enters at reminder_2
        .invoice("F-2", "500.00", due="2026-09-08", entered="2026-09-15")  # enters at reminder_1
        .day("2026-09-15", "reminder_2 by e-mail for F-1, also F-2")
        # F-2's reminder_1 is done: its reminder_2 comes on its own day, 15 days after 8 September.
        .day("2026-09-23", "reminder_2 by e-mail for F-2")
        .day("2026-09-30", "reminder_3 by SMS for F-1")
    )


def test_a_listed_item_does_not_advance() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-15")
        .invoice("F-2", "500.00", due="2026-09-25", entered="2026-09-10")  # open, not due, merely listed
        .day("2026-09-15", "reminder_2 by e-mail for F-1")
        .day("2026-09-22", "pre_reminder by e-mail for F-2")
    )


def test_a_folded_item_never_hears_a_weaker_tone_again() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-15")
        .invoice("F-2", "500.00", due="2026-09-17", entered="2026-09-15")  # its statement is folded
        .day("2026-09-15", "reminder_2 by e-mail for F-1, also F-2")
        .day("2026-09-22", "reminder_1 by e-mail in firm tone for F-2")
    )


def test_an_sms_with_folded_items_takes_a_statement_along_as_the_same_contact() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-08-03")
        .invoice("F-2", "500.00", due="2026-09-25", entered="2026-09-30")
        .day("2026-08-28", "pre_reminder by e-mail for F-1")
        .day("2026-09-07", "reminder_1 by e-mail for F-1")
        .day("2026-09-15", "reminder_2 by e-mail for F-1")
        .day("2026-09-30", "reminder_3 by SMS with a statement for F-1, also F-2")
        .nothing_until("2026-10-12")  # F-1's call on Saturday 10, F-2's second reminder on the same day
        .day("2026-10-12", "phone_call as a call with a statement for F-1, also F-2")
    )


def test_an_sms_for_two_invoices_at_that_step_needs_no_statement() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-08-03")
        .invoice("F-2", "500.00", due="2026-08-31", entered="2026-08-03")
        .day("2026-08-28", "pre_reminder by e-mail for F-1, F-2")
        .day("2026-09-07", "reminder_1 by e-mail for F-1, F-2")
        .day("2026-09-15", "reminder_2 by e-mail for F-1, F-2")
        .day("2026-09-30", "reminder_3 by SMS for F-1, F-2")
    )


def test_the_customers_gap_postpones_what_comes_too_soon() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-08-03")
        .invoice("F-2", "500.00", due="2026-09-04", entered="2026-08-03")
        .day("2026-08-28", "pre_reminder by e-mail for F-1")
        .nothing_until("2026-09-02")  # F-2's statement was planned on 1 September
        .day("2026-09-02", "pre_reminder by e-mail for F-2")
        .nothing_until("2026-09-07")
        .day("2026-09-07", "reminder_1 by e-mail for F-1")
        .nothing_until("2026-09-14")  # F-2's reminder of the 9th waits for the 12th, a Saturday
        .day("2026-09-14", "reminder_1 by e-mail for F-2")
    )


def test_a_longer_gap_and_none() -> None:
    (
        story(gap_days=10)
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-07")
        .invoice("F-2", "500.00", due="2026-09-03", entered="2026-09-07")
        .day("2026-09-07", "reminder_1 by e-mail for F-1")
        .nothing_until("2026-09-17")
        .day("2026-09-17", "reminder_2 by e-mail for F-1, also F-2")
    )
    (
        story(gap_days=0)
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-07")
        .invoice("F-2", "500.00", due="2026-09-03", entered="2026-09-07")
        .day("2026-09-07", "reminder_1 by e-mail for F-1")
        .day("2026-09-08", "reminder_1 by e-mail for F-2")
        .day("2026-09-15", "reminder_2 by e-mail for F-1")
        .day("2026-09-18", "reminder_2 by e-mail for F-2")
    )


def test_the_gap_drops_a_pre_reminder_that_it_would_push_past_the_due_date() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-09-01", entered="2026-08-31")
        .invoice("F-2", "500.00", due="2026-09-04", entered="2026-08-03")
        .day("2026-08-31", "pre_reminder by e-mail for F-1")
        .nothing_until("2026-09-07")  # F-2's statement could only leave on 5 September: too late
        .day("2026-09-07", "reminder_1 by e-mail for F-1")
        .nothing_until("2026-09-14")
        .day("2026-09-14", "reminder_1 by e-mail for F-2")
    )


def test_our_own_decision_neither_waits_for_the_customers_gap_nor_starts_one() -> None:
    (
        story()
        .invoice(
            "F-1",
            "1200.00",
            due="2026-06-17",
            entered="2026-08-20",
            last_step="formal_notice",
            last_contacted_on="2026-08-17",
        )
        .invoice("F-2", "500.00", due="2026-08-31", entered="2026-08-20")
        .day("2026-08-20", "task notice_call for F-1")  # the other tool left it to us
        .day("2026-08-28", "pre_reminder by e-mail for F-2")
        .day("2026-08-31", "handover as a decision for F-1")
        .nothing_until("2026-09-07")
        .day("2026-09-07", "reminder_1 by e-mail for F-2")
    )


def test_two_invoices_in_different_policies() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-15")  # standard: reminder_2, +15
        .invoice("F-2", "90000.00", due="2026-08-31", entered="2026-09-15", policy="key_account")
        # key_account enters at reminder_1 (+10): the firmer letter of the other policy carries it.
        .day("2026-09-15", "reminder_2 by e-mail for F-1, also F-2")
        .nothing_until("2026-09-21")  # its call by the sales rep: 20 days late is Sunday
        .day("2026-09-21", "sales_call as a call in firm tone for F-2")
    )


def test_one_step_key_of_two_strengths_is_told_by_the_stronger() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-15")  # reminder_2 is an e-mail
        .invoice("F-2", "800.00", due="2026-08-31", entered="2026-09-15", policy="strict")  # an SMS
        .day("2026-09-15", "reminder_2 by SMS with a statement for F-2, also F-1")
    )


def test_nine_late_invoices_make_one_letter_not_nine() -> None:
    told = story()
    for n in range(1, 10):
        told.invoice(f"F-{n}", "100.00", due=f"2026-08-{10 + n}", entered="2026-09-21")
    numbers = ", ".join(f"F-{n}" for n in range(1, 10))
    told.day("2026-09-21", f"reminder_2 by e-mail for {numbers}")
    told.nothing_until("2026-09-28")
    told.day("2026-09-28", f"reminder_3 by SMS for {numbers}")


def test_a_formal_notice_takes_every_item_that_is_due_along() -> None:
    (
        story()
        .invoice(
            "F-1",
            "1200.00",
            due="2026-07-02",
            entered="2026-09-07",
            last_step="phone_call",
            last_contacted_on="2026-08-20",
        )
        .invoice("F-2", "500.00", due="2026-08-31", entered="2026-09-07")
        .day("2026-09-07", "formal_notice by letter for F-1, also F-2")
        .day("2026-09-10", "task notice_call for F-1")  # one letter, one call
        .nothing_until("2026-09-15")
        .day("2026-09-15", "reminder_2 by e-mail in notice tone for F-2")
        .nothing_until("2026-09-16")
        .day("2026-09-16", "handover as a decision for F-1")
    )


def test_a_stop_of_the_customer_stops_grouped_invoices_too() -> None:
    (
        story()
        .invoice("F-1", "1200.00", due="2026-08-31", entered="2026-09-15")
        .invoice("F-2", "500.00", due="2026-09-08", entered="2026-09-15")
        .day("2026-09-15", "reminder_2 by e-mail for F-1, also F-2")
        .stop("2026-09-16", StopReason.DO_NOT_CONTACT)
        .nothing_more()
    )
