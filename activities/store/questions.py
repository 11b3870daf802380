"""Questions to sales representatives whether a step may leave: opened once, closed by silence."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from activities.store.events import add_event
from activities.store.load import LoadedCase
from activities.store.tasks import close_task, open_task
from models.tables import Customer, Task
from models.tables.words import TaskKind, TaskStatus
from rules.asking import VETO_DAYS, answer_by
from rules.calendar import business_calendar
from rules.decide import NextAction
from rules.pauses import TaskRequest

SILENT = "no answer: the step comes on its day"


def ask_rep(
    session: Session, loaded: LoadedCase, action: NextAction, request: TaskRequest, now: datetime
) -> bool:
    """Ask the customer's sales representative about a step; whether that is new.

    It is about every invoice of the customer that comes to the step: one question a day, whoever sets it off.
    """
    customer, today = loaded.customer_row, loaded.customer.calendar.local_day(now)
    day = answer_by(loaded.customer, action.day)
    task, created = open_task(
        session,
        key=f"{request.key}/{customer.id}/{today}",
        kind=TaskKind.SALES_VETO,
        company_id=loaded.company.id,
        customer_id=customer.id,
        title=f"May {action.step.key} leave to {customer.name} on {action.day}?"[:300],
        body=f"The customer's sales representative may hold it up (veto), with a reason, for {VETO_DAYS} "
        f"days at most, or agree. Without an answer by {day} it leaves.",
        now=now,
        today=today,
        due_on=day,
        answer_by=day,
        assignee_email=customer.sales_rep_email,
        step=action.step.key,
    )
    if created:
        add_event(
            session,
            company_id=loaded.company.id,
            customer_id=customer.id,
            at=now,
            who="relance",
            what=f"task_{request.kind}",
            why=request.why,
            detail={"task": str(task.id), "step": action.step.key},
        )
    return created


def close_silent(session: Session, now: datetime) -> int:
    """Close questions nobody answered by their day; how many. Safe to run at any time: the sweeper does."""
    rows = session.exec(
        select(Task, Customer)
        .join(Customer, col(Customer.id) == Task.customer_id)
        .where(
            Task.kind == TaskKind.SALES_VETO,
            Task.status == TaskStatus.OPEN,
            # Somewhere it is a day later already.
            col(Task.answer_by) <= now.date(),
        )
        .order_by(col(Task.opened_at), col(Task.id))
        .with_for_update(of=Task, skip_locked=True)
    ).all()
    silent = 0
    for task, customer in rows:
        today = business_calendar(customer.country, customer.zone).local_day(now)
        if task.answer_by is not None and task.answer_by < today:
            close_task(task, TaskStatus.WITHDRAWN, SILENT, "relance", now)
            silent += 1
    session.flush()
    return silent
