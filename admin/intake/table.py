"""Open items in a table: where its headers are, which column is which, and what each row says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Final, NamedTuple, TypeAlias

from admin.intake.amounts import DayOrder, amount, day, day_order, decimal_mark, plain
from admin.intake.columns import (
    AMOUNTS,
    DAYS,
    Field,
    MappingError,
    check,
    choose,
    fingerprint,
    known_headers,
)
from admin.intake.items import Credit, Item, Note, OpenItem, Party, Reading, Refused, Source
from rules.money import MINOR_UNITS

Cell: TypeAlias = str | Decimal | date
"""As written, or as a spreadsheet holds it."""

HEADERS_WITHIN: Final = 30
"""Rows in which the headers must come: what stands above is a title."""

LEAST_HEADERS: Final = 3
SAMPLE: Final = 2_000
"""Rows from which the style of amounts and dates is found out."""

_TOTALS: Final = (
    "total",
    "sous total",
    "s total",
    "grand total",
    "subtotal",
    "totaux",
    "report",
    "a reporter",
)


class TableRow(NamedTuple):
    """One row. With a `fault` it cannot be read, and `cells` are for show.

    A spreadsheet's row is `ragged`: empty cells at its end are not there.
    """

    place: str
    cells: list[Cell]
    fault: str | None = None
    ragged: bool = False


class _Fault(ValueError):
    """What is wrong with one cell."""

    def __init__(self, field: Field, reason: str) -> None:
        super().__init__(reason)
        self.field = field
        self.reason = reason


def read_table(source: Source, reading: Reading, rows: Iterable[TableRow]) -> Iterator[Item]:
    """The items of a table.

    Raises:
        IntakeError: it has no headers, or none for what every invoice needs.
    """
    iterator = iter(rows)
    headers, above, beyond = _headers(source, reading, iterator)
    reading.headers = tuple(headers)
    reading.fingerprint = fingerprint(headers)
    try:
        places = choose(headers, _chosen(headers, reading))
        check(places)
    except MappingError as error:
        raise source.refused(f"{error}; its headers are {_listed(headers)}") from None
    reading.columns = {field.value: headers[place] for field, place in places.items()}
    if above:
        yield Note("first rows", f"{above} above the headers, passed over")
    sample = [*beyond, *islice(iterator, SAMPLE)]
    table = _Table(len(headers), [plain(header) for header in headers], places, _Style.of(sample, places))
    if table.style.order is DayOrder.MONTH_FIRST:
        yield Note("dates", "read as month/day/year: some could be nothing else")
    for row in chain(sample, iterator):
        item = table.read(row)
        if item is not None:
            yield item


def _headers(
    source: Source, reading: Reading, rows: Iterator[TableRow]
) -> tuple[list[str], int, list[TableRow]]:
    """The headers, how many rows stand above them, and the rows read beyond them.

    The first row that names all an invoice needs, as a person chose or by itself; else the one that names
    the most.
    """
    seen: list[TableRow] = []
    best = (LEAST_HEADERS - 1, -1)
    for place, row in enumerate(islice(rows, HEADERS_WITHIN)):
        seen.append(row)
        if row.fault is not None:
            continue
        cells = [str(cell).strip() for cell in row.cells]
        if _is_whole(cells, reading):
            best = (len(cells), place)
            break
        best = max(best, (known_headers(cells), place), key=lambda found: found[0])
    place = best[1]
    if place < 0:
        shown = next((row for row in seen if len(row.cells) > 1 and not row.fault), None)
        fault = next((f" ({row.place}: {row.fault})" for row in seen if row.fault), "")
        told = f"; the first row is {_listed([str(c) for c in shown.cells])}" if shown else fault
        raise source.refused(
            f"no row of headers found in the first {len(seen)} rows: expected such as N° facture, "
            f"Code client, Date, Échéance, Solde{told}"
        )
    return [str(cell).strip() for cell in seen[place].cells], place, seen[place + 1 :]


def _chosen(headers: list[str], reading: Reading) -> dict[str, str]:
    """What people chose for this layout, what is chosen now over it."""
    return {**reading.remembered.get(fingerprint(headers), {}), **reading.mapping}


def _is_whole(cells: list[str], reading: Reading) -> bool:
    try:
        check(choose(cells, _chosen(cells, reading)))
    except MappingError:
        return False
    return True


def _listed(cells: Iterable[str]) -> str:
    shown = [cell[:30] for cell in cells if cell.strip()]
    return ", ".join(repr(cell) for cell in shown[:20])


@dataclass(frozen=True, slots=True)
class _Style:
    """How the file writes amounts and dates."""

    mark: str | None
    order: DayOrder

    @classmethod
    def of(cls, rows: Iterable[TableRow], places: Mapping[Field, int]) -> _Style:
        """Found out from a sample."""
        sound = [row.cells for row in rows if row.fault is None]

        def cells(fields: Iterable[Field]) -> Iterator[str]:
            for field in fields:
                place = places.get(field)
                for row in sound:
                    if place is not None and place < len(row) and isinstance(cell := row[place], str):
                        yield cell

        return cls(decimal_mark(cells(AMOUNTS)), day_order(cells(DAYS)) or DayOrder.DAY_FIRST)


@dataclass(slots=True)
class _Table:
    """What makes items of rows."""

    width: int
    headers: list[str]
    places: Mapping[Field, int]
    style: _Style

    def read(self, row: TableRow) -> Item | None:
        """The item of a row; None of an empty one."""
        if row.fault is not None:
            return Refused(row.place, row.fault)
        filled = [cell for cell in row.cells if not isinstance(cell, str) or cell.strip()]
        if not filled:
            return None
        if self._is_total(row.cells):
            return Note(row.place, f"a line of totals, passed over: {str(filled[0])[:60]!r}")
        if [plain(str(cell)) for cell in row.cells][: self.width] == self.headers:
            return Note(row.place, "the headers once more, passed over")
        if row.ragged and len(row.cells) < self.width and len(filled) > 1:
            row.cells.extend([""] * (self.width - len(row.cells)))
        while len(row.cells) > self.width and row.cells[-1] == "":
            row.cells.pop()
        if len(row.cells) != self.width:
            few = "few" if len(row.cells) < self.width else "many"
            if len(filled) == 1 and few == "few":
                return Note(row.place, f"a line that is no item, passed over: {str(filled[0])[:60]!r}")
            return Refused(row.place, f"too {few} cells: {len(row.cells)}, the headers are {self.width}")
        try:
            return self._item(row)
        except _Fault as fault:
            return Refused(row.place, fault.reason, fault.field.value)

    def _is_total(self, cells: list[Cell]) -> bool:
        number = self._text(cells, Field.NUMBER)
        if number and not plain(number).startswith(_TOTALS):
            return False
        words = (plain(cell) for cell in cells if isinstance(cell, str) and cell.strip())
        first = next(words, "")
        return first.startswith(_TOTALS) and not first.removeprefix("report").startswith(("ing", "age"))

    def _item(self, row: TableRow) -> Item:
        cells = row.cells
        settled = self._text(cells, Field.SETTLED_ON)
        number = self._needed(cells, Field.NUMBER)
        name = self._text(cells, Field.NAME) or None
        customer = self._text(cells, Field.CUSTOMER)
        if not customer and name is None:
            raise _Fault(Field.CUSTOMER, "missing")
        issued = self._day(cells, Field.ISSUED_ON)
        if issued is None:
            raise _Fault(Field.ISSUED_ON, "missing")
        currency = self._text(cells, Field.CURRENCY).upper().replace("€", "EUR") or None
        if currency is not None and currency not in MINOR_UNITS:
            raise _Fault(Field.CURRENCY, f"unknown currency {currency!r}: expected such as EUR")
        party = Party(
            self._text(cells, Field.REGISTRATION) or None,
            self._text(cells, Field.VAT) or None,
            self._text(cells, Field.COUNTRY).upper() or None,
            self._text(cells, Field.EMAIL) or None,
        )
        due = self._day(cells, Field.DUE_ON)
        total, left = self._amounts(cells)
        if settled:
            return Note(row.place, f"{number} is settled, since {settled}: not owed")
        if left == 0:
            return Note(row.place, f"{number} has nothing left to pay: not owed")
        if left < 0:
            about = self._text(cells, Field.CREDITS)
            return Credit(
                *(row.place, number, customer, name, issued, -left, currency, (about,) if about else ()),
                is_credit_note=bool(about),
                party=party,
            )
        return OpenItem(
            row.place,
            number,
            customer,
            name,
            issued,
            due,
            left,
            total,
            currency,
            self._text(cells, Field.ORDER_REF) or None,
            self._text(cells, Field.TERMS) or None if due is None else None,
            party,
        )

    def _amounts(self, cells: list[Cell]) -> tuple[Decimal | None, Decimal]:
        """What it was for, where that is told, and what is left of it."""
        total, left, paid = (self._money(cells, field) for field in (Field.TOTAL, Field.OPEN, Field.PAID))
        debit, credit = self._money(cells, Field.DEBIT), self._money(cells, Field.CREDIT)
        if left is None and total is not None and paid is not None:
            left = total - paid
        if left is None and (debit is not None or credit is not None):
            left = (debit or Decimal(0)) - (credit or Decimal(0))
        if left is None:
            left = total
        if left is None:
            field = next(f for f in (Field.OPEN, Field.TOTAL, Field.DEBIT) if f in self.places)
            raise _Fault(field, "missing")
        if total is not None and 0 < total < left:
            raise _Fault(Field.OPEN, f"{left} is more than the invoice's total, {total}")
        return (total if total is not None and total > 0 else None), left

    def _cell(self, cells: list[Cell], field: Field) -> Cell:
        place = self.places.get(field)
        return "" if place is None or place >= len(cells) else cells[place]

    def _text(self, cells: list[Cell], field: Field) -> str:
        cell = self._cell(cells, field)
        if isinstance(cell, str):
            return " ".join(cell.split())
        return f"{cell.normalize():f}" if isinstance(cell, Decimal) else str(cell)

    def _needed(self, cells: list[Cell], field: Field) -> str:
        text = self._text(cells, field)
        if not text:
            raise _Fault(field, "missing")
        return text

    def _day(self, cells: list[Cell], field: Field) -> date | None:
        cell = self._cell(cells, field)
        if isinstance(cell, datetime):
            cell = cell.date()
        text = cell if isinstance(cell, str) else str(int(cell)) if isinstance(cell, Decimal) else str(cell)
        if not text.strip():
            return None
        try:
            return day(text, self.style.order)
        except ValueError as error:
            raise _Fault(field, str(error)) from None

    def _money(self, cells: list[Cell], field: Field) -> Decimal | None:
        cell = self._cell(cells, field)
        if isinstance(cell, Decimal):
            return cell
        if not isinstance(cell, str):
            raise _Fault(field, f"not an amount: {cell}")
        if not cell.strip():
            return None
        try:
            return amount(cell, self.style.mark)
        except ValueError as error:
            raise _Fault(field, str(error)) from None
