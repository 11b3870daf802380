"""XLSX workbooks, read row by row; an archive that would fill the memory is refused before it is opened."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from admin.intake.columns import known_headers
from admin.intake.items import IntakeError, Item, Reading, Source
from admin.intake.table import HEADERS_WITHIN, LEAST_HEADERS, Cell, TableRow, read_table

MAX_FILE: Final = 64 * 1024 * 1024
MAX_UNPACKED: Final = 400 * 1024 * 1024
"""Bytes of all parts together."""

MAX_STRINGS: Final = 64 * 1024 * 1024
"""Bytes of the shared texts, which alone are held in memory."""

MAX_RATIO: Final = 200
"""Times a part of more than a megabyte may grow: a sheet of figures grows ten to thirty times."""

MAX_PARTS: Final = 2_000
MAX_ROWS: Final = 600_000
MAX_COLUMNS: Final = 200
MAX_CELLS: Final = 20_000_000
_MEGABYTE: Final = 1024 * 1024


def read_xlsx(source: Source, reading: Reading) -> Iterator[Item]:
    """The items of the first sheet that has the headers of open items.

    Raises:
        IntakeError: the archive is damaged or too large, or no sheet has such headers.
    """
    guard(source)
    try:
        yield from read_table(source, reading, _rows(source, reading))
    except DefusedXmlException:
        raise source.refused(
            "XML entities or a document type inside: refused, no workbook has them"
        ) from None
    except (zipfile.BadZipFile, InvalidFileException, ParseError, EOFError) as error:
        raise source.refused(f"a damaged or truncated workbook ({error})") from None
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        # What openpyxl raises on parts that are missing or say nonsense.
        if isinstance(error, IntakeError):
            raise
        if isinstance(error.__context__, DefusedXmlException):
            raise source.refused("XML entities or a document type inside: refused") from None
        raise source.refused(f"a workbook that cannot be read ({type(error).__name__})") from None


def guard(source: Source) -> None:
    """Refuse an archive whose parts are too many or too large.

    What the directory declares is what is unpacked at most: the reader of ZIP archives stops there, and finds
    the checksum wrong.

    Raises:
        IntakeError: naming the part and the limit.
    """
    if source.size > MAX_FILE:
        raise source.refused(f"{source.size:,} bytes: a workbook may have {MAX_FILE:,}")
    try:
        with zipfile.ZipFile(source.start()) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise source.refused(f"a damaged or truncated workbook ({error})") from None
    if len(parts) > MAX_PARTS:
        raise source.refused(f"{len(parts):,} parts: a workbook may have {MAX_PARTS:,}")
    if (unpacked := sum(part.file_size for part in parts)) > MAX_UNPACKED:
        raise source.refused(f"it unpacks to {unpacked:,} bytes, at most {MAX_UNPACKED:,} are taken")
    for part in parts:
        if part.file_size > _MEGABYTE and part.file_size > MAX_RATIO * max(1, part.compress_size):
            ratio = part.file_size // max(1, part.compress_size)
            raise source.refused(f"{part.filename} unpacks {ratio:,} times, at most {MAX_RATIO} are taken")
        if part.filename.endswith("sharedStrings.xml") and part.file_size > MAX_STRINGS:
            raise source.refused(f"{part.filename} has {part.file_size:,} bytes, at most {MAX_STRINGS:,}")
        if part.flag_bits & 1:
            raise source.refused("protected by a password: save it without")


def _rows(source: Source, reading: Reading) -> Iterator[TableRow]:
    book = load_workbook(source.start(), read_only=True, data_only=True, keep_links=False)
    try:
        sheets = book.worksheets
        chosen = next((sheet for sheet in sheets if _has_headers(sheet)), sheets[0] if sheets else None)
        if chosen is None:
            raise source.refused("no sheet in it")
        cells = 0
        # What a sheet declares of its size may be wrong, and short rows must not be lost.
        chosen.reset_dimensions()
        for place, row in enumerate(chosen.iter_rows(values_only=True), start=1):
            if place > MAX_ROWS:
                raise source.refused(f"sheet {chosen.title}: more than {MAX_ROWS:,} rows")
            cells += len(row)
            if cells > MAX_CELLS:
                raise source.refused(f"sheet {chosen.title}: more than {MAX_CELLS:,} cells")
            if place % 1000 == 0:
                reading.read(min(source.size, place * 60))
            yield _row(f"sheet {chosen.title}, row {place}", row)
        reading.read(source.size)
    finally:
        book.close()


def _has_headers(sheet: object) -> bool:
    rows = sheet.iter_rows(max_row=HEADERS_WITHIN, max_col=MAX_COLUMNS, values_only=True)  # type: ignore[attr-defined]  # openpyxl has no types
    return any(
        known_headers([str(cell) for cell in row if cell is not None]) >= LEAST_HEADERS for row in rows
    )


def _row(place: str, row: tuple[object, ...]) -> TableRow:
    found: list[Cell] = []
    for column, value in enumerate(row, start=1):
        if column > MAX_COLUMNS:
            if any(cell is not None for cell in row[MAX_COLUMNS:]):
                return TableRow(place, found, f"more than {MAX_COLUMNS} columns")
            break
        if isinstance(value, str) and value.startswith("#") and value.endswith(("!", "?", "/A")):
            return TableRow(place, found, f"column {column} holds an error of the spreadsheet, {value}")
        found.append(_cell(value))
    while found and found[-1] == "":
        found.pop()
    return TableRow(place, found, ragged=True)


def _cell(value: object) -> Cell:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case datetime():
            return value.date()
        case date():
            return value
        case time():
            return value.isoformat()
        case int():
            return Decimal(value)
        case float():
            # The shortest text that is this number: what was typed, not its binary neighbour. A sum of cents
            # that was reckoned in the sheet may be off in the sixteenth digit.
            return Decimal(repr(round(value, 6)))
        case _:
            return str(value)
