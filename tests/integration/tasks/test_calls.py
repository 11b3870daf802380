"""What follows from a call: each outcome told as a story, from the call to what the cases then do."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from activities.store.customers import add_contact, mark_phone_invalid
from activities.store.engine import transaction
from activities.store.lookup import lock_customer
from activities.store.work import Completion
from models.errors import Conflict, InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.messages import TaskCompleted
from models.tables import (
    AddressMark,
    CallAttempt,
    CaseEvent,
    ClaimRow,
    Contact,
    DisputeRow,
    InstalmentRow,
    PlanRow,
    Task,
)
from models.tables.words import PhoneKind
from rules.facts import Role
from tests.fixtures.ledger import everything
from tests.integration.sending.desk import Desk
from tests.integration.tasks.conftest import Answer, contact_of, task_of

pytestmark = pytest.mark.integration

PHONE = "+33612345678"


def at(day: str, hour: int = 9) -> datetime:
    """An hour UTC (one more in Paris, until the clocks change on 29 March)."""
    return datetime.fromisoformat(f"{day}T{hour:02}:00:00").replace(tzinfo=UTC)


def promises(desk: Desk) -> dict[str, tuple[Decimal, date]]:
    """What is promised, by invoice."""
    numbers = {invoice_id: number for number, invoice_id in desk.invoices.items()}
    with transaction(desk.engine) as session:
        rows = session.exec(
            select(PlanRow, InstalmentRow).where(
                InstalmentRow.plan_id == PlanRow.id, col(PlanRow.cancelled_at).is_(None)
            )
        )
        return {numbers[plan.invoice_id]: (part.amount, part.due_on) for plan, part in rows}


def test_a_promise_pauses_until_three_days_after_it_and_broken_asks_what_next(
    desk: Desk, call: Task, answer: Answer
) -> None:
    done = answer(call, "promise", promised_on="2026-03-20", cause="payment_run", note="Mme Durand")
    assert promises(desk) == {
        "F-1": (Decimal("1200.00"), date(2026, 3, 20)),
        "F-2": (Decimal("300.00"), date(2026, 3, 20)),
    }
    assert (task_of(desk, call).status, task_of(desk, call).outcome) == ("done", "promise")
    # Each case is told at once, once.
    assert sorted(desk.notes()) == [("F-1", "payment_plan_agreed"), ("F-2", "payment_plan_agreed")]
    assert len(done.notes) == 2
    view = desk.review("F-1")
    assert (view.state, view.paused_by) == ("paused", "promise")
    assert view.wake_at == datetime(2026, 3, 23, 8, 30, tzinfo=UTC)

    desk.pay("F-1")
    desk.clock.at = at("2026-03-23")
    assert desk.review("F-1").closed
    # F-2 did not come: it resumes, and somebody is asked.
    view = desk.review("F-2")
    assert view.state == "waiting"
    (broken,) = desk.tasks("broken_promise", "open")
    assert "300.00 EUR promised for 2026-03-20 did not come" in broken.body


def test_a_smaller_amount_goes_to_the_oldest_and_the_others_stay_chased(
    desk: Desk, call: Task, answer: Answer
) -> None:
    answer(call, "promise", promised_on="2026-03-12", amount="500.00", currency="EUR")
    assert promises(desk) == {"F-1": (Decimal("500.00"), date(2026, 3, 12))}
    assert sorted(desk.notes()) == [("F-1", "payment_plan_agreed"), ("F-2", "task_completed")]
    assert desk.review("F-1").state == "paused"
    assert desk.review("F-2").state == "waiting"
    # The part comes: the promise is kept, and the rest is chased again.
    desk.clock.at = at("2026-03-12")
    desk.pay("F-1", "500.00")
    desk.clock.at = at("2026-03-16")
    view = desk.review("F-1")
    assert (view.state, view.outstanding) == ("waiting", Decimal("700.00"))
    assert desk.tasks("broken_promise") == []


def test_a_promise_leaves_out_what_is_in_dispute(desk: Desk, call: Task, answer: Answer) -> None:
    desk.tell(CaseSignal.DISPUTE_OPENED, "F-1", amount="200.00", cause="price")
    with pytest.raises(InvalidFact, match=r"amount: 1300\.01 is more than the 1300\.00 EUR owed and not in"):
        answer(call, "promise", promised_on="2026-03-20", amount="1300.01")
    answer(call, "promise", promised_on="2026-03-20")
    assert {number: amount for number, (amount, _) in promises(desk).items()} == {
        "F-1": Decimal("1000.00"),
        "F-2": Decimal("300.00"),
    }


@pytest.mark.parametrize("outcome", ["claimed_paid", "paid"])
def test_what_is_said_to_be_paid_waits_for_the_bank(
    desk: Desk, call: Task, answer: Answer, outcome: str
) -> None:
    answer(call, outcome, paid_on="2026-03-09")
    with transaction(desk.engine) as session:
        assert [claim.paid_on for claim in session.exec(select(ClaimRow))] == [date(2026, 3, 9)] * 2
    view = desk.review("F-1")
    assert (view.state, view.paused_by) == ("paused", "claimed_paid")
    # Monday + 3 business days is Thursday; the bank of that day is known on Friday morning.
    desk.clock.at = at("2026-03-13")
    assert desk.review("F-1").state == "waiting"
    assert len(desk.tasks("claim_not_found", "open")) == 1


def test_a_claim_of_less_than_all_is_about_the_oldest(desk: Desk, call: Task, answer: Answer) -> None:
    answer(call, "claimed_paid", amount="1200.00")
    assert (desk.review("F-1").state, desk.review("F-2").state) == ("paused", "waiting")


def test_a_dispute_on_one_invoice_leaves_the_rest_chased(desk: Desk, call: Task, answer: Answer) -> None:
    with pytest.raises(InvalidFact, match="invoice: required with an amount, this was about 2 invoices"):
        answer(call, "dispute", cause="price", amount="100.00")
    with pytest.raises(InvalidFact, match=r"amount: 300\.01 is more than the 300\.00 EUR owed"):
        answer(call, "dispute", cause="price", amount="300.01", invoice="F-2")
    answer(call, "dispute", cause="price", amount="100.00", invoice="F-2", note="tarif 2025")
    with transaction(desk.engine) as session:
        (dispute,) = session.exec(select(DisputeRow)).all()
    assert (dispute.invoice_id, dispute.amount, dispute.cause) == (
        desk.invoices["F-2"],
        Decimal("100.00"),
        "price",
    )
    view = desk.review("F-2")
    assert (view.state, view.disputed) == ("waiting", Decimal("100.00"))
    assert desk.review("F-1").disputed == 0
    (task,) = desk.tasks("dispute", "open")
    assert (task.body, task.assignee_email) == ("tarif 2025", "claire@acme.example")


def test_a_dispute_of_everything_pauses_every_invoice_of_the_call(
    desk: Desk, call: Task, answer: Answer
) -> None:
    answer(call, "dispute", cause="wrong_entity")
    assert {desk.review(number).paused_by for number in ("F-1", "F-2")} == {"dispute"}
    assert len(desk.tasks("dispute", "open")) == 2


def test_three_calls_nobody_answers_are_told_to_the_credit_manager(
    desk: Desk, call: Task, answer: Answer
) -> None:
    for day, outcome, due in (
        ("2026-03-10", "no_answer", date(2026, 3, 11)),
        ("2026-03-11", "voicemail", date(2026, 3, 12)),
    ):
        desk.clock.at = at(day)
        answer(call, outcome, note="occupé")
        assert (task_of(desk, call).status, task_of(desk, call).due_on) == ("open", due)
    assert desk.tasks("call_overdue") == []
    assert "2 appels sans réponse" in task_of(desk, call).body
    desk.clock.at = at("2026-03-12", 14)
    answer(call, "no_answer")
    now = task_of(desk, call)
    assert (now.status, now.due_on, now.escalated_at) == ("open", date(2026, 3, 13), desk.clock.at)
    assert "3 appels sans réponse\u202f: le responsable du crédit est prévenu" in now.body.replace(
        "\u00a0", "\u202f"
    )
    (asked,) = desk.tasks("call_overdue")
    assert asked.assignee_email == "manager@acme.example"
    assert "Called 3 times about F-1, F-2" in asked.body
    # Three business days have passed too: asked once, not twice.
    desk.clock.at = at("2026-03-13")
    desk.review("F-1")
    assert len(desk.tasks("call_overdue")) == 1
    with transaction(desk.engine) as session:
        tries = session.exec(select(CallAttempt).order_by(col(CallAttempt.at))).all()
        completed = select(CaseEvent.detail).where(CaseEvent.what == "task_completed")
        logged = session.exec(completed.order_by(col(CaseEvent.id))).all()
    assert [(each.outcome, each.by) for each in tries] == [
        ("no_answer", "claire@acme.example"),
        ("voicemail", "claire@acme.example"),
        ("no_answer", "claire@acme.example"),
    ]
    assert [line["outcome"] for line in logged] == ["no_answer", "voicemail", "no_answer"]
    # Somebody answers at last: the manager need not ask any more.
    answer(call, "reached", cause="cash_difficulty")
    assert desk.tasks("call_overdue")[0].status == "withdrawn"


def test_a_call_put_off_counts_its_three_days_from_then(desk: Desk, call: Task, answer: Answer) -> None:
    answer(call, "call_back", call_back_on="2026-03-14", note="comptable absente")
    now = task_of(desk, call)
    # The 14th is a Saturday.
    assert (now.status, now.due_on, now.assignee_email) == ("open", date(2026, 3, 16), "claire@acme.example")
    desk.clock.at = at("2026-03-18")
    desk.review("F-1")
    assert desk.tasks("call_overdue") == []
    desk.clock.at = at("2026-03-19")
    desk.review("F-1")
    desk.review("F-2")
    (late,) = desk.tasks("call_overdue")
    assert "to be made again on 2026-03-16" in late.body
    # Put off once more: the manager is not asked before three more days.
    answer(call, "call_back", call_back_on="2026-03-23")
    assert desk.tasks("call_overdue")[0].status == "withdrawn"
    desk.clock.at = at("2026-03-25")
    desk.review("F-1")
    assert [task.status for task in desk.tasks("call_overdue")] == ["withdrawn"]
    desk.clock.at = at("2026-03-26")
    desk.review("F-1")
    assert sorted(task.status for task in desk.tasks("call_overdue")) == ["open", "withdrawn"]


def test_a_wrong_number_is_not_called_again_and_its_mailbox_stays(
    desk: Desk, call: Task, answer: Answer
) -> None:
    spaced = "+33\u00a06\u00a012\u00a034\u00a056\u00a078"
    assert spaced in call.body
    answer(call, "wrong_number", note="un particulier")
    wrong = contact_of(desk, PHONE)
    assert wrong.invalid_since is None
    with transaction(desk.engine) as session:
        (mark,) = session.exec(select(AddressMark)).all()
    assert (mark.channel, mark.address, mark.cause) == ("phone", PHONE, "invalid_number")
    assert (mark.since, mark.detail) == (desk.clock.at, "wrong number, said by claire@acme.example")
    now = task_of(desk, call)
    assert (now.status, now.due_on) == ("open", None)
    assert spaced not in now.body
    assert wrong.email is not None
    assert wrong.email in now.body
    (search,) = desk.tasks("find_contact", "open")
    assert (search.due_on, search.assignee_email) == (date(2026, 3, 11), "claire@acme.example")
    # The ladder does not wait for the number.
    assert desk.review("F-1").state == "waiting"
    # An e-mail address alone is no number.
    desk.clock.at = at("2026-03-11")
    with transaction(desk.engine) as session:
        row = lock_customer(session, desk.customers["C-1"])
        add_contact(session, row, Role.BUYER, desk.clock.at, "claire", email="achats@c-1.example")
    assert task_of(desk, call).due_on is None
    assert len(desk.tasks("find_contact", "open")) == 1
    with transaction(desk.engine) as session:
        row = lock_customer(session, desk.customers["C-1"])
        add_contact(
            session,
            row,
            Role.BUYER,
            desk.clock.at,
            "claire",
            phone="+33145678902",
            phone_kind=PhoneKind.FIXED,
        )
    assert task_of(desk, call).due_on == date(2026, 3, 11)
    assert "+33\u00a01\u00a045\u00a067\u00a089\u00a002" in task_of(desk, call).body
    assert desk.tasks("find_contact", "open") == []


def test_of_two_numbers_it_is_said_which_one_is_wrong(desk: Desk, call: Task, answer: Answer) -> None:
    desk.person("C-1", Role.BUYER, None, "+33612345679")
    with pytest.raises(
        InvalidFact,
        match=r"contact_id: required, the customer has 2 numbers: [0-9a-f-]{36} \(accounting, …78\), ",
    ):
        answer(call, "wrong_number")
    answer(call, "wrong_number", contact_id=contact_of(desk, PHONE).id)
    # Another number is left: called the next business day, and nobody looks for one.
    assert task_of(desk, call).due_on == date(2026, 3, 11)
    assert desk.tasks("find_contact") == []


def test_a_number_found_wrong_gets_no_sms(desk: Desk, answer: Answer) -> None:
    desk.invoice("F-1", due=date(2026, 2, 8), last=("reminder_2", date(2026, 3, 1)))
    assert (desk.review("F-1").next_step, desk.review("F-1").next_channel) == ("reminder_3", "sms")
    with transaction(desk.engine) as session:
        customer = lock_customer(session, desk.customers["C-1"])
        whose = session.exec(select(Contact)).one().id
        mark_phone_invalid(session, customer, whose, "wrong", desk.clock.at, "claire")
    assert desk.review("F-1").next_channel == "phone"


def test_copies_are_asked_of_the_collector(desk: Desk, call: Task, answer: Answer) -> None:
    answer(call, "send_copy", contact={"email": "Factures@C-1.EXAMPLE", "name": "Mme Durand"})
    (copy,) = desk.tasks("send_copy")
    assert copy.due_on == date(2026, 3, 11)
    assert "F-1, F-2, to Factures@c-1.example. Cause: not received." in copy.body
    assert task_of(desk, call).status == "done"
    with transaction(desk.engine) as session:
        assert session.exec(select(CallAttempt.cause)).all() == ["not_received"]
    # Paid meanwhile: nothing is left to send.
    for number, amount in (("F-1", "1200.00"), ("F-2", "300.00")):
        desk.pay(number, amount)
        desk.review(number)
    assert desk.tasks("send_copy")[0].status == "withdrawn"


def test_somebody_else_in_charge_is_called_today(desk: Desk, call: Task, answer: Answer) -> None:
    former = contact_of(desk, PHONE)
    answer(
        call,
        "contact_changed",
        contact={"name": "M. Petit", "phone": "01 45 67 89 02", "hours": "9 h-11 h", "role": "accounting"},
        contact_id=former.id,
    )
    now = task_of(desk, call)
    assert (now.status, now.due_on) == ("open", date(2026, 3, 10))
    assert "M. Petit" in now.body
    assert "9 h-11 h" in now.body
    assert "+33\u00a06\u00a012" not in now.body
    assert contact_of(desk, PHONE).invalid_since == desk.clock.at
    added = contact_of(desk, "+33145678902")
    assert (added.phone_kind, added.invalid_since) == ("fixed", None)
    # What came of it names nobody where Temporal could see it.
    with transaction(desk.engine) as session:
        (told,) = session.exec(select(CaseEvent.detail).where(CaseEvent.what == "task_completed")).all()
    assert told["added_contact_id"] == str(added.id)
    assert "contact" not in told


def test_a_mailbox_alone_ends_the_call(desk: Desk, call: Task, answer: Answer) -> None:
    answer(call, "contact_changed", contact={"email": "nouveau@c-1.example"})
    assert (task_of(desk, call).status, task_of(desk, call).outcome) == ("done", "contact_changed")


@pytest.mark.parametrize("word", [None, "done", "made", "reached"])
def test_nothing_agreed_leaves_the_ladder_alone(
    desk: Desk, call: Task, answer: Answer, word: str | None
) -> None:
    answer(call, word)
    assert task_of(desk, call).outcome == "reached"
    assert desk.review("F-1").state == "waiting"
    assert sorted(desk.notes()) == [("F-1", "task_completed"), ("F-2", "task_completed")]


WRONG: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "no such outcome": ({"outcome": "perhaps"}, InvalidFact, "outcome: 'perhaps' is not one of promise"),
    "no day": ({"outcome": "promise"}, InvalidFact, "promised_on: required by promise"),
    "a past day": ({"outcome": "promise", "promised_on": "2026-03-09"}, InvalidFact, "promised_on: .*passed"),
    "too far": ({"outcome": "promise", "promised_on": "2026-05-10"}, InvalidFact, "agree a payment plan"),
    "no day to call": ({"outcome": "call_back"}, InvalidFact, "call_back_on: required"),
    "call too late": ({"outcome": "call_back", "call_back_on": "2026-04-10"}, InvalidFact, "30 days away"),
    "paid tomorrow": ({"outcome": "claimed_paid", "paid_on": "2026-03-20"}, InvalidFact, "paid_on: .*future"),
    "paid before": ({"outcome": "claimed_paid", "paid_on": "2025-11-01"}, InvalidFact, "paid_on: .*before"),
    "too much": (
        {"outcome": "promise", "promised_on": "2026-03-20", "amount": "1500.01"},
        InvalidFact,
        r"amount: 1500\.01 is more than the 1500\.00 EUR owed",
    ),
    "other money": (
        {"outcome": "promise", "promised_on": "2026-03-20", "amount": "10", "currency": "USD"},
        InvalidFact,
        "currency: USD given, the invoices are in EUR",
    ),
    "too fine": (
        {"outcome": "promise", "promised_on": "2026-03-20", "amount": "10.001"},
        InvalidFact,
        "amount: 10.001 has more than the 2 decimals",
    ),
    "no cause": ({"outcome": "dispute"}, InvalidFact, "cause: required by dispute"),
    "odd cause": ({"outcome": "dispute", "cause": "weather"}, InvalidFact, "cause: 'weather' is not one of"),
    "not its own": ({"outcome": "dispute", "cause": "price", "invoice": "F-9"}, NotFound, "invoice: .*'F-9'"),
    "out of place": ({"outcome": "no_answer", "amount": "5"}, InvalidFact, "amount: no_answer takes none"),
    "nobody new": ({"outcome": "contact_changed"}, InvalidFact, "contact: required by contact_changed"),
    "no number": (
        {"outcome": "contact_changed", "contact": {"phone": "12"}},
        InvalidFact,
        "contact: phone: ",
    ),
    "no mailbox": (
        {"outcome": "contact_changed", "contact": {"email": "a@b@c.example"}},
        InvalidFact,
        "contact: email: ",
    ),
    "a stranger": (
        {"outcome": "wrong_number", "contact_id": "00000000-0000-4000-8000-000000000000"},
        NotFound,
        "contact_id: no contact",
    ),
    "unknown replaced": (
        {
            "outcome": "contact_changed",
            "contact": {"phone": "+33145678902"},
            "contact_id": "00000000-0000-4000-8000-000000000000",
        },
        NotFound,
        "contact_id: no contact",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_changes_nothing(desk: Desk, call: Task, answer: Answer, case: str) -> None:
    told, error, text = WRONG[case]
    before = everything(desk.engine)
    with pytest.raises(error, match=text):
        answer(call, **told)
    assert everything(desk.engine) == before


def test_a_person_without_an_address_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match="email or phone: one of them is required"):
        Completion.model_validate({"outcome": "contact_changed", "contact": {"name": "M. Petit"}})
    with pytest.raises(ValidationError, match="outcom"):
        Completion.model_validate({"outcom": "promise"})


def test_a_task_is_done_once_and_told_twice_under_one_event_id_changes_nothing(
    desk: Desk, call: Task, answer: Answer
) -> None:
    told: dict[str, Any] = {
        "outcome": "contact_changed",
        "contact": {"email": "nouveau@c-1.example"},
        "event_id": "api/1",
    }
    answer(call, **told)
    before = everything(desk.engine)
    assert answer(call, **told).duplicate
    assert everything(desk.engine) == before
    with pytest.raises(Conflict, match="event_id"):
        answer(call, "reached", event_id="api/1")
    with pytest.raises(WrongState, match="the task is done already"):
        answer(call, "reached")


def test_a_call_completed_by_a_signal_does_the_same(desk: Desk, call: Task) -> None:
    with pytest.raises(InvalidFact, match="contact: required"):
        desk.tell(CaseSignal.TASK_COMPLETED, "F-2", task_id=call.id, outcome="contact_changed")
    desk.tell(CaseSignal.TASK_COMPLETED, "F-2", task_id=call.id, outcome="promise", promised_on="2026-03-20")
    assert set(promises(desk)) == {"F-1", "F-2"}
    assert "contact" not in TaskCompleted.model_fields
