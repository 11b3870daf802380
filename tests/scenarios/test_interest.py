"""What a late invoice costs, told day by day: a rate that moves, money that comes and goes, a judgment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Self

import pytest

from policies import builtin_rates
from rules.interest import (
    Debt,
    Imputation,
    MissingRate,
    Received,
    fixed_sum,
    interest,
    jurisdiction,
)

RATES = builtin_rates()


@dataclass
class Owed:
    """An invoice in euros; `bears` says what its interest is at the end of a day."""

    total: str
    due: str
    law: str = "FR"
    imputation: Imputation = Imputation.PRINCIPAL
    debt: Debt = field(init=False)

    def __post_init__(self) -> None:
        self.debt = Debt(Decimal(self.total), "EUR", date.fromisoformat(self.due))

    def bears(self, day: str, amount: str) -> Self:
        """At the end of that day, so much interest is owed."""
        law = jurisdiction(self.law)
        found = interest(self.debt, law, RATES, date.fromisoformat(day), self.imputation)
        assert found.owed == Decimal(amount), f"{day}: {found.owed}, {found.lines}"
        return self

    def pays(self, day: str, amount: str) -> Self:
        """Money comes."""
        money = Received(date.fromisoformat(day), Decimal(amount))
        self.debt = replace(self.debt, received=(*self.debt.received, money))
        return self

    def returned(self) -> Self:
        """The bank takes the last payment back: it never came."""
        self.debt = replace(self.debt, received=self.debt.received[:-1])
        return self

    def credited(self, amount: str) -> Self:
        """Part of it was never owed."""
        self.debt = replace(self.debt, principal=self.debt.principal - Decimal(amount))
        return self

    def judged(self, day: str) -> Self:
        """A court opens insolvency proceedings."""
        self.debt = replace(self.debt, stops_on=date.fromisoformat(day))
        return self

    def agreed(self, percent: str) -> Self:
        """The contract names a rate."""
        self.debt = replace(self.debt, contractual=Decimal(percent))
        return self

    def fixed(self, amount: str) -> Self:
        """The fixed sum for recovery costs."""
        assert fixed_sum(self.debt, jurisdiction(self.law)) == Decimal(amount)
        return self


def test_nobody_pays_and_the_rate_moves_in_july() -> None:
    (
        Owed("1234.56", "2025-11-30")
        .bears("2025-11-30", "0.00")
        .bears("2025-12-01", "0.41")
        .bears("2025-12-31", "12.74")
        .bears("2026-06-30", "87.12")
        .bears("2026-07-01", "87.54")
        .bears("2026-08-31", "113.13")
        .fixed("40")
    )


def test_a_part_is_paid_and_the_rest_goes_on() -> None:
    (
        Owed("3650.00", "2026-01-31")
        .agreed("10")
        .bears("2026-02-10", "10.00")
        .pays("2026-02-10", "1825.00")
        .bears("2026-02-10", "10.00")
        .bears("2026-02-20", "15.00")
        .pays("2026-02-20", "1825.00")
        .bears("2026-12-31", "15.00")
        .fixed("40")
    )


def test_by_the_laws_order_the_payment_takes_the_interest_along() -> None:
    (
        Owed("3650.00", "2026-01-31", imputation=Imputation.INTEREST)
        .agreed("10")
        .pays("2026-02-10", "1835.00")
        .bears("2026-02-10", "0.00")
        # 1,825.00 are left, as if the ten euros had been paid apart.
        .bears("2026-02-20", "5.00")
    )


def test_a_returned_payment_never_came() -> None:
    (
        Owed("3650.00", "2026-01-31")
        .agreed("10")
        .pays("2026-02-10", "3650.00")
        .bears("2026-02-20", "10.00")
        .returned()
        .bears("2026-02-20", "20.00")
    )


def test_what_is_credited_was_never_owed() -> None:
    (
        Owed("3650.00", "2026-01-31")
        .agreed("10")
        .bears("2026-02-10", "10.00")
        .credited("1825.00")
        .bears("2026-02-10", "5.00")
        .credited("1825.00")
        .bears("2026-02-10", "0.00")
        .fixed("0")
    )


def test_a_judgment_stops_it_for_good() -> None:
    (
        Owed("3650.00", "2026-01-31")
        .agreed("10")
        .judged("2026-02-11")
        .bears("2026-02-10", "10.00")
        .bears("2026-12-31", "10.00")
        .fixed("40")
    )


def test_a_public_buyer_keeps_the_rate_it_became_late_at() -> None:
    # 10.15 % from the second half of 2025 on, although the first of 2026 would be the same and July dearer.
    Owed("3650.00", "2025-12-30", law="FR-public").bears("2026-12-31", "371.49").fixed("40")


def test_a_year_whose_rate_nobody_knows_yet() -> None:
    told = Owed("1000.00", "2026-11-30").bears("2026-12-31", "10.53")
    with pytest.raises(MissingRate, match="first half of 2027"):
        told.bears("2027-01-01", "0.00")
    told.pays("2026-12-20", "1000.00").bears("2027-06-30", "6.79")
