"""Customers: made, corrected, and the policy of their own."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from activities.store.customers import customer_by_ref, set_address
from activities.store.lookup import company_by_ref
from activities.store.parties import change_customer, create_customer
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.examples import example
from admin.api.masters.answers import CustomerNow, customer_now
from admin.api.masters.words import (
    Country,
    Email,
    Given,
    InterestMode,
    Language,
    LateLaw,
    LateRate,
    OurEmail,
    PaymentTerms,
    Words,
    Zone,
    calendar_of,
)
from admin.api.paths import CustomerRef, decoded
from admin.api.problems import known_already, responses
from admin.api.security import Access, CollectorOf, ManagerOf
from models.messages import Ref

router = APIRouter(prefix="/v1/companies/{company}/customers", tags=["customers"])


class CustomerIn(BaseModel):
    """A new debtor. A country left out is the company's."""

    model_config = example(
        customer="C-101", name="Client et Fils SARL", country="FR", language="fr", segment="key"
    )

    customer: Annotated[Words, Field(description="Your reference", examples=["C-101"])]
    name: Annotated[Words, Field(examples=["Client et Fils SARL"])]
    country: Country | None = None
    timezone: Zone | None = None
    language: Language | None = None
    segment: Words | None = None
    risk: Words | None = None
    collector_email: OurEmail | None = None
    sales_rep_email: Email | None = None
    registration: Words | None = None
    interest: InterestMode | None = None
    late_rate: LateRate | None = None
    late_law: LateLaw | None = None
    payment_terms: PaymentTerms | None = None


class CustomerChange(Given):
    """What is left out stays; `null` empties a field."""

    model_config = example(name="Client et Fils SAS", segment=None)

    name: Words | None = None
    country: Country | None = None
    timezone: Zone | None = None
    language: Language | None = None
    segment: Words | None = None
    risk: Words | None = None
    collector_email: OurEmail | None = None
    sales_rep_email: Email | None = None
    registration: Annotated[
        Words | None, Field(description="Number in a register, as a letter names the party")
    ] = None
    interest: InterestMode | None = None
    late_rate: LateRate | None = None
    late_law: LateLaw | None = None
    payment_terms: PaymentTerms | None = None


class AddressIn(BaseModel):
    """A postal address as an envelope shows it, below the name; six lines at most."""

    model_config = example(lines=["ZI des Paluds", "13400 Aubagne"])

    lines: Annotated[list[Words], Field(min_length=1, max_length=6)]


class CustomerPolicyIn(BaseModel):
    """A policy for this customer's new invoices, or `null`: the assignment rules pick again."""

    model_config = example(policy="key_account")

    policy: Annotated[Ref | None, Field(examples=["key_account"])]


@router.post(
    "",
    operation_id="create_customer",
    status_code=201,
    response_model=CustomerNow,
    responses=responses(403, 404, 409) | known_already(CustomerNow),
)
def create(access: CollectorOf, body: CustomerIn, changes: ChangesOf) -> Response:
    """Create a customer. One that is known with the same facts is answered with 200 and left as it is."""

    def make(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref)
        told = _columns(body.model_dump(exclude_unset=True, exclude={"customer"}))
        if told.get("country") is None:
            told.pop("country", None)
        calendar_of(told.get("country", company.country), told.get("zone"))
        customer, new = create_customer(work.session, company, body.customer, told, work.now, work.who)
        return Changed(
            customer_now(work.session, access, customer),
            audit={"customer": customer.ref, "new": new},
            status=201 if new else 200,
        )

    return changes.make(access, make, status=201)


@router.patch(
    "/{customer}",
    operation_id="change_customer",
    response_model=CustomerNow,
    responses=responses(403, 404, 409),
)
def change(access: CollectorOf, customer: CustomerRef, body: CustomerChange, changes: ChangesOf) -> Response:
    """Correct a customer. Its cases look again, and what was composed before is composed anew."""
    told = _columns(body.told(required=("name", "country")))
    return changes.make(access, lambda work: _change(work, access, customer, told))


@router.put(
    "/{customer}/policy",
    operation_id="set_customer_policy",
    response_model=CustomerNow,
    responses=responses(403, 404, 409),
)
def set_policy(
    access: ManagerOf, customer: CustomerRef, body: CustomerPolicyIn, changes: ChangesOf
) -> Response:
    """Give a customer a policy of its own. Running cases keep theirs: change them one by one."""
    return changes.make(access, lambda work: _change(work, access, customer, {"policy": body.policy}))


@router.put(
    "/{customer}/address",
    operation_id="set_customer_address",
    response_model=CustomerNow,
    responses=responses(403, 404, 409),
)
def set_where_letters_go(
    access: CollectorOf, customer: CustomerRef, body: AddressIn, changes: ChangesOf
) -> Response:
    """Record where letters go. One that waits for approval is composed anew."""

    def record(work: Work) -> Changed:
        row = customer_by_ref(work.session, access.company_ref, decoded(customer))
        notes = set_address(work.session, row, body.lines, work.now, work.who)
        return Changed(customer_now(work.session, access, row), notes=notes, audit={"customer": row.ref})

    return changes.make(access, record)


def _change(work: Work, access: Access, ref: str, told: dict[str, Any]) -> Changed:
    customer = customer_by_ref(work.session, access.company_ref, decoded(ref))
    calendar_of(told.get("country", customer.country), told.get("zone", customer.zone))
    notes = change_customer(work.session, customer, told, work.now, work.who)
    return Changed(
        customer_now(work.session, access, customer),
        notes=notes,
        audit={"customer": customer.ref, "fields": sorted(told)},
    )


def _columns(told: dict[str, Any]) -> dict[str, Any]:
    """By the names of the ledger's columns."""
    return {"zone" if name == "timezone" else name: value for name, value in told.items()}
