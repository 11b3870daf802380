"""What holds in every life of every portfolio whose creditor says how far its bank is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import BusinessCalendar, Channel
from rules.decide import State
from rules.facts import BankStatement, Tone
from tests.properties.portfolios import FIRST_DAY, Portfolio, bank_at, live, lives_of, portfolios

FILES = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 23), st.integers(0, 12)), max_size=40)
"""Files: the day one comes, its hour, and how many days old it is by then."""


def said_by(files: Sequence[tuple[int, int, int]], calendar: BusinessCalendar) -> list[BankStatement]:
    """What is said of the bank, forward only."""
    found: list[BankStatement] = []
    for day, hour, age in sorted(files):
        on = FIRST_DAY + timedelta(days=day)
        until = on - timedelta(days=age)
        if not found or until > found[-1].until:
            found.append(BankStatement(until, calendar.instant(on, time(hour))))
    return found


def business_days_between(calendar: BusinessCalendar, after: date, before: date) -> int:
    """How many business days lie between two days, neither of them counted."""
    days = (after + timedelta(days=n) for n in range(1, (before - after).days))
    return sum(1 for day in days if calendar.is_business_day(day))


@lives_of
@given(portfolios(), FILES)
def test_nothing_asks_for_money_on_bank_data_that_are_too_old(
    portfolio: Portfolio, files: list[tuple[int, int, int]]
) -> None:
    said = said_by(files, portfolio.customer.calendar)
    for done, invoice, step in live(portfolio, said=said).steps():
        bank = bank_at(done.customer.calendar, said, done.at)
        allowed = portfolio.policies[invoice].bank_max_age_days
        asks = step.channel is not Channel.DECISION and step.tone is not Tone.STATEMENT
        if bank is not None and asks:
            assert allowed is not None
            assert business_days_between(done.customer.calendar, bank.until, done.day) < allowed


@lives_of
@given(portfolios(), FILES)
def test_once_the_bank_is_known_again_every_case_ends_as_it_would_have(
    portfolio: Portfolio, files: list[tuple[int, int, int]]
) -> None:
    said = said_by(files, portfolio.customer.calendar)
    far = FIRST_DAY + timedelta(days=1500)
    said.append(
        BankStatement(far, portfolio.customer.calendar.instant(FIRST_DAY + timedelta(days=301), time(10)))
    )
    lived = live(portfolio, said=said)
    assert not any(decision.state is State.AWAITING_BANK for decision in lived.decisions.values())
    plain = live(portfolio)
    for invoice, decision in plain.decisions.items():
        assert (decision.closing_reason is None) == (lived.decisions[invoice].closing_reason is None)


@lives_of
@given(portfolios())
def test_a_bank_known_in_time_changes_nothing(portfolio: Portfolio) -> None:
    always = [
        BankStatement(FIRST_DAY + timedelta(days=1500), datetime.fromisoformat("2020-01-01T00:00+00:00"))
    ]
    assert live(portfolio, said=always).contacts() == live(portfolio).contacts()
