"""The GSM 7-bit alphabet (3GPP TS 23.038): one letter outside it doubles the price of a text message."""

from __future__ import annotations

import unicodedata
from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Written with an escape: each takes two of the 160 places."""

SINGLE: Final = 160
PART: Final = 153
"""Places in a message alone, and in each part of a longer one."""

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


def to_gsm7(text: str) -> str:
    """Return the text in letters of the GSM 7-bit alphabet.

    Accents it lacks are dropped (`ê` becomes `e`), ligatures and typographic marks are spelled out,
    any space becomes a plain one. A letter with no equivalent (another script) becomes `?`.
    """
    return "".join(_letter(char) for char in text)


def septets(text: str) -> int:
    """Return the places the text takes; letters of the extension table take two.

    :raises ValueError: for a character outside the alphabet.
    """
    total = 0
    for char in text:
        if char in BASIC:
            total += 1
        elif char in EXTENDED:
            total += 2
        else:
            raise ValueError(f"{char!r} is not in the GSM 7-bit alphabet")
    return total


def sms_segments(text: str) -> int:
    """Return how many messages the provider will bill for the text."""
    places = septets(text)
    return 1 if places <= SINGLE else -(-places // PART)


def _letter(char: str) -> str:
    if char in BASIC or char in EXTENDED:
        return char
    if char in _SPELLED:
        return _SPELLED[char]
    category = unicodedata.category(char)
    if category == "Zs":
        return " "
    if category in {"Cc", "Cf", "Mn"}:
        return ""
    plain = "".join(each for each in unicodedata.normalize("NFKD", char) if not unicodedata.combining(each))
    if plain and all(each in BASIC or each in EXTENDED for each in plain):
        return plain
    return "?"
