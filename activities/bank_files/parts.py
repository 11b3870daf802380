"""What the readers of bank files yield: an account opens, its movements, it closes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from models.errors import InvalidFact


class Kind(StrEnum):
    """The formats that are read."""

    CAMT = "camt"
    CFONB = "cfonb120"
    MT940 = "mt940"
    CSV = "csv"


class BadFile(InvalidFact):
    """A file that cannot be read, or must not be believed. Nothing of it is kept but its bytes.

    Args:
        where: the line, or the path within the file (`statement 2, entry 7`); empty for the whole file.
        reason: what is wrong with it, as a person would say it.
    """

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}" if where else reason)
        self.where = where
        self.reason = reason


class Opened(NamedTuple):
    """A statement begins. `account` is an IBAN, compact, or the bank's own number; None: the file names none.

    `opening` is None where the format gives no balance (CAMT.054, some CSV).
    """

    where: str
    account: str | None
    currency: str | None
    opening: Decimal | None
    opened_on: date | None = None
    number: str | None = None


class Movement(NamedTuple):
    """One movement. `amount` is positive; `incoming` says which way it went.

    `aside` says why it can be nothing a debtor paid (charges). `pending` movements are not booked yet: they
    come again. `batch` names the entry it is a part of, or stands for (`is_batch`: the sum of many, whose
    parts may come in another file).
    """

    where: str
    booked_on: date
    value_on: date | None
    amount: Decimal
    incoming: bool
    currency: str | None
    text: str = ""
    bank_ref: str | None = None
    end_to_end_id: str | None = None
    structured_ref: str | None = None
    payer_name: str | None = None
    payer_iban: str | None = None
    is_return: bool = False
    return_reason: str | None = None
    batch: str | None = None
    is_batch: bool = False
    aside: str | None = None
    pending: bool = False


class Closed(NamedTuple):
    """A statement ends. `closed_on` is the last day it speaks for, None where it does not say."""

    where: str
    closing: Decimal | None
    closed_on: date | None


Part = Opened | Movement | Closed
