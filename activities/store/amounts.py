"""What invoices owe, summed by the database; and amounts checked against their currency."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import Select

from activities.store.lookup import among
from models.errors import InvalidFact
from models.tables import CreditNoteRow, Invoice, PaymentRow
from rules.money import UnknownCurrency, minor_units, round_money


def rests(session: Session, invoice_ids: Iterable[UUID]) -> dict[UUID, Decimal]:
    """Total less payments and credit notes that stand, by invoice; below zero when paid too much."""
    ids = list(invoice_ids)
    paid = _sums(PaymentRow.invoice_id, PaymentRow.amount).where(
        among(PaymentRow.invoice_id, ids), col(PaymentRow.reversed_at).is_(None)
    )
    credited = _sums(CreditNoteRow.invoice_id, CreditNoteRow.amount).where(
        among(CreditNoteRow.invoice_id, ids), col(CreditNoteRow.cancelled_at).is_(None)
    )
    taken: dict[UUID | None, Decimal] = {}
    for statement in (paid, credited):
        for invoice_id, amount in session.exec(statement):
            taken[invoice_id] = taken.get(invoice_id, Decimal(0)) + amount
    totals = session.exec(
        select(col(Invoice.id), col(Invoice.total), col(Invoice.currency)).where(among(Invoice.id, ids))
    )
    return {
        invoice_id: round_money(total - taken.get(invoice_id, Decimal(0)), currency)
        for invoice_id, total, currency in totals
    }


def outstanding(session: Session, invoice_id: UUID) -> Decimal:
    """What one invoice still owes, never below zero."""
    return max(rests(session, [invoice_id])[invoice_id], Decimal(0))


def exact(field: str, amount: Decimal, currency: str) -> Decimal:
    """The amount with exactly the currency's decimals.

    Raises:
        InvalidFact: it has more decimals than the currency, which nobody can pay.
    """
    try:
        rounded = round_money(amount, currency)
        if rounded != amount:
            decimals = minor_units(currency)
            raise InvalidFact(f"{field}: {amount} has more than the {decimals} decimals of {currency}")
    except UnknownCurrency as error:
        raise InvalidFact(f"currency: {error}") from None
    return rounded


def _sums(key: UUID | None, amount: Decimal) -> Select[UUID | None, Decimal]:
    return select(col(key), func.sum(col(amount))).group_by(col(key))
