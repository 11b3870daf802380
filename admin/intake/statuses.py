"""Statuses of electronic invoices, as platforms tell them: into the journal, and into what is chased.

Each is recorded once, by invoice, code and instant: files that overlap do no harm.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from activities.store.amounts import outstanding
from activities.store.events import add_event
from activities.store.facts import record
from activities.store.lookup import invoice_by_number, lock_customer
from models.ids import CaseSignal
from models.messages import DisputeOpened, Fact, Paused, PaymentClaimed, Resumed
from models.tables import CaseEvent, Company, DisputeRow, Invoice, PauseRow
from rules.calendar import business_calendar
from rules.lifecycle import ISSUED_AGAIN, STATUSES, Follows, cause_of, code_of
from rules.money import parse_amount

MAX_BYTES: Final = 20 * 1024 * 1024
_NEEDED: Final = ("invoice", "status")
_KNOWN: Final = ("invoice", "status", "at", "reason", "amount", "text")
_WHAT: Final = "einvoice_status"
_KEY: Final = "einvoice-status/"


class Status(NamedTuple):
    """One status of one invoice.

    :param code: of `rules.lifecycle.STATUSES`.
    :param at: when, as the platform wrote it; None: it did not say.
    :param reason: the platform's code for why.
    :param amount: what is contested, or was paid, in the invoice's currency; None: all of it.
    :param text: in words.
    """

    invoice: str
    code: str
    at: datetime | date | None = None
    reason: str | None = None
    amount: Decimal | None = None
    text: str | None = None


class StatusTaken(NamedTuple):
    """What became of it: `new` or known before; `follows` in words; notes to deliver after the commit."""

    new: bool
    follows: str
    notes: tuple[int, ...] = ()


class BadFile(ValueError):
    """The file as a whole cannot be read."""


def take_status(session: Session, company: Company, told: Status, *, now: datetime, who: str) -> StatusTaken:
    """Record a status, and what follows from it.

    Args:
        session: the transaction.
        company: the creditor.
        told: the status.
        now: business time.
        who: who brings it.

    Raises:
        NotFound: the company has no such invoice.
        InvalidFact: an amount or a day that cannot be.
    """
    invoice = invoice_by_number(session, company.ref, told.invoice)
    customer = lock_customer(session, invoice.customer_id)
    name, follows = STATUSES[told.code]
    key = f"{_KEY}{told.invoice}/{told.code}/{told.at.isoformat() if told.at else ''}"
    if _known(session, invoice, key):
        return StatusTaken(False, "known already")
    add_event(
        session,
        company_id=company.id,
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        at=now,
        who=who,
        what=_WHAT,
        why=f"{told.code}, {name}",
        detail={
            "key": key,
            "code": told.code,
            "at": told.at.isoformat() if told.at else None,
            "reason": told.reason,
            "amount": None if told.amount is None else str(told.amount),
            "text": told.text,
        },
    )
    if outstanding(session, invoice.id) <= 0:
        return StatusTaken(True, "noted: it is paid")
    signal: CaseSignal
    fact: Fact
    if follows is Follows.NOTED:
        if told.code not in ISSUED_AGAIN or not _stopped(session, invoice):
            return StatusTaken(True, "noted")
        signal, fact, done = (
            CaseSignal.RESUMED,
            Resumed(event_id=key),
            "it is issued again: the chase goes on",
        )
    elif follows is Follows.DISPUTE:
        if _contested(session, invoice):
            return StatusTaken(True, "noted: all of it is contested already")
        signal = CaseSignal.DISPUTE_OPENED
        fact = DisputeOpened(
            event_id=key, amount=told.amount, cause=cause_of(told.reason), note=_note(told, name)
        )
        done = "a dispute is opened" + (f" about {told.amount} {invoice.currency}" if told.amount else "")
    elif follows is Follows.STOP:
        signal, fact = CaseSignal.PAUSED, Paused(event_id=key, reason=f"e-invoice {name} ({told.code})")
        done = "not chased until it is issued again, or resumed"
    else:
        today = business_calendar(customer.country, customer.zone).local_day(now)
        day = told.at.date() if isinstance(told.at, datetime) else told.at
        signal, fact = CaseSignal.PAYMENT_CLAIMED, PaymentClaimed(event_id=key, paid_on=day or today)
        done = "a claimed payment: the bank is awaited"
    recorded = record(
        session, now=now, invoice=(company.ref, told.invoice), fact=fact, signal=signal, who=who
    )
    return StatusTaken(True, done, tuple(recorded.notes))


def read_statuses(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their line numbers; `;` or `,` between cells.

    Raises:
        BadFile: too large, not UTF-8, or a column is missing.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BadFile(f"{path.name}: {size / 2**20:.0f} MB, at most {MAX_BYTES // 2**20} are read")
        content = path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path.name}: {error.strerror or error}") from None
    yield from statuses_in(content, path.name)


def statuses_in(content: bytes, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """As `read_statuses`, of bytes that are at hand.

    Raises:
        BadFile: not UTF-8, or a column is missing.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise BadFile(f"{name}: line {line}: not UTF-8") from None
    if "\x00" in text:
        raise BadFile(f"{name}: not a text: it holds NUL bytes")
    reader = csv.reader(io.StringIO(text), delimiter=_mark(text))
    try:
        names = _names(next(reader, []))
        missing = [needed for needed in _NEEDED if needed not in names]
        if missing:
            raise BadFile(f"{name}: line 1: no column {', '.join(missing)}; columns are {', '.join(_KNOWN)}")
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, dict(zip(names, (cell.strip() for cell in row), strict=False))
    except csv.Error as error:
        raise BadFile(f"{name}: line {reader.line_num}: {error}") from None


def has_statuses(head: bytes) -> bool:
    """Whether a file that begins so is one of statuses: its first line names the columns they need."""
    first = head.decode("utf-8-sig", "replace").partition("\n")[0]
    return set(_NEEDED) <= set(_names(first.split(_mark(first))))


def _mark(text: str) -> str:
    head = text.partition("\n")[0]
    return ";" if head.count(";") > head.count(",") else ","


def _names(cells: list[str]) -> list[str]:
    return [cell.strip().strip('"').casefold() for cell in cells]


def status_of(cells: dict[str, str], currency: str) -> Status:
    """A row as a status.

    Raises:
        ValueError: a cell is not what it must be; the text names it.
    """
    invoice = cells.get("invoice", "")
    if not invoice:
        raise ValueError("invoice: missing")
    at = cells.get("at") or None
    try:
        when = None if at is None else _instant(at)
    except ValueError:
        raise ValueError(f"at: {at!r} is neither a day nor an instant; write 2026-04-02") from None
    amount = cells.get("amount") or None
    return Status(
        invoice,
        code_of(cells.get("status", "")),
        when,
        cells.get("reason") or None,
        None if amount is None else parse_amount(amount, currency),
        cells.get("text") or None,
    )


def _instant(text: str) -> datetime | date:
    if len(text) == len("2026-04-02"):
        return date.fromisoformat(text)
    return datetime.fromisoformat(text)


def _known(session: Session, invoice: Invoice, key: str) -> bool:
    found = session.exec(
        select(CaseEvent.detail).where(CaseEvent.invoice_id == invoice.id, CaseEvent.what == _WHAT)
    )
    return any((detail or {}).get("key") == key for detail in found)


def _contested(session: Session, invoice: Invoice) -> bool:
    """Whether a dispute about all of it is open."""
    found = session.exec(
        select(DisputeRow.id).where(
            DisputeRow.invoice_id == invoice.id,
            col(DisputeRow.amount).is_(None),
            col(DisputeRow.resolved_at).is_(None),
        )
    )
    return found.first() is not None


def _stopped(session: Session, invoice: Invoice) -> bool:
    """Whether a status stopped it, and nobody else did."""
    keys = session.exec(
        select(PauseRow.key).where(PauseRow.invoice_id == invoice.id, col(PauseRow.ended_at).is_(None))
    ).all()
    return bool(keys) and all(key.startswith(_KEY) for key in keys)


def _note(told: Status, name: str) -> str:
    words = [f"The platform says: {name} ({told.code})", told.reason, told.text]
    return "; ".join(filter(None, words))[:1000]
