"""Tables to take away: CSV and XLSX, written row by row into a file that is gone once it is read."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from threading import BoundedSemaphore
from typing import IO, Any, Final, TypeAlias

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from starlette.responses import StreamingResponse

from activities.rendering.formats import Formats, one_line
from models.errors import NotFound

Value: TypeAlias = str | int | date | Decimal | None
Row: TypeAlias = Sequence[Value]
Rows: TypeAlias = Iterable[Row]

AT_ONCE: Final = 2_000
"""Rows of a list that are read together for a table: as much of it as the memory holds."""
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_IN_MEMORY: Final = 1 << 20
_PIECE: Final = 1 << 16
_LONGEST: Final = 32_767
"""Characters of a cell, as spreadsheets have it."""
_WIDTH: Final = 18

_writing: Final = BoundedSemaphore(2)
"""At most so many at once: a large workbook is minutes of one processor."""


def send_sheet(kind: str, name: str, language: str, head: Sequence[str], rows: Rows) -> StreamingResponse:
    """Write a table into a file of its own, then send it piece by piece.

    Written first, so that nothing of the ledger waits for whoever reads slowly, and an error still is a page.

    Args:
        kind: `csv` or `xlsx`, as the address has it.
        name: of the file, without its ending.
        language: how amounts and days are written in CSV: `fr` or `en`.
        head: the columns' names.
        rows: as many values each. An amount has its currency's decimals.

    Raises:
        NotFound: no such kind of table.
    """
    if kind not in _WRITERS:
        raise NotFound(f"no such table: {kind}")
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (closed once sent)
    try:
        with _writing:
            _WRITERS[kind](file, language, head, rows)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return StreamingResponse(
        _pieces(file),
        media_type=XLSX if kind == "xlsx" else "text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{_plain(name)}.{kind}"'},
    )


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _plain(name: str) -> str:
    return "".join(char if char.isascii() and (char.isalnum() or char in "-_") else "-" for char in name)


def _csv(file: IO[bytes], language: str, head: Sequence[str], rows: Rows) -> None:
    """As the spreadsheets of that language read it without being asked."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="", write_through=False)
    out = csv.writer(text, delimiter=";" if language == "fr" else ",")
    out.writerow(head)
    formats = Formats(language)
    out.writerows([_written(value, formats) for value in row] for row in rows)
    text.flush()
    # The file goes on without its wrapper, which would close it.
    text.detach()


def _written(value: Value, formats: Formats) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, Decimal):
        return str(value).replace(".", ",") if formats.language == "fr" else str(value)
    if isinstance(value, date):
        return formats.short_day(value) if formats.language == "fr" else value.isoformat()
    return str(value)


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    bare = one_line(text)
    return f"'{bare}" if bare.lstrip().startswith(_FORMULA) or text.startswith(_FORMULA) else bare


def _xlsx(file: IO[bytes], language: str, head: Sequence[str], rows: Rows) -> None:  # noqa: ARG001 (a spreadsheet writes in its reader's language itself)
    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet()
    sheet.freeze_panes = "A2"
    for place in range(1, len(head) + 1):
        sheet.column_dimensions[get_column_letter(place)].width = _WIDTH
    titles = [WriteOnlyCell(sheet, title) for title in head]
    for title in titles:
        title.font = Font(bold=True)
    try:
        sheet.append(titles)
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
        book.save(file)
    except BaseException:
        # What the sheet was written into by then is a file of its own.
        with suppress(Exception):
            sheet.close()
        raise


def _cell(sheet: Any, value: Value) -> Any:
    if isinstance(value, str):
        if not value.startswith(_FORMULA):
            return ILLEGAL_CHARACTERS_RE.sub("", value)[:_LONGEST]
        # A text, whatever it begins with: never reckoned.
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value)[:_LONGEST])
        cell.data_type = "s"
        return cell
    if isinstance(value, Decimal):
        cell = WriteOnlyCell(sheet)
        cell.value = value
        exponent = value.as_tuple().exponent
        decimals = -exponent if isinstance(exponent, int) and exponent < 0 else 0
        cell.number_format = "#,##0" + ("." + "0" * decimals if decimals else "")
        return cell
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet)
        cell.value = value
        cell.number_format = "dd/mm/yyyy"
        return cell
    return value


_WRITERS: Final[dict[str, Callable[[IO[bytes], str, Sequence[str], Rows], None]]] = {
    "csv": _csv,
    "xlsx": _xlsx,
}
