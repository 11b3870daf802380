"""Reference rates: dated data with their source. What is not known is an error, and never a guess."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

MOST_PERCENT: Final = Decimal(100)
"""Above this a rate is a slip of the pen."""


class Series(StrEnum):
    """A published rate. Its value is kept for each half-year, under that half-year's first day.

    - ``ecb``: the ECB's main refinancing rate on 1 January and 1 July.
    - ``fr_legal``: France's legal interest rate for professionals, of the half-year.
    - ``de_base``: Germany's Basiszins, of the half-year.
    - ``boe``: the Bank of England's official rate on 31 December and 30 June, which serves the half-year
      that begins the next day.
    """

    ECB = "ecb"
    FR_LEGAL = "fr_legal"
    DE_BASE = "de_base"
    BOE = "boe"

    @property
    def full_name(self) -> str:
        """As an English text names it."""
        return _TITLES[self]


_TITLES: Final = {
    Series.ECB: "the ECB's main refinancing rate",
    Series.FR_LEGAL: "the French legal interest rate",
    Series.DE_BASE: "the German base rate",
    Series.BOE: "the Bank of England's rate",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """One value: percent a year for the half-year that begins on `first`, and who published it where."""

    series: Series
    first: date
    percent: Decimal
    source: str


class MissingRate(LookupError):
    """A half-year's rate is not known."""

    def __init__(self, series: Series, first: date) -> None:
        """Name the series and the half-year by its first day."""
        self.series, self.first = series, first
        half = "first" if first.month == 1 else "second"
        super().__init__(
            f"{series.full_name} for the {half} half of {first.year} is not known (series {series})"
        )


class RateTable:
    """Rates by series and half-year."""

    def __init__(self, rates: Iterable[Rate]) -> None:
        self._rates = {(rate.series, rate.first): rate for rate in rates}

    def with_more(self, rates: Iterable[Rate]) -> RateTable:
        """These, and others that go before them."""
        return RateTable((*self._rates.values(), *rates))

    def on(self, series: Series, day: date) -> Decimal:
        """The rate that serves a day, percent a year.

        :raises MissingRate: it is not known.
        """
        first = half_year(day)
        found = self._rates.get((series, first))
        if found is None:
            raise MissingRate(series, first)
        return found.percent

    def latest(self, series: Series, day: date) -> Rate | None:
        """The rate that serves a day, else the last one known before it."""
        known = [rate for (each, first), rate in self._rates.items() if each is series and first <= day]
        return max(known, key=lambda rate: rate.first, default=None)

    def all(self) -> list[Rate]:
        """Every rate, by series, latest first."""
        return sorted(self._rates.values(), key=lambda rate: (rate.series, -rate.first.toordinal()))


def half_year(day: date) -> date:
    """The first day of the half-year a day lies in."""
    return date(day.year, 1 if day.month <= 6 else 7, 1)


def half_name(first: date) -> str:
    """As files and commands write a half-year: `2026-1` is January to June of 2026."""
    return f"{first.year}-{1 if first.month == 1 else 2}"


def shown_percent(value: Decimal) -> Decimal:
    """A rate with two decimals, or as many more as it has."""
    digits = value.normalize().as_tuple().exponent
    return value.quantize(Decimal(1).scaleb(min(digits if isinstance(digits, int) else 0, -2)))


def parse_rates(text: str, name: str) -> tuple[Rate, ...]:
    """Read a file of rates: one table a series, with its ``source`` and ``"2026-1" = "2.15"`` a half-year.

    :param text: TOML.
    :param name: of the file, for errors.
    :raises ValueError: anything is not as it should be; the message names file, series and half-year.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{name}: {error}") from None
    return tuple(rate for key, table in tables.items() for rate in _series(key, table, name))


def half_year_named(text: str) -> date:
    """The first day of ``2026-1`` or ``2026-2``.

    :raises ValueError: it is written otherwise.
    """
    year, dash, half = text.partition("-")
    if not (dash and half in ("1", "2") and len(year) == 4 and year.isascii() and year.isdigit()):
        raise ValueError(f"not a half-year: {text!r}; write 2026-1 for January to June, 2026-2 for the rest")
    return date(int(year), 1 if half == "1" else 7, 1)


def percent(text: str) -> Decimal:
    """A rate in percent a year as people write it: ``2.15``; below zero is possible for a base rate.

    :raises ValueError: it is not a number, has more than four decimals, or is out of any range seen.
    """
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"not a rate: {text!r}; write 2.15 for 2.15 % a year") from None
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -4 or abs(value) > MOST_PERCENT:
        raise ValueError(f"not a rate: {text!r}; write 2.15 for 2.15 % a year, at most four decimals")
    return value


def _series(key: str, table: Mapping[str, Any], name: str) -> Iterable[Rate]:
    try:
        series = Series(key)
    except ValueError:
        raise ValueError(f"{name}: no series {key!r}: expected one of {', '.join(Series)}") from None
    values = dict(table)
    source = values.pop("source", None)
    if not isinstance(source, str) or not source.strip():
        raise ValueError(f"{name}: {key}: source: say who published these rates, and where")
    for half, value in values.items():
        if not isinstance(value, str):
            raise ValueError(f"{name}: {key}: {half}: write the rate in quotes, so that it stays exact")
        try:
            yield Rate(series, half_year_named(half), percent(value), source)
        except ValueError as error:
            raise ValueError(f"{name}: {key}: {half}: {error}") from None
