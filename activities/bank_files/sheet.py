"""A bank's CSV, French or English: its columns are recognised by their names, wherever the header stands.

Above the header, banks write the account and what else they like. Where there is a balance column, every
row's is checked, whichever way the rows run.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from activities.bank_files.parts import BadFile, Closed, Movement, Opened, Part
from activities.bank_files.text import day, joined, lines, money, plain
from rules.iban import iban, printed_ibans

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "booked_on": ("date", "date operation", "date comptable", "date de comptabilisation", "date d operation",
                  "booking date", "transaction date", "posting date", "operation date"),
    "value_on": ("date valeur", "date de valeur", "value date"),
    "text": ("libelle", "libelle operation", "libelle de l operation", "libelle complet", "description",
             "details", "communication", "narrative", "motif", "libelle simplifie", "remittance information"),
    "more": ("informations complementaires", "libelle complementaire", "memo", "additional information"),
    "out": ("debit", "montant debit", "debit amount", "debit euros", "paid out", "money out"),
    "in": ("credit", "montant credit", "credit amount", "credit euros", "paid in", "money in"),
    "amount": ("montant", "amount", "montant operation", "montant de l operation", "montant eur"),
    "balance": ("solde", "balance", "solde apres operation", "running balance"),
    "currency": ("devise", "currency"),
    "account": ("compte", "iban", "numero de compte", "account", "account number"),
    "reference": ("reference", "reference operation", "bank reference", "transaction reference",
                  "reference banque"),
    "end_to_end": ("reference client", "end to end id", "customer reference"),
    "name": ("contrepartie", "nom contrepartie", "tiers", "payer", "donneur d ordre", "counterparty",
             "counterparty name", "name"),
    "payer_iban": ("iban contrepartie", "compte contrepartie", "counterparty iban", "payer iban"),
}  # fmt: skip
_COLUMN: Final = {name: column for column, names in _NAMES.items() for name in names}
_DAY_FIRST: Final = re.compile(r"([0-9]{1,2})[/.\-]([0-9]{1,2})[/.\-]([0-9]{4}|[0-9]{2})")
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})[/.\-]?([0-9]{2})[/.\-]?([0-9]{2})")
_SPACE: Final = re.compile(r"[\s\u00a0\u202f']")
_RETURN: Final = re.compile(r"\b(impaye|rejet|returned|unpaid)\b")
_CHARGES: Final = re.compile(r"\b(frais|commission|cotisation|agios|bank charges|fees)\b")


class _Row(NamedTuple):
    movement: Movement
    balance: Decimal | None


def is_header(line: str) -> bool:
    """Whether this line names the columns of a bank's CSV: a day, and an amount or two."""
    return any(_columns(_split(line, mark)) is not None for mark in ";,\t|")


def read(content: bytes) -> Iterator[Part]:
    """The one statement of the file.

    Raises:
        BadFile: a cell is not what its column says, or a balance does not follow from the one before.
    """
    before, place, mark, header = _header(content)
    columns = _columns(header)
    assert columns is not None  # noqa: S101 (that is how the header was found)
    rows: list[_Row] = []
    accounts: set[str] = set()
    for number, given in _rows(content, place, mark):
        if not any(cell.strip() for cell in given):
            continue
        where = f"line {number}"
        # The last columns of a row may be left out with their separators; the amount may not.
        cells = [*given, *[""] * (len(header) - len(given))]
        if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            raise BadFile(where, f"{len(cells)} cells under {len(header)} columns")
        told = {column: cells[at].strip() for column, at in columns.items()}
        if told.get("account"):
            accounts.add(_SPACE.sub("", told["account"]).upper())
        rows.append(_row(told, where))
    if len(accounts) > 1:
        raise BadFile(f"line {place}", f"rows of {len(accounts)} accounts: export each account by itself")
    if not accounts:
        accounts = printed_ibans(before)
    opening, closing = _balances(rows)
    currencies = {row.movement.currency for row in rows if row.movement.currency}
    if len(currencies) > 1:
        raise BadFile(
            f"line {place}", f"rows in {', '.join(sorted(currencies))}: an account has one currency"
        )
    account = next(iter(accounts)) if len(accounts) == 1 else None
    yield Opened(f"line {place}", account, next(iter(currencies), None), opening)
    for row in rows:
        yield row.movement
    # The rows end where whoever exported them chose: they do not say up to which day the bank is known.
    yield Closed(f"line {place + len(rows)}", closing, None)


def _header(content: bytes) -> tuple[str, int, str, Sequence[str]]:
    before: list[str] = []
    for number, line in lines(content):
        for mark in ";,\t|":
            cells = _split(line, mark)
            if _columns(cells) is not None:
                return "\n".join(before), number, mark, cells
        before.append(line)
        if number >= 40:
            break
    raise BadFile("", "no line names a day and an amount (Date, Libellé, Débit, Crédit …)")


def _rows(content: bytes, header: int, mark: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((f"{line}\n" for number, line in lines(content) if number > header), delimiter=mark)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadFile(f"line {header + reader.line_num}", f"no row of a CSV: {error}") from None
        yield header + reader.line_num, cells


def _split(line: str, mark: str) -> Sequence[str]:
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        return []


def _columns(cells: Sequence[str]) -> dict[str, int] | None:
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        column = _COLUMN.get(_name(cell))
        if column is not None:
            found.setdefault(column, place)
    money_there = "amount" in found or ("in" in found and "out" in found)
    return found if "booked_on" in found and money_there else None


def _name(cell: str) -> str:
    bare = unicodedata.normalize("NFKD", cell).encode("ascii", "ignore").decode().lower()
    bare = re.sub(r"\((eur|euros|usd|gbp)\)", "", bare)
    return " ".join(re.sub(r"[^a-z]+", " ", bare).split())


def _row(told: Mapping[str, str], where: str) -> _Row:
    currency = told.get("currency", "").upper() or None
    amount = _signed(told, where, currency)
    if not amount:
        raise BadFile(where, "a movement of nothing")
    booked_on = _day(told["booked_on"], where, "day")
    text = joined(told.get("text"), told.get("more"))
    bare = _name(text)
    incoming = amount > 0
    movement = Movement(
        where=where,
        booked_on=booked_on,
        value_on=_day(told["value_on"], where, "value day") if told.get("value_on") else None,
        amount=abs(amount),
        incoming=incoming,
        currency=currency,
        text=text,
        bank_ref=plain(told.get("reference")),
        end_to_end_id=plain(told.get("end_to_end")),
        payer_name=plain(told.get("name")),
        payer_iban=_iban(told.get("payer_iban")),
        # Of money that came, the word may be the debtor's own.
        is_return=not incoming and _RETURN.search(bare) is not None,
        aside="bank charges" if not incoming and _CHARGES.search(bare) else None,
    )
    balance = told.get("balance")
    return _Row(movement, _money(balance, where, "balance", currency) if balance else None)


def _signed(told: Mapping[str, str], where: str, currency: str | None) -> Decimal:
    if told.get("amount"):
        return _money(told["amount"], where, "amount", currency)
    out, came = told.get("out", ""), told.get("in", "")
    paid = abs(_money(out, where, "debit", currency)) if out else Decimal(0)
    received = _money(came, where, "credit", currency) if came else Decimal(0)
    if paid and received:
        raise BadFile(where, "a debit and a credit in one row")
    return received - paid


def _money(text: str, where: str, what: str, currency: str | None) -> Decimal:
    bare = _SPACE.sub("", text).replace("€", "").replace("EUR", "").replace("\u2212", "-")
    negative = bare.startswith("-") or (bare.startswith("(") and bare.endswith(")"))
    bare = bare.strip("()+-")
    comma, point = bare.rfind(","), bare.rfind(".")
    # The mark that comes last is the decimal one: 1.234,56 and 1,234.56.
    if comma >= 0 and point >= 0:
        bare = bare.replace("." if comma > point else ",", "")
    elif (comma >= 0 and bare.count(",") > 1) or (point >= 0 and bare.count(".") > 1):
        bare = bare.replace(",", "").replace(".", "")
    elif re.fullmatch(r"[0-9]{1,3}[.,][0-9]{3}", bare):
        raise BadFile(where, f"{what}: {text!r} may be thousands or thousandths: write it with its cents")
    amount = money(bare.replace(",", "."), where, what, currency or "EUR")
    return -amount if negative else amount


def _day(text: str, where: str, what: str) -> date:
    first = _DAY_FIRST.fullmatch(text.strip())
    if first is not None:
        year = int(first[3]) + (2000 if len(first[3]) == 2 else 0)
        return day(year, int(first[2]), int(first[1]), where, what)
    last = _YEAR_FIRST.fullmatch(text.strip()[:10])
    if last is not None:
        return day(int(last[1]), int(last[2]), int(last[3]), where, what)
    raise BadFile(where, f"{what}: {text[:30]!r} is no day (02/04/2026 or 2026-04-02)")


def _balances(rows: Sequence[_Row]) -> tuple[Decimal | None, Decimal | None]:
    """The balances before and after all rows, if each row has one. Rows run either way, never mixed."""
    if not rows or any(row.balance is None for row in rows):
        return None, None
    known = [(row.movement, row.balance or Decimal(0)) for row in rows]
    wrong: list[str] = []
    for ordered in (known, known[::-1]):
        first, before = ordered[0]
        opening = before = before - _of(first)
        for movement, balance in ordered:
            if before + _of(movement) != balance:
                wrong.append(movement.where)
                break
            before = balance
        else:
            return opening, before
    raise BadFile(wrong[0], "its balance does not follow from the row before: a row is missing or wrong")


def _of(movement: Movement) -> Decimal:
    return movement.amount if movement.incoming else -movement.amount


def _iban(text: str | None) -> str | None:
    try:
        return iban(text) if text else None
    except ValueError:
        return None
