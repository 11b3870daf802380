"""One invoice into the ledger, told by itself: checked, decided and written as a row of a portfolio is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection
from sqlmodel import Session, col, select

from activities.store.policies import current_policies
from admin.portfolio.debtors import Debtor, debtor_key, reach
from admin.portfolio.entries import Entries, Entry
from admin.portfolio.ledger import answer_searches, debtors_of, known_invoices, lock_customers, raw
from admin.portfolio.lines import Record
from admin.portfolio.load import IMPORT_LOCK
from admin.portfolio.opening import Decider
from admin.portfolio.parser import RowParser
from admin.portfolio.parties import Parties
from admin.portfolio.row import COLUMNS, CellFault, Row
from models.errors import Conflict, InvalidFact
from models.tables import OutboxNote
from models.tables.words import NoteTo
from policies import builtin_assignment
from rules.calendar import BusinessCalendar
from rules.policy import Policy

_ALONE: Final = 1
"""The line such a row has."""


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of it: `new`, or known already with the same facts; `notes` start its case."""

    new: bool
    notes: tuple[int, ...] = ()


def enter_invoice(
    session: Session,
    told: Mapping[str, str],
    *,
    now: datetime,
    source: str,
    who: str,
    default_country: str,
) -> Entered:
    """Write one invoice with its customer, its case and the note that starts it, unless it is known.

    Args:
        session: the transaction; other imports wait until it ends.
        told: cells by column of a portfolio; those left out are empty.
        now: business time.
        source: what told it, for the journal.
        who: who told it.
        default_country: of a customer without one.

    Raises:
        InvalidFact: a cell that is not as it must be; the text names it.
        Conflict: the number is known with other facts; the text names them.
    """
    session.flush()
    connection = session.connection()
    raw(connection).execute("SELECT pg_advisory_xact_lock(%s)", (IMPORT_LOCK,))
    policies = current_policies(session)

    def today(calendar: BusinessCalendar) -> date:
        return calendar.local_day(now)

    record = Record(_ALONE, [told.get(name, "") for name in COLUMNS])
    try:
        row = RowParser(COLUMNS, policies, today, default_country).parse(record)
    except CellFault as fault:
        raise InvalidFact(str(fault)) from None
    if row is None:
        raise InvalidFact("invoice: missing")
    known = known_invoices(connection, [row]).get((row.company, row.invoice))
    if known is not None:
        other = "; ".join(
            f"{name} is {ledger or 'empty'} in the ledger, {here or 'empty'} here"
            for name, ledger, here in known.differences(row)
        )
        if other:
            raise Conflict(f"invoice {row.invoice!r} is known already: {other}")
        return Entered(new=False)
    entry, answered = _write(connection, row, policies, now, source, who)
    session.expire_all()
    return Entered(new=True, notes=(*_notes(session, entry.opening.invoice_id), *answered))


def _write(
    connection: Connection, row: Row, policies: Mapping[str, Policy], now: datetime, source: str, who: str
) -> tuple[Entry, list[int]]:
    key = debtor_key(row)

    def today(calendar: BusinessCalendar) -> date:
        return calendar.local_day(now)

    debtor = debtors_of(connection, [key], today).get(key)
    if debtor is None:
        debtor = Debtor(row.country, row.timezone, row.segment, row.risk)
    debtor.add(row, today(debtor.calendar), policies)
    decider = Decider(policies, builtin_assignment(), now)
    if row.last_step and (fault := decider.refused(row, debtor)):
        raise InvalidFact(str(fault))
    parties = Parties(row.country)
    customer_id = parties.ensure(connection, [row])[key]
    customer = lock_customers(connection, [customer_id])[customer_id]
    answered = answer_searches(connection, parties.entered, now, who)
    days = [day for day in (customer.facts.last_contact_on, debtor.last_contact_on) if day is not None]
    facts = replace(customer.facts, last_contact_on=max(days, default=None), reach=reach(*customer.means))
    opening = decider.opening(row, debtor, facts)
    entry = Entry(opening, customer)
    entries = Entries(now, source, who)
    entries.add(entry)
    entries.write(connection)
    raw(connection).execute("UPDATE customer SET ledger_seq = ledger_seq + 1 WHERE id = %s", (customer_id,))
    return entry, answered


def _notes(session: Session, invoice_id: UUID) -> tuple[int, ...]:
    found = session.exec(
        select(OutboxNote.id)
        .where(OutboxNote.workflow == NoteTo.CASE, OutboxNote.key == invoice_id)
        .order_by(col(OutboxNote.id))
    )
    return tuple(note for note in found if note is not None)
