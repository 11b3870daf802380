"""Payment terms: due dates, with both lawful readings of "end of month"."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.terms import (
    MAX_DAYS,
    MonthEnd,
    PaymentTerms,
    days_then_month_end,
    due_date,
    month_end_then_days,
    net_days,
)

days_of_issue = st.dates(date(2000, 1, 1), date(2100, 12, 31))
lengths = st.integers(0, MAX_DAYS)


@pytest.mark.parametrize(
    ("issued_on", "days", "days_first", "month_first"),
    [
        (date(2023, 1, 15), 45, date(2023, 3, 31), date(2023, 3, 17)),
        (date(2024, 1, 15), 45, date(2024, 2, 29), date(2024, 3, 16)),
        (date(2026, 1, 31), 30, date(2026, 3, 31), date(2026, 3, 2)),
        (date(2026, 2, 28), 0, date(2026, 2, 28), date(2026, 2, 28)),
        (date(2026, 12, 1), 0, date(2026, 12, 31), date(2026, 12, 31)),
        (date(2026, 12, 1), 31, date(2027, 1, 31), date(2027, 1, 31)),
    ],
)
def test_the_two_readings_of_end_of_month(
    issued_on: date, days: int, days_first: date, month_first: date
) -> None:
    assert due_date(issued_on, days_then_month_end(days)) == days_first
    assert due_date(issued_on, month_end_then_days(days)) == month_first


def test_net_days_count_from_the_issue_date() -> None:
    assert due_date(date(2026, 1, 31), net_days(30)) == date(2026, 3, 2)
    assert due_date(date(2024, 2, 1), net_days(60)) == date(2024, 4, 1)
    assert due_date(date(2026, 5, 4), net_days(0)) == date(2026, 5, 4)


@given(days_of_issue, lengths)
def test_end_of_month_never_falls_before_net_days(issued_on: date, days: int) -> None:
    net = due_date(issued_on, net_days(days))
    for terms in (days_then_month_end(days), month_end_then_days(days)):
        assert timedelta(0) <= due_date(issued_on, terms) - net <= timedelta(days=30)


@given(days_of_issue, lengths)
def test_days_first_always_ends_on_the_last_day_of_a_month(issued_on: date, days: int) -> None:
    due = due_date(issued_on, days_then_month_end(days))
    assert (due + timedelta(days=1)).day == 1


@given(days_of_issue, lengths)
def test_month_first_gives_one_due_date_to_all_invoices_of_a_month(issued_on: date, days: int) -> None:
    terms = month_end_then_days(days)
    assert due_date(issued_on, terms) == due_date(issued_on.replace(day=1), terms)


@given(days_of_issue, lengths, st.sampled_from(MonthEnd))
def test_a_later_invoice_is_never_due_earlier(issued_on: date, days: int, month_end: MonthEnd) -> None:
    terms = PaymentTerms(days, month_end)
    assert due_date(issued_on, terms) <= due_date(issued_on + timedelta(days=1), terms)


@pytest.mark.parametrize("days", [-1, MAX_DAYS + 1])
def test_absurd_terms_are_refused(days: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to 999"):
        net_days(days)


def test_an_instant_is_not_an_issue_date() -> None:
    with pytest.raises(ValueError, match="not an instant"):
        due_date(datetime(2026, 5, 4, 12, 0), net_days(30))  # noqa: DTZ001 - what is refused here


def test_terms_are_values_that_say_what_they_are() -> None:
    assert net_days(30) == PaymentTerms(30, MonthEnd.NONE)
    assert len({net_days(30), net_days(30), days_then_month_end(30)}) == 2
    assert str(net_days(30)) == "net 30 days"
    assert str(days_then_month_end(45)) == "45 days, then end of month"
    assert str(month_end_then_days(45)) == "end of month, then 45 days"
    with pytest.raises(dataclasses.FrozenInstanceError):
        net_days(30).days = 60  # type: ignore[misc]
