"""Closures: days on which nothing leaves, of a creditor or of one customer."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from activities.store.closures import end_closure, record_closure
from activities.store.lookup import company_by_ref, customer_id_by_ref
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import Access, CollectorOf, ViewerOf, as_manager
from admin.queries.closures import ClosureTold, closures_told
from admin.queries.reading import snapshot
from models.messages import Ref, Text
from models.tables import ClosureRow

router = APIRouter(prefix="/v1/companies/{company}/closures", tags=["companies"])

ClosureId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The closure's number", examples=[3])]


class ClosureIn(BaseModel):
    """Days on which nothing leaves, both included. The creditor's own take a manager's key."""

    model_config = example(first_day="2026-08-03", last_day="2026-08-21", yearly=True, reason="summer")

    first_day: date
    last_day: date
    yearly: bool = False
    customer: Annotated[Ref | None, Field(description="Only this customer's")] = None
    reason: Text | None = None


class ClosureList(BaseModel):
    """Closures, by their first day."""

    items: list[ClosureTold]


@router.get("", operation_id="list_closures", response_model=ClosureList, responses=responses(403, 404))
def listed(
    access: ViewerOf,
    api: ApiContext,
    ended: Annotated[bool, Query(description="Those taken back, too")] = False,
) -> Response:
    """List the days on which nothing leaves."""
    with snapshot(api.engine) as session:
        return answer(ClosureList(items=closures_told(session, access.company_id, ended=ended)))


@router.post(
    "",
    operation_id="record_closure",
    status_code=201,
    response_model=ClosureTold,
    responses=responses(403, 404, 409),
)
def record(access: CollectorOf, body: ClosureIn, changes: ChangesOf) -> Response:
    """Record days on which nothing leaves. What falls on them leaves on the next business day after."""
    if body.customer is None:
        as_manager(access.holder, "a closure of the creditor")

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref, lock=True)
        customer_id = None
        if body.customer is not None:
            customer_id = customer_id_by_ref(work.session, company, body.customer)
        row = record_closure(
            work.session,
            company,
            body.first_day,
            body.last_day,
            work.now,
            work.who,
            yearly=body.yearly,
            customer_id=customer_id,
            reason=body.reason,
        )
        return Changed(_told(work.session, access, row), audit=body.model_dump(mode="json"))

    return changes.make(access, write, status=201)


@router.delete(
    "/{closure_id}",
    operation_id="end_closure",
    response_model=ClosureTold,
    responses=responses(403, 404, 409),
)
def end(access: CollectorOf, closure_id: ClosureId, changes: ChangesOf) -> Response:
    """Take a closure back. What waited for its end looks again at once."""

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref, lock=True)
        known = work.session.get(ClosureRow, closure_id)
        # Another company's is none, whatever it closes: a refusal would say that it is there.
        if known is not None and known.company_id == company.id and known.customer_id is None:
            as_manager(access.holder, "a closure of the creditor")
        row, notes = end_closure(work.session, company, closure_id, work.now, work.who)
        return Changed(_told(work.session, access, row), notes=notes, audit={"closure": closure_id})

    return changes.make(access, write)


def _told(session: Session, access: Access, row: ClosureRow) -> ClosureTold:
    (told,) = closures_told(session, access.company_id, ended=True, only=row.id)
    return told
