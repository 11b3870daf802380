"""What the ledger knows of the invoices and customers of a file, in a few statements for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from activities.store.amounts import REST
from admin.portfolio.ledger import raw

CHUNK: Final = 5_000


class KnownInvoice(NamedTuple):
    """An invoice of the ledger; `left` is what facts leave of it, whatever its case has decided."""

    number: str
    customer: str
    issued_on: date
    due_on: date
    total: Decimal
    left: Decimal
    currency: str
    order_ref: str | None


class KnownCustomer(NamedTuple):
    """A customer of the ledger."""

    ref: str
    name: str
    country: str
    zone: str | None
    registration: str | None
    payment_terms: str | None


_INVOICES: Final = f"""
    SELECT i.number, c.ref, i.issued_on, i.due_on, i.total, {REST}, i.currency, i.order_ref
      FROM invoice i JOIN customer c ON c.id = i.customer_id
     WHERE i.company_id = %s AND i.number = ANY(%s)
"""  # noqa: S608 (an expression of ours)
_CUSTOMERS: Final = """
    SELECT ref, name, country, zone, registration, payment_terms FROM customer WHERE company_id = %s
"""
_CREDITED: Final = """
    SELECT n.number, i.number FROM credit_note n JOIN invoice i ON i.id = n.invoice_id
     WHERE i.company_id = %s AND n.number = ANY(%s) AND n.cancelled_at IS NULL
"""
LISTED: Final = "open-items:"
"""How the event ids of credits begin that a list told of."""

_KEPT: Final = """
    SELECT c.ref, p.id, p.amount, p.currency, starts_with(p.event_id, %s)
      FROM payment p JOIN customer c ON c.id = p.customer_id
     WHERE c.company_id = %s AND p.invoice_id IS NULL AND p.reversed_at IS NULL
     ORDER BY p.received_on, p.id
"""
_OPEN: Final = """
    SELECT i.number, c.ref, d.outstanding, i.currency
      FROM dunning_case d JOIN invoice i ON i.id = d.invoice_id JOIN customer c ON c.id = d.customer_id
     WHERE d.company_id = %s AND d.closed_at IS NULL ORDER BY c.ref, i.number
"""


class KnownCredit(NamedTuple):
    """Money kept as a customer's credit; `listed` if a list of open items told of it."""

    customer: str
    payment: UUID
    amount: Decimal
    currency: str
    listed: bool


def known_invoices(
    connection: Connection, company_id: UUID, numbers: Sequence[str]
) -> dict[str, KnownInvoice]:
    """The invoices of these numbers that the ledger has."""
    found: dict[str, KnownInvoice] = {}
    for start in range(0, len(numbers), CHUNK):
        asked = list(numbers[start : start + CHUNK])
        for row in raw(connection).execute(_INVOICES, (company_id, asked)):
            found[row[0]] = KnownInvoice(*row)
    return found


def known_credits(connection: Connection, company_id: UUID, numbers: Sequence[str]) -> set[tuple[str, str]]:
    """Which credit notes of these numbers are recorded, each with its invoice, whoever recorded them."""
    rows = raw(connection).execute(_CREDITED, (company_id, list(numbers)))
    return {(credit, invoice) for credit, invoice in rows}


def known_customers(connection: Connection, company_id: UUID) -> Mapping[str, KnownCustomer]:
    """Every customer of a company, by reference."""
    rows = raw(connection).execute(_CUSTOMERS, (company_id,))
    return {row[0]: KnownCustomer(*row) for row in rows}


def open_invoices(connection: Connection, company_id: UUID) -> Iterator[tuple[str, str, Decimal, str]]:
    """Number, customer, what is owed and currency of each open case."""
    yield from raw(connection).execute(_OPEN, (company_id,)).fetchall()


def kept_credits(connection: Connection, company_id: UUID) -> list[KnownCredit]:
    """What is kept as credit of a company's customers, oldest first."""
    rows = raw(connection).execute(_KEPT, (LISTED, company_id)).fetchall()
    return [KnownCredit(*row) for row in rows]
