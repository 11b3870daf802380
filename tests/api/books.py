"""Larger ledgers to look at: companies, customers in several time zones, cases in every state."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlmodel import Session, col

from activities.store.cases import open_case
from activities.store.engine import transaction
from activities.store.policies import latest
from models.tables import Company, Contact, Customer, DunningCase, Invoice
from tests.api.conftest import Door
from tests.fixtures.ledger import NOW, add_invoice


@dataclass(frozen=True)
class Place:
    """One customer of one company, to which invoices can be added."""

    door: Door
    company_id: UUID
    customer_id: UUID

    def invoice(
        self,
        number: str,
        due_on: date,
        total: str = "100.00",
        currency: str = "EUR",
        order_ref: str | None = None,
        **case: Any,
    ) -> UUID:
        """Add an invoice with an open case; `case` sets columns of the case's last decision."""
        with transaction(self.door.book.engine) as session:
            customer = session.get_one(Customer, self.customer_id)
            invoice = Invoice(
                id=uuid4(),
                company_id=self.company_id,
                customer_id=self.customer_id,
                number=number,
                issued_on=due_on - timedelta(days=30),
                due_on=due_on,
                total=Decimal(total),
                currency=currency,
                order_ref=order_ref,
                created_at=NOW,
            )
            session.add(invoice)
            session.flush()
            open_case(session, invoice, customer, "standard", latest(session, "standard"), NOW, "test")
            if case:
                decide(session, invoice.id, **case)
            return invoice.id


def decide(session: Session, invoice_id: UUID, **values: Any) -> None:
    """Write a last decision on a case; amounts may be written as text."""
    values |= {name: Decimal(values[name]) for name in ("outstanding", "disputed") if name in values}
    session.exec(update(DunningCase).where(col(DunningCase.invoice_id) == invoice_id).values(**values))


def place(
    door: Door,
    company: str = "acme",
    customer: str = "C-2",
    name: str = "Société Générale d'Exemples",
    country: str = "FR",
    zone: str | None = None,
    collector: str | None = None,
) -> Place:
    """A customer, in a company that is made where it is not there yet."""
    with transaction(door.book.engine) as session:
        company_id = door.book.company_id
        if company != "acme":
            other = Company(id=uuid4(), ref=company, name=company.capitalize(), country="FR")
            session.add(other)
            session.flush()
            company_id = other.id
        row = Customer(
            id=uuid4(),
            company_id=company_id,
            ref=customer,
            name=name,
            country=country,
            zone=zone,
            collector_email=collector,
        )
        session.add(row)
        session.flush()
        return Place(door, company_id, row.id)


def at(hours: int) -> datetime:
    """So many hours from now."""
    return NOW + timedelta(hours=hours)


def customer(door: Door, ref: str, *amounts: str, company: str = "acme", policy: str = "standard") -> None:
    """Another customer with open invoices of these amounts, due ten days ago."""
    with transaction(door.book.engine) as session:
        company_id = door.book.company_id
        if company != "acme":
            company_id = uuid4()
            session.add(Company(id=company_id, ref=company, name=company, country="FR"))
            session.flush()
        added = Customer(id=uuid4(), company_id=company_id, ref=ref, name=f"{ref} & Cie", country="FR")
        session.add(added)
        session.flush()
        session.add(
            Contact(id=uuid4(), customer_id=added.id, role="accounting", email=f"{ref.lower()}@c.example")
        )
        for place, amount in enumerate(amounts):
            invoice = add_invoice(session, company_id, added, f"{ref}/{place}", NOW, total=amount)
            open_case(session, invoice, added, policy, 1, NOW, "test")
