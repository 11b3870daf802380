"""Addresses as people type them: e-mail addresses and telephone numbers, checked the same everywhere."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

import phonenumbers
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailSyntaxError, validate_email

_PLAIN: Final = re.compile(
    r"[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?P<top>[a-z]{2,12})", re.ASCII
)
"""What nearly all addresses are like. The library takes twenty times as long, and says the same of them."""

_LONGEST_PLAIN: Final = 60
"""So that none of its parts can be too long."""

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
    """One e-mail address of a domain that can have mail; the domain in lower case.

    Only its syntax is looked at: nobody is asked whether it exists.

    Raises:
        ValueError: not an address, or more than one; the text says what is wrong with it.
    """
    plain = _PLAIN.fullmatch(cell)
    if plain is not None and len(cell) <= _LONGEST_PLAIN and plain["top"] not in SPECIAL_USE_DOMAIN_NAMES:
        return cell
    if cell.count("@") > 1 or any(mark in cell for mark in ";,<> "):
        raise ValueError("not one e-mail address; give a single one, without name")
    try:
        found = validate_email(cell, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailSyntaxError as error:
        reason = str(error)
        raise ValueError(f"not an e-mail address: {reason[0].lower()}{reason[1:].rstrip('.')}") from None
    return found.normalized


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
