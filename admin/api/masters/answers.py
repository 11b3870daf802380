"""How changes of a customer are answered: the customer as it stands now."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field
from sqlmodel import Session, col, func, select

from admin.api.security import Access
from models.tables import Customer, DunningCase, FactRow, HoldRow


class CustomerNow(BaseModel):
    """A customer as the ledger holds it at this moment."""

    company: str
    customer: str
    name: str
    country: str
    timezone: str | None
    language: str | None
    segment: str | None
    risk: str | None
    collector_email: str | None
    sales_rep_email: str | None
    policy: Annotated[str | None, Field(description="For its new invoices, whatever the assignment says")]
    registration: str | None
    interest: Annotated[str | None, Field(description="Absent: as its company")]
    late_rate: Annotated[Decimal | None, Field(description="Absent: as its company")]
    late_law: Annotated[str | None, Field(description="Absent: that of the parties' countries")]
    payment_terms: Annotated[str | None, Field(description="Absent: as its company")]
    insolvency_on: date | None
    do_not_contact_since: date | None
    lawyer_since: date | None
    open_cases: int
    delivery_holds: Annotated[list[str], Field(description="Event ids of the holds in force")]


def customer_now(session: Session, access: Access, customer: Customer) -> CustomerNow:
    """Read a customer back as the transaction holds it."""
    session.flush()
    open_cases = session.exec(
        select(func.count())
        .select_from(DunningCase)
        .where(DunningCase.customer_id == customer.id, col(DunningCase.closed_at).is_(None))
    ).one()
    holds = session.exec(
        select(FactRow.event_id)
        .join(HoldRow, col(HoldRow.fact_id) == FactRow.id)
        .where(HoldRow.customer_id == customer.id, col(HoldRow.released_at).is_(None))
        .order_by(col(HoldRow.placed_at), col(FactRow.event_id))
    ).all()
    return CustomerNow(
        company=access.company_ref,
        customer=customer.ref,
        name=customer.name,
        country=customer.country,
        timezone=customer.zone,
        language=customer.language,
        segment=customer.segment,
        risk=customer.risk,
        collector_email=customer.collector_email,
        sales_rep_email=customer.sales_rep_email,
        policy=customer.policy,
        registration=customer.registration,
        interest=customer.interest,
        late_rate=customer.late_rate,
        late_law=customer.late_law,
        payment_terms=customer.payment_terms,
        insolvency_on=customer.insolvency_on,
        do_not_contact_since=customer.do_not_contact_since,
        lawyer_since=customer.lawyer_since,
        open_cases=open_cases,
        delivery_holds=list(holds),
    )
