"""Text of bank files: its encoding, its lines (none endless), its amounts and days."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from activities.bank_files.parts import BadFile
from rules.money import minor_units

MAX_LINE: Final = 20_000
"""Characters: the widest record of a bank takes a fiftieth of it."""
MAX_LINES: Final = 4_000_000
"""A million movements with three complements each."""
MAX_TEXT: Final = 2_000
"""Characters kept of a movement's text: four remittance lines of 140, and what the bank adds."""

_AMOUNT: Final = re.compile(r"(?:0|[1-9][0-9]{0,14}|0[0-9]{1,14})(?:\.[0-9]{1,5})?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SPACES: Final = re.compile(r"\s+")
_NOTHING: Final = frozenset({"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "NOREF", "NONE", "N/A"})


def encoding_of(head: bytes) -> str:
    """The encoding of a text file: what its first bytes mark, else UTF-8 if they are, else Windows-1252."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        # A character may have been cut at the end of the sample.
        if error.start < len(head) - 4:
            return "cp1252"
    return "utf-8-sig"


def lines(content: bytes) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers from 1, without their ends.

    Raises:
        BadFile: a line is endless, or the bytes are no text.
    """
    encoding = encoding_of(content)
    if encoding == "utf-16":
        try:
            content = content.decode("utf-16").encode("utf-8")
        except UnicodeDecodeError:
            raise BadFile("", "it is marked as UTF-16 and is not: was it cut off?") from None
        encoding = "utf-8-sig"
    start = number = 0
    size = len(content)
    while start < size:
        number += 1
        if number > MAX_LINES:
            raise BadFile(f"line {number}", f"the file has over {MAX_LINES:,} lines")
        end = content.find(b"\n", start, start + MAX_LINE * 4)
        if end < 0:
            end = size
        if end - start > MAX_LINE:
            raise BadFile(f"line {number}", f"it has over {MAX_LINE:,} characters: no bank writes such lines")
        raw = content[start:end].rstrip(b"\r")
        start = end + 1
        if b"\x00" in raw:
            raise BadFile(f"line {number}", "it holds a NUL: this is no text")
        try:
            text = raw.decode("utf-8-sig" if number == 1 and encoding == "utf-8-sig" else encoding)
        except UnicodeDecodeError:
            # The head looked like UTF-8: one line in another encoding is read as Windows writes it.
            text = raw.decode("cp1252", "replace")
        yield number, text


def plain(text: str | None) -> str | None:
    """A reference or a name on one line; None for what banks write when there is none."""
    if text is None:
        return None
    told = _SPACES.sub(" ", _CONTROL.sub(" ", text)).strip()
    return None if told.upper() in _NOTHING else told[:200]


def joined(*parts: str | None) -> str:
    """Texts in one, each said once, at most `MAX_TEXT` characters."""
    told: list[str] = []
    for part in parts:
        text = _SPACES.sub(" ", _CONTROL.sub(" ", part or "")).strip()
        if text and text not in told:
            told.append(text)
    return " ".join(told)[:MAX_TEXT]


def money(text: str, where: str, what: str, currency: str | None = None) -> Decimal:
    """An amount with a decimal point, not negative.

    Raises:
        BadFile: it is none, or is finer than its currency.
    """
    given = text.strip()
    if _AMOUNT.fullmatch(given) is None:
        raise BadFile(where, f"{what}: {given[:40]!r} is no amount")
    amount = Decimal(given)
    return amount if currency is None else fitting(amount, where, what, currency)


def fitting(amount: Decimal, where: str, what: str, currency: str) -> Decimal:
    """The amount, if its currency has its decimals; trailing zeros do not count."""
    digits = _digits(currency)
    if digits is None:
        raise BadFile(where, f"{currency[:10]!r} is no currency (ISO 4217)")
    # Sixteen digits are exact; `normalize` takes trailing zeros off.
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > digits:
        raise BadFile(where, f"{what}: {amount} has more decimals than {currency} ({digits})")
    return amount


@lru_cache(maxsize=256)
def _digits(currency: str) -> int | None:
    try:
        return minor_units(currency)
    except ValueError:
        return None


def day(year: int, month: int, of_month: int, where: str, what: str) -> date:
    """A day of the calendar.

    Raises:
        BadFile: there is no such day (30 February).
    """
    try:
        found = date(year, month, of_month)
    except ValueError:
        raise BadFile(where, f"{what}: {of_month:02}/{month:02}/{year} is no day") from None
    if not 1990 <= year <= 2099:
        raise BadFile(where, f"{what}: {found} is no day of a bank statement")
    return found


def short_day(text: str, form: str, where: str, what: str) -> date:
    """A day of six digits, `form` being `dmy` (CFONB) or `ymd` (MT940). Years are of this century."""
    if re.fullmatch(r"[0-9]{6}", text) is None:
        raise BadFile(where, f"{what}: {text!r} is no day of six digits")
    pairs = {letter: int(text[2 * place : 2 * place + 2]) for place, letter in enumerate(form)}
    return day(2000 + pairs["y"], pairs["m"], pairs["d"], where, what)
