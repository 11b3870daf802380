"""Money of a customer that no open invoice takes: overpayments, and payments nobody has allocated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities.store.sql import run
from rules.money import round_money


@dataclass(frozen=True, slots=True)
class Unallocated:
    """One credit; `amount` is positive, in `currency`."""

    reference: str
    dated: date
    amount: Decimal
    currency: str


# Payments without an invoice first, as they came; then what invoices were paid too much, credit notes
# included, by number.
_UNALLOCATED: Final = """
    SELECT reference, dated, amount, currency
      FROM (SELECT coalesce(nullif(p.reference, ''), p.event_id) AS reference, p.received_on AS dated,
                   p.amount, p.currency, p.received_on AS came_on, p.id::text AS place
              FROM payment p
             WHERE p.customer_id = %(customer)s AND p.invoice_id IS NULL AND p.reversed_at IS NULL
             UNION ALL
            SELECT i.number, paid.last_on, paid.amount + credited.amount - i.total, i.currency, NULL, i.number
              FROM (SELECT p.invoice_id, sum(p.amount) AS amount, max(p.received_on) AS last_on
                      FROM payment p
                     WHERE p.customer_id = %(customer)s
                       AND p.invoice_id IS NOT NULL AND p.reversed_at IS NULL
                     GROUP BY p.invoice_id) AS paid
              JOIN invoice i ON i.id = paid.invoice_id
             CROSS JOIN LATERAL (SELECT coalesce(sum(n.amount), 0) AS amount
                                   FROM credit_note n
                                  WHERE n.invoice_id = i.id) AS credited
             WHERE paid.amount + credited.amount > i.total) AS found
     ORDER BY came_on NULLS LAST, place COLLATE "C"
"""


def unallocated(session: Session, customer_id: UUID) -> Iterator[Unallocated]:
    """Payments without an invoice, and what the customer has paid too much, by invoice."""
    for reference, dated, amount, currency in run(session, _UNALLOCATED, customer=customer_id).all():
        yield Unallocated(reference, dated, round_money(amount, currency), currency)
