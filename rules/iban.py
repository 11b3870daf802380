"""IBANs: whether one can be right, and where one stands in a text.

ISO 13616: two letters of the country, two check digits, then the country's own number; moved behind and read
with A = 10 … Z = 35, it leaves 1 modulo 97. Lengths are those of the SWIFT IBAN registry.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final

LENGTHS: Final = {
    **{"NO": 15, "BE": 16},
    **dict.fromkeys(("DK", "FI", "FK", "FO", "GL", "NL", "SD"), 18),
    **dict.fromkeys(("MK", "SI"), 19),
    **dict.fromkeys(("AT", "BA", "EE", "KZ", "LT", "LU", "MN", "XK"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "BH", "CR", "DE", "GB", "GE", "IE", "ME", "RS", "VA"), 22),
    **dict.fromkeys(("AE", "GI", "IL", "IQ", "OM", "SO", "TL"), 23),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "PK", "RO", "SA", "SE", "SK", "TN", "VG"), 24),
    **dict.fromkeys(("LY", "PT", "ST"), 25),
    **dict.fromkeys(("IS", "TR"), 26),
    **dict.fromkeys(("BI", "DJ", "FR", "GR", "IT", "MC", "MR", "SM"), 27),
    **dict.fromkeys(("AL", "AZ", "BY", "CY", "DO", "GT", "HN", "HU", "LB", "NI", "PL", "SV"), 28),
    **dict.fromkeys(("BR", "EG", "PS", "QA", "UA"), 29),
    **dict.fromkeys(("JO", "KW", "MU", "YE"), 30),
    **{"MT": 31, "SC": 31, "LC": 32, "RU": 33},
}
"""By country, the number of characters of an IBAN."""

_FORM: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_START: Final = re.compile(r"(?=([A-Z]{2}[0-9]{2}))")
_TAG: Final = re.compile(r"<[^<>]*>")
_COMMENT: Final = re.compile(r"<!--.*?-->|\{#.*?#\}", re.DOTALL)
_PRINTED_START: Final = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]{2}[0-9]{2})")
# As it is printed: in one piece, or in groups of four apart by a space, a dot or a hyphen.
_PRINTED: Final = re.compile(
    r"[A-Za-z0-9]{4}(?:[\s.\-\u00a0\u202f]?[A-Za-z0-9]{4}){2,7}(?:[\s.\-\u00a0\u202f]?[A-Za-z0-9]{1,3})?"
)
_LEAST_DIGITS: Final = 8
"""Digits that follow in any country's number: words in a row have fewer."""


def iban(value: str) -> str:
    """An IBAN in capitals without spaces, once its country, length and check digits are found right.

    Raises:
        ValueError: it cannot be one; the text says what is wrong.
    """
    compact = re.sub(r"\s", "", value).upper()
    if _FORM.fullmatch(compact) is None or not compact.isascii():
        raise ValueError("not an IBAN: expected two letters, two digits and up to 30 letters or digits")
    length = LENGTHS.get(compact[:2])
    if length is None:
        raise ValueError(f"not an IBAN: {compact[:2]} is no country that has them")
    if len(compact) != length:
        raise ValueError(f"not an IBAN: one of {compact[:2]} has {length} characters, not {len(compact)}")
    if _remainder(compact) != 1:
        raise ValueError("not an IBAN: its check digits do not fit, so a character is wrong")
    return compact


def check_digits(country: str, bban: str) -> str:
    """The two check digits of the IBAN of an account that its country writes `bban`, compact."""
    return f"{98 - _remainder(f'{country}00{bban}'):02}"


def masked(value: str | None) -> str | None:
    """An IBAN by which people know it, and nobody can pay: `FR76 … 0189`."""
    return None if value is None else f"{value[:4]} … {value[-4:]}"


def printed_ibans(text: str) -> set[str]:
    """The IBANs a reader of `text` sees, compact: in one piece or in groups of four.

    A number that merely looks like one (an invoice's) fails its check digits or its length.
    """
    found = set()
    for start in _PRINTED_START.finditer(text):
        match = _PRINTED.match(text, start.start())
        compact = re.sub(r"[^A-Za-z0-9]", "", match[0]).upper() if match else ""
        # Words that follow may have been taken for its last groups.
        length = LENGTHS.get(compact[:2], 0)
        if length and len(compact) >= length and _remainder(compact[:length]) == 1:
            found.add(compact[:length])
    return found


def hidden_ibans(source: str) -> set[str]:
    """The IBANs that a template's source would show, however they are broken up, compact.

    Tags, entities, Jinja's marks, quotes, spaces and everything else that is neither letter nor digit are
    looked through; so is another case, and another script's digits. Prose may in theory look like one; then
    reword it.
    """
    plain = _TAG.sub("", _COMMENT.sub("", html.unescape(html.unescape(source))))
    plain = unicodedata.normalize("NFKC", plain).upper()
    digits = "".join(_digit(char) for char in plain)
    return set(_in_row("".join(char for char in digits if char.isascii() and char.isalnum())))


def _digit(char: str) -> str:
    value = unicodedata.decimal(char, None)
    return char if value is None else str(value)


def _in_row(row: str) -> Iterator[str]:
    for match in _START.finditer(row):
        length = LENGTHS.get(match[1][:2])
        whole = row[match.start() : match.start() + length] if length else ""
        if (
            length == len(whole)
            and sum(char.isdigit() for char in whole[4:]) >= _LEAST_DIGITS
            and _remainder(whole) == 1
        ):
            yield whole


def _remainder(compact: str) -> int:
    rotated = compact[4:] + compact[:4]
    return int("".join(str(int(character, 36)) for character in rotated)) % 97
