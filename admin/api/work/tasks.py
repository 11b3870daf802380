"""Tasks: what came of them, and who does them by when. Approvals have operations of their own."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlmodel import Session, select

from activities.store.colleagues import known_colleague
from activities.store.events import add_event
from activities.store.lookup import company_by_ref
from activities.store.tasks import invoices_of
from activities.store.work import Completion, NewContact, complete_task
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import Api, ApiContext
from admin.api.examples import example
from admin.api.facts.recording import Amount, CaseNow, Told, case_now
from admin.api.masters.words import Given, OurEmail
from admin.api.paths import TaskId
from admin.api.problems import responses
from admin.api.security import Access, CollectorOf, ManagerOf, as_manager
from models.errors import InvalidFact, NotFound, WrongState
from models.messages import CurrencyCode, Ref, Text
from models.tables import Company, Customer, Task
from models.tables.words import DisputeCause, TaskKind, TaskStatus
from rules.calendar import business_calendar

router = APIRouter(prefix="/v1/companies/{company}", tags=["tasks"])

MANAGERS = frozenset({TaskKind.DECISION, TaskKind.SALES_VETOED})
"""Kinds whose outcome may end a case, or overrule somebody: only a manager completes them."""

_SHOWN_CASES = 20
_LATEST_DUE = timedelta(days=366)


class CompletionIn(Told):
    """What came of a task. Which outcomes a kind takes, and with which fields, is in its description."""

    model_config = example(outcome="promise", promised_on="2026-04-17", note="Mrs Durand pays on the 17th")

    outcome: Annotated[Ref | None, Field(description="`done`, if left out", examples=["promise"])] = None
    cause: Annotated[DisputeCause | None, Field(description="Why it is contested, or late")] = None
    amount: Amount | None = None
    currency: CurrencyCode | None = None
    invoice: Annotated[Ref | None, Field(description="One of the task's, instead of all of them")] = None
    promised_on: date | None = None
    paid_on: date | None = None
    call_back_on: date | None = None
    tracking_number: Annotated[Ref | None, Field(description="A registered letter's")] = None
    posted_on: date | None = None
    received_on: Annotated[date | None, Field(description="Received, refused, or come back")] = None
    until: Annotated[date | None, Field(description="A step waits until then: ten days at most")] = None
    contact_id: Annotated[UUID | None, Field(description="Whose number was wrong, or who left")] = None
    contact: Annotated[NewContact | None, Field(description="Who is there in their place")] = None


class TaskChange(Given):
    """Who does it, and by when; what is left out stays, `null` empties."""

    model_config = example(assignee_email="claire@brunet.example", due_on="2026-04-03")

    assignee_email: OurEmail | None = None
    due_on: date | None = None


class ApprovalIn(Told):
    """Nothing more is needed: it leaves exactly as it was read."""

    model_config = example(event_id="erp-approval-9")


class RefusalIn(BaseModel):
    """Why it must not leave like this."""

    model_config = example(reason="wrong delivery address on line 2")

    event_id: Annotated[Ref | None, Field(description="Your own id of this event")] = None
    reason: Annotated[Text, Field(min_length=3, examples=["wrong delivery address on line 2"])]


class TaskNow(BaseModel):
    """A task as the ledger holds it at this moment, and the cases it is about (20 at most)."""

    id: UUID
    kind: str
    title: str
    status: str
    outcome: str | None
    assignee_email: str | None
    due_on: date | None
    closed_at: datetime | None
    closed_by: str | None
    cases: list[CaseNow]


class TaskCompletedNow(BaseModel):
    """What was told of the task is in the ledger. `duplicate`: it was there already, and nothing changed."""

    event_id: str
    duplicate: bool
    task: TaskNow


@router.post(
    "/tasks/{task_id}/completion",
    operation_id="complete_task",
    status_code=201,
    response_model=TaskCompletedNow,
    responses=responses(403, 404, 409),
)
def complete(
    access: CollectorOf, task_id: TaskId, body: CompletionIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Tell what came of a task. Its cases look again at once.

    Calls take `promise`, `claimed_paid`, `dispute`, `no_answer` and others; an outcome that does not fit is
    refused with the list of those that do.
    """

    def tell(work: Work) -> Changed:
        task = _task(work.session, access, task_id)
        if task.kind == TaskKind.APPROVAL:
            raise WrongState("the task is an approval: it is approved or refused under approvals/")
        if task.kind in MANAGERS:
            as_manager(access.holder, "a decision of the credit manager's")
        return _complete(work, api, access, task, Completion(**body.model_dump()))

    return changes.make(access, tell, status=201)


@router.patch(
    "/tasks/{task_id}",
    operation_id="change_task",
    response_model=TaskNow,
    responses=responses(403, 404, 409),
)
def change(
    access: CollectorOf, task_id: TaskId, body: TaskChange, api: ApiContext, changes: ChangesOf
) -> Response:
    """Give a task to somebody else, or another day. The ladder does not wait for either."""
    told = body.told()

    def assign(work: Work) -> Changed:
        task = _task(work.session, access, task_id, lock=True)
        if task.status != TaskStatus.OPEN:
            raise WrongState(f"the task is {task.status} already")
        company = company_by_ref(work.session, access.company_ref)
        assignee = told.get("assignee_email")
        if assignee is not None and not known_colleague(work.session, company, assignee):
            raise InvalidFact(f"assignee_email: nobody of company {company.ref!r} has this address")
        _check_due(work, task, told.get("due_on"))
        changed = {name: value for name, value in told.items() if getattr(task, name) != value}
        detail = {
            name: {"from": _plain(getattr(task, name)), "to": _plain(value)}
            for name, value in changed.items()
        }
        for name, value in changed.items():
            setattr(task, name, value)
        if "assignee_email" in changed:
            # Whoever is named now is meant, and stands in for nobody; it falls to nobody else.
            task.meant_for = task.falls_to = None
        if changed:
            add_event(
                work.session,
                company_id=task.company_id,
                customer_id=task.customer_id,
                invoice_id=task.invoice_id,
                at=work.now,
                who=work.who,
                what="task_changed",
                detail={"task": str(task.id), **detail},
            )
        return Changed(_now(work, api, access, task), audit={"task": str(task.id), "fields": sorted(changed)})

    return changes.make(access, assign)


@router.post(
    "/approvals/{task_id}/approval",
    operation_id="approve_letter",
    status_code=201,
    response_model=TaskCompletedNow,
    responses=responses(403, 404, 409),
)
def approve(
    access: ManagerOf, task_id: TaskId, body: ApprovalIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Approve a letter: exactly the bytes that were read leave, inside their hours."""
    told = Completion(outcome="approved", **body.model_dump())
    return changes.make(
        access,
        lambda work: _complete(work, api, access, _approval(work.session, access, task_id), told),
        status=201,
    )


@router.post(
    "/approvals/{task_id}/refusal",
    operation_id="refuse_letter",
    status_code=201,
    response_model=TaskCompletedNow,
    responses=responses(403, 404, 409),
)
def refuse(
    access: ManagerOf, task_id: TaskId, body: RefusalIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Refuse a letter. It is withdrawn, and its step waits ten business days."""
    told = Completion(outcome="refused", event_id=body.event_id, note=body.reason)
    return changes.make(
        access,
        lambda work: _complete(work, api, access, _approval(work.session, access, task_id), told),
        status=201,
    )


def _task(session: Session, access: Access, task_id: UUID, *, lock: bool = False) -> Task:
    wanted = select(Task).where(Task.id == task_id, Task.company_id == access.company_id)
    found = session.exec(wanted.with_for_update() if lock else wanted).one_or_none()
    if found is None:
        raise NotFound(f"no task {task_id}")
    return found


def _approval(session: Session, access: Access, task_id: UUID) -> Task:
    task = _task(session, access, task_id)
    if task.kind != TaskKind.APPROVAL:
        raise NotFound(f"no approval {task_id}")
    return task


def _complete(work: Work, api: Api, access: Access, task: Task, told: Completion) -> Changed:
    if told.event_id is None and work.key is not None:
        told = told.model_copy(update={"event_id": work.key})
    done = complete_task(work.session, task_id=task.id, completion=told, now=work.now, who=work.who)
    return Changed(
        TaskCompletedNow(
            event_id=done.event_id, duplicate=done.duplicate, task=_now(work, api, access, task)
        ),
        notes=done.notes,
        audit={"task": str(task.id), "outcome": told.outcome, "event_id": done.event_id},
    )


def _check_due(work: Work, task: Task, day: date | None) -> None:
    if day is None:
        return
    place: Customer | Company
    if task.customer_id is None:
        place = work.session.get_one(Company, task.company_id)
    else:
        place = work.session.get_one(Customer, task.customer_id)
    today = business_calendar(place.country, place.zone).local_day(work.now)
    if not today <= day <= today + _LATEST_DUE:
        raise InvalidFact(f"due_on: {day} is not between today ({today}) and a year from now")


def _now(work: Work, api: Api, access: Access, task: Task) -> TaskNow:
    work.session.flush()
    work.session.refresh(task)
    invoices = invoices_of(work.session, task)[:_SHOWN_CASES]
    return TaskNow(
        cases=[case_now(work.session, api, access, invoice, work.now) for invoice in invoices],
        **task.model_dump(
            include={
                "id", "kind", "title", "status", "outcome", "assignee_email", "due_on", "closed_at",
                "closed_by",
            }
        ),
    )  # fmt: skip


def _plain(value: object) -> object:
    return str(value) if isinstance(value, date) else value
