"""Disputes: opened with a task for who must clear them, resolved with or without a credit."""

from __future__ import annotations

from uuid import uuid4

from sqlmodel import col, select

from activities.store.amounts import outstanding
from activities.store.facts.money import add_credit_note, settled
from activities.store.facts.recording import Recording
from activities.store.tasks import close_task
from models.errors import InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.messages import DisputeOpened, DisputeResolved
from models.tables import DisputeRow, Task
from models.tables.words import DisputeCause, TaskKind, TaskStatus

RESOLUTION_BUSINESS_DAYS = 10
"""How long the owner of a dispute has to clear it."""


def dispute_opened(at: Recording, fact: DisputeOpened) -> None:
    """The customer contests an amount (the whole invoice, if left out). A second open dispute is allowed."""
    amount = None if fact.amount is None else at.amount(fact.amount)
    causes = [cause.value for cause in DisputeCause]
    if fact.cause is not None and fact.cause not in causes:
        raise InvalidFact(f"cause: {fact.cause!r} is not one of {', '.join(causes)}")
    if outstanding(at.session, at.invoice.id) <= 0:
        raise WrongState(f"invoice {at.invoice.number!r} is paid: nothing is left to dispute")
    at.registered(fact)
    dispute = DisputeRow(
        id=uuid4(),
        fact_id=at.fact_id,
        invoice_id=at.invoice.id,
        amount=amount,
        cause=fact.cause,
        opened_at=at.now,
    )
    at.session.add(dispute)
    what = "all of it" if amount is None else f"{amount} {at.invoice.currency}"
    cause = (fact.cause or "cause not known yet").replace("_", " ")
    at.ask(
        TaskKind.DISPUTE,
        task_key(dispute),
        f"Dispute on invoice {at.invoice.number}: {what}, {cause}",
        fact.note or "",
        due_on=at.calendar.add_business_days(at.today, RESOLUTION_BUSINESS_DAYS),
    )
    at.tell()


def dispute_resolved(at: Recording, fact: DisputeResolved) -> None:
    """The dispute is over; what was granted becomes a credit note in the same instant."""
    dispute = _dispute_to_resolve(at, fact.dispute_event_id)
    credited = None if fact.credited is None else at.amount(fact.credited, field_name="credited")
    limit = at.amount(at.invoice.total if dispute.amount is None else dispute.amount)
    if credited is not None and credited > limit:
        raise InvalidFact(f"credited: {credited} is more than the {limit} in dispute")
    at.registered(fact)
    resolution = "not justified" if credited is None else f"{credited} {at.invoice.currency} credited"
    dispute.resolved_at = at.now
    dispute.resolution = fact.note or resolution
    dispute.credited = credited
    task = at.session.exec(select(Task).where(Task.key == task_key(dispute))).one_or_none()
    if task is not None and task.status == TaskStatus.OPEN:
        close_task(task, TaskStatus.DONE, resolution, fact.by or at.who, at.now)
    if credited is not None:
        add_credit_note(at, credited, at.today)
        settled(at)
    at.tell()


def task_key(dispute: DisputeRow) -> str:
    """Key of the task that asks to clear a dispute."""
    return f"dispute/{dispute.id}"


def _dispute_to_resolve(at: Recording, event_id: str | None) -> DisputeRow:
    wanted = select(DisputeRow).where(DisputeRow.invoice_id == at.invoice.id)
    if event_id is not None:
        opened = at.fact_named("dispute_event_id", event_id, CaseSignal.DISPUTE_OPENED)
        dispute = at.session.exec(wanted.where(DisputeRow.fact_id == opened.id)).one_or_none()
        if dispute is None:
            raise NotFound(f"dispute_event_id: no dispute {event_id!r} on invoice {at.invoice.number!r}")
        if dispute.resolved_at is not None:
            raise WrongState(f"dispute_event_id: the dispute {event_id!r} is resolved already")
        return dispute
    disputes = at.session.exec(wanted.where(col(DisputeRow.resolved_at).is_(None))).all()
    if not disputes:
        raise WrongState(f"invoice {at.invoice.number!r} has no dispute to resolve")
    if len(disputes) > 1:
        raise InvalidFact(f"dispute_event_id: required, the invoice has {len(disputes)} open disputes")
    return disputes[0]
