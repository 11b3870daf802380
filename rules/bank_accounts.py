"""How an account is written: as an IBAN where it is one, else as its bank's files write it."""

from __future__ import annotations

import re
from typing import Final

from rules.iban import LENGTHS, iban

_NUMBER: Final = re.compile(r"[A-Z0-9][A-Z0-9/\-]{3,59}")
_LIKE_IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,}")


def account_number(text: str) -> str:
    """An account in capitals, without spaces.

    Raises:
        ValueError: it looks like an IBAN and cannot be one, or is no number of an account.
    """
    compact = re.sub(r"\s", "", text).upper()
    if _LIKE_IBAN.fullmatch(compact) and compact[:2] in LENGTHS:
        return iban(compact)
    if _NUMBER.fullmatch(compact) is None or not any(char.isdigit() for char in compact):
        raise ValueError("account: an IBAN, or the number as the bank's files write it")
    return compact
