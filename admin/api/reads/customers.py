"""Customers: the list, one whole, its timeline, its messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from activities.store.engine import glance
from admin.api.context import ApiContext
from admin.api.paging import Page
from admin.api.paths import CustomerRef, decoded
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import ViewerOf
from admin.queries.contacts import MessageRow, list_messages
from admin.queries.customer import CustomerPage, customer_of_ref, get_customer
from admin.queries.customers import CustomerFilter, CustomerRow, list_customers
from admin.queries.reading import Paging, snapshot
from admin.queries.timeline import TimelineEntry, customer_timeline

router = APIRouter(prefix="/v1/companies/{company}/customers", tags=["customers"])


@router.get(
    "", operation_id="list_customers", response_model=Page[CustomerRow], responses=responses(403, 404)
)
def customers(access: ViewerOf, wanted: Annotated[CustomerFilter, Query()], api: ApiContext) -> Response:
    """List a company's customers with what they owe, the oldest unpaid due date first."""
    with snapshot(api.engine) as session:
        return answer(list_customers(session, access.company_id, wanted, api.clock.now()))


@router.get(
    "/{customer}",
    operation_id="get_customer",
    response_model=CustomerPage,
    responses=responses(403, 404),
)
def customer(access: ViewerOf, customer: CustomerRef, api: ApiContext) -> Response:
    """Look at one customer: balance by currency, all open items, whom to write to, what goes out next."""
    with glance(api.engine) as session:
        return answer(
            get_customer(
                session,
                access.company_id,
                access.company_ref,
                decoded(customer),
                api.settings,
                api.clock.now(),
            )
        )


@router.get(
    "/{customer}/timeline",
    operation_id="get_customer_timeline",
    response_model=Page[TimelineEntry],
    responses=responses(403, 404),
)
def timeline(
    access: ViewerOf, customer: CustomerRef, paging: Annotated[Paging, Query()], api: ApiContext
) -> Response:
    """Read all that happened to a customer and its invoices, newest first."""
    with snapshot(api.engine) as session:
        found = customer_of_ref(session, access.company_id, access.company_ref, decoded(customer))
        return answer(customer_timeline(session, found.id, found.calendar, paging))


@router.get(
    "/{customer}/communications",
    operation_id="list_customer_communications",
    response_model=Page[MessageRow],
    responses=responses(403, 404),
)
def communications(
    access: ViewerOf, customer: CustomerRef, paging: Annotated[Paging, Query()], api: ApiContext
) -> Response:
    """List the messages about a customer, the latest first."""
    with snapshot(api.engine) as session:
        found = customer_of_ref(session, access.company_id, access.company_ref, decoded(customer))
        return answer(list_messages(session, access.company_ref, found.id, paging))
