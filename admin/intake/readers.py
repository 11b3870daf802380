"""The reader of each kind of file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from admin.intake.csv_file import read_csv
from admin.intake.fec import read_fec
from admin.intake.items import IntakeError, Item, Kind, Reader, Reading, Source
from admin.intake.xlsx import read_xlsx

READERS: Final[Mapping[Kind, Reader]] = {Kind.CSV: read_csv, Kind.XLSX: read_xlsx, Kind.FEC: read_fec}

DOCUMENTS: Final = frozenset({Kind.PDF, Kind.UBL, Kind.CII})
"""Electronic invoices, one a file: `admin.intake.einvoice` reads and enters them."""

_ELSEWHERE: Final[Mapping[Kind, str]] = {
    Kind.PORTFOLIO: "a portfolio of Relance's own: `relance import` takes it",
}


def read_items(kind: Kind, source: Source, reading: Reading) -> Iterator[Item]:
    """The items of a file of that kind.

    Raises:
        IntakeError: no reader takes it, or its reader refuses it.
    """
    reader = READERS.get(kind)
    if reader is None:
        raise IntakeError(f"{source.name}: {_ELSEWHERE.get(kind, f'a file of the kind {kind} is not read')}")
    return reader(source, reading)
