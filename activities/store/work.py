"""The one door through which people complete tasks, from the command line and from the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session, col, func, select

from activities import addresses
from activities.store import facts
from activities.store.customers import enter_contact
from activities.store.lookup import lock_customer
from activities.store.tasks import invoices_of
from models.errors import InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.messages import Ref, TaskCompleted
from models.tables import Customer, DunningCase, FactRow, Invoice, Task
from models.tables.words import PhoneKind, TaskStatus
from models.work import check_outcome, given_fields
from rules.facts import Role


class NewContact(BaseModel):
    """Somebody at the customer's whom we did not know. Personal data: it goes to the ledger only.

    `phone` may be written as dialled in the customer's country.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role = Role.ACCOUNTING
    name: Ref | None = None
    function: Ref | None = None
    email: Ref | None = None
    phone: Ref | None = None
    language: Ref | None = Field(default=None, pattern=r"^[a-z]{2}(-[A-Z]{2})?$")
    hours: Ref | None = None

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.email is None and self.phone is None:
            raise ValueError("email or phone: one of them is required")
        return self


class Completion(TaskCompleted):
    """What a person says of a task: as `TaskCompleted`, and people. Never crosses Temporal.

    `task_id`, `recorded`, `by` and `added_contact_id` are for `complete_task` to say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contact: NewContact | None = None


def complete_task(
    session: Session, *, task_id: UUID, completion: Completion, now: datetime, who: str
) -> facts.Recorded:
    """Record what came of a task, and all that follows from it. The caller commits, then delivers the notes.

    Args:
        session: the transaction; everything is in it, or nothing.
        task_id: the task.
        completion: the outcome with its fields; with an `event_id`, telling it twice changes nothing.
        now: business time, aware.
        who: who did it, for the journal (`api:<key>`, an e-mail address, a login).

    Raises:
        NotFound: no such task, or an invoice or contact it is not about.
        InvalidFact: the outcome does not fit the task, or a field breaks its rule; the text names it.
        WrongState: the task is done or withdrawn already, or what it is about is past that point.
        Conflict: the same event id came with another completion.
    """
    customer = lock_customer(session, _customer_of(session, task_id))
    task = session.get_one(Task, task_id, populate_existing=True)
    known = _known(session, task, completion.event_id)
    if task.status != TaskStatus.OPEN and known is None:
        raise WrongState(f"task_id: the task is {task.status} already")
    check_outcome(task.kind, completion.outcome, given_fields(completion))
    told: dict[str, Any] = completion.model_dump(include=set(TaskCompleted.model_fields))
    told |= {"task_id": task.id, "recorded": False, "by": who}
    told["event_id"] = completion.event_id or f"task/{task.id}/{_times_told(session, task) + 1}"
    invoice = _invoice(session, task, completion.invoice)
    notes: list[int] = []
    # A savepoint: what is refused leaves no contact behind either.
    with session.begin_nested():
        if known is not None:
            told["added_contact_id"] = known.payload.get("added_contact_id")
        elif completion.contact is not None:
            added, notes = _enter(session, customer, task, completion.contact, now, who)
            told["added_contact_id"] = added
        done = facts.record(
            session,
            now=now,
            invoice=invoice,
            fact=TaskCompleted.model_validate(told),
            signal=CaseSignal.TASK_COMPLETED,
            who=who,
        )
    return facts.Recorded(done.duplicate, (*notes, *done.notes), done.event_id)


def about(session: Session, task: Task) -> UUID:
    """An invoice the task is about, an open one if there is: several, or none, are completed through one.

    Raises:
        NotFound: the customer has no invoice at all.
    """
    invoices = invoices_of(session, task)
    if invoices:
        return invoices[0].id
    found = session.exec(
        select(DunningCase.invoice_id)
        .where(DunningCase.customer_id == task.customer_id)
        .order_by(col(DunningCase.closed_at).desc(), col(DunningCase.invoice_id))
        .limit(1)
    ).one_or_none()
    if found is None:
        raise NotFound(f"task {task.id} is about no invoice")
    return found


def _customer_of(session: Session, task_id: UUID) -> UUID:
    found = session.exec(select(Task).where(Task.id == task_id)).one_or_none()
    if found is None:
        raise NotFound(f"no task {task_id}")
    if found.customer_id is None:
        raise WrongState(
            "task_id: it closes by itself, once the bank is known up to a later day: state that day"
        )
    return found.customer_id


def _known(session: Session, task: Task, event_id: str | None) -> FactRow | None:
    if event_id is None:
        return None
    return session.exec(
        select(FactRow).where(FactRow.company_id == task.company_id, FactRow.event_id == event_id)
    ).one_or_none()


def _times_told(session: Session, task: Task) -> int:
    """How often something was told of it: the same words, said again of a call, are another attempt."""
    return session.exec(
        select(func.count())
        .select_from(FactRow)
        .where(
            FactRow.customer_id == task.customer_id,
            FactRow.kind == CaseSignal.TASK_COMPLETED,
            col(FactRow.payload)["task_id"].astext == str(task.id),
        )
    ).one()


def _invoice(session: Session, task: Task, number: str | None) -> Invoice:
    if number is None:
        return session.get_one(Invoice, about(session, task))
    found = next((each for each in invoices_of(session, task) if each.number == number), None)
    if found is None:
        raise NotFound(f"invoice: the task is not about {number!r}")
    return found


def _enter(
    session: Session, customer: Customer, task: Task, contact: NewContact, now: datetime, who: str
) -> tuple[UUID, list[int]]:
    """Add the person, checked as an import checks one; the task itself stays for its own outcome."""
    try:
        email = addresses.email(contact.email) if contact.email else None
    except ValueError as error:
        raise InvalidFact(f"contact: email: {error}") from None
    try:
        phone = addresses.phone(contact.phone, customer.country) if contact.phone else None
    except ValueError as error:
        raise InvalidFact(f"contact: phone: {error}") from None
    return enter_contact(
        session,
        customer,
        contact.role,
        now,
        who,
        name=contact.name,
        function=contact.function,
        email=email,
        phone=phone.number if phone else None,
        phone_kind=PhoneKind(phone.kind) if phone else None,
        language=contact.language,
        hours=contact.hours,
        leave_open=task.id,
    )
