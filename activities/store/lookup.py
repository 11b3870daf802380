"""Finding rows by the names people use, and locking the customer they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session, col, select

from activities.store.records import CustomerRecord, columns, of_row
from activities.store.sql import run
from models.errors import NotFound
from models.tables import Company, ContactItem, Customer, DunningCase, Invoice

_LOCKED: Final = f"""
    SELECT {columns(CustomerRecord, "c")} FROM customer c WHERE c.id = %(customer)s FOR NO KEY UPDATE
"""  # noqa: S608 (our own column names)
_LOCKED_OF_INVOICE: Final = f"""
    SELECT {columns(CustomerRecord, "c")}
      FROM customer c
     WHERE c.id = (SELECT customer_id FROM dunning_case WHERE invoice_id = %(invoice)s)
       FOR NO KEY UPDATE
"""  # noqa: S608 (our own column names)


def among(column: UUID | None, ids: Iterable[UUID]) -> ColumnElement[bool]:
    """`column = ANY(ids)`: one parameter whatever the number of ids, unlike IN."""
    return col(column) == any_(literal(list(ids), ARRAY(Uuid())))


def lock_customer(session: Session, customer_id: UUID) -> Customer:
    """The customer's row, freshly read and locked until the end of the transaction.

    FOR NO KEY UPDATE excludes every other caller of this function, yet lets rows that merely reference
    the customer be inserted meanwhile.

    Raises:
        NotFound: the ledger has no such customer.
    """
    found = session.exec(
        select(Customer)
        .where(Customer.id == customer_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no customer {customer_id}")
    return found


def locked_customer(session: Session, customer_id: UUID) -> CustomerRecord:
    """As `lock_customer`, for who only reads the row: a frozen record of it."""
    found = run(session, _LOCKED, customer=customer_id).one_or_none()
    if found is None:
        raise NotFound(f"no customer {customer_id}")
    return of_row(CustomerRecord, found)


def locked_customer_of(session: Session, invoice_id: UUID) -> CustomerRecord:
    """As `locked_customer`, of the customer who owes an invoice; NotFound where it has no case."""
    found = run(session, _LOCKED_OF_INVOICE, invoice=invoice_id).one_or_none()
    if found is None:
        raise NotFound(f"no case for invoice {invoice_id}")
    return of_row(CustomerRecord, found)


def company_by_ref(session: Session, ref: str, *, lock: bool = False) -> Company:
    """The company of that reference; NotFound otherwise. With `lock`, nobody else changes it meanwhile."""
    wanted = select(Company).where(Company.ref == ref)
    found = session.exec(wanted.with_for_update(key_share=True) if lock else wanted).one_or_none()
    if found is None:
        raise NotFound(f"no company {ref!r}")
    return found


def customer_id_by_ref(session: Session, company: Company, ref: str) -> UUID:
    """Id of the company's customer of that reference, which is not locked; NotFound otherwise."""
    found = session.exec(
        select(Customer.id).where(Customer.company_id == company.id, Customer.ref == ref)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no customer {ref!r} in company {company.ref!r}")
    return found


def invoice_by_number(session: Session, company_ref: str, number: str) -> Invoice:
    """The invoice of that number; NotFound names what is missing, the company or the invoice."""
    company = company_by_ref(session, company_ref)
    found = session.exec(
        select(Invoice).where(Invoice.company_id == company.id, Invoice.number == number)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no invoice {number!r} in company {company_ref!r}")
    return found


def case_of(session: Session, invoice_id: UUID) -> DunningCase:
    """The case of an invoice, freshly read; NotFound otherwise."""
    found = session.exec(
        select(DunningCase)
        .where(DunningCase.invoice_id == invoice_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no case for invoice {invoice_id}")
    return found


def open_cases(session: Session, customer_id: UUID) -> list[UUID]:
    """Invoice ids of the customer's open cases, oldest due date first."""
    return list(
        session.exec(
            select(DunningCase.invoice_id)
            .join(Invoice, col(Invoice.id) == DunningCase.invoice_id)
            .where(DunningCase.customer_id == customer_id, col(DunningCase.closed_at).is_(None))
            .order_by(col(Invoice.due_on), col(Invoice.number))
        )
    )


def still_open(session: Session, contact_id: UUID) -> list[UUID]:
    """The invoices a contact was about whose cases are open."""
    return list(
        session.exec(
            select(DunningCase.invoice_id)
            .join(ContactItem, col(ContactItem.invoice_id) == DunningCase.invoice_id)
            .where(ContactItem.contact_id == contact_id, col(DunningCase.closed_at).is_(None))
        )
    )
