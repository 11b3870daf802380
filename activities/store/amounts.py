"""What invoices owe, summed by the database; and amounts checked against their currency."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities.store.sql import run
from models.errors import InvalidFact
from rules.money import UnknownCurrency, minor_units, round_money

REST: Final = """
    (i.total
       - coalesce((SELECT sum(p.amount) FROM payment p
                    WHERE p.invoice_id = i.id AND p.reversed_at IS NULL), 0)
       - coalesce((SELECT sum(n.amount) FROM credit_note n
                    WHERE n.invoice_id = i.id AND n.cancelled_at IS NULL), 0))
"""
"""SQL: what an invoice `i` owes, less payments and credit notes that stand; below zero: paid too much."""

_RESTS: Final = f"""
    SELECT i.id, {REST}, i.currency
      FROM invoice i
     WHERE i.id = ANY (%(invoices)s::uuid[])
"""  # noqa: S608 (an expression of ours)


def rests(session: Session, invoice_ids: Iterable[UUID]) -> dict[UUID, Decimal]:
    """Total less payments and credit notes that stand, by invoice; below zero when paid too much."""
    rows = run(session, _RESTS, invoices=list(invoice_ids))
    return {invoice_id: round_money(rest, currency) for invoice_id, rest, currency in rows}


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
