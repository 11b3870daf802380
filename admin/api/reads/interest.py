"""What lateness costs: the computation for a case, or for a customer's open ones."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from admin.api.context import ApiContext
from admin.api.paths import CustomerRef, InvoiceNumber, decoded
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import ViewerOf
from admin.queries.interest import InterestPage, interest_of_case, interest_of_customer
from admin.queries.reading import snapshot
from rules.interest import Imputation

router = APIRouter(prefix="/v1/companies/{company}", tags=["interest"])

Until = Annotated[date | None, Query(description="Last day reckoned; the customer's today, if left out")]
FirstTo = Annotated[
    Imputation | None, Query(description="What payments go to first; else as the company has it")
]


@router.get(
    "/cases/{number}/interest",
    operation_id="get_case_interest",
    response_model=InterestPage,
    responses=responses(403, 404),
)
def of_case(
    access: ViewerOf,
    number: InvoiceNumber,
    api: ApiContext,
    until: Until = None,
    first_to: FirstTo = None,
) -> Response:
    """Reckon the interest and the fixed sum of one invoice, line by line.

    A half-year whose rate is not known is refused by name, in `refused`; nothing is guessed.
    """
    with snapshot(api.engine) as session:
        return answer(
            interest_of_case(
                session,
                access.company_id,
                access.company_ref,
                decoded(number),
                api.clock.now(),
                until,
                first_to,
            )
        )


@router.get(
    "/customers/{customer}/interest",
    operation_id="get_customer_interest",
    response_model=InterestPage,
    responses=responses(403, 404),
)
def of_customer(
    access: ViewerOf,
    customer: CustomerRef,
    api: ApiContext,
    until: Until = None,
    first_to: FirstTo = None,
) -> Response:
    """Reckon the interest and the fixed sums of a customer's open invoices."""
    with snapshot(api.engine) as session:
        return answer(
            interest_of_customer(
                session,
                access.company_id,
                access.company_ref,
                decoded(customer),
                api.clock.now(),
                until,
                first_to,
            )
        )
