"""Read a portfolio file row by row: what is sound is handed on, what is not is reported and passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, TypeAlias

from admin.portfolio import cells as read
from admin.portfolio.lines import Lines, Record, records
from admin.portfolio.parser import RowParser, Today
from admin.portfolio.row import (
    COLUMNS,
    REJECT_COLUMNS,
    REQUIRED,
    CellFault,
    PortfolioError,
    Reject,
    Row,
    excerpt,
)
from rules.policy import Policy

OnReject: TypeAlias = Callable[[Reject], None]

_MAX_RAW: Final = 500
"""Characters of each original cell kept in a reject."""

_FACTS = slice(1, None)
"""Everything of a row but its line."""


class PortfolioReader:
    """The rows of one file, once through.

    `rows` and `rejected` count what was handed on and refused so far, `repeated` the rows that say again
    what an earlier one said; `bytes_read` is how far into the file reading has come. Of each invoice only
    a hash is remembered, so that a hundred thousand take about twelve megabytes.
    """

    def __init__(
        self,
        path: Path,
        *,
        on_reject: OnReject,
        policies: Mapping[str, Policy],
        today: Today | None = None,
        default_country: str = "FR",
    ) -> None:
        """`policies` are those a row may name; `today` is the day it is for a customer.

        Without `today`, as in a simulation, a last contact may lie on any day.
        """
        self.path = path
        self.columns: tuple[str, ...] = ()
        self.rows = 0
        self.rejected = 0
        self.repeated = 0
        self._on_reject = on_reject
        self._policies = policies
        self._today = today
        self._default_country = default_country
        self._lines: Lines | None = None
        self._seen: dict[int, tuple[int, int]] = {}

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file have been read."""
        return self._lines.bytes_read if self._lines else 0

    @property
    def size(self) -> int:
        """How many bytes the file has."""
        return self.path.stat().st_size

    def __iter__(self) -> Iterator[Row]:
        """Read the file.

        Raises:
            PortfolioError: the file cannot be opened, or its first line is not a header Relance knows.
        """
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise PortfolioError(f"{self.path}: {error.strerror or error}") from None
        with file:
            self._lines = Lines(file)
            columns = _header(self.path, next(records(self._lines), None))
            self.columns = columns
            parser = RowParser(columns, self._policies, self._today, self._default_country)
            for record in records(self._lines, len(columns)):
                row = self._judge(parser, record)
                if row is not None:
                    yield row

    def _judge(self, parser: RowParser, record: Record) -> Row | None:
        columns = self.columns
        if record.fault is not None:
            self._reject_record(record, record.fault)
            return None
        if len(record.cells) != len(columns):
            if any(cell.strip() for cell in record.cells):
                few = "few" if len(record.cells) < len(columns) else "many"
                hint = "; put a cell that contains a comma in quotes" if few == "many" else ""
                reason = f"too {few} cells: {len(record.cells)}, the header has {len(columns)}{hint}"
                self._reject(record, "", "", reason)
            return None
        try:
            row = parser.parse(record)
            if row is None:
                return None
            if not self._is_new(row):
                return None
        except CellFault as fault:
            self._reject(record, fault.field, fault.value, fault.reason)
            return None
        self.rows += 1
        return row

    def _is_new(self, row: Row) -> bool:
        key = hash((row.company, row.invoice))
        facts = hash(row[_FACTS])
        known = self._seen.get(key)
        if known is None:
            self._seen[key] = (facts, row.line)
            return True
        if known[0] != facts:
            raise CellFault(
                "invoice", row.invoice, f"conflict: line {known[1]} has this invoice with other facts"
            )
        self.repeated += 1
        return False

    def _reject_record(self, record: Record, reason: str) -> None:
        """A record that could not be taken apart: the last cell begun is the one at fault."""
        place = len(record.cells) - 1
        begun = reason.startswith(("too long", "bad quoting")) and 0 <= place < len(self.columns)
        field, value = (self.columns[place], record.cells[place]) if begun else ("", "")
        self._reject(record, field, value, reason)

    def _reject(self, record: Record, field: str, value: str, reason: str) -> None:
        self.rejected += 1
        raw = tuple(cell[:_MAX_RAW] for cell in record.cells[: len(self.columns)])
        self._on_reject(Reject(record.line, field, excerpt(value), reason, raw))


def read_portfolio(
    path: Path,
    *,
    on_reject: OnReject,
    policies: Mapping[str, Policy],
    today: Today | None = None,
    default_country: str = "FR",
) -> Iterator[Row]:
    """The sound rows of a portfolio; each other one goes to `on_reject`. See `PortfolioReader`."""
    return iter(
        PortfolioReader(
            path, on_reject=on_reject, policies=policies, today=today, default_country=default_country
        )
    )


def _header(path: Path, record: Record | None) -> tuple[str, ...]:
    """The columns of the file.

    Raises:
        PortfolioError: no header, another delimiter or encoding, a column unknown, missing or given twice.
    """
    if record is None:
        raise PortfolioError(f"{path}: empty file; the first line names the columns: {', '.join(REQUIRED)}")
    names = record.cells
    first = names[0] if names else ""
    if record.fault is not None or "\r" in ",".join(names):
        reason = _unreadable(path, record.fault or "carriage return inside the line")
        raise PortfolioError(f"{path}: line {record.line}: {reason}")
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(names) == 1 and first.count(mark) >= 2:
            raise PortfolioError(
                f"{path}: the cells are separated by {word}; separate them by commas "
                "(and write amounts with a point: 1234.56)"
            )
    return _known_columns(path, tuple(names))


def _unreadable(path: Path, fault: str) -> str:
    with path.open("rb") as file:
        start = file.read(2)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        return "the file is UTF-16; save it as CSV UTF-8"
    if fault.startswith("carriage return"):
        return "the lines end with a carriage return only; end each with a line feed"
    return f"{fault}; save the file as CSV UTF-8" if fault.startswith("not UTF-8") else fault


def _known_columns(path: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    start = len(REJECT_COLUMNS) if names[: len(REJECT_COLUMNS)] == REJECT_COLUMNS else 0
    given = names[start:]
    faults = [
        f"unknown column {excerpt(name)!r}{read.nearest(name, COLUMNS)}"
        for name in given
        if name not in COLUMNS
    ]
    faults += [f"column {name!r} given twice" for name in dict.fromkeys(given) if given.count(name) > 1]
    faults += [f"missing column {name!r}" for name in REQUIRED if name not in given]
    if faults:
        raise PortfolioError(f"{path}: line 1: {'; '.join(faults)}")
    return names
