"""How single cells are read: dates, texts, addresses, numbers. Strict, because guessing is dear."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Final

from activities import addresses

MAX_TEXT: Final = 200
"""Characters a text may have."""

YEARS: Final = range(2000, 2101)
"""Years a date may lie in: what is outside is a typing error."""

_UNPRINTABLE: Final = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})")
_COMPACT: Final = re.compile(r"([0-9]{4})[/.]?([0-9]{2})[/.]?([0-9]{2})")

_UNREAD: Final = re.compile(r"(no|do|ne)[-_.]?(not|pas)?[-_.]?(reply|repondre|reponse)", re.IGNORECASE)

_LANGUAGE_CODES: Final = (
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy "
    "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu "
    "hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb "
    "lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om "
    "or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw "
    "ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
)
"""ISO 639-1."""

_LANGUAGES: Final = frozenset(_LANGUAGE_CODES.split())


def text(cell: str) -> str:
    """A text of at most `MAX_TEXT` characters, composed (NFC) so that equal names are equal.

    Raises:
        ValueError: too long, or a control character in it.
    """
    if len(cell) > MAX_TEXT:
        raise ValueError(f"too long: {len(cell)} characters, at most {MAX_TEXT}")
    if cell.isascii() and cell.isprintable():
        return cell
    found = _UNPRINTABLE.search(cell)
    if found is not None:
        raise ValueError(f"control character U+{ord(found[0]):04X} at position {found.start() + 1}")
    return unicodedata.normalize("NFC", cell)


@lru_cache(maxsize=8192)
def day(cell: str) -> date:
    """A day written `2026-03-31`.

    Raises:
        ValueError: written otherwise, not in the calendar, or not in `YEARS`.
    """
    if _ISO_DATE.fullmatch(cell) is None:
        raise ValueError(_rewritten(cell))
    year = int(cell[:4])
    if year not in YEARS:
        raise ValueError(f"year {year} is outside {YEARS.start}..{YEARS.stop - 1}")
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError(f"{cell} is not in the calendar") from None


def _rewritten(cell: str) -> str:
    """Say how a date should have been written, when there is only one way to understand it."""
    shown = cell[:40]
    match = _DAY_FIRST.fullmatch(cell)
    if match is not None:
        first, second, year = (int(part) for part in match.groups())
        readings = {(year, month, of) for month, of in ((second, first), (first, second)) if month <= 12}
        if len(readings) == 1:
            found = readings.pop()
            if _real(*found):
                return f"{shown}: write {date(*found).isoformat()}"
        return f"{shown}: write the date as year-month-day, 2026-03-31"
    match = _COMPACT.fullmatch(cell)
    if match is not None and _real(*(int(part) for part in match.groups())):
        return f"{shown}: write {match[1]}-{match[2]}-{match[3]}"
    return f"not a date: {shown}; write it as 2026-03-31"


def _real(year: int, month: int, of: int) -> bool:
    try:
        date(year, month, of)
    except ValueError:
        return False
    return True


email = addresses.email
phone = addresses.phone


@lru_cache(maxsize=4096)
def answered_email(cell: str) -> str:
    """An address that letters are signed with: somebody must read what comes back.

    Raises:
        ValueError: not an address, or a no-reply one.
    """
    address = email(cell)
    if _UNREAD.match(address):
        raise ValueError("an address nobody reads: customers must be able to answer")
    return address


@lru_cache(maxsize=512)
def language(cell: str) -> str:
    """A language, `fr`, or a language of a country, `fr-BE`.

    Raises:
        ValueError: not an ISO 639-1 code.
    """
    primary, _, region = cell.replace("_", "-").partition("-")
    if primary.lower() not in _LANGUAGES or (region and re.fullmatch(r"[A-Za-z]{2}", region) is None):
        raise ValueError("unknown language: expected an ISO 639-1 code such as fr, or fr-BE")
    return f"{primary.lower()}-{region.upper()}" if region else primary.lower()


def nearest(word: str, known: Iterable[str]) -> str:
    """` (did you mean 'due_on'?)`, or nothing when no known word comes near."""
    found = difflib.get_close_matches(word.strip().lower(), list(known), n=1, cutoff=0.6)
    return f" (did you mean {found[0]!r}?)" if found else ""
