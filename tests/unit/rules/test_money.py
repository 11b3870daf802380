"""Money: the currency table, half-up rounding, and what a written amount may look like."""

from __future__ import annotations

import decimal
import re
from decimal import Decimal
from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.money import MINOR_UNITS, InvalidAmount, UnknownCurrency, minor_units, parse_amount, round_money

currencies = st.sampled_from(sorted(MINOR_UNITS))
amounts = st.decimals(min_value=-(10**14), max_value=10**14, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("EUR", 2),
        ("USD", 2),
        ("GBP", 2),
        ("MGA", 2),
        ("JPY", 0),
        ("XOF", 0),
        ("TND", 3),
        ("KWD", 3),
        ("CLF", 4),
    ],
)
def test_each_currency_has_its_minor_unit(currency: str, digits: int) -> None:
    assert minor_units(currency) == digits


def test_the_table_holds_every_current_code_with_a_minor_unit_and_no_other() -> None:
    # ISO 4217 list one counts 178 codes; 13 of them (metals, XDR, XTS, XXX ...) have no minor unit.
    assert len(MINOR_UNITS) == 178 - 13
    assert all(re.fullmatch("[A-Z]{3}", code) for code in MINOR_UNITS)


@pytest.mark.parametrize(
    "currency", ["", "eur", "EURO", "FRF", "HRK", "BGN", "ANG", "ZWL", "XAU", "XXX", "€"]
)
def test_an_unknown_or_withdrawn_currency_is_refused(currency: str) -> None:
    with pytest.raises(UnknownCurrency, match="ISO 4217"):
        minor_units(currency)
    with pytest.raises(UnknownCurrency):
        round_money(Decimal(1), currency)
    with pytest.raises(UnknownCurrency):
        parse_amount("1", currency)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("2.675", "EUR", "2.68"),
        ("2.665", "EUR", "2.67"),  # half-even would give 2.66
        ("2.6749", "EUR", "2.67"),
        ("-2.675", "EUR", "-2.68"),
        ("0.5", "JPY", "1"),
        ("1.4999", "JPY", "1"),
        ("1.0005", "TND", "1.001"),
        ("3", "EUR", "3.00"),
        ("-0.004", "EUR", "0.00"),
        ("123456789012345678901234567890.125", "EUR", "123456789012345678901234567890.13"),
    ],
)
def test_rounding_is_half_up_to_the_minor_unit(amount: str, currency: str, rounded: str) -> None:
    assert str(round_money(Decimal(amount), currency)) == rounded


@given(amounts, currencies)
def test_rounding_agrees_with_exact_fractions(amount: Decimal, currency: str) -> None:
    unit = 10 ** minor_units(currency)
    nearest = Fraction(floor(abs(Fraction(amount)) * unit + Fraction(1, 2)), unit)
    assert Fraction(round_money(amount, currency)) == (nearest if amount >= 0 else -nearest)


@given(amounts, currencies)
def test_rounding_twice_changes_nothing_and_shows_the_currency_s_decimals(
    amount: Decimal, currency: str
) -> None:
    once = round_money(amount, currency)
    assert str(round_money(once, currency)) == str(once)
    assert once.as_tuple().exponent == -minor_units(currency)
    assert not (once.is_zero() and once.is_signed())


def test_rounding_ignores_the_thread_s_decimal_context() -> None:
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_DOWN)):
        assert round_money(Decimal("123456.785"), "EUR") == Decimal("123456.79")


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_only_finite_amounts_are_rounded(amount: str) -> None:
    with pytest.raises(InvalidAmount, match="not a finite amount"):
        round_money(Decimal(amount), "EUR")


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("1234.56", "EUR", "1234.56"),
        ("1234.5", "EUR", "1234.50"),
        ("1234", "EUR", "1234.00"),
        ("+5", "EUR", "5.00"),
        ("-0.01", "EUR", "-0.01"),
        ("-0", "EUR", "0.00"),
        ("0012.30", "EUR", "12.30"),
        ("1500", "JPY", "1500"),
        ("1.234", "TND", "1.234"),
        ("999999999999999.99", "EUR", "999999999999999.99"),
    ],
)
def test_a_plain_amount_is_read_with_the_currency_s_decimals(text: str, currency: str, amount: str) -> None:
    assert str(parse_amount(text, currency)) == amount


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty amount"),
        ("  ", "only spaces"),
        ("1234,56", "decimal comma found; write 1234.56"),
        ("1,234.56", "decimal comma found"),
        ("1 234.56", "space found"),
        ("1\u00a0234.56", "space found"),
        ("1\u202f234.56", "space found"),
        (" 5", "space found"),
        ("5\n", "space found"),
        ("NaN", "not a finite number"),
        ("-sNaN12", "not a finite number"),
        ("inf", "not a finite number"),
        ("-Infinity", "not a finite number"),
        ("1e3", "exponent found"),
        ("1.5E-2", "exponent found"),
        ("1.234.56", "more than one decimal point"),
        ("12.", "no digit after the decimal point"),
        (".5", "no digit before the decimal point"),
        ("-.5", "no digit before the decimal point"),
        (".", "no digits"),
        ("-", "no digits"),
        ("--5", "not a number"),
        ("5-", "not a number"),
        ("1_000", "not a number"),
        ("0x10", "not a number"),
        ("12€", "not a number"),
        ("\u0661\u0662", "not a number"),  # Arabic-Indic digits, which Decimal() would take
        ("\u22125", "not a number"),  # a typographic minus
        ("1234567890123456", "too large: more than 15 digits"),
        ("1.234", "too many decimals: 3 given, EUR has only 2"),
        ("1.230", "too many decimals: 3 given, EUR has only 2"),
    ],
)
def test_anything_else_is_refused_with_its_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidAmount, match=re.escape(reason)):
        parse_amount(text, "EUR")


def test_a_currency_without_decimals_takes_none() -> None:
    with pytest.raises(InvalidAmount, match="1 given, JPY has none"):
        parse_amount("100.0", "JPY")


def test_a_long_text_is_not_repeated_whole_in_the_reason() -> None:
    with pytest.raises(InvalidAmount) as refused:
        parse_amount("x" * 10_000, "EUR")
    assert len(str(refused.value)) < 200


@given(amounts, currencies)
def test_a_rounded_amount_reads_back_as_itself(amount: Decimal, currency: str) -> None:
    rounded = round_money(amount, currency)
    assert parse_amount(f"{rounded:f}", currency) == rounded


@given(st.text(max_size=25) | st.text("0123456789+-., eE_", max_size=25), currencies)
def test_any_text_fits_the_ledger_or_is_refused(text: str, currency: str) -> None:
    try:
        amount = parse_amount(text, currency)
    except InvalidAmount:
        return
    assert abs(amount) < 10**15
    assert amount.as_tuple().exponent == -minor_units(currency)
