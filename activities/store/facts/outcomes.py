"""Tasks that people finish, and what their outcome changes."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import col, select

from activities.store.facts.calls import call_made, check_call
from activities.store.facts.choices import follow
from activities.store.facts.letters import told_of_letter
from activities.store.facts.recording import Recording
from activities.store.facts.steering import add_pause
from activities.store.facts.vetoes import check_veto
from activities.store.lookup import among
from activities.store.planned import unconclude, withdraw_contact
from activities.store.tasks import close_task, invoices_of, task_by_id
from models.errors import InvalidFact, NotFound, WrongState
from models.messages import TaskCompleted
from models.tables import Communication, ContactItem, ContactMade, DunningCase, Invoice, Task
from models.tables.words import (
    Audience,
    CallOutcome,
    CommunicationStatus,
    ContactStatus,
    TaskKind,
    TaskStatus,
)
from models.work import CALL_KINDS, check_outcome, given_fields

REFUSED_PAUSE_BUSINESS_DAYS = 10
"""A refused letter would be composed again at once: its case waits this long, unless someone resumes it."""


def task_completed(at: Recording, fact: TaskCompleted) -> None:
    """A person finished a task, or tried a call: `models.work` says what each kind takes.

    Every open case the task is about is told; an approval also nudges the outreach.
    """
    if fact.task_id is None:
        raise InvalidFact("task_id: required")
    task = task_by_id(at.session, fact.task_id)
    if task.customer_id != at.customer.id or (task.invoice_id or at.invoice.id) != at.invoice.id:
        raise NotFound(f"task_id: no task {fact.task_id} about invoice {at.invoice.number!r}")
    if task.status != TaskStatus.OPEN:
        raise WrongState(f"task_id: the task is {task.status} already")
    outcome = check_outcome(task.kind, fact.outcome, given_fields(fact))
    check_call(at, fact)
    check_veto(at, fact)
    concerned = invoices_of(at.session, task) or [at.invoice]
    told = [invoice.id for invoice in concerned]
    about = [invoice for invoice in concerned if invoice.id in set(_open(at, told))]
    contact = _approvable(at, task) if task.kind == TaskKind.APPROVAL else None
    message = _uncertain(at, task) if task.kind == TaskKind.UNCERTAIN_MESSAGE else None

    at.registered(fact)
    if task.kind in CALL_KINDS:
        call_made(at, task, CallOutcome(outcome), fact, about)
    elif task.kind != TaskKind.REGISTERED_LETTER or told_of_letter(at, task, outcome, fact):
        close_task(task, TaskStatus.DONE, outcome, fact.by or at.who, at.now)
        at.session.flush()
        follow(at, task, outcome, fact, about)
    if contact is not None:
        _approve_or_refuse(at, contact, outcome, fact)
        at.nudge()
    if message is not None:
        _settle(at, message, outcome)
    at.session.flush()
    at.tell_cases([invoice_id for invoice_id in _open(at, told) if invoice_id not in at.told])


def _approvable(at: Recording, task: Task) -> ContactMade:
    wanted = select(ContactMade).with_for_update().execution_options(populate_existing=True)
    if task.contact_id is None:
        wanted = wanted.where(ContactMade.approval_task_id == task.id)
    else:
        wanted = wanted.where(ContactMade.id == task.contact_id)
    contact = at.session.exec(wanted).one_or_none()
    if contact is None:
        raise NotFound(f"task_id: the approval {task.id} names no contact")
    if contact.status != ContactStatus.DRAFT:
        raise WrongState(f"task_id: the letter is {contact.status}: there is nothing to approve")
    return contact


def _approve_or_refuse(at: Recording, contact: ContactMade, outcome: str, fact: TaskCompleted) -> None:
    """An approved draft may leave. A refused one is withdrawn, and its step waits a while."""
    if outcome == "approved":
        contact.status = ContactStatus.APPROVED
        return
    why = f"refused by {fact.by or at.who}" + (f": {fact.note}" if fact.note else "")
    withdraw_contact(at.session, contact, at.now, why, fact.by or at.who)
    until = at.calendar.add_business_days(at.today, REFUSED_PAUSE_BUSINESS_DAYS)
    invoices = at.session.exec(
        select(Invoice)
        .join(ContactItem, col(ContactItem.invoice_id) == Invoice.id)
        .where(ContactItem.contact_id == contact.id, col(ContactItem.folded).is_(False))
    ).all()
    for invoice in invoices:
        add_pause(at, invoice, "letter refused", until)


def _uncertain(at: Recording, task: Task) -> Communication:
    message = at.session.exec(
        select(Communication).where(Communication.id == task.communication_id).with_for_update()
    ).one_or_none()
    if message is None:
        raise NotFound(f"task_id: the task {task.id} names no message")
    if message.status != CommunicationStatus.UNCERTAIN:
        raise WrongState(f"task_id: the message is {message.status}: it is not uncertain")
    return message


def _settle(at: Recording, message: Communication, outcome: str) -> None:
    """The message had left, or it had not: then its steps were not done after all, and come again."""
    if outcome == "sent":
        message.status = CommunicationStatus.SENT
        message.sent_at = message.sending_at or at.now
    else:
        message.status = CommunicationStatus.FAILED
        message.error = "a person found that it was not sent"
    at.session.flush()
    if message.contact_id is None:
        return
    contact = at.session.get_one(ContactMade, message.contact_id)
    others = at.session.exec(
        select(Communication.status).where(
            Communication.contact_id == contact.id, Communication.audience == Audience.DEBTOR
        )
    ).all()
    if CommunicationStatus.UNCERTAIN in others or contact.status != ContactStatus.UNCERTAIN:
        return
    if CommunicationStatus.SENT in others:
        contact.status = ContactStatus.SENT
        return
    unconclude(at.session, contact, "a person found that it was not sent")


def _open(at: Recording, ids: list[UUID]) -> list[UUID]:
    """Those of these invoices whose case is open."""
    return list(
        at.session.exec(
            select(DunningCase.invoice_id)
            .where(among(DunningCase.invoice_id, ids), col(DunningCase.closed_at).is_(None))
            .order_by(col(DunningCase.invoice_id))
        )
    )
