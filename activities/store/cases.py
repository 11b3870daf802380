"""Opening the case of an invoice."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from activities.store.events import add_event
from activities.store.owed import keep_owed
from models.tables import Company, Customer, DunningCase, Invoice
from rules.calendar import business_calendar


def open_case(
    session: Session, invoice: Invoice, customer: Customer, policy: str, version: int, now: datetime, who: str
) -> DunningCase:
    """Write the case of an invoice that is in the ledger; starting its workflow is the caller's note.

    `version` of `policy` is what the case keeps; its first day is the customer's local day at `now`.
    """
    case = DunningCase(
        invoice_id=invoice.id,
        company_id=invoice.company_id,
        customer_id=customer.id,
        due_on=invoice.due_on,
        currency=invoice.currency,
        policy_key=policy,
        policy_version=version,
        state="waiting",
        stage="new",
        opened_at=now,
        opened_on=business_calendar(customer.country, customer.zone).local_day(now),
        outstanding=invoice.total,
    )
    session.add(case)
    add_event(
        session,
        company_id=invoice.company_id,
        invoice_id=invoice.id,
        customer_id=customer.id,
        at=now,
        who=who,
        what="opened",
        detail={"policy": f"{policy}@{version}"},
    )
    session.flush()
    company = session.get_one(Company, invoice.company_id)
    keep_owed(session, [invoice.id], business_calendar(company.country, company.zone), new=True)
    return case
