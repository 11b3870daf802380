"""Amounts and days as the tables of accounting programs write them; a column has one style."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final

from admin.portfolio.cells import YEARS

_SPACES: Final = str.maketrans("", "", " \u00a0\u202f\u2009\t'\u2019")
_MARKS: Final = re.compile(r"[€$£]|\b(?:EUR|USD|GBP|CHF)\b")
_DIGITS: Final = re.compile(r"\d+(?:[.,]\d+)*[.,]?")
_GROUPED: Final = re.compile(r"\d{1,3}(?:\d{3})*")

_DAY: Final = re.compile(r"(\d{1,2})[/.\-](\d{1,2})[/.\-](\d{4}|\d{2})(?:[ T].*)?")
_ISO: Final = re.compile(r"(\d{4})[/.\-](\d{1,2})[/.\-](\d{1,2})(?:[ T].*)?")
_COMPACT: Final = re.compile(r"(20\d{2})(\d{2})(\d{2})")
_SERIAL: Final = re.compile(r"\d{5}(?:[.,]\d+)?")
_EPOCH: Final = date(1899, 12, 30)
"""Day 0 of a spreadsheet, with its leap day of 1900 that never was."""

_MAX_AMOUNT: Final = 40
"""Characters of an amount."""


class DayOrder(StrEnum):
    """How a date of figures is read."""

    DAY_FIRST = "day first"
    MONTH_FIRST = "month first"


def decimal_mark(cells: Iterable[str]) -> str | None:
    """Which mark the amounts of a column have before their decimals; None where no cell tells.

    A cell tells by two different marks, or by a mark that is not followed by exactly three digits, or by the
    same mark twice (which then groups thousands).
    """
    for cell in cells:
        bare = _bare(cell).strip("-+()")
        marks = [char for char in bare if char in ".,"]
        if not marks:
            continue
        if len(set(marks)) == 2:
            return marks[-1]
        if len(marks) > 1:
            return "," if marks[0] == "." else "."
        if len(bare) - bare.index(marks[0]) - 1 != 3 or bare.startswith(("0.", "0,")):
            return marks[0]
    return None


@lru_cache(maxsize=8192)
def amount(cell: str, mark: str | None) -> Decimal:
    """Read an amount: `1 234,56 €`, `1.234,56`, `1,234.56`, `1'234.56`, `(12,00)`, `12,00-`, `12,00 C`.

    :param mark: the column's decimal mark; None where no cell of it tells.
    :raises ValueError: it is no amount, or one mark before three digits could be either.
    """
    if len(cell) > _MAX_AMOUNT:
        raise ValueError(f"not an amount: {len(cell)} characters")
    bare = _bare(cell)
    negative = False
    if bare[-1:] in ("C", "D") and len(bare) > 1:
        # A balance that names its side: credit is owed to the debtor.
        negative, bare = bare[-1] == "C", bare[:-1]
    if bare.startswith("(") and bare.endswith(")"):
        negative, bare = not negative, bare[1:-1]
    if bare[:1] in ("-", "+", "\u2212"):
        negative, bare = negative != (bare[0] != "+"), bare[1:]
    elif bare[-1:] in ("-", "+", "\u2212"):
        negative, bare = negative != (bare[-1] != "+"), bare[:-1]
    if _DIGITS.fullmatch(bare) is None and not re.fullmatch(r"[.,]\d+", bare):
        raise ValueError(f"not an amount: {cell.strip()!r}")
    value = Decimal(_plain(cell, bare, mark))
    return -value if negative else value


def _plain(cell: str, bare: str, mark: str | None) -> str:
    """The digits with a point before the decimals."""
    marks = [char for char in bare if char in ".,"]
    if not marks:
        return bare
    own = decimal_mark([bare])
    if own is None and mark is None:
        raise ValueError(f"{cell.strip()!r} can be read in two ways: write it without a mark for thousands")
    decimal = mark or own or ""
    if own is not None and mark is not None and own != mark:
        raise ValueError(f"{cell.strip()!r}: the other amounts have {mark!r} before their decimals")
    whole, _, decimals = bare.partition(decimal)
    if decimal in decimals or any(char in ".," for char in decimals):
        raise ValueError(f"not an amount: {cell.strip()!r}")
    groups = re.split(r"[.,]", whole)
    if len(groups) > 1 and (not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:])):
        raise ValueError(f"not an amount: {cell.strip()!r} has thousands that are not three digits")
    return f"{''.join(groups) or '0'}.{decimals or '0'}"


def _bare(cell: str) -> str:
    return _MARKS.sub("", cell.upper()).translate(_SPACES)


def day_order(cells: Iterable[str]) -> DayOrder | None:
    """Whether days or months come first; None where no cell tells. What cannot be a date tells nothing."""
    first = second = False
    for cell in cells:
        match = _DAY.fullmatch(cell.strip())
        if match is not None:
            first = first or 12 < int(match[1]) <= 31
            second = second or 12 < int(match[2]) <= 31
    if second and not first:
        return DayOrder.MONTH_FIRST
    return DayOrder.DAY_FIRST if first else None


@lru_cache(maxsize=8192)
def day(cell: str, order: DayOrder) -> date:
    """Read a day: `31/03/2026`, `31.03.26`, `2026-03-31`, `20260331`, a spreadsheet's `46112`.

    :raises ValueError: it is no day, not in the calendar, or not in the years of invoices.
    """
    text = cell.strip()
    if match := _DAY.fullmatch(text):
        one, two, year = (int(part) for part in match.groups())
        year += 2000 if year < 100 else 0
        found = (year, two, one) if order is DayOrder.DAY_FIRST else (year, one, two)
    elif match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        found = (int(match[1]), int(match[2]), int(match[3]))
    elif _SERIAL.fullmatch(text):
        serial = _EPOCH + timedelta(days=int(text[:5]))
        found = (serial.year, serial.month, serial.day)
    else:
        raise ValueError(f"not a date: {text[:40]!r}")
    if found[0] not in YEARS:
        raise ValueError(f"{text}: year {found[0]} is outside {YEARS.start}..{YEARS.stop - 1}")
    try:
        return date(*found)
    except ValueError:
        raise ValueError(f"{text} is not in the calendar") from None


def plain(text: str) -> str:
    """A header or a word for comparing: lower case, without accents, marks or doubled spaces."""
    bare = unicodedata.normalize("NFKD", text.replace("°", "o").replace("º", "o").lower())
    kept = "".join(c if c.isalnum() else " " for c in bare if not unicodedata.combining(c))
    return " ".join(kept.split())
