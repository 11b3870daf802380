"""Money of a bank line in the books: on invoices, or as its customer's credit; put there, and taken back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from activities.store import credits
from activities.store.facts import record
from activities.store.sql import run
from models.ids import CaseSignal
from models.messages import CreditNoteIssued, PaymentReceived, PaymentReversed
from models.tables import BankLine, Customer, Invoice, PaymentRow
from rules.calendar import business_calendar
from rules.matching import Allocation, name_key

_LEARN: Final = """
    INSERT INTO known_payer (company_id, kind, key, customer_id, seen_at)
    VALUES (%(company)s, %(kind)s, %(key)s, %(customer)s, %(now)s)
    ON CONFLICT DO NOTHING
"""


def book(
    session: Session, line: BankLine, amounts: Mapping[UUID, Decimal], now: datetime, who: str
) -> list[int]:
    """Put a line's money on invoices; returns the notes to deliver. Their customers are locked already.

    Raises:
        RelanceError: an invoice does not take it.
    """
    turn = _turn(session, line)
    notes: list[int] = []
    for invoice_id, amount in amounts.items():
        invoice = session.get_one(Invoice, invoice_id)
        fact = PaymentReceived(
            event_id=_event_id(line, invoice, turn),
            amount=amount,
            currency=line.currency,
            received_on=_received_on(session, invoice.customer_id, line.booked_on, now),
            reference=(line.end_to_end_id or line.bank_ref or line.text or "")[:100] or None,
            bank_line_id=line.id,
        )
        done = record(
            session, now=now, invoice=invoice, fact=fact, signal=CaseSignal.PAYMENT_RECEIVED, who=who
        )
        notes += done.notes
    return notes


def let_off(
    session: Session, line: BankLine, allocations: Iterable[Allocation], now: datetime, who: str
) -> list[int]:
    """Credit what is not owed any more, beside what was paid: discount for paying early, charges of banks.

    The line was booked on these invoices for the first time, in the same transaction.
    """
    notes: list[int] = []
    for each in allocations:
        if each.let_off <= 0:
            continue
        invoice = session.get_one(Invoice, UUID(str(each.item.key)))
        fact = CreditNoteIssued(
            event_id=f"bank/{line.line_key}/{invoice.number}/less"[:200],
            amount=each.let_off,
            currency=line.currency,
            number=each.why,
            issued_on=_received_on(session, invoice.customer_id, line.booked_on, now),
            payment_event_id=_event_id(line, invoice),
            note=each.why,
        )
        done = record(
            session, now=now, invoice=invoice, fact=fact, signal=CaseSignal.CREDIT_NOTE_ISSUED, who=who
        )
        notes += done.notes
    return notes


def keep_credit(
    session: Session, line: BankLine, customer: Customer, amount: Decimal, now: datetime, who: str
) -> list[int]:
    """Keep a line's money as its customer's credit, which the next contact takes into account.

    The customer is locked already. Returns the notes to deliver: what was composed before is composed again.
    """
    credit = credits.NewCredit(
        event_id=f"bank/{line.line_key}{_turn(session, line)}"[:200],
        amount=amount,
        currency=line.currency,
        received_on=_received_on(session, customer.id, line.booked_on, now),
        reference=(line.text or "")[:100] or None,
        bank_line_id=line.id,
    )
    return credits.keep_credit(session, customer, credit, now, who, line.reason)


def take_back(session: Session, line: BankLine, now: datetime, who: str) -> list[int]:
    """Take a line's money off everything it stands on; its customers are locked already."""
    notes: list[int] = []
    payments = session.exec(
        select(PaymentRow)
        .where(PaymentRow.bank_line_id == line.id, col(PaymentRow.reversed_at).is_(None))
        .order_by(col(PaymentRow.customer_id), col(PaymentRow.id))
    ).all()
    for payment in payments:
        if payment.invoice_id is not None:
            done = record(
                session,
                now=now,
                invoice=session.get_one(Invoice, payment.invoice_id),
                fact=PaymentReversed(
                    event_id=f"bank-moved/{payment.id}",
                    payment_event_id=payment.event_id,
                    reversed_on=payment.received_on,
                    note="allocated otherwise",
                ),
                signal=CaseSignal.PAYMENT_REVERSED,
                who=who,
            )
            notes += done.notes
            continue
        customer = session.get_one(Customer, payment.customer_id)
        notes += credits.end_credit(
            session, customer, payment, "credit_moved", payment.received_on, now, who, line.reason
        )
    session.flush()
    return notes


def customers_paid(session: Session, line: BankLine) -> set[UUID]:
    """Whose invoices, or credit, a line's money stands on now."""
    return set(
        session.exec(
            select(PaymentRow.customer_id).where(
                PaymentRow.bank_line_id == line.id, col(PaymentRow.reversed_at).is_(None)
            )
        )
    )


def learn(session: Session, line: BankLine, customers: Iterable[UUID], now: datetime) -> None:
    """Know the payer again: its account and its name have paid for these customers."""
    keys = [("iban", line.payer_iban), ("name", name_key(line.payer_name or ""))]
    for customer in sorted(set(customers)):
        for kind, key in keys:
            if key:
                run(
                    session,
                    _LEARN,
                    company=line.company_id,
                    kind=kind,
                    key=key[:200],
                    customer=customer,
                    now=now,
                )


def _event_id(line: BankLine, invoice: Invoice, turn: str = "") -> str:
    """What a line's payment of an invoice is called."""
    return f"bank/{line.line_key}/{invoice.number}{turn}"[:200]


def _turn(session: Session, line: BankLine) -> str:
    """A mark that tells this allocation of the line from those before it."""
    before = session.exec(select(PaymentRow.id).where(PaymentRow.bank_line_id == line.id)).all()
    return f"#{len(before)}" if before else ""


def _received_on(session: Session, customer_id: UUID, booked_on: date, now: datetime) -> date:
    """The bank's day; a customer's calendar may still be a day behind it."""
    customer = session.get_one(Customer, customer_id)
    return min(booked_on, business_calendar(customer.country, customer.zone).local_day(now))
