"""Money of a customer that no open invoice takes: overpayments, and payments nobody has allocated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from activities.store.amounts import rests
from models.tables import Invoice, PaymentRow
from rules.money import round_money


@dataclass(frozen=True, slots=True)
class Unallocated:
    """One credit; `amount` is positive, in `currency`."""

    reference: str
    dated: date
    amount: Decimal
    currency: str


def unallocated(session: Session, customer_id: UUID) -> Iterator[Unallocated]:
    """What the customer has paid too much, by invoice, and payments without an invoice."""
    payments = session.exec(
        select(PaymentRow)
        .where(PaymentRow.customer_id == customer_id, col(PaymentRow.reversed_at).is_(None))
        .order_by(col(PaymentRow.received_on), col(PaymentRow.id))
    ).all()
    last_paid: dict[UUID, date] = {}
    for payment in payments:
        if payment.invoice_id is None:
            amount = round_money(payment.amount, payment.currency)
            yield Unallocated(
                payment.reference or payment.event_id, payment.received_on, amount, payment.currency
            )
        else:
            last_paid[payment.invoice_id] = payment.received_on
    if not last_paid:
        return
    over = {invoice_id: -rest for invoice_id, rest in rests(session, list(last_paid)).items() if rest < 0}
    invoices = session.exec(select(Invoice).where(col(Invoice.id).in_(list(over)))).all() if over else []
    for invoice in sorted(invoices, key=lambda invoice: invoice.number):
        amount = round_money(over[invoice.id], invoice.currency)
        yield Unallocated(invoice.number, last_paid[invoice.id], amount, invoice.currency)
