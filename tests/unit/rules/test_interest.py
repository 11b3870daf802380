"""Interest and fixed sums: the vectors of the field, the edges of the law, and what no arithmetic may do."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import builtin_rates
from rules.interest import (
    JURISDICTIONS,
    Debt,
    Imputation,
    Jurisdiction,
    MissingRate,
    Rate,
    RateTable,
    Received,
    Series,
    below_floor,
    fixed_sum,
    interest,
    jurisdiction,
    jurisdiction_for,
    parse_rates,
    yearly_rate,
)

FR, BE, DE, UK, PUBLIC = (jurisdiction(code) for code in ("FR", "BE", "DE", "UK", "FR-public"))
RATES = builtin_rates()
DUE = date(2025, 1, 31)


def d(text: str | int) -> Decimal:
    return Decimal(text)


@pytest.mark.parametrize(
    ("principal", "percent", "days", "amount"),
    [
        ("10000", "6.62", 181, "328.28"),
        ("10000", "10.62", 181, "526.64"),
        ("10000", "10.62", 167, "485.90"),
        ("10000", "12.12", 183, "607.66"),
        ("1000", "13.25", 45, "16.34"),
        ("5000", "13.25", 90, "163.36"),
        ("1000", "5.12", 25, "3.51"),
        ("6216.16", "0.88", 126, "18.88"),
        # Rounding the daily amount first would give 169.68.
        ("5000", "12.25", 101, "169.49"),
    ],
)
def test_a_flat_rate_over_365_days(principal: str, percent: str, days: int, amount: str) -> None:
    debt = Debt(d(principal), "GBP", DUE, contractual=d(percent))
    found = interest(debt, UK, RateTable(()), DUE + timedelta(days=days))
    assert found.amount == d(amount)
    assert [line.days for line in found.lines] == [days]


def test_half_years_each_at_their_rate() -> None:
    found = interest(Debt(d("1234.56"), "EUR", date(2025, 11, 30)), FR, RATES, date(2026, 8, 31))
    assert [(line.days, line.percent) for line in found.lines] == [
        (31, d("12.15")),
        (181, d("12.15")),
        (62, d("12.40")),
    ]
    assert [(line.first, line.last) for line in found.lines][1:] == [
        (date(2026, 1, 1), date(2026, 6, 30)),
        (date(2026, 7, 1), date(2026, 8, 31)),
    ]
    assert found.amount == d("113.13")
    assert sum(line.exact for line in found.lines) == Fraction(
        d("1234.56") * (d("12.15") * 212 + d("12.40") * 62)
    ) / Fraction(36500)


def test_days_run_from_the_day_after_to_the_day_of_payment() -> None:
    (line,) = interest(Debt(d(100), "EUR", date(2025, 4, 1)), FR, RATES, date(2025, 5, 16)).lines
    assert line.days == 45
    assert interest(Debt(d(100), "EUR", date(2025, 4, 1)), FR, RATES, date(2025, 4, 1)).lines == ()
    assert interest(Debt(d(100), "EUR", date(2025, 4, 1)), FR, RATES, date(2025, 4, 2)).lines[0].days == 1


def test_a_leap_year_has_365_days_too() -> None:
    debt = Debt(d(36500), "EUR", date(2023, 12, 31), contractual=d(1))
    assert interest(debt, FR, RATES, date(2024, 12, 31)).amount == d(366)


def test_a_public_buyer_and_the_uk_keep_the_rate_of_the_half_year_in_which_it_became_late() -> None:
    debt = Debt(d(1000), "EUR", date(2024, 6, 30))
    until = date(2025, 12, 31)
    (line,) = interest(debt, PUBLIC, RATES, until).lines
    assert (line.first, line.percent) == (date(2024, 7, 1), d("12.25"))
    assert [each.percent for each in interest(debt, FR, RATES, until).lines] == [
        d("14.25"),
        d("13.15"),
        d("12.15"),
    ]
    # Late on the last day of a half-year: interest begins in the next.
    assert yearly_rate(Debt(d(1), "EUR", date(2024, 6, 29)), PUBLIC, RATES, until) == d("12.50")
    bank = RateTable([Rate(Series.BOE, date(2025, 1, 1), d("4.75"), "Bank of England")])
    assert interest(Debt(d(1000), "GBP", date(2025, 2, 1)), UK, bank, until).lines[0].percent == d("12.75")


@pytest.mark.parametrize(
    ("day", "percent"),
    [
        (date(2025, 2, 1), "11.5"),
        (date(2025, 8, 1), "10.5"),
        (date(2023, 2, 1), "10.5"),
        (date(2020, 2, 1), "8"),
    ],
)
def test_belgium_rounds_up_to_the_next_half_point(day: date, percent: str) -> None:
    assert yearly_rate(Debt(d(1), "EUR", day), BE, RATES, day) == d(percent)


@pytest.mark.parametrize(
    ("law", "percent"),
    [
        ("FR", "13.15"), ("FR-public", "11.15"), ("EU", "11.15"), ("DE", "11.27"), ("BE", "11.5"),
        ("ES", "11.15"), ("IT", "11.15"), ("NL", "11.15"), ("IE", "11.15"),
    ],
)  # fmt: skip
def test_each_law_in_the_first_half_of_2025(law: str, percent: str) -> None:
    assert yearly_rate(Debt(d(1), "EUR", DUE), jurisdiction(law), RATES, date(2025, 3, 1)) == d(percent)


@pytest.mark.parametrize(
    ("law", "principal", "amount"),
    [
        ("FR", "0.01", 40), ("FR", "100000", 40), ("EU", "5", 40),
        ("UK", "999.99", 40), ("UK", "1000", 70), ("UK", "9999.99", 70), ("UK", "10000", 100),
    ],
)  # fmt: skip
def test_the_fixed_sum(law: str, principal: str, amount: int) -> None:
    found = jurisdiction(law)
    assert fixed_sum(Debt(d(principal), found.tiers_currency, DUE), found) == amount


def test_of_a_debt_in_another_currency_the_least_fixed_sum() -> None:
    assert fixed_sum(Debt(d(50_000), "JPY", DUE), UK) == 40


def test_the_fixed_sum_is_due_once_whatever_is_paid_later_and_on_what_was_late() -> None:
    later, early = Received(DUE + timedelta(days=9), d(9500)), Received(DUE, d(9500))
    assert fixed_sum(Debt(d(10000), "GBP", DUE, (later,)), UK) == 100
    assert fixed_sum(Debt(d(10000), "GBP", DUE, (early,)), UK) == 40
    assert fixed_sum(Debt(d(9500), "GBP", DUE, (early,)), UK) == 0, "paid in time"


def test_a_partial_payment_lessens_what_bears_interest_from_the_day_after() -> None:
    debt = Debt(d(1000), "EUR", DUE, (Received(DUE + timedelta(days=10), d(400)),), contractual=d("36.5"))
    found = interest(debt, FR, RATES, DUE + timedelta(days=20))
    assert [(line.days, line.base, line.exact) for line in found.lines] == [
        (10, d(1000), Fraction(10)),
        (10, d(600), Fraction(6)),
    ]
    assert (found.amount, found.principal, found.owed) == (d(16), d(600), d(16))


def test_paid_before_it_was_due_it_bears_interest_on_the_rest_only() -> None:
    debt = Debt(d(1000), "EUR", DUE, (Received(DUE - timedelta(days=3), d(400)),), contractual=d("36.5"))
    (line,) = interest(debt, FR, RATES, DUE + timedelta(days=10)).lines
    assert (line.first, line.days, line.base) == (DUE + timedelta(days=1), 10, d(600))


def test_by_law_a_payment_goes_to_interest_first() -> None:
    debt = Debt(d(1000), "EUR", DUE, (Received(DUE + timedelta(days=10), d(400)),), contractual=d("36.5"))
    found = interest(debt, FR, RATES, DUE + timedelta(days=20), Imputation.INTEREST)
    assert [(line.days, line.base) for line in found.lines] == [(10, d(1000)), (10, d(610))]
    assert (found.amount, found.paid, found.owed, found.principal) == (d("16.10"), d(10), d("6.10"), d(610))


def test_paid_in_full_it_stops() -> None:
    debt = Debt(d(1000), "EUR", DUE, (Received(DUE + timedelta(days=10), d(1000)),), contractual=d("36.5"))
    assert interest(debt, FR, RATES, date(2026, 12, 31)).amount == 10


def test_insolvency_stops_interest_on_the_day_of_the_judgment() -> None:
    opened = DUE + timedelta(days=10)
    debt = Debt(d(1000), "EUR", DUE, contractual=d("36.5"), stops_on=opened)
    found = interest(debt, FR, RATES, date(2026, 1, 1))
    assert (found.amount, found.until) == (d(9), opened - timedelta(days=1))
    assert fixed_sum(debt, FR) == 40
    barred = Debt(d(1000), "EUR", DUE, stops_on=DUE)
    assert interest(barred, FR, RATES, date(2026, 1, 1)).amount == 0
    assert fixed_sum(barred, FR) == 0, "never late: proceedings barred payment"


def test_a_missing_half_year_is_refused_by_name() -> None:
    debt = Debt(d(100), "EUR", date(2026, 12, 31))
    with pytest.raises(MissingRate, match="main refinancing rate for the first half of 2027") as error:
        interest(debt, FR, RATES, date(2027, 1, 2))
    assert (error.value.series, error.value.first) == (Series.ECB, date(2027, 1, 1))
    assert interest(debt, FR, RATES, date(2026, 12, 31)).amount == 0, "nothing of it is needed yet"
    with pytest.raises(MissingRate, match="Bank of England"):
        interest(Debt(d(100), "GBP", DUE), UK, RATES, date(2025, 3, 1))
    entered = RATES.with_more([Rate(Series.ECB, date(2027, 1, 1), d("2.40"), "entered")])
    assert interest(debt, FR, entered, date(2027, 1, 2)).lines[0].percent == d("12.40")


def test_a_contractual_rate_needs_no_table_and_is_not_lifted_by_the_floor() -> None:
    debt = Debt(d(36500), "EUR", date(2023, 12, 31), contractual=d(10))
    assert interest(debt, FR, RateTable(()), date(2024, 1, 1)).amount == 10
    assert below_floor(d(10), FR, RATES, date(2024, 1, 1)) == d("15.21")
    assert below_floor(d("14.75"), FR, RATES, date(2024, 7, 1)) == d("14.76")
    assert below_floor(d("14.76"), FR, RATES, date(2024, 7, 1)) is None
    assert below_floor(d(1), DE, RATES, date(2024, 7, 1)) is None, "no such floor"
    # The floor does not lift the law's own rate either.
    assert yearly_rate(Debt(d(1), "EUR", DUE), FR, RATES, date(2024, 1, 1)) == d("14.50")
    with pytest.raises(MissingRate, match="legal interest rate for the second half of 2026"):
        below_floor(d(10), FR, RATES, date(2026, 7, 1))


@pytest.mark.parametrize(
    ("creditor", "debtor", "public", "law"),
    [
        ("FR", "FR", False, "FR"), ("FR", "FR", True, "FR-public"), ("GB", "GB", False, "UK"),
        ("DE", "DE", True, "DE"), ("FR", "BE", False, "EU"), ("FR", "FI", True, "EU"),
        ("AT", "AT", False, "EU"),
        ("FR", "GB", False, None), ("US", "US", False, None), ("CH", "FR", False, None),
    ],
)  # fmt: skip
def test_the_law_that_may_be_relied_on(creditor: str, debtor: str, public: bool, law: str | None) -> None:
    found = jurisdiction_for(creditor, debtor, public=public)
    assert (found and found.code) == law


def test_every_law_names_its_source() -> None:
    for law in JURISDICTIONS.values():
        assert law.source
        assert law.title
        assert [least for least, _ in law.tiers] == sorted({least for least, _ in law.tiers})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[ecb]\n"2026-1" = "2"', "rates.toml: ecb: source"),
        ('[ecb]\nsource = "x"\n"2026-3" = "2"', "2026-3: not a half-year"),
        ('[ecb]\nsource = "x"\n"2026-1" = 2.15', "in quotes"),
        ('[ecb]\nsource = "x"\n"2026-1" = "2,15"', "write 2.15"),
        ('[ecb]\nsource = "x"\n"2026-1" = "nan"', "not a rate"),
        ('[ecb]\nsource = "x"\n"2026-1" = "215"', "not a rate"),
        ('[libor]\nsource = "x"', "no series 'libor'"),
        ("[ecb", "rates.toml: "),
    ],
)
def test_a_bad_file_of_rates_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"rates\.toml") as error:
        parse_rates(text, "rates.toml")
    assert reason in str(error.value)


amounts = st.decimals(min_value=d("0.01"), max_value=d(9_999_999), places=2)
percents = st.decimals(min_value=d(0), max_value=d(30), places=2)
late = st.integers(min_value=0, max_value=700)


@given(principal=amounts, percent=percents, days=late, cut=late)
def test_a_cut_in_time_changes_nothing(principal: Decimal, percent: Decimal, days: int, cut: int) -> None:
    debt = Debt(principal, "EUR", DUE, contractual=percent)
    cut = min(cut, days)
    whole = interest(debt, FR, RATES, DUE + timedelta(days=days)).lines
    paid = Debt(principal, "EUR", DUE, (Received(DUE + timedelta(days=cut), d(0)),), contractual=percent)
    parts = interest(paid, FR, RATES, DUE + timedelta(days=days)).lines
    assert sum(line.exact for line in whole) == sum(line.exact for line in parts)
    assert sum(line.days for line in parts) == days


@given(principal=amounts, days=late, law=st.sampled_from([FR, PUBLIC, BE, DE]))
def test_days_reckoned_one_by_one_make_the_whole_and_nothing_drifts(
    principal: Decimal, days: int, law: Jurisdiction
) -> None:
    until = min(DUE + timedelta(days=days), date(2025, 12, 31))
    whole = interest(Debt(principal, "EUR", DUE), law, RATES, until)
    exact = sum((line.exact for line in whole.lines), Fraction(0))
    daily = Fraction(0)
    for place in range((until - DUE).days):
        day = DUE + timedelta(days=place + 1)
        rate = yearly_rate(Debt(principal, "EUR", DUE), law, RATES, day)
        daily += Fraction(principal) * Fraction(rate) / 36500
    assert exact == daily
    assert abs(Fraction(whole.amount) - exact) <= Fraction(1, 200)


@given(principal=amounts, payment=amounts, days=late, on=late, law=st.sampled_from([FR, PUBLIC, BE, DE]))
def test_paying_never_costs_more_and_waiting_never_less(
    principal: Decimal, payment: Decimal, days: int, on: int, law: Jurisdiction
) -> None:
    until = min(DUE + timedelta(days=days), date(2025, 12, 31))
    plain = Debt(principal, "EUR", DUE)
    paid = Debt(principal, "EUR", DUE, (Received(DUE + timedelta(days=on), payment),))
    owed = interest(plain, law, RATES, until).amount
    for imputation in Imputation:
        assert Decimal(0) <= interest(paid, law, RATES, until, imputation).amount <= owed
    assert interest(plain, law, RATES, until - timedelta(days=1)).amount <= owed
