"""Amounts, dates, plurals and phone numbers as the reader writes them, from CLDR data through Babel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from operator import is_
from typing import Any, Final

import phonenumbers
from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal, parse_pattern

from rules.money import minor_units, round_money

NBSP: Final = "\u00a0"
NARROW_NBSP: Final = "\u202f"

_LINE_BREAKS: Final = re.compile(r"[ \t]*[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+[ \t]*")
_UNPRINTABLE: Final = re.compile(
    # C0 and C1 controls, and the marks that make text run backwards: they disguise what is written.
    r"[\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)
_SHORT_DATES: Final = {"fr": "dd/MM/yyyy", "en": "d MMM yyyy"}
_BABEL_LOCALES: Final = {"fr": "fr_FR", "en": "en_GB"}


def one_line(text: str) -> str:
    """Return the text on one line without control characters: a name must not write lines of its own."""
    if text.isprintable():
        return text.strip(" ")
    return _UNPRINTABLE.sub("", _LINE_BREAKS.sub(" ", text)).strip(" ")


def tidy(value: Any) -> Any:
    """Apply :func:`one_line` to every text inside dataclasses and tuples, however deep.

    What was tidy is returned as it is, the same object.
    """
    if type(value) is str:
        return one_line(value)
    if isinstance(value, tuple):
        tidied = tuple(tidy(each) for each in value)
        return value if all(map(is_, tidied, value)) else tidied
    changed = {}
    for name in _field_names(type(value)):  # type: ignore[arg-type]  # a class is hashable
        before = getattr(value, name)
        after = tidy(before)
        if after is not before:
            changed[name] = after
    return replace(value, **changed) if changed else value


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    """The fields of a dataclass; of anything else, none."""
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else ()


def typeset_french(source: str) -> str:
    """Put the no-break spaces French wants: before `: ; ? !` and inside guillemets.

    Meant for the source of templates, never for data: a debtor's name stays as it was given.
    """
    source = re.sub(r" ([:»])", NBSP + r"\1", source)
    source = re.sub(r" ([;?!])", NARROW_NBSP + r"\1", source)
    return source.replace("« ", "«" + NBSP)


@dataclass(frozen=True, slots=True)
class Formats:
    """How one language writes things.

    :param language: `fr` or `en`.
    """

    language: str

    @property
    def locale(self) -> Locale:
        """The CLDR locale that amounts and dates follow."""
        return _locale(self.language)

    def money(self, amount: Decimal, currency: str) -> str:
        """Write an amount with the currency's own decimals (ISO 4217), never rounding it.

        :raises ValueError: unknown currency, or more decimals than it has.
        """
        if round_money(amount, currency) != amount:
            raise ValueError(f"{amount} is not an amount of {currency}: too many decimals")
        return _money(self.language, amount, currency)

    def percent(self, value: Decimal) -> str:
        """Write a rate in percent with the decimals it needs: `12,15 %`, `12.15%`."""
        written: str = format_decimal(value.normalize(), format="#,##0.####", locale=self.locale)
        return f"{written}{NBSP}%" if self.language == "fr" else f"{written}%"

    def number(self, value: int) -> str:
        """Write a number of things in groups of thousands: `12 345`, `12,345`."""
        if 0 <= value < 1000:
            # Most are, and a list writes hundreds of them: babel would take longer for each than for a sum.
            return str(value)
        written: str = format_decimal(value, locale=self.locale)
        return written

    @property
    def colon(self) -> str:
        """A colon, with the space that French sets before it."""
        return f"{NBSP}:" if self.language == "fr" else ":"

    def sums(self, amounts: Iterable[tuple[Decimal, str]]) -> str:
        """Write one sum per currency, joined as a list."""
        return self.listed([self.money(amount, currency) for amount, currency in amounts])

    def day(self, value: date) -> str:
        """Write a date in full: `31 mars 2026`, `31 March 2026`."""
        return _day(self.language, value)

    def short_day(self, value: date) -> str:
        """Write a date for a table: `31/03/2026`; in English with the month's name, never ambiguous."""
        return _short_day(self.language, value)

    def plural(self, number: int, one: str, other: str) -> str:
        """Choose a form by the language's rule: French counts 0 as singular, English as plural."""
        return one if _is_one(self.language, abs(number)) else other

    def count(self, number: int, one: str, other: str) -> str:
        """Write a number with its noun: `1 facture`, `2 factures`."""
        return f"{number} {self.plural(number, one, other)}"

    def listed(self, items: Sequence[str]) -> str:
        """Join as a sentence does: `A, B et C`."""
        written: str = format_list(list(items), locale=self.locale)
        return written

    def phone(self, number: str) -> str:
        """Write a phone number in groups with its country code; one that does not parse stays as it is."""
        return _phone(number)


# A message writes the same sums, days and numbers several times, in its text and its HTML, and the messages
# of a day share most of them. Each is written once; `_MANY` bounds what is remembered.
_MANY: Final = 2048


@cache
def _locale(language: str) -> Locale:
    return Locale.parse(_BABEL_LOCALES[language])


@cache
def _money_pattern(language: str, digits: int) -> NumberPattern:
    pattern = parse_pattern(_locale(language).currency_formats["standard"].pattern)
    # The decimals come from ISO 4217, like the ledger's: CLDR shows fewer for some currencies.
    pattern.frac_prec = (digits, digits)
    return pattern


@lru_cache(maxsize=_MANY)
def _money(language: str, amount: Decimal, currency: str) -> str:
    pattern = _money_pattern(language, minor_units(currency))
    written: str = pattern.apply(amount, _locale(language), currency=currency, currency_digits=False)
    # "TND1,234.567" and "IQD5" read badly: English puts a space after a code made of letters.
    return re.sub(r"^(-?)([A-Z]{3})(?=\d)", rf"\1\2{NBSP}", written)


@lru_cache(maxsize=_MANY)
def _day(language: str, value: date) -> str:
    written: str = format_date(value, format="long", locale=_locale(language))
    if language == "fr" and value.day == 1:
        return "1er" + written[1:]
    return written


@lru_cache(maxsize=_MANY)
def _short_day(language: str, value: date) -> str:
    written: str = format_date(value, format=_SHORT_DATES[language], locale=_locale(language))
    return written if language == "fr" else written.replace(" ", NBSP)


@lru_cache(maxsize=_MANY)
def _is_one(language: str, number: int) -> bool:
    return bool(_locale(language).plural_form(number) == "one")


@lru_cache(maxsize=_MANY)
def _phone(number: str) -> str:
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return written.replace(" ", NBSP)


def iban_groups(iban: str) -> str:
    """Write an IBAN in groups of four, with plain spaces so that it can be pasted anywhere."""
    bare = re.sub(r"\s", "", iban).upper()
    return " ".join(bare[start : start + 4] for start in range(0, len(bare), 4))


def dialled(number: str) -> str:
    """Return what a `tel:` link takes: digits, with a leading plus if there was one."""
    return re.sub(r"(?!^\+)[^0-9]", "", number)
