"""What follows when people decide: hand-over, disputes, broken words, holds."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.tasks import open_task
from models.errors import InvalidFact
from models.ids import CaseSignal
from models.tables import Contact, CreditNoteRow, HoldInvoiceRow, PauseRow, Task
from models.tables.words import TaskKind
from tests.integration.sending.desk import Desk
from tests.integration.tasks.conftest import Answer, task_of

pytestmark = pytest.mark.integration


def asked(desk: Desk, kind: TaskKind, number: str = "F-1") -> Task:
    """A task about one invoice."""
    with transaction(desk.engine) as session:
        task, _ = open_task(
            session,
            key=f"{kind}/{number}",
            kind=kind,
            company_id=desk.company_id,
            customer_id=desk.customers["C-1"],
            invoice_id=desk.invoices[number],
            title=f"{kind} of {number}",
            now=desk.clock.at,
            today=desk.clock.at.date(),
        )
        return task


def decision_task(desk: Desk) -> Task:
    """The hand-over, opened by the case itself."""
    desk.invoice("F-1", due=date(2025, 12, 20), last=("formal_notice", date(2026, 2, 16)))
    assert desk.review("F-1").state == "ladder_done"
    (task,) = desk.tasks("decision")
    return task


@pytest.mark.parametrize("hands", ["mediator", "agency", "lawyer", "insurance", "factor"])
def test_in_other_hands_nothing_leaves_until_somebody_resumes(desk: Desk, answer: Answer, hands: str) -> None:
    answer(decision_task(desk), hands, note="dossier 12")
    view = desk.review("F-1")
    assert (view.state, view.wake_at) == ("paused", None)
    assert desk.case("F-1").next_why == "paused by pause (until resumed)"
    with transaction(desk.engine) as session:
        assert session.exec(select(PauseRow.reason)).all() == [hands]
    desk.tell(CaseSignal.RESUMED, "F-1")
    assert desk.review("F-1").state == "ladder_done"


def test_written_off_is_the_end(desk: Desk, answer: Answer) -> None:
    task = decision_task(desk)
    answer(task, "write_off")
    assert (desk.case("F-1").state, desk.case("F-1").closing_reason) == ("closed", "write_off")
    assert (task_of(desk, task).status, task_of(desk, task).outcome) == ("done", "write_off")
    assert [signal for _, signal in desk.notes()].count("closed") == 1


def test_going_on_changes_nothing(desk: Desk, answer: Answer) -> None:
    task = decision_task(desk)
    with pytest.raises(InvalidFact, match="is not one of go_on, mediator, agency, lawyer, insurance, factor"):
        answer(task, "sell it")
    answer(task, "go_on")
    assert desk.review("F-1").state == "ladder_done"


def test_a_dispute_is_cleared_by_its_task(desk: Desk, answer: Answer) -> None:
    desk.invoice("F-1")
    desk.tell(CaseSignal.DISPUTE_OPENED, "F-1", amount="200.00", cause="price", event_id="d/1")
    desk.tell(CaseSignal.DISPUTE_OPENED, "F-1", amount="50.00", cause="quantity", event_id="d/2")
    by_title = {task.title.partition(": ")[2]: task for task in desk.tasks("dispute")}
    with pytest.raises(InvalidFact, match=r"credited: 200\.01 is more than the 200\.00 in dispute"):
        answer(by_title["200.00 EUR, price"], "credited", amount="200.01")
    answer(by_title["200.00 EUR, price"], "credited", amount="120.00")
    with transaction(desk.engine) as session:
        assert [note.amount for note in session.exec(select(CreditNoteRow))] == [Decimal("120.00")]
    view = desk.review("F-1")
    assert (view.outstanding, view.disputed) == (Decimal("1080.00"), Decimal("50.00"))
    answer(by_title["50.00 EUR, quantity"], "not_justified")
    assert desk.review("F-1").disputed == 0
    assert {task.outcome for task in desk.tasks("dispute")} == {"credited", "not_justified"}


def test_after_a_broken_promise_somebody_calls_again(desk: Desk, answer: Answer) -> None:
    desk.invoice("F-1", due=date(2026, 1, 29), last=("phone_call", date(2026, 3, 9)))
    answer(asked(desk, TaskKind.BROKEN_PROMISE), "call_again")
    (call,) = desk.tasks("phone_call", "open")
    assert (call.due_on, call.assignee_email) == (date(2026, 3, 11), "claire@acme.example")
    assert "F-1" in call.body
    assert "À DIRE" in call.body
    # Not made in three business days from then, it is escalated as any other.
    desk.clock.at = datetime(2026, 3, 16, 9, tzinfo=UTC)
    desk.review("F-1")
    assert len(desk.tasks("call_overdue")) == 1
    answer(call, "promise", promised_on="2026-03-20")
    assert desk.review("F-1").paused_by == "promise"
    assert desk.tasks("call_overdue")[0].status == "withdrawn"


@pytest.mark.parametrize("kind", [TaskKind.BROKEN_PROMISE, TaskKind.CLAIM_NOT_FOUND])
def test_a_broken_word_may_be_given_anew(desk: Desk, answer: Answer, kind: TaskKind) -> None:
    for number in ("F-1", "F-2", "F-3"):
        desk.invoice(number)
    answer(asked(desk, kind, "F-1"), "promise", promised_on="2026-03-20")
    answer(asked(desk, kind, "F-2"), "claimed_paid", paid_on="2026-03-09", note="virement 4711")
    answer(asked(desk, kind, "F-3"), "go_on")
    assert [desk.review(number).paused_by for number in ("F-1", "F-2", "F-3")] == [
        "promise",
        "claimed_paid",
        None,
    ]


def test_a_proposed_hold_is_placed_or_not(desk: Desk, answer: Answer) -> None:
    desk.invoice("F-1")
    desk.invoice("F-2")
    answer(asked(desk, TaskKind.HOLD_PROPOSAL, "F-2"), "decline")
    with transaction(desk.engine) as session:
        assert session.exec(select(HoldInvoiceRow)).all() == []
    answer(asked(desk, TaskKind.HOLD_PROPOSAL, "F-1"), "place")
    with transaction(desk.engine) as session:
        assert session.exec(select(HoldInvoiceRow.invoice_id)).all() == [desk.invoices["F-1"]]


def test_who_is_found_is_written_to(desk: Desk, answer: Answer) -> None:
    desk.customer("C-1", email=None, phone=None)
    desk.invoice("F-1")
    desk.review("F-1")
    desk.prepare()
    (search,) = desk.tasks("find_contact")
    answer(search, "contact_changed", contact={"email": "compta@c-1.example"})
    assert (task_of(desk, search).status, task_of(desk, search).outcome) == ("done", "contact_changed")
    message = desk.due()
    assert desk.send(message).outcome == "sent"
    with transaction(desk.engine) as session:
        assert "compta@c-1.example" in session.exec(select(Contact.email)).all()
