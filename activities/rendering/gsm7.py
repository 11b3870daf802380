"""The GSM 7-bit alphabet (3GPP TS 23.038): one letter outside it doubles the price of a text message.

Accents and marks it lacks are spelled in letters it has. A text with letters that it cannot spell at all,
those of another script, goes out in UCS-2 as it stands: a name in question marks is no name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Written with an escape: each takes two of the 160 places."""

SINGLE: Final = 160
PART: Final = 153
"""Places in a message alone, and in each part of a longer one."""

UCS2_SINGLE: Final = 70
UCS2_PART: Final = 67
"""The same in UCS-2, in units of 16 bits."""

_SPELLED: Final = {
    "œ": "oe",
    "Œ": "OE",
    "«": '"',
    "»": '"',
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "\u2018": "'",
    "\u2019": "'",
    "\u02bc": "'",
    "`": "'",
    "\u2039": "'",
    "\u203a": "'",
    "\u201a": "'",
    "\u2032": "'",
    "\u2033": '"',
    "\u00b4": "'",
    "\u2044": "/",
    "\u2192": "->",
    "\u00d7": "x",
    "\u00f7": "/",
    "\u00a9": "(c)",
    "\u00ae": "(r)",
    "\u00b1": "+/-",
    "\u2030": "o/oo",
    "þ": "th",
    "Þ": "Th",
    "ð": "d",
    "Ð": "D",
    "ħ": "h",
    "Ħ": "H",
    "\u0131": "i",
    "ĸ": "k",
    "ŧ": "t",
    "Ŧ": "T",
    "ŋ": "n",
    "Ŋ": "N",
    "ə": "e",
    "Ə": "E",
    "ẞ": "SS",
    "\u2010": "-",
    "\u2011": "-",
    "\u2012": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u2212": "-",
    "\u2022": "-",
    "\u00b7": "-",
    "\u2026": "...",
    "°": "o",
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "\t": " ",
}


@dataclass(frozen=True, slots=True)
class SmsText:
    """A text message as it is billed: its text, its alphabet, its parts."""

    text: str
    encoding: Literal["gsm7", "ucs2"]
    parts: int


def sms_text(text: str) -> SmsText:
    """Return the text as it goes out: in GSM 7-bit if it can be spelled there, else unchanged in UCS-2."""
    spelled = [(char, _letter(char)) for char in unicodedata.normalize("NFC", text)]
    if any(found is None and unicodedata.category(char).startswith("L") for char, found in spelled):
        # Spaces and controls are tidied all the same: they cost as much as letters.
        kept = "".join((found or "") if found in (" ", "") else char for char, found in spelled)
        return SmsText(kept, "ucs2", _parts(map(_units, kept), UCS2_SINGLE, UCS2_PART))
    plain = "".join("?" if found is None else found for _, found in spelled)
    return SmsText(plain, "gsm7", sms_segments(plain))


def to_gsm7(text: str) -> str:
    """Return the text in letters of the GSM 7-bit alphabet.

    Accents it lacks are dropped (`ê` becomes `e`), ligatures and typographic marks are spelled out,
    any space becomes a plain one. A letter with no equivalent (another script) becomes `?`.
    """
    return "".join(
        "?" if found is None else found for found in map(_letter, unicodedata.normalize("NFC", text))
    )


def septets(text: str) -> int:
    """Return the places the text takes; letters of the extension table take two.

    :raises ValueError: for a character outside the alphabet.
    """
    return sum(map(_places, text))


def sms_segments(text: str) -> int:
    """Return how many messages the provider will bill for a text in the GSM 7-bit alphabet.

    :raises ValueError: for a character outside the alphabet.
    """
    return _parts(map(_places, text), SINGLE, PART)


def _parts(widths: Iterable[int], single: int, part: int) -> int:
    """How many parts; a letter of two places (an escape, a surrogate pair) is never cut in two."""
    each = list(widths)
    if sum(each) <= single:
        return 1
    parts, used = 1, 0
    for width in each:
        if used + width > part:
            parts, used = parts + 1, 0
        used += width
    return parts


def _places(char: str) -> int:
    if char in BASIC:
        return 1
    if char in EXTENDED:
        return 2
    raise ValueError(f"{char!r} is not in the GSM 7-bit alphabet")


def _units(char: str) -> int:
    return 2 if ord(char) > 0xFFFF else 1


def _letter(char: str) -> str | None:
    """How a character is spelled in the alphabet; None when it cannot be."""
    if char in BASIC or char in EXTENDED:
        return char
    if char in _SPELLED:
        return _SPELLED[char]
    category = unicodedata.category(char)
    if category in {"Zs", "Zl", "Zp"}:
        return " "
    if category in {"Cc", "Cf", "Mn"}:
        return ""
    decomposed = unicodedata.normalize("NFKD", char)
    if decomposed == char:
        return None
    spelled = [_letter(each) for each in decomposed]
    return None if None in spelled else "".join(each for each in spelled if each is not None)
