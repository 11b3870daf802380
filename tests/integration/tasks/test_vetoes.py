"""A policy has the sales representative asked before a firm letter: by e-mail and a task, until its day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.policies import ensure_builtin
from activities.store.questions import SILENT, close_silent
from models.errors import InvalidFact
from models.tables import CaseEvent, Customer, Task
from policies import builtin_policy_texts
from rules.decide import State
from tests.integration.sending.desk import NOW, Desk
from tests.integration.tasks.conftest import Answer, task_of

pytestmark = pytest.mark.integration

SAM = "sam@acme.example"
DUE = date(2026, 3, 2)
THURSDAY = datetime(2026, 3, 12, 8, 30, tzinfo=UTC)
"""Three business days before reminder_2, on Tuesday 17 March at 09:30."""


@pytest.fixture
def desk(desk: Desk) -> Desk:
    """Sam sells to C-1; the standard policy has him asked before its firm reminder. F-1 has had the first."""
    texts = builtin_policy_texts()
    firm = 'key = "reminder_2"\n'
    texts["standard.toml"] = texts["standard.toml"].replace(firm, f"{firm}ask_sales_rep = 3\n")
    with transaction(desk.engine) as session:
        desk.versions = ensure_builtin(session, texts, NOW)
    desk.customer("C-1")
    with transaction(desk.engine) as session:
        session.get_one(Customer, desk.customers["C-1"]).sales_rep_email = SAM
    desk.clock.at = THURSDAY - timedelta(days=1)
    desk.invoice("F-1", due=DUE, last=("reminder_1", date(2026, 3, 9)))
    return desk


def asked(desk: Desk) -> Task:
    """The question, opened by a review on Thursday."""
    desk.clock.at = THURSDAY
    desk.review("F-1")
    (task,) = desk.tasks("sales_veto")
    return task


def at(desk: Desk, day: int, hour: int = 8, minute: int = 30) -> None:
    """In March, in UTC: 09:30 in Paris, unless said otherwise."""
    desk.clock.at = datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def silent(desk: Desk) -> int:
    with transaction(desk.engine) as session:
        return close_silent(session, desk.clock.at)


def test_asked_three_business_days_before_and_silence_lets_it_leave(desk: Desk) -> None:
    assert desk.review("F-1").wake_at == THURSDAY
    assert desk.tasks("sales_veto") == []
    task = asked(desk)
    assert (task.assignee_email, task.due_on, task.step) == (SAM, date(2026, 3, 16), "reminder_2")
    assert ("outreach", "nudged") in desk.notes()
    (message,) = desk.prepare().send
    assert desk.send(message).outcome == "sent"
    assert desk.prepare().send == (), "asked once"
    row, text = desk.message(message), " ".join(desk.envelope(message).text.split())
    assert (row.audience, row.kind, row.to_address) == ("internal", "sales_rep_question", SAM)
    assert row.purpose_key == f"sales-veto/{task.id}"
    assert "aura lieu le 17 mars 2026 : 2e relance" in text.replace("\u00a0", " ")
    assert "au plus tard le 16 mars 2026" in text
    assert "F-1" in text
    desk.review("F-1")
    assert len(desk.tasks("sales_veto")) == 1
    at(desk, 16, 22)
    assert silent(desk) == 0
    at(desk, 17)
    assert silent(desk) == 1
    closed = task_of(desk, task)
    assert (closed.status, closed.outcome) == ("withdrawn", SILENT)
    assert desk.review("F-1").state == State.DUE
    assert desk.prepare().step == "reminder_2"


def test_a_veto_holds_it_until_its_end_and_the_manager_reads_why(desk: Desk, answer: Answer) -> None:
    task = asked(desk)
    answer(task, "veto", until="2026-03-20", note="We meet on the 19th")
    assert task_of(desk, task).status == "done"
    (told,) = desk.tasks("sales_vetoed")
    assert told.assignee_email == "manager@acme.example"
    assert "We meet on the 19th" in told.body
    assert ("F-1", "task_completed") in desk.notes()
    at(desk, 17)
    seen = desk.review("F-1")
    assert (seen.state, seen.wake_at) == (State.WAITING, datetime(2026, 3, 20, 8, 30, tzinfo=UTC))
    assert "the sales representative asked to wait until 2026-03-20" in seen.why
    assert "We meet" not in seen.why, "what people write stays in the ledger"
    answer(told, "seen")
    at(desk, 20)
    assert desk.review("F-1").state == State.DUE
    with transaction(desk.engine) as session:
        (event,) = session.exec(select(CaseEvent).where(CaseEvent.what == "step_vetoed")).all()
        assert (event.why, event.detail) == (
            "We meet on the 19th",
            {"step": "reminder_2", "until": "2026-03-20"},
        )


def test_the_manager_may_overrule_it(desk: Desk, answer: Answer) -> None:
    answer(asked(desk), "veto", until="2026-03-22", note="not now")
    (told,) = desk.tasks("sales_vetoed")
    answer(told, "overruled")
    at(desk, 17)
    assert desk.review("F-1").state == State.DUE


def test_agreed_it_leaves_on_its_day_and_not_before(desk: Desk, answer: Answer) -> None:
    answer(asked(desk), "agree")
    assert desk.tasks("sales_vetoed") == []
    at(desk, 16)
    assert desk.review("F-1").state == State.WAITING
    at(desk, 17)
    assert desk.review("F-1").state == State.DUE


@pytest.mark.parametrize(
    ("until", "note", "field"),
    [
        ("2026-03-22", None, "note"),
        ("2026-03-12", "today", "until"),
        ("2026-03-23", "eleven days", "until"),
        (None, "no end", "until"),
    ],
)
def test_a_veto_has_a_reason_and_ten_days_at_most(
    desk: Desk, answer: Answer, until: str | None, note: str | None, field: str
) -> None:
    task = asked(desk)
    with pytest.raises(InvalidFact, match=f"^{field}: "):
        answer(task, "veto", until=until, note=note)
    assert task_of(desk, task).status == "open"
    assert desk.tasks("sales_vetoed") == []


def test_one_question_for_all_of_the_customers_invoices(desk: Desk, answer: Answer) -> None:
    desk.invoice("F-2", due=DUE + timedelta(days=1), last=("reminder_1", date(2026, 3, 9)))
    task = asked(desk)
    desk.review("F-2")
    at(desk, 13)
    desk.review("F-2")
    assert len(desk.tasks("sales_veto")) == 1
    desk.notes()
    answer(task, "veto", until="2026-03-23", note="a fair")
    assert {("F-1", "task_completed"), ("F-2", "task_completed")} <= set(desk.notes())
    at(desk, 18)
    for number in desk.invoices:
        assert desk.review(number).state == State.WAITING
    at(desk, 23)
    for number in desk.invoices:
        assert desk.review(number).state == State.DUE


def test_another_due_day_of_the_task_holds_nothing_up(desk: Desk) -> None:
    """People may move a task about; the day up to which silence counts stays."""
    task = asked(desk)
    with transaction(desk.engine) as session:
        session.get_one(Task, task.id).due_on = None
    at(desk, 17)
    assert desk.review("F-1").state == State.DUE


def test_who_has_no_representative_is_not_asked_about(desk: Desk) -> None:
    with transaction(desk.engine) as session:
        session.get_one(Customer, desk.customers["C-1"]).sales_rep_email = None
    desk.clock.at = THURSDAY
    desk.review("F-1")
    assert desk.tasks("sales_veto") == []
    at(desk, 17)
    assert desk.review("F-1").state == State.DUE
