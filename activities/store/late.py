"""What reckoning lateness asks of the ledger: days and amounts of money received, credits, known rates.

The days on which money came count for interest, where decisions go by when it was known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from activities.store.records import decoded
from activities.store.sql import run
from policies import builtin_rates
from rules.interest import Rate, RateTable, Received, Series

RATES: Final = """
    SELECT json_agg(json_build_array(r.series, r.first_day, r.percent, r.source)) FROM reference_rate r
"""
LATE_PARTS: Final[Mapping[str, str]] = {
    "received": """
        SELECT json_agg(json_build_array(p.invoice_id, p.received_on, p.amount) ORDER BY p.received_on, p.id)
          FROM payment p
         WHERE p.invoice_id = ANY (ARRAY(SELECT id FROM wanted)) AND p.reversed_at IS NULL
    """,
    "credited": """
        SELECT json_agg(json_build_array(c.invoice_id, c.amount))
          FROM (SELECT n.invoice_id, sum(n.amount) AS amount
                  FROM credit_note n
                 WHERE n.invoice_id = ANY (ARRAY(SELECT id FROM wanted)) AND n.cancelled_at IS NULL
                 GROUP BY n.invoice_id) AS c
    """,
    "rates": RATES,
}
"""Parts of a statement in which `wanted` are the invoices."""

_READ: Final = f"""
    WITH wanted AS MATERIALIZED (SELECT unnest(%(invoices)s::uuid[]) AS id)
    SELECT json_build_object({", ".join(f"'{name}', ({sql})" for name, sql in LATE_PARTS.items())})::text
"""


@dataclass(frozen=True, slots=True)
class Late:
    """Money by invoice, what was credited of each, and the known rates. Money that went back never came."""

    received: Mapping[UUID, tuple[Received, ...]]
    credited: Mapping[UUID, Decimal]
    rates: RateTable


def read_late(session: Session, invoice_ids: Collection[UUID]) -> Late:
    """Of some invoices, open or closed, in one statement."""
    return late_of(decoded(run(session, _READ, invoices=list(invoice_ids)).scalar_one()))


def late_of(parts: Mapping[str, Any]) -> Late:
    """What `LATE_PARTS` found."""
    received: dict[UUID, list[Received]] = defaultdict(list)
    for invoice, on, amount in parts["received"] or ():
        received[UUID(invoice)].append(Received(date.fromisoformat(on), Decimal(amount)))
    return Late(
        {invoice: tuple(money) for invoice, money in received.items()},
        {UUID(invoice): Decimal(amount) for invoice, amount in parts["credited"] or ()},
        rates_of(parts["rates"]),
    )


def rates_of(rows: Sequence[Sequence[Any]] | None) -> RateTable:
    """The rates this version knows, and those that `RATES` found, which go before them."""
    if not rows:
        return builtin_rates()
    return builtin_rates().with_more(
        Rate(Series(series), date.fromisoformat(first), Decimal(percent), source)
        for series, first, percent, source in rows
    )
