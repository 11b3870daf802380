"""What people type into a search field: part of a number, an order reference, a customer's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, or_, select, union_all
from sqlmodel import Session, col

from activities.store.lookup import among
from admin.queries.reading import pattern
from models.tables import Customer, DunningCase, Invoice

FEW: Final = 1000
"""Up to here the matches are listed; more of them are met soon enough on the way through the list."""

SHORTEST: Final = 3
"""Characters: the index holds groups of three."""


@dataclass(frozen=True, slots=True)
class _Matches:
    invoices: tuple[UUID, ...]
    customers: tuple[UUID, ...]


def case_matches(session: Session, text: str, company_id: UUID | None) -> ColumnElement[bool]:
    """SQL: cases whose invoice number, order reference, customer's name or reference hold `text`.

    The cost is bounded either way: few matches are found by the index, many by walking the list.
    """
    invoices, customers = _invoice_holds(text), customer_holds(text)
    if company_id is not None:
        narrow_invoices = select(col(Invoice.id)).where(invoices, col(Invoice.company_id) == company_id)
        narrow_customers = select(col(Customer.id)).where(customers, col(Customer.company_id) == company_id)
    else:
        narrow_invoices = select(col(Invoice.id)).where(invoices)
        narrow_customers = select(col(Customer.id)).where(customers)
    first = narrow_invoices.limit(FEW + 1).subquery()
    second = narrow_customers.limit(FEW + 1).subquery()
    found = session.connection().execute(
        union_all(
            select(literal("invoice").label("kind"), func.array_agg(first.c.id).label("ids")),
            select(literal("customer").label("kind"), func.array_agg(second.c.id).label("ids")),
        )
    )
    ids = {row.kind: tuple(row.ids or ()) for row in found}
    matches = _Matches(ids["invoice"], ids["customer"])
    by_invoice = (
        among(DunningCase.invoice_id, matches.invoices)
        if len(matches.invoices) <= FEW
        else select(col(Invoice.id))
        .where(col(Invoice.id) == col(DunningCase.invoice_id), invoices)
        .correlate(DunningCase)
        .exists()
    )
    by_customer = (
        among(DunningCase.customer_id, matches.customers)
        if len(matches.customers) <= FEW
        else col(DunningCase.customer_id).in_(narrow_customers)
    )
    return or_(by_invoice, by_customer)


def customer_holds(text: str) -> ColumnElement[bool]:
    """SQL: the customer's name or reference holds `text`, in whatever case."""
    wanted = pattern(text)
    return or_(col(Customer.name).ilike(wanted), col(Customer.ref).ilike(wanted))


def _invoice_holds(text: str) -> ColumnElement[bool]:
    wanted = pattern(text)
    return or_(col(Invoice.number).ilike(wanted), col(Invoice.order_ref).ilike(wanted))
