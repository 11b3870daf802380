"""Tasks for people. Asking for the same thing twice opens one task."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from activities.store.absences import assign
from activities.store.records import CompanyRecord, CustomerRecord
from models.errors import NotFound
from models.tables import Company, ContactItem, Customer, DunningCase, Invoice, Task
from models.tables.words import TaskKind, TaskStatus


def open_task(  # noqa: PLR0913 (each names one column)
    session: Session,
    *,
    key: str,
    kind: TaskKind | str,
    company_id: UUID,
    customer_id: UUID | None,
    title: str,
    now: datetime,
    today: date,
    body: str = "",
    invoice_id: UUID | None = None,
    contact_id: UUID | None = None,
    communication_id: UUID | None = None,
    assignee_email: str | None = None,
    step: str | None = None,
    due_on: date | None = None,
    falls_to: str | None = None,
    answer_by: date | None = None,
) -> tuple[Task, bool]:
    """Open a task unless one of that `key` exists, in whatever state; return it and whether it is new.

    Args:
        session: the transaction.
        key: idempotency key, unique in the installation.
        kind: a `TaskKind`.
        company_id: the creditor.
        customer_id: the debtor; None for a task about the company as a whole.
        title: one line.
        now: business time.
        today: the local day at the customer's, or at the company's own place.
        body: what the person needs to know.
        invoice_id: the invoice, when it is about one.
        contact_id: the contact, when it is about one (all its invoices).
        communication_id: the message, when it is about one.
        assignee_email: who is asked (or who stands in for them); nobody in particular when None.
        step: the step of the ladder it belongs to.
        due_on: local day by which it should be done.
        falls_to: whose it is once that day has passed, when it is only offered to `assignee_email`.
        answer_by: local day after which silence is the answer, of a question.
    """
    made = session.exec(
        insert(Task)
        .values(
            id=uuid4(),
            company_id=company_id,
            customer_id=customer_id,
            invoice_id=invoice_id,
            contact_id=contact_id,
            communication_id=communication_id,
            kind=str(kind),
            key=key,
            title=title,
            body=body,
            assignee_email=assignee_email,
            step=step,
            opened_at=now,
            opened_on=today,
            due_on=due_on,
            falls_to=falls_to,
            answer_by=answer_by,
            status=TaskStatus.OPEN.value,
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(col(Task.id))
    ).one_or_none()
    # On a conflict another transaction may have committed the task just now: read it afresh.
    task = session.exec(select(Task).where(Task.key == key).execution_options(populate_existing=True)).one()
    if made is not None:
        assign(session, task, today)
    return task, made is not None


def withdraw_tasks(
    session: Session,
    *,
    now: datetime,
    why: str,
    who: str = "relance",
    invoice_id: UUID | None = None,
    contact_id: UUID | None = None,
    keys: tuple[str, ...] = (),
    kinds: tuple[TaskKind | str, ...] = (),
) -> list[Task]:
    """Withdraw open tasks that lost their object; return them.

    Every condition given must hold; with none, nothing is withdrawn.
    """
    wanted = select(Task).where(Task.status == TaskStatus.OPEN)
    conditions = []
    if invoice_id is not None:
        conditions.append(col(Task.invoice_id) == invoice_id)
    if contact_id is not None:
        conditions.append(col(Task.contact_id) == contact_id)
    if keys:
        conditions.append(col(Task.key).in_(keys))
    if not conditions:
        return []
    if kinds:
        conditions.append(col(Task.kind).in_([str(kind) for kind in kinds]))
    tasks = list(session.exec(wanted.where(*conditions).with_for_update()))
    for task in tasks:
        close_task(task, TaskStatus.WITHDRAWN, why, who, now)
    return tasks


def close_task(task: Task, status: TaskStatus, outcome: str, who: str, now: datetime) -> None:
    """Mark a task done or withdrawn."""
    task.status = status
    task.outcome = outcome
    task.closed_at = now
    task.closed_by = who


def task_by_id(session: Session, task_id: UUID) -> Task:
    """The task, freshly read and locked; NotFound otherwise."""
    found = session.exec(
        select(Task).where(Task.id == task_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no task {task_id}")
    return found


def invoices_of(session: Session, task: Task) -> list[Invoice]:
    """The invoices a task is about, open ones first, then by due date: its own, or all of its contact's.

    A reply, or a question about a step, may be about any open invoice of the customer. Empty for others about
    the whole customer.
    """
    wanted = select(Invoice).join(DunningCase, col(DunningCase.invoice_id) == Invoice.id)
    if task.kind in (TaskKind.REPLY, TaskKind.SALES_VETO, TaskKind.SALES_VETOED):
        wanted = wanted.where(
            DunningCase.customer_id == task.customer_id, col(DunningCase.closed_at).is_(None)
        )
    elif task.invoice_id is not None:
        wanted = wanted.where(Invoice.id == task.invoice_id)
    elif task.contact_id is not None:
        wanted = wanted.where(
            col(Invoice.id).in_(
                select(ContactItem.invoice_id).where(ContactItem.contact_id == task.contact_id)
            )
        )
    else:
        return []
    open_first = wanted.order_by(
        col(DunningCase.closed_at).is_not(None), col(Invoice.due_on), col(Invoice.number)
    )
    return list(session.exec(open_first.execution_options(populate_existing=True)))


def owner(customer: Customer | CustomerRecord, company: Company | CompanyRecord) -> str | None:
    """Who follows a customer: its collector, else the company's credit manager."""
    return customer.collector_email or company.signatory_email
