"""Addresses as people type them: e-mail addresses and telephone numbers, checked the same everywhere."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

import phonenumbers

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_EMAIL: Final = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?P<domain>{_LABEL}(?:\.{_LABEL})+)")

_MOBILE: Final = frozenset(
    {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
)
"""Where a numbering plan does not tell the two apart (North America), an SMS may well arrive."""


class Phone(NamedTuple):
    """A telephone number: `number` is E.164, `kind` is `mobile`, `fixed` or `other`."""

    number: str
    kind: str


@lru_cache(maxsize=32768)
def email(cell: str) -> str:
    """One e-mail address; its domain in lower case.

    Raises:
        ValueError: not an address, or more than one.
    """
    if cell.count("@") > 1 or any(mark in cell for mark in ";,<> "):
        raise ValueError("not one e-mail address; give a single one, without name")
    match = _EMAIL.fullmatch(cell)
    if match is None:
        raise ValueError("not an e-mail address")
    if len(cell) > 254 or len(match["local"]) > 64 or match["domain"].rpartition(".")[2].isdigit():
        raise ValueError("not an e-mail address")
    return f"{match['local']}@{match['domain'].lower()}"


@lru_cache(maxsize=32768)
def phone(cell: str, country: str) -> Phone:
    """A telephone number in international form, or as dialled in `country`.

    Raises:
        ValueError: not a number that exists in the numbering plan.
    """
    try:
        number = phonenumbers.parse(cell, country)
    except phonenumbers.NumberParseException as error:
        raise ValueError(f"not a telephone number: {str(error).rstrip('.').lower()}") from None
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no such number in the numbering plan of its country")
    kind = phonenumbers.number_type(number)
    if kind in _MOBILE:
        word = "mobile"
    else:
        word = "fixed" if kind == phonenumbers.PhoneNumberType.FIXED_LINE else "other"
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), word)
