"""Tasks and approvals over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from activities.store.engine import transaction
from activities.store.tasks import open_task
from admin.api.work.tasks import CompletionIn
from models.ids import CaseSignal
from models.tables import CaseEvent, ContactMade, Task
from models.tables.words import TaskKind
from models.work import FIELDS
from tests.api.conftest import Door
from tests.fixtures.ledger import NOW, TODAY, add_contact

pytestmark = pytest.mark.integration

ACME = "/v1/companies/acme"


def task_of(door: Door, kind: TaskKind, contact_id: UUID | None = None) -> str:
    """A task about F-1, or about a contact."""
    with transaction(door.book.engine) as session:
        task, _ = open_task(
            session,
            key=str(uuid4()),
            kind=kind,
            company_id=door.book.company_id,
            customer_id=door.book.customer_id,
            invoice_id=None if contact_id else door.book.invoices["F-1"],
            contact_id=contact_id,
            title=f"{kind} for F-1",
            now=NOW,
            today=TODAY,
            assignee_email="collector@acme.example",
        )
        return str(task.id)


def letter_of(door: Door) -> tuple[UUID, str]:
    """A letter about F-1 that waits, and its approval."""
    with transaction(door.book.engine) as session:
        letter = add_contact(session, door.book, "draft", {"F-1": "formal_notice"}).id
    return letter, task_of(door, TaskKind.APPROVAL, letter)


def status_of(door: Door, letter: UUID) -> str:
    with transaction(door.book.engine) as session:
        return session.get_one(ContactMade, letter).status


def ask(door: Door, path: str, body: object, status: int, **how: Any) -> dict[str, Any]:
    answer = door.ask(how.pop("method", "POST"), f"{ACME}/{path}", body, **how)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_every_field_a_completion_may_have_can_be_told() -> None:
    assert set(FIELDS) <= set(CompletionIn.model_fields)


def test_a_completed_task_tells_its_case(door: Door) -> None:
    task = task_of(door, TaskKind.OVERPAYMENT)
    done = ask(door, f"tasks/{task}/completion", {"outcome": "refunded"}, 201)
    assert (done["task"]["status"], done["task"]["outcome"]) == ("done", "refunded")
    assert [case["invoice"] for case in done["task"]["cases"]] == ["F-1"]
    assert ("F-1", "task_completed", True) in door.book.notes()
    ask(door, f"tasks/{task}/completion", {"outcome": "kept"}, 409)
    ask(door, f"tasks/{uuid4()}/completion", {}, 404)
    assert ask(door, "tasks/7/completion", {}, 422)["errors"][0]["field"] == "path.task_id"


def test_the_same_completion_told_again_changes_nothing(door: Door) -> None:
    task = task_of(door, TaskKind.OVERPAYMENT)
    told = {"outcome": "refunded", "event_id": "erp-1"}
    ask(door, f"tasks/{task}/completion", told, 201)
    again = ask(door, f"tasks/{task}/completion", told, 201)
    assert again["duplicate"] is True
    assert door.book.seq() == 1


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"outcome": "fine"}, "body.outcome"),
        ({"outcome": "promise"}, "body.promised_on"),
        ({"outcome": "reached", "amount": "10"}, "body.amount"),
        ({"outcome": "dispute", "cause": "weather"}, "body.cause"),
        ({"outcome": "contact_changed", "contact": {"email": "no address"}}, "body.contact.email"),
        ({"outcome": "promise", "promised_on": "2026-03-20", "amount": "-1"}, "body.amount"),
    ],
)
def test_an_outcome_that_does_not_fit_a_call(door: Door, told: dict[str, Any], field: str) -> None:
    task = task_of(door, TaskKind.PHONE_CALL)
    refusal = ask(door, f"tasks/{task}/completion", told, 422)
    assert [error["field"] for error in refusal["errors"]] == [field]
    assert door.book.seq() == 0


def test_a_decision_about_a_case_is_a_managers(door: Door) -> None:
    task = task_of(door, TaskKind.DECISION)
    ask(door, f"tasks/{task}/completion", {"outcome": "go_on"}, 403, role="collector")
    ask(door, f"tasks/{task}/completion", {"outcome": "go_on"}, 201)


def test_an_approved_letter_may_leave_once(door: Door) -> None:
    letter, task = letter_of(door)
    ask(door, f"tasks/{task}/completion", {"outcome": "approved"}, 409)
    done = ask(door, f"approvals/{task}/approval", {}, 201)
    assert done["task"]["outcome"] == "approved"
    assert status_of(door, letter) == "approved"
    assert ("outreach", "nudged", True) in door.book.notes()
    ask(door, f"approvals/{task}/refusal", {"reason": "second thoughts"}, 409)


def test_a_refusal_has_a_reason_and_pauses(door: Door) -> None:
    letter, task = letter_of(door)
    assert ask(door, f"approvals/{task}/refusal", {}, 422)["errors"][0]["field"] == "body.reason"
    done = ask(door, f"approvals/{task}/refusal", {"reason": "wrong address"}, 201)
    assert status_of(door, letter) == "withdrawn"
    assert [case["paused_by"] for case in done["task"]["cases"]] == ["pause"]


def test_what_was_withdrawn_cannot_be_approved(door: Door) -> None:
    letter, task = letter_of(door)
    door.book.tell(CaseSignal.POLICY_CHANGED, "F-1", policy="strict")
    assert status_of(door, letter) == "withdrawn"
    assert ask(door, f"approvals/{task}/approval", {}, 409)["type"] == "urn:relance:problem:wrong-state"
    ask(door, f"approvals/{task_of(door, TaskKind.OVERPAYMENT)}/approval", {}, 404)


def test_a_task_goes_to_somebody_else_or_another_day(door: Door) -> None:
    task = task_of(door, TaskKind.OVERPAYMENT)
    change = {"assignee_email": "credit@acme.example", "due_on": "2026-03-12"}
    changed = ask(door, f"tasks/{task}", change, 200, method="PATCH")
    assert (changed["assignee_email"], changed["due_on"]) == ("credit@acme.example", "2026-03-12")
    with transaction(door.book.engine) as session:
        event = session.exec(select(CaseEvent).order_by(col(CaseEvent.id).desc())).first()
    assert event is not None
    assert event.detail["due_on"] == {"from": None, "to": "2026-03-12"}
    for body, field in (
        ({"assignee_email": "stranger@elsewhere.example"}, "body.assignee_email"),
        ({"due_on": "2026-03-09"}, "body.due_on"),
        ({"due_on": "2036-03-09"}, "body.due_on"),
        ({}, "body"),
    ):
        refusal = ask(door, f"tasks/{task}", body, 422, method="PATCH")
        assert [error["field"] for error in refusal["errors"]] == [field]
    ask(door, f"tasks/{task}/completion", {}, 201)
    ask(door, f"tasks/{task}", {"due_on": None}, 409, method="PATCH")
    with transaction(door.book.engine) as session:
        assert session.get_one(Task, UUID(task)).meant_for is None


def test_a_call_is_followed_by_what_was_agreed(door: Door) -> None:
    call = task_of(door, TaskKind.PHONE_CALL)
    promise = {"outcome": "promise", "promised_on": "2026-03-17", "cause": "payment_run"}
    done = ask(door, f"tasks/{call}/completion", promise, 201)
    assert [case["paused_by"] for case in done["task"]["cases"]] == ["promise"]
    busy = task_of(door, TaskKind.PHONE_CALL)
    tried = ask(door, f"tasks/{busy}/completion", {"outcome": "no_answer"}, 201)
    assert (tried["task"]["status"], tried["task"]["due_on"]) == ("open", "2026-03-11")


def test_an_absence_hands_over_and_gives_back(door: Door) -> None:
    ask(door, "customers/C-1", {"collector_email": "paul@acme.example"}, 200, method="PATCH")
    ask(door, "customers/C-1", {"collector_email": "claire@acme.example"}, 200, method="PATCH")
    task = task_of(door, TaskKind.OVERPAYMENT)
    ask(door, f"tasks/{task}", {"assignee_email": "claire@acme.example"}, 200, method="PATCH")
    away = {
        "staff_email": "claire@acme.example",
        "first_day": "2026-03-10",
        "last_day": "2026-03-20",
        "deputy_email": "paul@acme.example",
    }
    made = ask(door, "absences", away, 201)
    assert assignee(door, task) == "paul@acme.example"
    ask(door, "absences", away, 409)
    back = ask(door, f"absences/{made['id']}/ending", None, 200)
    assert back["ended_at"] == "2026-03-10T09:00:00Z"
    assert assignee(door, task) == "claire@acme.example"
    ask(door, f"absences/{made['id']}/ending", None, 409)
    ask(door, f"absences/{uuid4()}/ending", None, 404)
    for change, field in (
        ({"deputy_email": "stranger@elsewhere.example"}, "body.deputy_email"),
        ({"last_day": "2026-03-09"}, "body.last_day"),
        ({"deputy_email": "claire@acme.example"}, "body.deputy"),
    ):
        refusal = ask(door, "absences", away | change, 422)
        assert [error["field"] for error in refusal["errors"]] == [field]


def assignee(door: Door, task: str) -> str | None:
    with transaction(door.book.engine) as session:
        return session.get_one(Task, UUID(task)).assignee_email
