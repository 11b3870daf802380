"""MT940 as banks write it (SWIFT, FIN MT940): fields `:61:` and `:86:` between two balances.

`:86:` comes in three dialects: German subfields (`166?00…?20…?32…`), Dutch words (`/EREF/…/REMI/…`), or plain
text. All are read; what is in none of them is kept as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from activities.bank_files.parts import BadFile, Closed, Movement, Opened, Part
from activities.bank_files.text import day, joined, lines, money, plain, short_day
from rules.iban import iban

_MAX_FIELD: Final = 400
"""Lines of one field: six, says the standard; some banks write more, and words around a statement."""
_FIELD: Final = re.compile(r":([0-9]{2}[A-Z]?):(.*)")
_BALANCE: Final = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,15},[0-9]{0,4})")
_LINE: Final = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4})?(?P<mark>RC|RD|C|D)[A-Z]?(?P<amount>[0-9]{1,15},[0-9]{0,4})"
    r"(?P<type>[A-Z][A-Z0-9]{3})(?P<ref>(?:(?!//).)*)(?://(?P<bank>.*))?"
)
_GERMAN: Final = re.compile(r"\s*(?P<code>[0-9]{3})(?P<mark>[?~^@])[0-9]{2}")
_DUTCH: Final = re.compile(r"/(TRTP|IBAN|BIC|NAME|REMI|EREF|MARF|CSID|BENM|ORDP|ULTD|ULTC|RTRN|ISDT|PREF)/")
_SEPA: Final = re.compile(r"(EREF|KREF|MTLG|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|COAM|OAMT|IBAN|BIC)[+:]")
_RETURNED: Final = frozenset({"108", "109", "159"})
"""Germany's transaction codes of returned direct debits and returned or rejected transfers (DK, GVC)."""
_CHARGES: Final = frozenset({"NCHG", "FCHG", "SCHG", "NCOM", "FCOM"})


@dataclass(slots=True)
class _Statement:
    """What is known of a statement while its fields come."""

    number: int
    account: str | None = None
    sequence: str | None = None
    currency: str | None = None
    opened: bool = False
    last: tuple[Movement, str] | None = None
    details: list[str] = field(default_factory=list)


def read(content: bytes) -> Iterator[Part]:  # noqa: PLR0912 (one branch a field)
    """The statements of a file.

    Raises:
        BadFile: a field is not as MT940 has it, or stands where it cannot.
    """
    state: _Statement | None = None
    for number, tag, value in _fields(content):
        where = f"line {number}"
        if tag == "20":
            if state is not None and state.opened:
                raise BadFile(where, f"a statement begins before that of line {state.number} has closed")
            state = _Statement(number)
            continue
        if state is None:
            # Banks put an envelope around a statement, and words after it.
            if tag in ("61", "60F", "60M", "62F", "62M"):
                raise BadFile(where, f"field {tag} outside any statement (a statement begins with :20:)")
            continue
        if tag == "86":
            if state.last is not None:
                state.details.append(value)
            continue
        if state.last is not None:
            yield _told(state)
        if tag == "25":
            state.account = re.sub(r"\s", "", value.split("\n")[0])
        elif tag in ("28C", "28"):
            state.sequence = plain(value)
        elif tag in ("60F", "60M"):
            amount, on, state.currency = _balance(value, where, "opening balance")
            state.opened = True
            yield Opened(where, _account(state.account), state.currency, amount, on, state.sequence)
        elif tag == "61":
            if not state.opened:
                raise BadFile(where, "a movement before the opening balance (:60F:)")
            state.last = _movement(value, where, state.currency or "")
        elif tag in ("62F", "62M"):
            if not state.opened:
                raise BadFile(where, "a closing balance without an opening one")
            amount, on, currency = _balance(value, where, "closing balance")
            if currency != state.currency:
                raise BadFile(where, f"it closes in {currency} and opened in {state.currency}")
            # An intermediate balance (62M) ends a page, not the day.
            yield Closed(where, amount, on if tag == "62F" else None)
            state = None


def _fields(content: bytes) -> Iterator[tuple[int, str, str]]:
    """The fields with the line they begin on; the lines that go on a field are kept apart by a line feed."""
    first, tag, parts = 0, "", list[str]()
    for number, line in lines(content):
        found = _FIELD.match(line.replace("{4:", ""))
        if found is None and not (line.startswith("-") and len(line.strip()) <= 4):
            if tag and len(parts) > _MAX_FIELD:
                raise BadFile(f"line {number}", f"field {tag} of line {first} has over {_MAX_FIELD} lines")
            if tag:
                parts.append(line)
            continue
        if tag:
            yield first, tag, "\n".join(parts)
        tag = ""
        if found is not None:
            first, tag, parts = number, found[1], [found[2]]
    if tag:
        yield first, tag, "\n".join(parts)


def _balance(value: str, where: str, what: str) -> tuple[Decimal, date, str]:
    found = _BALANCE.fullmatch(value.split("\n", maxsplit=1)[0].strip())
    if found is None:
        raise BadFile(where, f"{what}: {value[:40]!r} is none (C or D, day, currency, amount)")
    amount = _money(found[4], where, what, found[3])
    return (amount if found[1] == "C" else -amount), short_day(found[2], "ymd", where, what), found[3]


def _money(text: str, where: str, what: str, currency: str) -> Decimal:
    return money(text.replace(",", ".").removesuffix("."), where, what, currency)


def _movement(value: str, where: str, currency: str) -> tuple[Movement, str]:
    head, _, more = value.partition("\n")
    found = _LINE.fullmatch(head.strip())
    if found is None:
        raise BadFile(where, f"movement: {head[:60]!r} is none (day, C or D, amount, type, reference)")
    value_on = short_day(found["value"], "ymd", where, "value day")
    booked_on = value_on
    if found["entry"]:
        booked_on = _near(value_on, found["entry"], where)
    amount = _money(found["amount"], where, "amount", currency)
    if not amount:
        raise BadFile(where, "a movement of nothing")
    mark = found["mark"]
    reversal = mark.startswith("R")
    incoming = mark in ("C", "RD")
    reference = plain(found["ref"])
    movement = Movement(
        where=where,
        booked_on=booked_on,
        value_on=value_on,
        amount=amount,
        incoming=incoming,
        currency=currency,
        bank_ref=plain(found["bank"]),
        # A lone N leaves the reference out; `KREF+` says that the details have it.
        end_to_end_id=None if reference is None or reference == "N" or reference.endswith("+") else reference,
        is_return=reversal or found["type"][1:] in ("RTI", "RET"),
        aside="bank charges" if found["type"] in _CHARGES and not incoming else None,
    )
    return movement, more


def _near(value_on: date, entry: str, where: str) -> date:
    """The booking day, given without its year: the one next to the value day."""
    month, of_month = int(entry[:2]), int(entry[2:])
    year = value_on.year + (1 if month - value_on.month < -6 else -1 if month - value_on.month > 6 else 0)
    return day(year, month, of_month, where, "booking day")


def _told(state: _Statement) -> Movement:
    """The movement before, with what its details say."""
    assert state.last is not None  # noqa: S101 (the caller looked)
    movement, more = state.last
    details, state.last, state.details = state.details, None, []
    text = "\n".join(details)
    german = _GERMAN.match(text)
    if german is not None:
        return _german(movement, text.replace("\n", ""), german["mark"], german["code"], more)
    flat = text.replace("\n", "")
    if _DUTCH.search(flat):
        return _dutch(movement, flat, more)
    return movement._replace(text=joined(more, text))


def _german(movement: Movement, text: str, mark: str, code: str, more: str) -> Movement:
    subfields: dict[str, str] = {}
    for part in text.lstrip()[3:].split(mark)[1:]:
        subfields[part[:2]] = subfields.get(part[:2], "") + part[2:]
    keys = (*map(str, range(20, 30)), *map(str, range(60, 64)))
    purpose = "".join(subfields.get(key, "") for key in keys)
    words = _SEPA.split(purpose)
    told = {"": words[0]}
    for word, rest in zip(words[1::2], words[2::2], strict=True):
        told.setdefault(word, rest)
    account = plain(subfields.get("31"))
    return movement._replace(
        text=joined(
            subfields.get("00"), told[""], told.get("SVWZ"), told.get("ABWA"), told.get("MTLG"), more
        ),
        end_to_end_id=plain(told.get("EREF")) or movement.end_to_end_id,
        payer_name=plain(subfields.get("32", "") + subfields.get("33", "")),
        payer_iban=_iban(account) or _iban(told.get("IBAN")),
        is_return=movement.is_return or code in _RETURNED,
        return_reason=plain(subfields.get("34")) if code in _RETURNED else None,
    )


def _dutch(movement: Movement, text: str, more: str) -> Movement:
    words = _DUTCH.split(text)
    told: dict[str, str] = {}
    for word, rest in zip(words[1::2], words[2::2], strict=True):
        told.setdefault(word, rest.strip("/ "))
    name = told.get("NAME")
    return movement._replace(
        text=joined(words[0], told.get("REMI"), told.get("ULTD"), told.get("TRTP"), more),
        end_to_end_id=plain(told.get("EREF")) or movement.end_to_end_id,
        payer_name=plain(name),
        payer_iban=_iban(told.get("IBAN")),
        is_return=movement.is_return or "RTRN" in told,
        return_reason=plain(told.get("RTRN")),
    )


def _account(text: str | None) -> str | None:
    """The account's IBAN where the field holds one (a currency may follow it), else what stands there."""
    if text is None:
        return None
    compact = text.replace("/", "").upper()
    return _iban(compact) or _iban(compact[:-3]) or text


def _iban(text: str | None) -> str | None:
    try:
        return None if text is None else iban(text)
    except ValueError:
        return None
