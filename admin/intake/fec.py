"""FEC, the French accounting export (arrêté du 29 juillet 2013, LPF art. A47 A-1): what customers owe in it.

Open items are the lines of accounts 411* without lettering, taken together by customer and piece. The file
has no due dates: terms give them. Each entry must balance, or the file was cut or edited, and all of it is
refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import islice
from typing import Final

from admin.intake.csv_file import sample_of, text_records
from admin.intake.items import MAX_ITEMS, Credit, Item, Note, OpenItem, Reading, Refused, Source
from admin.intake.text import encoding_of
from admin.portfolio.cells import YEARS

COLUMNS: Final = (
    *("journalcode", "journallib", "ecriturenum", "ecrituredate", "comptenum", "comptelib", "compauxnum"),
    *("compauxlib", "pieceref", "piecedate", "ecriturelib", "debit", "credit", "ecriturelet", "datelet"),
    *("validdate", "montantdevise", "idevise"),
)
_SIDED: Final = tuple({"debit": "montant", "credit": "sens"}.get(name, name) for name in COLUMNS)
_ZERO: Final = Decimal(0)
_AMOUNT: Final = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,6})?")
_DEBIT: Final = ("D", "+1", "1", "+")
_CREDIT: Final = ("C", "-1", "-")
CURRENCY: Final = "EUR"
"""Debit and Credit of a FEC are in the currency of the French books."""

_SHOWN: Final = 3


@dataclass(slots=True)
class _Piece:
    """What a customer owes on one piece."""

    line: int
    name: str
    day: date
    debit: Decimal = _ZERO
    credit: Decimal = _ZERO
    is_credit_note: bool = False


def read_fec(source: Source, reading: Reading) -> Iterator[Item]:
    """The open items and credits of the customers' accounts.

    Raises:
        IntakeError: it is not a whole FEC: a column is missing, or an entry does not balance.
    """
    encoding = encoding_of(source)
    sample = sample_of(source, encoding)
    first = next((line for line in sample.splitlines() if line.strip()), "")
    separator = max("\t|;,", key=first.count)
    found = text_records(source, encoding, separator, reading)
    header = next(found, None)
    names = tuple(cell.strip().lower() for cell in header.cells) if header else ()
    places = _places(source, names)
    pieces: dict[tuple[str, str], _Piece] = {}
    entries: dict[tuple[str, str], list[Decimal | int]] = {}
    value_of = _sided(places) if "montant" in places else _two_columns(places)
    width = len(names)
    journal, number, account = (places[name] for name in ("journalcode", "ecriturenum", "comptenum"))
    for record in found:
        cells = record.cells
        if record.fault is not None:
            raise source.refused(record.fault, f"line {record.line}")
        if len(cells) != width:
            if not any(cell.strip() for cell in cells):
                continue
            raise source.refused(
                f"{len(cells)} cells, the header has {width}: cut off, or a separator too many",
                f"line {record.line}",
            )
        try:
            debit, credit = value_of(cells)
        except ValueError as error:
            raise source.refused(str(error), f"line {record.line}") from None
        _balance(entries, (cells[journal], cells[number]), debit - credit, record.line)
        if not cells[account].startswith("411") or cells[places["ecriturelet"]].strip():
            continue
        refused = _take(pieces, cells, places, debit, credit, record.line)
        if refused is not None:
            yield refused
        if len(pieces) > MAX_ITEMS:
            raise source.refused(f"more than {MAX_ITEMS:,} open pieces")
    _check_balance(source, entries)
    if not pieces:
        yield Note("accounts 411*", "nothing is open: no line without lettering")
    for (customer, piece), at in pieces.items():
        item = _item(customer, piece, at)
        if item is not None:
            yield item


def _places(source: Source, names: tuple[str, ...]) -> dict[str, int]:
    wanted = _SIDED if "montant" in names else COLUMNS
    # The last two may be left out where the books know one currency only.
    missing = [name for name in wanted[:16] if name not in names]
    if missing:
        raise source.refused(f"not a whole FEC: the columns {', '.join(missing)} are missing", "line 1")
    return {name: names.index(name) for name in wanted if name in names}


def _two_columns(places: dict[str, int]) -> Callable[[list[str]], tuple[Decimal, Decimal]]:
    debit, credit = places["debit"], places["credit"]

    def value(cells: list[str]) -> tuple[Decimal, Decimal]:
        return _money("Debit", cells[debit]), _money("Credit", cells[credit])

    return value


def _sided(places: dict[str, int]) -> Callable[[list[str]], tuple[Decimal, Decimal]]:
    amount, side = places["montant"], places["sens"]

    def value(cells: list[str]) -> tuple[Decimal, Decimal]:
        found, sens = _money("Montant", cells[amount]), cells[side].strip().upper()
        if sens in _DEBIT:
            return found, _ZERO
        if sens in _CREDIT:
            return _ZERO, found
        raise ValueError(f"Sens: {sens!r} is neither D nor C")

    return value


@lru_cache(maxsize=16384)
def _money(field: str, cell: str) -> Decimal:
    text = cell.strip().replace("\u00a0", "").replace("\u202f", "").replace(" ", "")
    if not text:
        return _ZERO
    if _AMOUNT.fullmatch(text) is None:
        raise ValueError(f"{field}: not an amount: {cell.strip()[:40]!r}")
    try:
        return Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"{field}: not an amount: {cell.strip()[:40]!r}") from None


@lru_cache(maxsize=4096)
def _day(cell: str) -> date:
    text = cell.strip()
    if re.fullmatch(r"\d{8}", text) is None:
        raise ValueError(f"{text[:20]!r} is not a date: expected AAAAMMJJ such as 20260331")
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    if year not in YEARS:
        raise ValueError(f"{text}: year {year} is outside {YEARS.start}..{YEARS.stop - 1}")
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"{text} is not in the calendar") from None


def _balance(
    entries: dict[tuple[str, str], list[Decimal | int]], key: tuple[str, str], change: Decimal, line: int
) -> None:
    """Add to an entry. One that balances is forgotten, so that only those under way are held."""
    entry = entries.get(key)
    if entry is None:
        if change:
            entries[key] = [change, line]
        return
    entry[0] += change
    if not entry[0]:
        del entries[key]


def _check_balance(source: Source, entries: dict[tuple[str, str], list[Decimal | int]]) -> None:
    if not entries:
        return
    shown = [
        f"entry {journal} {number} (from line {line}) is off by {difference}"
        for (journal, number), (difference, line) in islice(entries.items(), _SHOWN)
    ]
    more = f"; {len(entries) - _SHOWN:,} more" if len(entries) > _SHOWN else ""
    raise source.refused(f"debit and credit do not balance: {'; '.join(shown)}{more}")


def _take(
    pieces: dict[tuple[str, str], _Piece],
    cells: list[str],
    places: dict[str, int],
    debit: Decimal,
    credit: Decimal,
    line: int,
) -> Refused | None:
    customer = cells[places["compauxnum"]].strip() or cells[places["comptenum"]].strip()
    name = cells[places["compauxlib"]].strip() or cells[places["comptelib"]].strip()
    piece = " ".join(cells[places["pieceref"]].split())
    if not piece:
        return Refused(
            f"line {line}", f"an open line of {customer} without a piece: it names no invoice", "PieceRef"
        )
    try:
        day = _day(cells[places["piecedate"]].strip() or cells[places["ecrituredate"]])
    except ValueError as error:
        return Refused(f"line {line}", str(error), "PieceDate")
    at = pieces.get((customer, piece))
    if at is None:
        at = pieces[customer, piece] = _Piece(line, name, day)
    # What is written negative on one side is a correction of it, not a movement of the other.
    at.debit += debit
    at.credit += credit
    if debit > 0 and day < at.day:
        at.day = day
    if credit > 0:
        label = f"{cells[places['ecriturelib']]} {cells[places['journallib']]}".lower()
        at.is_credit_note = at.is_credit_note or "avoir" in label
    return None


def _item(customer: str, piece: str, at: _Piece) -> Item | None:
    left = at.debit - at.credit
    place = f"line {at.line}"
    if left > 0:
        return OpenItem(
            *(place, piece, customer, at.name or None, at.day, None, left, at.debit, CURRENCY), firm=False
        )
    if left < 0:
        return Credit(
            place, piece, customer, at.name or None, at.day, -left, CURRENCY, is_credit_note=at.is_credit_note
        )
    return (
        Note(place, f"{piece} of {customer} is even though not lettered: nothing owed") if at.debit else None
    )
