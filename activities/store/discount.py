"""A discount for paying early: granted on an invoice, taken by whoever pays the rest in time."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sqlmodel import Session

from activities.store.events import add_event
from activities.store.lookup import invoice_by_number, lock_customer
from models.errors import InvalidFact
from models.tables import Invoice


def set_discount(
    session: Session,
    company: str,
    number: str,
    percent: Decimal | None,
    until: date | None,
    now: datetime,
    who: str,
) -> Invoice:
    """Grant a discount, or take it away; what a bank file brings is held against it.

    Args:
        session: the transaction.
        company: the creditor's reference.
        number: the invoice.
        percent: of its total, with VAT; None takes the discount away.
        until: the last day of payment, as the bank books it.
        now: business time.
        who: who grants it.

    Raises:
        NotFound: no such invoice.
        InvalidFact: it would end before the invoice was issued, or after it is due.
    """
    invoice = invoice_by_number(session, company, number)
    lock_customer(session, invoice.customer_id)
    if until is not None and not invoice.issued_on <= until <= invoice.due_on:
        raise InvalidFact(
            f"until: {until} does not lie between issue ({invoice.issued_on}) and due date ({invoice.due_on})"
        )
    invoice.discount_percent, invoice.discount_until = percent, until
    add_event(
        session,
        company_id=invoice.company_id,
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        at=now,
        who=who,
        what="discount",
        detail={"percent": None if percent is None else str(percent), "until": str(until) if until else None},
    )
    session.flush()
    return invoice
