"""CAMT.053 and CAMT.054 of ISO 20022, any version: elements are read by their local names.

An entry (`Ntry`) may stand for several transactions (`TxDtls`): where their amounts add up to its own, less
the bank's charges, each is a movement; else the entry is one. The document is read as a stream, and each
entry is forgotten once it is read.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from activities.bank_files.parts import BadFile, Closed, Movement, Opened, Part
from activities.bank_files.text import day, joined, money, plain
from rules.iban import iban

_STATEMENTS: Final = {"Stmt": "statement", "Ntfctn": "notification"}
_MAX_DEPTH: Final = 40
_MAX_ELEMENTS: Final = 1_500_000
"""Elements of one entry: a batch of 50,000 transactions has fewer, and they fit into 300 MiB."""
_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[TZ+\-].*)?")
_UNPAID: Final = frozenset({"UPDD", "UPCT", "RRTN", "PRDD", "UPCQ", "URDD"})
"""Sub-families of the external bank transaction codes that mean: unpaid, returned or reversed."""
_CHARGED: Final = frozenset({"CHRG", "COMM", "FEES"})


class _Balance(NamedTuple):
    amount: Decimal
    on: date | None
    currency: str | None


@dataclass(slots=True)
class _State:
    """The statement under way."""

    where: str
    ends: bool
    element: Element
    entries: int = 0
    opened: bool = False
    closing: _Balance | None = None
    currency: str | None = None


def read(content: bytes) -> Iterator[Part]:
    """The statements or notifications of a document.

    Raises:
        BadFile: it is not well-formed, declares entities, or misses what an entry must have.
    """
    try:
        yield from _statements(content)
    except DefusedXmlException as error:
        raise BadFile(
            "", f"the XML declares a document type or entities ({type(error).__name__}): refused"
        ) from None
    except ParseError as error:
        line, column = error.position
        raise BadFile(
            f"line {line}, column {column + 1}", "the XML is broken off or not well-formed"
        ) from None
    except (UnicodeDecodeError, LookupError, ValueError) as error:
        if isinstance(error, BadFile):
            raise
        raise BadFile("", f"the XML's encoding is not what it says: {type(error).__name__}") from None


def _statements(content: bytes) -> Iterator[Part]:
    state: _State | None = None
    depth = number = alive = 0
    for event, element in iterparse(io.BytesIO(content), events=("start", "end"), forbid_dtd=True):
        name = _local(element)
        if event == "start":
            depth += 1
            alive += 1
            if alive > _MAX_ELEMENTS:
                where = f"{state.where}, entry {state.entries + 1}" if state else ""
                raise BadFile(where, f"over {_MAX_ELEMENTS:,} elements without an entry's end")
            if depth > _MAX_DEPTH:
                raise BadFile(f"depth {depth}", "elements within elements without end")
            if depth == 2:
                _known_message(name)
            if name in _STATEMENTS and depth == 3:
                number += 1
                state = _State(f"{_STATEMENTS[name]} {number}", name == "Stmt", element)
            continue
        depth -= 1
        if state is None:
            continue
        if name == "Ntry" and depth == 3:
            if not state.opened:
                yield _open(state)
            state.entries += 1
            yield from _entry(element, state)
            # Everything before the entry was used when the statement was opened.
            state.element.clear()
            alive = 0
        elif element is state.element:
            if not state.opened:
                yield _open(state)
            closing = state.closing
            yield Closed(
                state.where,
                closing.amount if closing else None,
                closing.on if closing and state.ends else None,
            )
            state = None
            element.clear()
    if not number:
        raise BadFile("", "the XML is no CAMT.053 or CAMT.054")


def _known_message(name: str) -> None:
    if name == "BkToCstmrAcctRpt":
        raise BadFile(
            "", "this is CAMT.052, the bank's report during the day: its entries are not final; send CAMT.053"
        )
    if name not in ("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn"):
        raise BadFile("", f"an XML document of {name[:60]}: only CAMT.053 and CAMT.054 are bank statements")


def _open(state: _State) -> Opened:
    state.opened = True
    element = state.element
    account = _text(element, "Acct", "Id", "IBAN") or _text(element, "Acct", "Id", "Othr", "Id")
    balances: dict[str, _Balance] = {}
    for child in element:
        if _local(child) == "Bal":
            code = _text(child, "Tp", "CdOrPrtry", "Cd") or ""
            # Of several of a kind the first opens and the last closes (pages of one statement).
            if code in balances and code != "CLBD":
                continue
            balances[code] = _balance(child, f"{state.where}, balance {code}")
    opening = balances.get("OPBD") or balances.get("PRCD")
    state.closing = balances.get("CLBD")
    state.currency = _text(element, "Acct", "Ccy") or (opening.currency if opening else None)
    return Opened(
        where=state.where,
        account=re.sub(r"\s", "", account).upper() if account else None,
        currency=state.currency,
        opening=opening.amount if opening else None,
        opened_on=opening.on if opening else None,
        number=plain(_text(element, "Id")),
    )


def _balance(element: Element, where: str) -> _Balance:
    amount, currency = _amount(element, where)
    signed = amount if _incoming(element, where) else -amount
    return _Balance(signed, _day(element, where, "Dt"), currency)


def _entry(entry: Element, state: _State) -> Iterator[Movement]:
    where = f"{state.where}, entry {state.entries}"
    amount, currency = _amount(entry, where)
    incoming = _incoming(entry, where)
    booked_on = _day(entry, where, "BookgDt") or _day(entry, where, "ValDt")
    if booked_on is None:
        raise BadFile(where, "it has neither a booking day nor a value day (BookgDt, ValDt)")
    if not amount:
        return
    status = _text(entry, "Sts", "Cd") or _text(entry, "Sts") or "BOOK"
    reference = plain(_text(entry, "AcctSvcrRef"))
    details = list(_find(entry, "NtryDtls", "TxDtls"))
    announced = _text(entry, "NtryDtls", "Btch", "NbOfTxs")
    whole = Movement(
        where=where,
        booked_on=booked_on,
        value_on=_day(entry, where, "ValDt"),
        amount=amount,
        incoming=incoming,
        currency=currency,
        bank_ref=reference,
        text=joined(_text(entry, "AddtlNtryInf")),
        is_return=_text(entry, "RvslInd") in ("true", "1") or _unpaid(entry),
        aside="bank charges" if not incoming and _charges_only(entry) else None,
        pending=status.strip() != "BOOK",
        batch=reference,
        is_batch=not details and announced is not None and announced.strip() not in ("", "0", "1"),
    )
    if len(details) <= 1:
        # An entry of one transaction is that transaction.
        if details:
            whole = _transaction(details[0], whole)
        yield whole if whole.is_batch else whole._replace(batch=None)
        return
    parts = _split(details, whole, where)
    if parts is None:
        texts = [_transaction(one, whole).text for one in details[:50]]
        yield whole._replace(text=joined(whole.text, *texts), batch=reference, is_batch=True)
        return
    yield from parts


def _split(details: list[Element], whole: Movement, where: str) -> list[Movement] | None:
    """The transactions of an entry, if they add up to it; the bank's charges are one more."""
    parts: list[Movement] = []
    charges = Decimal(0)
    for place, one in enumerate(details, start=1):
        at = f"{where}, transaction {place}"
        holder = one if _child(one, "Amt") is not None else _child(one, "AmtDtls", "TxAmt")
        if holder is None:
            return None
        amount, currency = _amount(holder, at)
        if currency != whole.currency or not amount:
            return None
        incoming = _incoming(one, at) if _child(one, "CdtDbtInd") is not None else whole.incoming
        charges += _charged(one, at)
        part = whole._replace(where=at, amount=amount, incoming=incoming, bank_ref=None)
        parts.append(_transaction(one, part))
    total = sum((part.amount if part.incoming else -part.amount for part in parts), Decimal(0))
    entry = whole.amount if whole.incoming else -whole.amount
    if total == entry:
        return parts
    if charges and total - charges == entry:
        fee = whole._replace(amount=charges, incoming=False, aside="bank charges", is_return=False)
        return [*parts, fee._replace(where=f"{where}, charges")]
    return None


def _transaction(one: Element, base: Movement) -> Movement:
    """A movement with what its transaction says of it."""
    returned = _child(one, "RtrInf")
    is_return = base.is_return or returned is not None or _unpaid(one)
    # Of what comes back the parties are those of the first way: the debtor is who had paid.
    who, other = ("Dbtr", "Cdtr") if base.incoming or is_return else ("Cdtr", "Dbtr")
    name, account = _party(one, who)
    if name is None and account is None and is_return:
        name, account = _party(one, other)
    remittance = _child(one, "RmtInf")
    structured = None
    texts: list[str | None] = []
    if remittance is not None:
        texts += [part.text for part in _find(remittance, "Ustrd")]
        for strd in _find(remittance, "Strd"):
            structured = structured or plain(_text(strd, "CdtrRefInf", "Ref"))
            texts += [_text(document, "Nb") for document in _find(strd, "RfrdDocInf")]
            texts += [part.text for part in _find(strd, "AddtlRmtInf")]
    ultimate = _text(one, "RltdPties", "UltmtDbtr", "Nm") or _text(one, "RltdPties", "UltmtDbtr", "Pty", "Nm")
    reason = None
    if returned is not None:
        reason = (
            _text(returned, "Rsn", "Cd") or _text(returned, "Rsn", "Prtry") or _text(returned, "AddtlInf")
        )
    return base._replace(
        text=joined(*texts, _text(one, "AddtlTxInf"), ultimate, base.text),
        bank_ref=plain(_text(one, "Refs", "AcctSvcrRef")) or base.bank_ref,
        end_to_end_id=plain(_text(one, "Refs", "EndToEndId")),
        structured_ref=structured,
        payer_name=plain(name),
        payer_iban=account,
        is_return=is_return,
        return_reason=plain(reason),
        aside=base.aside or ("bank charges" if not base.incoming and _charges_only(one) else None),
    )


def _party(one: Element, who: str) -> tuple[str | None, str | None]:
    parties = _child(one, "RltdPties")
    if parties is None:
        return None, None
    # From version 8 on a party is wrapped in `Pty`.
    name = _text(parties, who, "Nm") or _text(parties, who, "Pty", "Nm")
    account = _text(parties, f"{who}Acct", "Id", "IBAN")
    try:
        return name, None if account is None else iban(account)
    except ValueError:
        return name, None


def _unpaid(element: Element) -> bool:
    return _text(element, "BkTxCd", "Domn", "Fmly", "SubFmlyCd") in _UNPAID


def _charges_only(element: Element) -> bool:
    code = _text(element, "BkTxCd", "Domn", "Fmly", "SubFmlyCd")
    return code in _CHARGED or _text(element, "BkTxCd", "Domn", "Fmly", "Cd") == "CHRG"


def _charged(one: Element, where: str) -> Decimal:
    """What the bank took off: version 2 has the amount in `Chrgs`, later ones in its records."""
    total = Decimal(0)
    for charges in _find(one, "Chrgs"):
        records = list(_find(charges, "Rcrd")) or [charges]
        for record in records:
            if _child(record, "Amt") is not None:
                total += _amount(record, where)[0]
    return total


def _amount(element: Element, where: str) -> tuple[Decimal, str | None]:
    child = _child(element, "Amt")
    if child is None or child.text is None:
        raise BadFile(where, "it has no amount (Amt)")
    currency = child.get("Ccy")
    if currency is None or re.fullmatch(r"[A-Z]{3}", currency) is None:
        raise BadFile(where, "its amount has no currency (Ccy)")
    return money(child.text, where, "Amt", currency), currency


def _incoming(element: Element, where: str) -> bool:
    told = (_text(element, "CdtDbtInd") or "").strip()
    if told not in ("CRDT", "DBIT"):
        raise BadFile(where, f"CdtDbtInd: {told[:20]!r} is neither CRDT nor DBIT")
    return told == "CRDT"


def _day(element: Element, where: str, name: str) -> date | None:
    told = _text(element, name, "Dt") or _text(element, name, "DtTm")
    if told is None:
        return None
    found = _DAY.fullmatch(told.strip())
    if found is None:
        raise BadFile(where, f"{name}: {told[:30]!r} is no day")
    return day(int(found[1]), int(found[2]), int(found[3]), where, name)


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _find(element: Element, *path: str) -> Iterator[Element]:
    """Every descendant by these local names, one a level."""
    for child in element:
        if _local(child) == path[0]:
            if len(path) == 1:
                yield child
            else:
                yield from _find(child, *path[1:])


def _child(element: Element, *path: str) -> Element | None:
    return next(_find(element, *path), None)


def _text(element: Element, *path: str) -> str | None:
    found = _child(element, *path)
    return None if found is None or found.text is None or not found.text.strip() else found.text.strip()
