"""Money of a customer that no open invoice takes: overpayments, and payments nobody has allocated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

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
UNALLOCATED: Final = """
    SELECT json_agg(json_build_array(reference, dated, amount, currency)
                    ORDER BY came_on NULLS LAST, place COLLATE "C")
      FROM (SELECT coalesce(nullif(p.reference, ''), p.event_id) AS reference, p.received_on AS dated,
                   p.amount, p.currency, p.received_on AS came_on, p.id::text AS place
              FROM payment p
             WHERE p.customer_id = (SELECT id FROM debtor)
               AND p.invoice_id IS NULL AND p.reversed_at IS NULL
             UNION ALL
            SELECT i.number, paid.last_on, paid.amount + credited.amount - i.total, i.currency, NULL, i.number
              FROM (SELECT p.invoice_id, sum(p.amount) AS amount, max(p.received_on) AS last_on
                      FROM payment p
                     WHERE p.customer_id = (SELECT id FROM debtor)
                       AND p.invoice_id IS NOT NULL AND p.reversed_at IS NULL
                     GROUP BY p.invoice_id) AS paid
              JOIN invoice i ON i.id = paid.invoice_id
             CROSS JOIN LATERAL (SELECT coalesce(sum(n.amount), 0) AS amount
                                   FROM credit_note n
                                  WHERE n.invoice_id = i.id AND n.cancelled_at IS NULL) AS credited
             WHERE paid.amount + credited.amount > i.total) AS found
"""
"""A part of the one statement in `load`: payments without an invoice, and what was paid too much."""


def unallocated(rows: Sequence[Sequence[Any]] | None) -> tuple[Unallocated, ...]:
    """The credits that `UNALLOCATED` found."""
    return tuple(
        Unallocated(reference, date.fromisoformat(dated), round_money(amount, currency), currency)
        for reference, dated, amount, currency in rows or ()
    )
