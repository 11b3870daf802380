"""CFONB120, the French statement: records of 120 characters.

01 opens an account with its old balance, 04 is a movement, 05 adds to the movement before it, 07 closes with
the new balance. An amount is fourteen characters whose last carries the sign: `{` and A-I are +0 to +9, `}`
and J-R are -0 to -9. How many decimals it has stands in each record. (CFONB, Relevé de compte sur support
informatique.)
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from activities.bank_files.parts import BadFile, Closed, Movement, Opened, Part
from activities.bank_files.text import fitting, joined, lines, plain, short_day
from rules.iban import LENGTHS, check_digits, iban
from rules.money import minor_units

LENGTH: Final = 120
_SIGNED: Final = {
    **{char: (1, digit) for digit, char in enumerate("{ABCDEFGHI")},
    **{char: (-1, digit) for digit, char in enumerate("}JKLMNOPQR")},
}
_DIGITS: Final = re.compile(r"[0-9]{13}")
_LETTERS: Final = {
    letter: digit
    for letters, first in (("ABCDEFGHI", 1), ("JKLMNOPQR", 1), ("STUVWXYZ", 2))
    for digit, letter in enumerate(letters, start=first)
}
_RETURN: Final = re.compile(r"\b(IMPAYE|IMPAYES|REJET|REJETE)\b")
_CHARGES: Final = re.compile(r"\b(FRAIS|COMMISSION|COMMISSIONS|COTISATION|AGIOS|INTERETS DEBITEURS)\b")


@dataclass(slots=True)
class _Record:
    """One record, by the places of the standard (counted from 1)."""

    number: int
    text: str

    @property
    def where(self) -> str:
        return f"line {self.number}"

    @property
    def code(self) -> str:
        return self.text[0:2]

    @property
    def account(self) -> tuple[str, str, str]:
        return self.at(3, 7), self.at(12, 16), self.at(22, 32)

    @property
    def currency(self) -> str:
        return self.at(17, 19)

    def at(self, first: int, last: int) -> str:
        return self.text[first - 1 : last].strip()

    def amount(self, what: str) -> Decimal:
        """The signed amount at 91-104."""
        given = self.text[90:104]
        sign = _SIGNED.get(given[13:])
        decimals = self.at(20, 20)
        if _DIGITS.fullmatch(given[:13]) is None or sign is None:
            raise BadFile(self.where, f"{what}: {given!r} is no amount (13 digits and a signed one)")
        if not decimals.isdecimal():
            raise BadFile(self.where, f"{decimals!r} is no number of decimals")
        _decimals_of(self.currency, int(decimals), self.where)
        amount = sign[0] * Decimal(int(given[:13] + str(sign[1]))).scaleb(-int(decimals))
        return fitting(amount, self.where, what, self.currency)

    def day(self, first: int, what: str) -> date:
        return short_day(self.text[first - 1 : first + 5], "dmy", self.where, what)


def _decimals_of(currency: str, decimals: int, where: str) -> None:
    # An amount off by ten is worse than none: the record must say what the currency has.
    if not currency.isalpha():
        raise BadFile(where, f"{currency!r} is no currency")
    try:
        right = minor_units(currency)
    except ValueError:
        raise BadFile(where, f"{currency!r} is no currency") from None
    if decimals != right:
        raise BadFile(where, f"it gives {currency} {decimals} decimals, which has {right}")


@dataclass(slots=True)
class _Movement:
    """A movement whose complements are still coming."""

    record: _Record
    amount: Decimal
    booked_on: date
    value_on: date | None
    told: dict[str, list[str]] = field(default_factory=dict)

    def done(self) -> Movement:
        record, told = self.record, self.told
        label = record.at(49, 79)
        reject = record.at(41, 42)
        remittance = [*told.get("LCC", ()), *told.get("LC2", ())]
        client = _first(told, "RCN")
        incoming = self.amount > 0
        # A debtor may write such a word, too: of money that came, only the bank's code says that it is ours.
        returned = bool(reject) or (not incoming and _RETURN.search(label.upper()) is not None)
        name = "NPY" if incoming or returned else "NBE"
        identity = _first(told, "IPY" if incoming or returned else "IBE")
        return Movement(
            where=record.where,
            booked_on=self.booked_on,
            value_on=self.value_on,
            amount=abs(self.amount),
            incoming=incoming,
            currency=record.currency,
            # The client's reference takes 35 characters; the kind of operation follows.
            text=joined(label, *told.get("LIB", ()), *remittance, *told.get("REF", ())),
            # Entry numbers restart: alone they name nothing, with the reference they may.
            bank_ref=plain(record.at(105, 120)) if record.at(105, 120).strip("0") else None,
            end_to_end_id=plain(client[:35]) if client else None,
            structured_ref=plain(_first(told, "LCS")),
            payer_name=plain(_first(told, name)),
            payer_iban=_iban(identity),
            is_return=returned,
            return_reason=reject or None,
            aside="bank charges" if not incoming and _CHARGES.search(label.upper()) else None,
        )


def read(content: bytes) -> Iterator[Part]:
    """The accounts of a file, one after another.

    Raises:
        BadFile: a record is of another length or kind, out of order, or of another account.
    """
    opened: _Record | None = None
    pending: _Movement | None = None
    for record in _records(content):
        if record.code == "05":
            if pending is None:
                raise BadFile(record.where, "a complement (05) without a movement before it")
            _complement(pending, record)
            continue
        if pending is not None:
            yield pending.done()
            pending = None
        if record.code == "01":
            if opened is not None:
                raise BadFile(record.where, f"an account opens before that of line {opened.number} closes")
            opened = record
            yield Opened(
                where=record.where,
                account=_account(record),
                currency=record.currency,
                opening=record.amount("old balance"),
                opened_on=record.day(35, "day of the old balance"),
            )
            continue
        if opened is None:
            raise BadFile(record.where, f"a record {record.code} outside any account")
        if record.account != opened.account or record.currency != opened.currency:
            raise BadFile(
                record.where,
                f"a record of account {'/'.join(record.account)} {record.currency} within the statement of "
                f"{'/'.join(opened.account)} {opened.currency} (line {opened.number})",
            )
        if record.code == "04":
            pending = _movement(record)
        else:
            yield Closed(record.where, record.amount("new balance"), record.day(35, "day of the new balance"))
            opened = None


def _records(content: bytes) -> Iterator[_Record]:
    for number, line in lines(content):
        if not line.strip(" \x1a"):
            continue
        # Some banks let one line carry all records; others drop the blanks at the end of the last.
        for start in range(0, len(line), LENGTH):
            text = line[start : start + LENGTH]
            if not text.strip(" \x1a"):
                continue
            if len(text) != LENGTH:
                raise BadFile(
                    f"line {number}",
                    f"a record of {len(text)} characters: they have {LENGTH}, so some are lost",
                )
            if text[:2] not in ("01", "04", "05", "07"):
                raise BadFile(f"line {number}", f"a record {text[:2]!r}: a statement has 01, 04, 05 and 07")
            yield _Record(number, text)


def _movement(record: _Record) -> _Movement:
    amount = record.amount("amount")
    if not amount:
        raise BadFile(record.where, "a movement of nothing")
    value = record.text[42:48]
    return _Movement(
        record,
        amount,
        record.day(35, "day"),
        record.day(43, "value day") if value.strip(" 0") else None,
    )


def _complement(movement: _Movement, record: _Record) -> None:
    if record.account != movement.record.account:
        raise BadFile(record.where, "a complement of another account than its movement")
    movement.told.setdefault(record.at(46, 48), []).append(record.text[48:118].rstrip())


def _first(told: dict[str, list[str]], qualifier: str) -> str | None:
    found = told.get(qualifier)
    return found[0] if found else None


def _iban(text: str | None) -> str | None:
    if text is None:
        return None
    country = text[:2]
    try:
        return iban(text.replace(" ", "")[: LENGTHS.get(country, 0)])
    except ValueError:
        return None


def _account(record: _Record) -> str:
    """The IBAN of the account: France's are its bank, branch, number and their key (modulo 97)."""
    bank, branch, number = record.account
    code = f"{bank:0>5}{branch:0>5}{number:0>11}".upper()
    digits = "".join(char if char.isdecimal() else str(_LETTERS.get(char, "?")) for char in code)
    if not digits.isdecimal() or len(digits) != 21:
        raise BadFile(record.where, f"{'/'.join(record.account)} is no French account")
    key = 97 - int(digits + "00") % 97
    bban = f"{code}{key:02}"
    return f"FR{check_digits('FR', bban)}{bban}"
