"""What a file of invoices says, whatever its format: items owed, credits, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import BinaryIO, Final, NamedTuple, TypeAlias

from models.errors import InvalidFact

MAX_ITEMS: Final = 500_000
"""Items of one file: a larger one is taken for a mistake, since all of them are held until it is judged."""


class IntakeError(InvalidFact):
    """The file as a whole cannot be taken, and nothing of it was; the text names file, place and reason."""


class Party(NamedTuple):
    """What identifies the debtor besides our reference: a registration (SIREN, SIRET), a VAT number."""

    registration: str | None = None
    vat: str | None = None
    country: str | None = None
    email: str | None = None


NOBODY: Final = Party()
NOTHING_MORE: Final[Mapping[str, str]] = {}


class OpenItem(NamedTuple):
    """An invoice that is owed. `place` is where the file says so: `line 7`, `sheet Clients, row 7`, a path.

    `total` is what it was for, None where the file has only what is still owed of it (`open`); both are in
    `currency` (None: the company's own). Without `due_on`, `terms` or those of the customer give it.
    `customer` is the creditor's reference of the debtor, empty where only its `party` is told. What is not
    `firm` says enough to open a case, but corrects nothing that the ledger has: its day and total may be
    those of a balance brought forward.
    """

    place: str
    number: str
    customer: str
    name: str | None
    issued_on: date
    due_on: date | None
    open: Decimal
    total: Decimal | None = None
    currency: str | None = None
    order_ref: str | None = None
    terms: str | None = None
    party: Party = NOBODY
    extra: Mapping[str, str] = NOTHING_MORE
    firm: bool = True


class Credit(NamedTuple):
    """Something owed to the debtor: a credit note, or money nobody has set against an invoice.

    `about` names the invoices it is for, where the file says so. `is_credit_note` is False where it may as
    well be a payment.
    """

    place: str
    number: str
    customer: str
    name: str | None
    issued_on: date
    amount: Decimal
    currency: str | None = None
    about: tuple[str, ...] = ()
    is_credit_note: bool = False
    party: Party = NOBODY
    extra: Mapping[str, str] = NOTHING_MORE


class Refused(NamedTuple):
    """One item that cannot be taken. `field` is empty where the fault is not in one."""

    place: str
    reason: str
    field: str = ""

    def __str__(self) -> str:
        """`line 7: due_on: 30/02/2026 is not in the calendar`."""
        return f"{self.place}: {self.field}: {self.reason}" if self.field else f"{self.place}: {self.reason}"


class Note(NamedTuple):
    """Something a person should know that is no item and no fault: a line of totals that was passed over."""

    place: str
    text: str

    def __str__(self) -> str:
        """`line 9: a total, passed over`."""
        return f"{self.place}: {self.text}"


Item: TypeAlias = OpenItem | Credit | Refused | Note


class Kind(StrEnum):
    """What a file is, by its content."""

    CSV = "csv"
    XLSX = "xlsx"
    FEC = "fec"
    PORTFOLIO = "portfolio"
    PDF = "pdf"
    UBL = "ubl"
    CII = "cii"


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read: `file` can be sought, and every reading begins at its start."""

    name: str
    file: BinaryIO
    size: int

    def start(self) -> BinaryIO:
        """The file, at its start."""
        self.file.seek(0)
        return self.file

    def refused(self, reason: str, place: str = "") -> IntakeError:
        """The error that the file as a whole cannot be taken."""
        return IntakeError(": ".join(part for part in (self.name, place, reason) if part))


@dataclass(slots=True)
class Reading:
    """What a reader is told, and what it finds out.

    :ivar mapping: header of the file by field, as a person chose; empty: as proposed.
    :ivar remembered: mappings chosen before, by fingerprint of the headers.
    :ivar read: called with the bytes read so far.
    :ivar headers: the file's own headers, and `columns` what each field was read from.
    """

    mapping: Mapping[str, str] = field(default_factory=dict)
    remembered: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    read: Callable[[int], None] = lambda _: None
    headers: tuple[str, ...] = ()
    columns: dict[str, str] = field(default_factory=dict)
    fingerprint: str = ""


Reader: TypeAlias = Callable[[Source, Reading], Iterator[Item]]
"""Reads a file item by item. An IntakeError refuses all of it, however late it comes."""
