"""An installation without Temporal, with two invoices whose call is due, and people who answer tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.facts import Recorded
from activities.store.work import Completion, complete_task
from admin.sandbox import SandboxServer
from models.tables import Contact, Task
from tests.integration.sending.desk import Desk, settings_for

CALL_DUE = date(2026, 1, 29)
"""Forty days before the Tuesday on which the desk stands: the call of the standard policy."""

Answer: TypeAlias = Callable[..., Recorded]


@pytest.fixture
def desk(engine: Engine) -> Iterator[Desk]:
    """Tuesday 10 March 2026, 10:00 in Paris."""
    with SandboxServer() as sandbox:
        yield Desk(engine, sandbox, settings_for(sandbox.url))


@pytest.fixture
def call(desk: Desk) -> Task:
    """One call about F-1 (1200.00 EUR, the older) and F-2 (300.00 EUR), opened today."""
    desk.invoice("F-1", due=date(2026, 1, 28), last=("reminder_3", date(2026, 2, 27)))
    desk.invoice("F-2", due=CALL_DUE, total="300.00", last=("reminder_3", date(2026, 2, 28)))
    for number in desk.invoices:
        desk.review(number)
    assert desk.prepare().step == "phone_call"
    desk.notes()
    (task,) = desk.tasks("phone_call")
    return task


@pytest.fixture
def answer(desk: Desk) -> Answer:
    """Complete a task as the command line and the API do."""

    def done(task: Task | UUID, outcome: str | None, **told: Any) -> Recorded:
        completion = Completion.model_validate({"outcome": outcome, **told})
        with transaction(desk.engine) as session:
            return complete_task(
                session,
                task_id=task if isinstance(task, UUID) else task.id,
                completion=completion,
                now=desk.clock.at,
                who="claire@acme.example",
            )

    return done


def task_of(desk: Desk, task: Task) -> Task:
    """The task as it stands now."""
    with transaction(desk.engine) as session:
        return session.get_one(Task, task.id)


def contact_of(desk: Desk, phone: str) -> Contact:
    """Whoever has that number."""
    with transaction(desk.engine) as session:
        return session.exec(select(Contact).where(Contact.phone == phone)).one()
