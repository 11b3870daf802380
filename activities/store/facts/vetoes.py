"""A sales representative holds a step up, and the credit manager is told; or is overruled."""

from __future__ import annotations

from datetime import timedelta
from typing import Final
from uuid import UUID

from activities.store.facts.recording import Recording
from activities.store.tasks import open_task
from models.errors import InvalidFact
from models.messages import TaskCompleted
from models.tables import Task
from models.tables.words import TaskKind
from rules.asking import VETO_DAYS

_TOLD: Final = "sales-vetoed/"


def check_veto(at: Recording, fact: TaskCompleted) -> None:
    """Refuse a veto that has no end to come, or one too far.

    Raises:
        InvalidFact: `until` is not after today, or more than ten days on.
    """
    if fact.until is None:
        return
    latest = at.today + timedelta(days=VETO_DAYS)
    if not at.today < fact.until <= latest:
        raise InvalidFact(
            f"until: {fact.until} is not after today and at most {VETO_DAYS} days on ({latest})"
        )


def vetoed(at: Recording, task: Task, fact: TaskCompleted) -> None:
    """The step waits until that day, on every invoice of the customer; the credit manager is told why."""
    who = fact.by or at.who
    task.veto_until = fact.until
    at.log("step_vetoed", fact.note, {"step": task.step, "until": str(fact.until)}, who=fact.by)
    open_task(
        at.session,
        key=f"{_TOLD}{task.id}",
        kind=TaskKind.SALES_VETOED,
        company_id=at.company.id,
        customer_id=at.customer.id,
        title=f"{task.step} to {at.customer.name} waits until {fact.until}: sales asked for it"[:300],
        body=f"{task.assignee_email or who} gave this reason (recorded by {who}):\n\n{fact.note}\n\n"
        "Leave it at that (seen), or let the step leave on its day (overruled).",
        now=at.now,
        today=at.today,
        due_on=at.calendar.add_business_days(at.today, 1),
        assignee_email=at.company.signatory_email,
        step=task.step,
    )


def overruled(at: Recording, task: Task, fact: TaskCompleted) -> None:
    """The veto ends: the step leaves on the day that was told."""
    asked = at.session.get_one(Task, UUID(task.key.removeprefix(_TOLD)))
    at.log("veto_overruled", fact.note, {"step": task.step, "until": str(asked.veto_until)}, who=fact.by)
    asked.veto_until = None
