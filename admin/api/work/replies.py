"""Replies of which somebody must say whose they are, or that they are nobody's."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from activities.replies import assign as assign_reply
from activities.store.customers import customer_by_ref
from activities.store.events import add_event
from activities.store.lookup import company_by_ref
from activities.store.replies import dismiss as dismiss_reply
from activities.store.replies import locked_reply
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.examples import example
from admin.api.masters.words import Words
from admin.api.problems import responses
from admin.api.reads.replies import ReplyId
from admin.api.security import Access, CollectorOf, ManagerEverywhere
from models.errors import NotFound, WrongState
from models.messages import Text
from models.tables import Customer, Reply
from models.tables.words import ReplyState

router = APIRouter(prefix="/v1", tags=["replies"])


class AssignmentIn(BaseModel):
    """Whose it is."""

    model_config = example(customer="C-101")

    customer: Annotated[Words, Field(description="The customer's reference", examples=["C-101"])]


class DismissalIn(BaseModel):
    """Why nothing follows from it."""

    model_config = example(reason="advertising")

    reason: Annotated[Text, Field(min_length=3, examples=["advertising"])]


class CompanyOfReplyIn(BaseModel):
    """To which company it came."""

    model_config = example(company="brunet")

    company: Annotated[Words, Field(description="The creditor's reference", examples=["brunet"])]


class ReplyNow(BaseModel):
    """A reply as the ledger holds it at this moment."""

    id: UUID
    company: str
    customer: str | None
    state: ReplyState
    kind: str
    task_id: UUID | None


@router.post(
    "/companies/{company}/replies/{reply_id}/assignment",
    operation_id="assign_reply",
    response_model=ReplyNow,
    responses=responses(403, 404, 409),
)
def assign(access: CollectorOf, reply_id: ReplyId, body: AssignmentIn, changes: ChangesOf) -> Response:
    """Say whose a reply is: the customer pauses, and a task asks its collector to read it.

    An automatic reply that is an answer after all is assigned in the same way.
    """

    def make(work: Work) -> Changed:
        _of_company(work, access, reply_id)
        customer = customer_by_ref(work.session, access.company_ref, body.customer)
        notes = assign_reply(work.session, reply_id, customer, work.now, work.who)
        reply = locked_reply(work.session, reply_id)
        detail = {"reply": str(reply_id), "customer": customer.ref}
        return Changed(_now(work, access.company_ref, reply), notes=notes, audit=detail)

    return changes.make(access, make)


@router.post(
    "/companies/{company}/replies/{reply_id}/dismissal",
    operation_id="dismiss_reply",
    response_model=ReplyNow,
    responses=responses(403, 404, 409),
)
def dismiss(access: CollectorOf, reply_id: ReplyId, body: DismissalIn, changes: ChangesOf) -> Response:
    """Say that a reply is nobody's, or that nothing follows from it. It is kept."""

    def make(work: Work) -> Changed:
        reply = _of_company(work, access, reply_id)
        dismiss_reply(work.session, reply, work.now, work.who)
        add_event(
            work.session,
            company_id=access.company_id,
            at=work.now,
            who=work.who,
            what="reply_dismissed",
            why=body.reason,
            detail={"reply": str(reply_id)},
        )
        return Changed(_now(work, access.company_ref, reply), audit={"reply": str(reply_id)})

    return changes.make(access, make)


@router.post(
    "/replies/{reply_id}/company",
    operation_id="set_company_of_reply",
    response_model=ReplyNow,
    responses=responses(403, 404, 409),
)
def set_company(
    holder: ManagerEverywhere, reply_id: ReplyId, body: CompanyOfReplyIn, changes: ChangesOf
) -> Response:
    """Say to which company a reply came, where nobody could tell. Its people say whose it is."""

    def make(work: Work) -> Changed:
        reply = locked_reply(work.session, reply_id)
        company = company_by_ref(work.session, body.company)
        if reply.company_id not in (None, company.id):
            raise WrongState("the reply is another company's already")
        reply.company_id = company.id
        work.session.flush()
        return Changed(_now(work, company.ref, reply), audit={"reply": str(reply_id), "company": company.ref})

    return changes.make(holder, make)


def _of_company(work: Work, access: Access, reply_id: UUID) -> Reply:
    reply = locked_reply(work.session, reply_id)
    if reply.company_id != access.company_id:
        raise NotFound(f"no reply {reply_id}")
    return reply


def _now(work: Work, company: str, reply: Reply) -> ReplyNow:
    customer = work.session.get(Customer, reply.customer_id) if reply.customer_id else None
    return ReplyNow(
        id=reply.id,
        company=company,
        customer=customer.ref if customer else None,
        state=ReplyState(reply.state),
        kind=reply.kind,
        task_id=reply.task_id,
    )
