"""Companies, policies, the audit trail, the key itself, and the words that forms offer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel

from activities.store.engine import glance
from admin.api.context import ApiContext
from admin.api.paging import Page
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import ManagerOf, Viewer, ViewerOf
from admin.queries import registers
from admin.queries.companies import CompanyRow, get_company, list_companies
from admin.queries.quality import QualityFilter, QualityRow, data_quality
from admin.queries.reading import Paging, snapshot
from admin.queries.registers import AuditRow, Cause, KindOutcomes, Me, PolicyEdition, PolicyPage

router = APIRouter(prefix="/v1")


class Causes(BaseModel):
    """Every cause there is."""

    items: list[Cause]


class Outcomes(BaseModel):
    """Every kind of task there is."""

    items: list[KindOutcomes]


@router.get(
    "/companies",
    operation_id="list_companies",
    tags=["companies"],
    response_model=Page[CompanyRow],
    responses=responses(403),
)
def companies(holder: Viewer, paging: Annotated[Paging, Query()], api: ApiContext) -> Response:
    """List the companies the key opens."""
    with snapshot(api.engine) as session:
        return answer(list_companies(session, holder, paging))


@router.get(
    "/companies/{company}",
    operation_id="get_company",
    tags=["companies"],
    response_model=CompanyRow,
    responses=responses(403, 404),
)
def company(access: ViewerOf, api: ApiContext) -> Response:
    """Look at one company: who signs, where its debtors pay, how long between two contacts."""
    with glance(api.engine) as session:
        return answer(get_company(session, access.company_id))


@router.get(
    "/companies/{company}/audit",
    operation_id="list_audit",
    tags=["companies"],
    response_model=Page[AuditRow],
    responses=responses(403, 404),
)
def audit(access: ManagerOf, paging: Annotated[Paging, Query()], api: ApiContext) -> Response:
    """Read who did what to a company through the API, newest first."""
    with snapshot(api.engine) as session:
        return answer(registers.list_audit(session, access.company_id, paging))


@router.get(
    "/companies/{company}/data-quality",
    operation_id="list_data_quality",
    tags=["customers"],
    response_model=Page[QualityRow],
    responses=responses(403, 404),
)
def quality(access: ViewerOf, wanted: Annotated[QualityFilter, Query()], api: ApiContext) -> Response:
    """List the customers whose data lack something for the steps to come: a mobile, an e-mail address."""
    with snapshot(api.engine) as session:
        return answer(data_quality(session, access.company_id, wanted))


@router.get(
    "/policies",
    operation_id="list_policies",
    tags=["policies"],
    response_model=Page[PolicyEdition],
    responses=responses(403),
)
def policies(_holder: Viewer, paging: Annotated[Paging, Query()], api: ApiContext) -> Response:
    """List the editions of the dunning policies."""
    with snapshot(api.engine) as session:
        return answer(registers.list_policies(session, paging))


@router.get(
    "/policies/{key}/versions/{version}",
    operation_id="get_policy",
    tags=["policies"],
    response_model=PolicyPage,
    responses=responses(403, 404),
)
def policy(
    _holder: Viewer,
    key: Annotated[str, Path(max_length=40, examples=["standard"], description="The policy's key")],
    version: Annotated[int, Path(ge=1, le=2**31 - 1, description="Its edition")],
    api: ApiContext,
) -> Response:
    """Look at one edition of a policy: its TOML text and its ladder."""
    with snapshot(api.engine) as session:
        return answer(registers.get_policy_page(session, key, version))


@router.get("/me", operation_id="get_me", tags=["keys"], response_model=Me, responses=responses(403))
def me(holder: Viewer, api: ApiContext) -> Response:
    """See who the key speaks for: its name, role, companies and expiry."""
    with glance(api.engine) as session:
        return answer(registers.who_am_i(session, holder))


@router.get(
    "/causes", operation_id="list_causes", tags=["words"], response_model=Causes, responses=responses(403)
)
def causes(_holder: Viewer) -> Response:
    """List the causes that a dispute or a call may name."""
    return answer(Causes(items=registers.causes()))


@router.get(
    "/outcomes",
    operation_id="list_outcomes",
    tags=["words"],
    response_model=Outcomes,
    responses=responses(403),
)
def outcomes(_holder: Viewer) -> Response:
    """List what may be answered to each kind of task."""
    return answer(Outcomes(items=registers.outcomes()))
