"""What people type into a search field: part of a number, an order reference, a customer's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from admin.queries.reading import pattern
from models.tables import Customer, DunningCase, Invoice

FEW_INVOICES: Final = 5000
FEW_CUSTOMERS: Final = 1000
"""Up to here matches are listed and sorted; more of them are met soon enough on the way through the list."""

SHORTEST: Final = 3
"""Characters: the index holds groups of three."""


@dataclass(frozen=True, slots=True)
class Search:
    """How to find the cases that hold a text: `few` of them by the index, many by walking the list."""

    few: bool
    invoices: ColumnElement[bool]
    customers: ColumnElement[bool]

    def narrow(self, cases: Select[Any]) -> Select[Any]:
        """The cases of a list that hold it."""
        if not self.few:
            return (
                cases.join(Invoice, col(Invoice.id) == col(DunningCase.invoice_id))
                .join(Customer, col(Customer.id) == col(DunningCase.customer_id))
                .where(or_(self.invoices, self.customers))
            )
        found = aliased(DunningCase)
        by_customer: Select[Any] = (
            select(col(found.invoice_id).label("id"))
            .join(Customer, col(Customer.id) == col(found.customer_id))
            .where(self.customers)
        )
        by_invoice: Select[Any] = select(col(Invoice.id).label("id")).where(self.invoices)
        # Materialised: else the list is walked in its order, in the hope to meet them soon.
        hits = by_invoice.union(by_customer).cte("hits").prefix_with("MATERIALIZED", dialect="postgresql")
        return cases.join(hits, hits.c.id == col(DunningCase.invoice_id))


def case_search(session: Session, text: str, company_id: UUID | None) -> Search:
    """How to find the cases whose number, order reference, customer's name or reference hold `text`.

    The cost is bounded either way.
    """
    invoices, customers = _invoice_holds(text), customer_holds(text)
    if company_id is not None:
        invoices = and_(invoices, col(Invoice.company_id) == company_id)
        customers = and_(customers, col(Customer.company_id) == company_id)
    first = select(col(Invoice.id)).where(invoices).limit(FEW_INVOICES + 1).subquery()
    second = select(col(Customer.id)).where(customers).limit(FEW_CUSTOMERS + 1).subquery()
    of_invoices, of_customers = (
        session.connection()
        .execute(
            select(
                select(func.count()).select_from(first).scalar_subquery(),
                select(func.count()).select_from(second).scalar_subquery(),
            )
        )
        .one()
    )
    few = of_invoices <= FEW_INVOICES and of_customers <= FEW_CUSTOMERS
    return Search(few, invoices, customers)


def customer_holds(text: str) -> ColumnElement[bool]:
    """SQL: the customer's name or reference holds `text`, in whatever case."""
    wanted = pattern(text)
    return or_(col(Customer.name).ilike(wanted), col(Customer.ref).ilike(wanted))


def _invoice_holds(text: str) -> ColumnElement[bool]:
    wanted = pattern(text)
    return or_(col(Invoice.number).ilike(wanted), col(Invoice.order_ref).ilike(wanted))
