"""Cases: the list, one whole, its timeline, what follows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from activities.store.engine import glance
from admin.api.context import ApiContext
from admin.api.paging import Page
from admin.api.paths import InvoiceNumber, decoded
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import Viewer, ViewerOf
from admin.queries.case import CasePage, CasePreview, case_of_number, get_case, preview_case
from admin.queries.cases import CaseFilter, CaseRow, list_cases
from admin.queries.reading import Paging, snapshot
from admin.queries.timeline import TimelineEntry, case_timeline

router = APIRouter(tags=["cases"])


@router.get(
    "/v1/cases", operation_id="list_cases", response_model=Page[CaseRow], responses=responses(403, 404)
)
def cases(holder: Viewer, wanted: Annotated[CaseFilter, Query()], api: ApiContext) -> Response:
    """List cases of every company the key opens, as their last decisions left them."""
    with snapshot(api.engine) as session:
        return answer(list_cases(session, holder, wanted, api.clock.now()))


@router.get(
    "/v1/companies/{company}/cases/{number}",
    operation_id="get_case",
    response_model=CasePage,
    responses=responses(403, 404),
)
def case(access: ViewerOf, number: InvoiceNumber, api: ApiContext) -> Response:
    """Look at one case: what is owed, what was done, what comes next and why, where it stands in Temporal."""
    with glance(api.engine) as session:
        return answer(
            get_case(
                session,
                access.company_id,
                access.company_ref,
                decoded(number),
                api.settings,
                api.clock.now(),
            )
        )


@router.get(
    "/v1/companies/{company}/cases/{number}/timeline",
    operation_id="get_case_timeline",
    response_model=Page[TimelineEntry],
    responses=responses(403, 404),
)
def timeline(
    access: ViewerOf, number: InvoiceNumber, paging: Annotated[Paging, Query()], api: ApiContext
) -> Response:
    """Read the journal of a case, newest first: who did what, when and why."""
    with snapshot(api.engine) as session:
        found = case_of_number(session, access.company_id, access.company_ref, decoded(number))
        return answer(case_timeline(session, found.invoice_id, found.customer_id, found.calendar, paging))


@router.get(
    "/v1/companies/{company}/cases/{number}/preview",
    operation_id="preview_case",
    response_model=CasePreview,
    responses=responses(403, 404),
)
def foresee(access: ViewerOf, number: InvoiceNumber, api: ApiContext) -> Response:
    """Foresee the rest of a case's ladder, day by day, if nothing changes."""
    with glance(api.engine) as session:
        return answer(
            preview_case(
                session,
                access.company_id,
                access.company_ref,
                decoded(number),
                api.settings,
                api.clock.now(),
            )
        )
