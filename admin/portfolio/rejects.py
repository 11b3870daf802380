"""The rejects file: what was refused, why, and the cells as they were, ready to be mended and imported."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from activities.addresses import Phone
from admin.portfolio.row import REJECT_COLUMNS, CellFault, Reject, Row, excerpt


def rejects_beside(path: Path) -> Path:
    """Where the rejects of a portfolio go unless told otherwise: `march.csv` gives `march.rejects.csv`."""
    return path.with_name(f"{path.stem}.rejects.csv")


def cells_of(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    """A row as cells again, in the order of the file's columns."""
    return tuple(_written(getattr(row, name)) for name in columns if name not in REJECT_COLUMNS)


def reject_of(row: Row, fault: CellFault, columns: Sequence[str]) -> Reject:
    """The reject of a row that was read, and then found to be wrong in one cell."""
    return Reject(row.line, fault.field, excerpt(fault.value), fault.reason, cells_of(row, columns))


def _written(value: object) -> str:
    if value is None:
        return ""
    return value.number if isinstance(value, Phone) else str(value)


class RejectsFile:
    """Written as rejects come, with a header of the columns of the portfolio.

    Without any reject there is no file: one left by an earlier run is removed. It is for people and
    spreadsheets, so it starts with a byte order mark.
    """

    def __init__(self, path: Path) -> None:
        """Nothing is opened before `__enter__`."""
        self.path = path
        self.count = 0
        self.columns: tuple[str, ...] = ()
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        """Remove what an earlier run left."""
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, if there is one."""
        if self._file is not None:
            self._file.close()

    def add(self, reject: Reject) -> None:
        """Write one reject; `columns` must have been told."""
        own = self.columns[: len(REJECT_COLUMNS)] == REJECT_COLUMNS
        skip = len(REJECT_COLUMNS) if own else 0
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8-sig", newline="")
            csv.writer(self._file).writerow((*REJECT_COLUMNS, *self.columns[skip:]))
        raw = reject.raw[skip:] if own and len(reject.raw) == len(self.columns) else reject.raw
        csv.writer(self._file).writerow((reject.line, reject.field, reject.reason, *raw))
        self.count += 1
