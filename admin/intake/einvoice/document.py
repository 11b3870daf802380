"""What an electronic invoice says, whatever it was written in; terms of EN 16931 by their numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

CREDIT_NOTES: Final = frozenset({"81", "83", "261", "262", "308", "381", "396", "420", "458", "532"})
"""Types of document (BT-3) that are owed to the buyer; 261 and 262 are self-billed or global ones."""

CORRECTED: Final = frozenset({"384", "471", "472", "473"})
"""Types that take the place of the invoice they name (BT-25)."""

ADVANCES: Final = frozenset({"386", "500", "503"})
"""Types of which the money was asked for before: prepayment invoices."""


class Refused(ValueError):
    """A document that cannot be taken as it is.

    :param where: the element's path, or the file.
    :param reason: what is wrong with it, and what would help.
    """

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where, self.reason = where, reason


class Party(NamedTuple):
    """A seller, buyer or payee. `ids` are its identifiers (BT-29, BT-46), as given, without their schemes."""

    name: str
    registration: str | None = None
    vat: str | None = None
    ids: tuple[str, ...] = ()
    country: str | None = None
    address: tuple[str, ...] = ()
    email: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """All it may be known by, the surest first: registration number, VAT number, other identifiers."""
        return tuple(dict.fromkeys(filter(None, (self.registration, self.vat, *self.ids))))


class Note(NamedTuple):
    """A note (BG-1); `subject` is of UNTDID 4451: PMD penalties, PMT fixed sum, AAB early payment."""

    subject: str | None
    text: str


class Document(NamedTuple):
    """One invoice or credit note.

    :param syntax: `CII` or `UBL`.
    :param profile: BT-24, what it promises to hold.
    :param number: BT-1; `type_code` BT-3, `issued_on` BT-2, `currency` BT-5.
    :param due_on: BT-9, or None: the profile knows none, or the terms are a text (`terms`, BT-20).
    :param total: BT-112, with VAT; `prepaid` BT-113, `rounding` BT-114, `due` BT-115.
    :param preceding: numbers of the invoices it refers to (BT-25).
    :param buyer_reference: BT-10; `order_ref` BT-13.
    :param iban: BT-84, the first that is one; `payee` BG-10, when it is not the seller who is paid.
    """

    syntax: str
    profile: str
    number: str
    type_code: str
    issued_on: date
    currency: str
    due_on: date | None
    terms: str | None
    total: Decimal
    prepaid: Decimal
    rounding: Decimal
    due: Decimal
    seller: Party
    buyer: Party
    payee: Party | None
    iban: str | None
    buyer_reference: str | None
    order_ref: str | None
    preceding: tuple[str, ...]
    notes: tuple[Note, ...]

    @property
    def is_credit_note(self) -> bool:
        """It is owed to the buyer."""
        return self.type_code in CREDIT_NOTES

    @property
    def corrects(self) -> bool:
        """It takes the place of the invoice it names."""
        return self.type_code in CORRECTED
