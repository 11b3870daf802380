"""Amounts of money: minor units of currencies, rounding, and strict reading of written amounts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

MAX_INTEGER_DIGITS: Final = 15
"""Digits allowed before the decimal point: what NUMERIC(19,4), the ledger's column type, can hold."""

# ISO 4217 list one (current currencies and funds), up to amendment 179 (XAD, 2025-05-12) and the end of
# the Bulgarian lev (2026-01-01). Codes to which ISO gives no minor unit (metals, XDR, XTS, XXX ...) are
# left out on purpose: nobody can round to them, so nobody can invoice in them.
_CODES_BY_MINOR_UNITS: Final[dict[int, str]] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
        CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP
        GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK
        LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO
        NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS
        SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST
        XAD XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

MINOR_UNITS: Final[dict[str, int]] = {
    code: digits for digits, codes in _CODES_BY_MINOR_UNITS.items() for code in codes.split()
}
"""Decimals of each current ISO 4217 currency: EUR 2, JPY 0, TND 3."""

_QUANTUM: Final[dict[str, Decimal]] = {
    code: Decimal(1).scaleb(-digits) for code, digits in MINOR_UNITS.items()
}

# A context of our own: the caller's thread-wide one may carry another precision or other traps.
_CONTEXT: Final = Context(prec=100, rounding=ROUND_HALF_UP)

_WRITTEN: Final = re.compile(r"[+-]?(?P<integer>[0-9]+)(?:\.(?P<decimals>[0-9]+))?")
_NOT_A_NUMBER: Final = re.compile(r"[+-]?(?:s?nan[0-9]*|inf|infinity)", re.IGNORECASE)
_EXPONENT: Final = re.compile(r"[+-]?[0-9.]+e[+-]?[0-9]+", re.IGNORECASE)


class UnknownCurrency(ValueError):
    """The code is not a current ISO 4217 currency with a minor unit."""


class InvalidAmount(ValueError):
    """The text or number is not an amount of money in the currency; the message says why."""


def minor_units(currency: str) -> int:
    """Return the number of decimals of a currency.

    :param currency: ISO 4217 alphabetic code, upper case.
    :raises UnknownCurrency: when the code is not a current one.
    """
    try:
        return MINOR_UNITS[currency]
    except KeyError:
        raise UnknownCurrency(f"unknown currency {currency!r}: expected a current ISO 4217 code") from None


def round_money(amount: Decimal, currency: str) -> Decimal:
    """Round an amount to the currency's minor unit; a half goes away from zero.

    The result always carries exactly the currency's decimals, and is never a negative zero.

    :param amount: any finite amount, in units of the currency.
    :param currency: ISO 4217 alphabetic code.
    :raises UnknownCurrency: when the code is not a current one.
    :raises InvalidAmount: when the amount is not finite.
    """
    minor_units(currency)
    if not amount.is_finite():
        raise InvalidAmount(f"not a finite amount: {amount}")
    rounded = amount.quantize(_QUANTUM[currency], context=_CONTEXT)
    return rounded if rounded else rounded.copy_abs()


def by_currency(amounts: Iterable[tuple[Decimal, str]]) -> dict[str, Decimal]:
    """What amounts come to in each currency, in the order of their codes."""
    sums: dict[str, Decimal] = {}
    for amount, currency in amounts:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return dict(sorted(sums.items()))


def parse_amount(text: str, currency: str) -> Decimal:
    """Read an amount as files and forms must write it: ``1234.56``, with an optional sign.

    Reading is strict because guessing is dear: ``1,234`` is a thousand to one clerk and one to another.

    :param text: ASCII digits, a decimal point, at most the currency's decimals.
    :param currency: ISO 4217 alphabetic code.
    :returns: the amount with exactly the currency's decimals (``"5"`` EUR gives ``5.00``).
    :raises UnknownCurrency: when the code is not a current one.
    :raises InvalidAmount: when the text is anything else, with the reason.
    """
    allowed = minor_units(currency)
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise InvalidAmount(_why_unreadable(text))
    if len(match["integer"]) > MAX_INTEGER_DIGITS:
        raise InvalidAmount(f"too large: more than {MAX_INTEGER_DIGITS} digits before the decimal point")
    given = len(match["decimals"] or "")
    if given > allowed:
        has = f"only {allowed}" if allowed else "none"
        raise InvalidAmount(f"too many decimals: {given} given, {currency} has {has}")
    return round_money(Decimal(text), currency)


def _why_unreadable(text: str) -> str:
    """Name the first reason, the most telling one first, why a text is not a plain amount."""
    reasons = (
        (not text, "empty amount"),
        (not text.strip(), "empty amount: only spaces"),
        (any(char.isspace() for char in text), "space found; write 1234.56"),
        ("," in text, "decimal comma found; write 1234.56"),
        (_NOT_A_NUMBER.fullmatch(text) is not None, f"not a finite number: {text[:20]!r}"),
        (_EXPONENT.fullmatch(text) is not None, "exponent found; write the number out, as 1234.56"),
        (text.count(".") > 1, "more than one decimal point; write 1234.56"),
        (text.isascii() and text.strip("+-") in {"", "."}, "no digits"),
        (text.endswith("."), "no digit after the decimal point; write 1234.56"),
        (text.lstrip("+-").startswith("."), "no digit before the decimal point; write 0.56"),
    )
    for applies, reason in reasons:
        if applies:
            return reason
    return f"not a number: {text[:20]!r}; only digits 0-9, a decimal point and a leading sign are allowed"
