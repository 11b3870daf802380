"""Interest on one invoice, line by line. Exact until the end, rounded once, half up.

Days run from the day after the due date to the day of payment, that day included; the year has 365 days, leap
years too (Code de commerce L441-10 names a yearly rate; so reckon the ministries and the courts).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final

from rules.interest.jurisdictions import Jurisdiction
from rules.interest.rates import RateTable, half_name, shown_percent
from rules.money import minor_units

DAYS_A_YEAR: Final = 365
FLOOR_TIMES: Final = 3

_DAY: Final = timedelta(days=1)


class Imputation(StrEnum):
    """What a payment goes to first.

    By law to interest, then to principal (Code civil 1343-1), unless the creditor says otherwise. Relance's
    ledger says otherwise: a payment lessens the invoice it names, and interest is demanded beside it.
    """

    PRINCIPAL = "principal"
    INTEREST = "interest"


@dataclass(frozen=True, slots=True)
class Received:
    """Money set against the debt, as from the end of its day."""

    on: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Debt:
    """An invoice in the light of its lateness. Amounts in `currency`, with VAT.

    :param principal: what was invoiced, less what was credited, which was never owed, and what is contested.
    :param due_on: the last day on which payment was in time.
    :param received: in any order; what came before the due date lessens the principal from the start.
    :param contractual: percent a year that was agreed; it takes the law's place.
    :param stops_on: first day without interest: that of the judgment opening insolvency proceedings (Code de
        commerce L622-28).
    """

    principal: Decimal
    currency: str
    due_on: date
    received: tuple[Received, ...] = ()
    contractual: Decimal | None = None
    stops_on: date | None = None


@dataclass(frozen=True, slots=True)
class InterestLine:
    """Days of one rate on one amount; both ends included. `exact` is not rounded."""

    first: date
    last: date
    days: int
    base: Decimal
    percent: Decimal
    exact: Fraction

    @property
    def shown(self) -> Decimal:
        """`exact` to four decimals, to be looked at: only the sum is rounded to the currency."""
        return _decimal(self.exact, 4)


@dataclass(frozen=True, slots=True)
class Interest:
    """What is owed on top of the principal.

    :param amount: all of it, rounded once; payments that went to interest are not taken off.
    :param paid: what payments went to it.
    :param principal: what is left of the principal at the end of `until`.
    :param until: the last day reckoned.
    """

    amount: Decimal
    paid: Decimal
    principal: Decimal
    until: date
    lines: tuple[InterestLine, ...]

    @property
    def owed(self) -> Decimal:
        """What is left of the interest."""
        return self.amount - self.paid


def interest(
    debt: Debt,
    law: Jurisdiction,
    rates: RateTable,
    until: date,
    imputation: Imputation = Imputation.PRINCIPAL,
) -> Interest:
    """Reckon the interest of a debt up to and with a day.

    :param debt: the invoice.
    :param law: the law it is under.
    :param rates: what is known of reference rates; not asked for where a rate was agreed.
    :param until: the last day reckoned, usually today or the day of payment.
    :param imputation: what payments go to first.
    :raises MissingRate: a half-year's rate that is needed is not known.
    """
    last = until if debt.stops_on is None else min(until, debt.stops_on - _DAY)
    lines: list[InterestLine] = []
    principal, accrued, paid = Fraction(debt.principal), Fraction(0), Fraction(0)
    day = debt.due_on + _DAY
    for received in sorted(debt.received, key=lambda each: each.on):
        if received.on > last:
            break
        part = list(_lines(debt, law, rates, principal, day, received.on))
        lines += part
        accrued += sum((line.exact for line in part), Fraction(0))
        day = max(day, received.on + _DAY)
        amount = Fraction(received.amount)
        if imputation is Imputation.INTEREST:
            # Nobody pays a fraction of a cent: what is due on that day is due rounded.
            due = Fraction(_decimal(accrued, minor_units(debt.currency))) - paid
            taken = min(amount, max(due, Fraction(0)))
            paid, amount = paid + taken, amount - taken
        principal = max(principal - amount, Fraction(0))
    part = list(_lines(debt, law, rates, principal, day, last))
    lines += part
    accrued += sum((line.exact for line in part), Fraction(0))
    digits = minor_units(debt.currency)
    return Interest(
        amount=_decimal(accrued, digits),
        paid=_decimal(paid, digits),
        principal=_decimal(principal, digits),
        until=last,
        lines=tuple(lines),
    )


def fixed_sum(debt: Debt, law: Jurisdiction) -> Decimal:
    """The fixed sum for recovery costs of an invoice paid late, in the law's currency.

    Once an invoice, also after a partial payment (Code de commerce D441-5); none where proceedings had barred
    payment before it was late. Where it depends on the debt's size, what was owed when it became late counts.
    """
    if debt.stops_on is not None and debt.stops_on <= debt.due_on + _DAY:
        return Decimal(0)
    early = sum((each.amount for each in debt.received if each.on <= debt.due_on), Decimal(0))
    owed = debt.principal - early
    if owed <= 0:
        return Decimal(0)
    if debt.currency != law.tiers_currency:
        # How large it is cannot be told without a rate of exchange: the least is never too much.
        return law.tiers[0][1]
    return [amount for least, amount in law.tiers if owed >= least][-1]


def yearly_rate(debt: Debt, law: Jurisdiction, rates: RateTable, day: date) -> Decimal:
    """Percent a year that serves a day of lateness.

    :raises MissingRate: it depends on a rate that is not known.
    """
    if debt.contractual is not None:
        return debt.contractual
    found = rates.on(law.series, debt.due_on + _DAY if law.frozen else day) + law.margin
    if law.round_up_to is None:
        return found
    steps = Fraction(found) / Fraction(law.round_up_to)
    return law.round_up_to * -(-steps.numerator // steps.denominator)


def below_floor(percent: Decimal, law: Jurisdiction, rates: RateTable, day: date) -> Decimal | None:
    """The least rate that may be agreed, where `percent` is under it; None where it may be agreed.

    The floor never lifts the law's own rate, nor one that was agreed: more than was agreed is never demanded
    (Code de commerce L441-10 II; in 2024 the floor stood above the default rate).

    :raises MissingRate: the floor of that day is not known.
    """
    if law.floor_series is None:
        return None
    floor = FLOOR_TIMES * rates.on(law.floor_series, day)
    return floor if percent < floor else None


def floor_warning(percent: Decimal, law: Jurisdiction, rates: RateTable, day: date) -> str | None:
    """What a person should know of an agreed rate: that it is under the floor, as far as that is known.

    Where the half-year's legal rate is not known yet, the latest that is known is compared, and named.
    """
    if law.floor_series is None:
        return None
    latest = rates.latest(law.floor_series, day)
    if latest is None:
        return f"the floor is not checked: no {law.floor_series.full_name} is known"
    floor = FLOOR_TIMES * latest.percent
    if percent >= floor:
        return None
    return (
        f"{shown_percent(percent)} % a year is under {FLOOR_TIMES} times {law.floor_series.full_name}, "
        f"{shown_percent(floor)} % in {half_name(latest.first)}: it cannot be agreed ({law.source})"
    )


def _lines(
    debt: Debt, law: Jurisdiction, rates: RateTable, base: Fraction, first: date, last: date
) -> Iterator[InterestLine]:
    """The lines of one base, cut at half-years where the rate may change; equal neighbours stay apart."""
    while first <= last and base > 0:
        following = date(first.year, 7, 1) if first.month <= 6 else date(first.year + 1, 1, 1)
        end = min(last, following - _DAY)
        if debt.contractual is not None or law.frozen:
            end = last
        percent = yearly_rate(debt, law, rates, first)
        days = (end - first).days + 1
        exact = base * Fraction(percent) * days / (100 * DAYS_A_YEAR)
        yield InterestLine(first, end, days, _decimal(base, minor_units(debt.currency)), percent, exact)
        first = end + _DAY


def _decimal(value: Fraction, digits: int) -> Decimal:
    """A fraction to so many decimals, a half away from zero; no thread's context has a say in it."""
    scaled = value * 10**digits
    whole = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if value >= 0 else -whole).scaleb(-digits)
