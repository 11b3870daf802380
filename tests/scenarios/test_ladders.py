"""The five built-in policies, from the first message to the hand-over, when nobody ever pays."""

from __future__ import annotations

from rules.facts import Reach, Role
from tests.scenarios.story import story


def test_standard_never_paid() -> None:
    (
        story("standard")
        .invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
        .nothing_until("2026-03-30")  # 3 days before is Saturday 28
        .day("2026-03-30", "pre_reminder by e-mail")
        .day(4, "nothing")
        .day(5, "nothing")  # Easter Sunday, and Monday is a holiday
        .day("2026-04-07", "reminder_1 by e-mail")
        .day("2026-04-15", "reminder_2 by e-mail")
        .day("2026-04-30", "reminder_3 by SMS")
        .day("2026-05-11", "phone_call as a call")  # 40 days after is Sunday
        .day("2026-06-01", "formal_notice by letter")  # 60 days after is Saturday
        .day("2026-06-04", "task notice_call")  # three business days after the notice
        .day("2026-06-15", "handover as a decision")  # 75 days after is Sunday
        .nothing_more()
    )


def test_key_account_never_paid_a_person_speaks_first() -> None:
    (
        story("key_account")
        .invoice("F-1", "80000.00", issued="2026-06-01", due="2026-08-31")
        .day(-10, "pre_reminder by e-mail")  # Friday 21 August
        .day(3, "call_1 as a call")
        .day(10, "reminder_1 by e-mail")
        .nothing_until(20)
        .day(21, "sales_call as a call")  # 20 days after is Sunday
        .day(30, "reminder_2 by e-mail")
        .nothing_until(40)
        .day(42, "call_2 as a call")  # Saturday 10 October
        .day(60, "formal_notice by letter")  # Friday 30 October
        .day("2026-11-04", "task notice_call")
        .nothing_until(75)
        .day(77, "handover as a decision")  # Saturday 14 November
        .nothing_more()
    )


def test_small_amounts_never_paid() -> None:
    (
        story("small_amounts")
        .invoice("F-1", "35.00", issued="2026-08-31", due="2026-09-30")
        .day(7, "reminder_1 by e-mail")
        .day(21, "reminder_2 by e-mail")
        .nothing_until(45)
        .day(47, "reminder_3 by e-mail")  # 45 days after is Saturday 14 November
        .day(90, "handover as a decision")
        .nothing_more()
    )


def test_strict_never_paid() -> None:
    (
        story("strict")
        .invoice("F-1", "5000.00", issued="2026-08-31", due="2026-09-30")
        .day(-7, "pre_reminder by e-mail")
        .nothing_until(3)
        .day(5, "call_1 as a call")  # 3 days after is Saturday 3 October
        .nothing_until(10)
        .day(12, "reminder_1 by e-mail")  # the call was on day 5: five days on is Saturday 10 October
        .nothing_until(17)
        .day(19, "reminder_2 by SMS")  # again five days apart, and again a Saturday
        .nothing_until(24)
        .day(26, "formal_notice by letter")
        .day(29, "task notice_call")
        .day(35, "handover as a decision")  # the notice's deadline, day 34, has passed
        .nothing_more()
    )


def test_public_sector_never_paid() -> None:
    (
        story("public_sector")
        .invoice("F-1", "9000.00", issued="2026-08-31", due="2026-09-30")
        .nothing_until(-10)
        .day(-9, "pre_reminder by e-mail")  # 10 days before is Sunday 20 September
        .day(5, "call_1 as a call")
        .day(15, "reminder_1 by e-mail")
        .day(30, "reminder_2 by e-mail")
        .day(40, "call_2 as a call")
        .nothing_until(60)
        .day(61, "formal_notice by letter")  # 60 days after is Sunday 29 November
        .day(64, "task notice_call")
        .day(90, "handover as a decision")
        .nothing_more()
    )


def test_an_invoice_below_the_minimum_is_never_chased_but_stays_open() -> None:
    (
        story()
        .invoice("F-1", "9.99", issued="2026-03-01", due="2026-03-31")
        .nothing_until("2026-12-01")
        .balance("9.99")
        .nothing_more()
    )


def test_an_invoice_at_the_minimum_is_chased() -> None:
    (
        story()
        .invoice("F-1", "10.00", issued="2026-03-01", due="2026-03-31")
        .day("2026-03-30", "pre_reminder by e-mail")
    )


def test_a_currency_without_minimum_is_chased_from_its_smallest_coin() -> None:
    (
        story(country="JP")
        .invoice("F-1", "1", currency="JPY", issued="2026-08-31", due="2026-09-30")
        .nothing_until(-3)
        .day(-3, "nothing")  # Sunday 27 September
        .day(-2, "pre_reminder by e-mail")
    )


def test_without_a_mobile_number_the_third_reminder_is_an_email_to_the_buyer() -> None:
    (
        story(reach={Role.ACCOUNTING: Reach(email=True), Role.BUYER: Reach(email=True)})
        .invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
        .day("2026-03-30", "pre_reminder by e-mail")
        .day("2026-04-07", "reminder_1 by e-mail")
        .day("2026-04-15", "reminder_2 by e-mail")
        .day("2026-04-30", "reminder_3 by e-mail")
        .day("2026-05-11", "phone_call as a call")
    )


def test_without_mobile_or_buyer_the_third_reminder_is_a_call() -> None:
    (
        story(reach={Role.ACCOUNTING: Reach(email=True, phone=True)})
        .invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
        .day("2026-03-30", "pre_reminder by e-mail")
        .day("2026-04-07", "reminder_1 by e-mail")
        .day("2026-04-15", "reminder_2 by e-mail")
        .day("2026-04-30", "reminder_3 as a call")
    )
