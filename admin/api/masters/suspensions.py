"""Suspensions: no contact with a company's debtors, one customer, on a channel, under a policy."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlmodel import Session

from activities.store.lookup import company_by_ref, customer_id_by_ref
from activities.store.suspensions import resume, suspend
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import Access, CollectorOf, ViewerOf, as_manager
from admin.queries.reading import snapshot
from admin.queries.suspensions import SuspensionTold, suspensions_told
from models.errors import InvalidFact
from models.messages import Ref, Text
from models.tables import SuspensionRow
from rules.facts import SuspensionScope

router = APIRouter(prefix="/v1/companies/{company}/suspensions", tags=["companies"])

SuspensionId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The suspension's number", examples=[7])]


class SuspensionIn(BaseModel):
    """What is suspended, and why. A customer takes a collector's key, everything wider a manager's."""

    model_config = example(scope="channel", channel="sms", reason="the provider's numbers are blocked")

    scope: SuspensionScope
    customer: Annotated[Ref | None, Field(description="Its reference, for the scope `customer`")] = None
    channel: Annotated[Ref | None, Field(description="For that scope: email, sms, phone, letter")] = None
    policy: Annotated[Ref | None, Field(description="Its key, for that scope")] = None
    reason: Annotated[Text, Field(min_length=3)]
    until: Annotated[date | None, Field(description="It ends by itself as this day begins")] = None


class GoingOnIn(BaseModel):
    """How many customers have their turn on a day; left out, as the company has it, else in five days."""

    model_config = example(customers_per_day=40)

    customers_per_day: Annotated[int | None, Field(ge=1, le=1_000_000)] = None


class ResumedNow(BaseModel):
    """A suspension that is over: so many customers have a turn, the last of them on `last_turn`."""

    suspension: SuspensionTold
    customers: int
    last_turn: date | None


class SuspensionList(BaseModel):
    """Suspensions, the last one first."""

    items: list[SuspensionTold]


@router.get("", operation_id="list_suspensions", response_model=SuspensionList, responses=responses(403, 404))
def listed(
    access: ViewerOf,
    api: ApiContext,
    ended: Annotated[bool, Query(description="Those that are over, too")] = False,
) -> Response:
    """List what is suspended, by whom, why, and how much it holds."""
    with snapshot(api.engine) as session:
        return answer(SuspensionList(items=suspensions_told(session, access.company_id, ended=ended)))


@router.post(
    "",
    operation_id="suspend_contact",
    status_code=201,
    response_model=SuspensionTold,
    responses=responses(403, 404, 409),
)
def begin(access: CollectorOf, body: SuspensionIn, changes: ChangesOf) -> Response:
    """Suspend contact at once, also of what is composed already. Facts are recorded as ever."""
    target = _target(body)
    if body.scope is not SuspensionScope.CUSTOMER:
        as_manager(access.holder, f"suspending a {body.scope}")

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref, lock=True)
        customer_id = None
        if body.customer is not None:
            customer_id = customer_id_by_ref(work.session, company, body.customer)
        row = suspend(
            work.session,
            company,
            body.scope,
            work.now,
            work.who,
            reason=body.reason,
            customer_id=customer_id,
            target=target,
            until=body.until,
        )
        return Changed(_told(work.session, access, row), audit=body.model_dump(mode="json"))

    return changes.make(access, write, status=201)


@router.post(
    "/{suspension_id}/resumption",
    operation_id="resume_contact",
    status_code=201,
    response_model=ResumedNow,
    responses=responses(403, 404, 409),
)
def end(access: CollectorOf, suspension_id: SuspensionId, body: GoingOnIn, changes: ChangesOf) -> Response:
    """End a suspension. What it held goes on customer by customer, spread over business days."""

    def write(work: Work) -> Changed:
        company = company_by_ref(work.session, access.company_ref, lock=True)
        row = work.session.get(SuspensionRow, suspension_id)
        # Another company's is none, whatever its scope: a refusal would say that it is there.
        if row is not None and row.company_id == company.id and row.scope != SuspensionScope.CUSTOMER:
            as_manager(access.holder, f"resuming a {row.scope}")
        done = resume(work.session, company, suspension_id, work.now, work.who, body.customers_per_day)
        row = work.session.get_one(SuspensionRow, suspension_id)
        return Changed(
            ResumedNow(
                suspension=_told(work.session, access, row),
                customers=done.customers,
                last_turn=done.last_day,
            ),
            notes=done.notes,
            audit={"suspension": suspension_id, "customers": done.customers},
        )

    return changes.make(access, write, status=201)


def _target(body: SuspensionIn) -> str | None:
    """The channel or the policy: exactly what the scope asks for must be given."""
    given = {"customer": body.customer, "channel": body.channel, "policy": body.policy}
    for name, value in given.items():
        wanted = body.scope == name
        if wanted and value is None:
            raise InvalidFact(f"{name}: required by the scope {body.scope}")
        if not wanted and value is not None:
            raise InvalidFact(f"{name}: the scope {body.scope} takes none")
    return body.channel or body.policy


def _told(session: Session, access: Access, row: SuspensionRow) -> SuspensionTold:
    (told,) = suspensions_told(session, access.company_id, ended=True, only=row.id)
    return told
