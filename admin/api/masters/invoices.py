"""Invoices: told one by one, as an ERP does when it issues them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, select

from activities.store.discount import set_discount
from activities.store.lookup import company_by_ref, invoice_by_number
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.facts.recording import Amount, CaseNow, case_now
from admin.api.masters.words import Country, Email, Language, Number, OurEmail, Words, Zone
from admin.api.paths import InvoiceNumber, decoded
from admin.api.problems import known_already, responses
from admin.api.security import Access, CollectorOf, as_manager
from admin.portfolio.single import enter_invoice
from models.errors import InvalidFact
from models.messages import CurrencyCode, Ref
from models.tables import Customer

router = APIRouter(prefix="/v1/companies/{company}/invoices", tags=["invoices"])


class DebtorIn(BaseModel):
    """The customer, should it be new. Of one that is known only the contacts are added."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Words, Field(examples=["Client et Fils SARL"])]
    country: Country | None = None
    timezone: Zone | None = None
    language: Language | None = None
    segment: Words | None = None
    risk: Words | None = None
    collector_email: OurEmail | None = None
    sales_rep_email: Email | None = None
    accounting_email: Email | None = None
    accounting_phone: Number | None = None
    buyer_email: Email | None = None
    buyer_phone: Number | None = None
    executive_email: Email | None = None


class InvoiceIn(BaseModel):
    """An invoice, as a row of a portfolio says it."""

    model_config = example(
        invoice="FA-1001",
        customer="C-101",
        debtor={"name": "Client et Fils SARL", "accounting_email": "compta@client.example"},
        issued_on="2026-03-02",
        due_on="2026-04-01",
        amount="1234.56",
        currency="EUR",
    )

    invoice: Annotated[Words, Field(description="Its number", examples=["FA-1001"])]
    customer: Annotated[Words, Field(description="Your reference", examples=["C-101"])]
    debtor: Annotated[DebtorIn | None, Field(description="Required for a customer that is not known yet")] = (
        None
    )
    issued_on: date
    due_on: date
    amount: Amount
    currency: CurrencyCode
    order_ref: Words | None = None
    paid: Annotated[Amount | None, Field(description="What was paid of it before")] = None
    policy: Annotated[
        Ref | None, Field(description="Whatever the assignment says; a manager's choice", examples=["strict"])
    ] = None
    last_step: Annotated[
        Ref | None, Field(description="Where another tool had come to", examples=["reminder_1"])
    ] = None
    last_contacted_on: date | None = None


class InvoiceEntered(BaseModel):
    """The invoice is in the ledger. `created`: it is new, and its case starts."""

    created: bool
    case: CaseNow


@router.post(
    "",
    operation_id="create_invoice",
    status_code=201,
    response_model=InvoiceEntered,
    responses=responses(403, 404, 409) | known_already(InvoiceEntered),
)
def create(access: CollectorOf, body: InvoiceIn, api: ApiContext, changes: ChangesOf) -> Response:
    """Create an invoice and start its case. The same number with the same facts is answered with 200."""
    if body.policy is not None:
        as_manager(access.holder, "policy: choosing one")

    def enter(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref)
        told = _cells(work.session, access, body)
        done = enter_invoice(
            work.session,
            told,
            now=work.now,
            source="api",
            who=work.who,
            default_country=company.country,
        )
        invoice = invoice_by_number(work.session, access.company_ref, told["invoice"].strip())
        return Changed(
            InvoiceEntered(created=done.new, case=case_now(work.session, api, access, invoice, work.now)),
            notes=done.notes,
            audit={"invoice": invoice.number, "customer": body.customer, "new": done.new},
            status=201 if done.new else 200,
        )

    return changes.make(access, enter, status=201)


class DiscountIn(BaseModel):
    """Percent let off if all of it is paid by a day; `null` takes it away."""

    model_config = example(percent="2.00", until="2026-04-10")

    percent: Annotated[Decimal | None, Field(gt=0, lt=100, max_digits=5, decimal_places=2, examples=["2.00"])]
    until: Annotated[date | None, Field(description="Last day of payment, as the bank books it")] = None


class DiscountNow(BaseModel):
    """The discount as it stands."""

    invoice: str
    percent: Decimal | None
    until: date | None


@router.put(
    "/{number}/discount",
    operation_id="set_invoice_discount",
    response_model=DiscountNow,
    responses=responses(403, 404, 409),
)
def discount(access: CollectorOf, number: InvoiceNumber, body: DiscountIn, changes: ChangesOf) -> Response:
    """Grant a discount for paying early. A payment of the rest in time then settles the invoice."""
    if (body.percent is None) != (body.until is None):
        raise InvalidFact("until: a discount has its percent and its last day, or neither")

    def write(work: Work) -> Changed:
        invoice = set_discount(
            work.session, access.company_ref, decoded(number), body.percent, body.until, work.now, work.who
        )
        return Changed(
            DiscountNow(
                invoice=invoice.number, percent=invoice.discount_percent, until=invoice.discount_until
            ),
            audit={"invoice": invoice.number, "percent": str(body.percent), "until": str(body.until)},
        )

    return changes.make(access, write)


def _cells(session: Session, access: Access, body: InvoiceIn) -> dict[str, str]:
    """The body as the cells of a portfolio's row.

    Raises:
        InvalidFact: the customer is not known, and nothing is told of it.
    """
    told = {
        "company": access.company_ref,
        **_written(body.model_dump(exclude={"debtor"})),
    }
    known = session.exec(
        select(Customer).where(
            Customer.company_id == access.company_id, Customer.ref == body.customer.strip()
        )
    ).one_or_none()
    if body.debtor is not None:
        about = _written(body.debtor.model_dump())
        about["customer_name"] = about.pop("name")
        told |= about
    if known is not None:
        told |= {
            "customer_name": known.name,
            "country": known.country,
            "timezone": known.zone or "",
        }
    elif body.debtor is None:
        raise InvalidFact(
            f"customer: no customer {body.customer!r} in company {access.company_ref!r}; "
            "give debtor to create it"
        )
    return told


def _written(values: dict[str, object]) -> dict[str, str]:
    return {
        name: f"{value:f}" if name in ("amount", "paid") else str(value)
        for name, value in values.items()
        if value is not None
    }
