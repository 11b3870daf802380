"""Every fact is recorded once, however often and by however many it is told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.facts import record
from activities.store.facts.record import HANDLERS
from activities.store.tasks import open_task
from models.errors import Conflict, InvalidFact
from models.ids import CaseSignal
from models.messages import ContactConcluded, PaymentReceived, TaskCompleted
from models.tables import CaseEvent, DunningCase, FactRow, PauseRow, Task
from tests.fixtures.ledger import NOW, TODAY, Book, add_contact, add_message, everything

pytestmark = pytest.mark.integration

S = CaseSignal

# What must be true before, and the fact itself.
FACTS_TOLD: dict[CaseSignal, tuple[list[tuple[CaseSignal, dict[str, Any]]], dict[str, Any]]] = {
    S.PAYMENT_RECEIVED: ([], {"amount": "40.00", "currency": "EUR", "received_on": TODAY}),
    S.PAYMENT_REVERSED: ([(S.PAYMENT_RECEIVED, {"amount": "100.00"})], {"reversed_on": TODAY}),
    S.PAYMENT_CLAIMED: ([], {"paid_on": TODAY - timedelta(days=1)}),
    S.CREDIT_NOTE_ISSUED: ([], {"amount": "10.00", "number": "A-1"}),
    S.DISPUTE_OPENED: ([], {"amount": "30.00", "cause": "price"}),
    S.DISPUTE_RESOLVED: ([(S.DISPUTE_OPENED, {"amount": "30.00"})], {"credited": "30.00"}),
    S.PAYMENT_PLAN_AGREED: (
        [],
        {
            "instalments": [
                {"due_on": TODAY + timedelta(days=10), "amount": "60.00"},
                {"due_on": TODAY + timedelta(days=40), "amount": "40.00"},
            ]
        },
    ),
    S.PAYMENT_PLAN_CANCELLED: (
        [(S.PAYMENT_PLAN_AGREED, {"instalments": [{"due_on": TODAY, "amount": "100.00"}]})],
        {},
    ),
    S.DELIVERY_HOLD_PLACED: ([], {"invoices": ["F-1", "F-2"], "pauses_ladder": True}),
    S.DELIVERY_HOLD_RELEASED: ([(S.DELIVERY_HOLD_PLACED, {})], {}),
    S.PAUSED: ([], {"reason": "goodwill", "until": TODAY + timedelta(days=7)}),
    S.RESUMED: ([(S.PAUSED, {})], {}),
    S.INVOICE_CHANGED: ([], {"total": "120.00"}),
    S.POLICY_CHANGED: ([], {"policy": "standard"}),
    S.INSOLVENCY_OPENED: ([], {"opened_on": TODAY}),
    S.CLOSED: ([], {"reason": "written off"}),
    S.FACT_WITHDRAWN: ([(S.PAYMENT_CLAIMED, {"event_id": "claim-1"})], {"fact_event_id": "claim-1"}),
}


def told(book: Book, signal: CaseSignal) -> dict[str, Any]:
    """Bring about what the fact needs, and return it."""
    if signal is S.TASK_COMPLETED:
        with transaction(book.engine) as session:
            task, _ = open_task(
                session,
                key="policy-review/1",
                kind="policy_review",
                company_id=book.company_id,
                customer_id=book.customer_id,
                invoice_id=book.invoices["F-1"],
                title="Another policy?",
                now=NOW,
                today=TODAY,
            )
        return {"task_id": task.id, "outcome": "done"}
    before, fact = FACTS_TOLD[signal]
    for earlier, payload in before:
        book.tell(earlier, **payload)
    return fact


@pytest.mark.parametrize("signal", list(HANDLERS))
@pytest.mark.parametrize("named", [True, False], ids=["with its event id", "by its hash"])
def test_told_twice_changes_nothing(book: Book, signal: CaseSignal, named: bool) -> None:
    fact = told(book, signal) | ({"event_id": "bank-42"} if named else {})
    seq = book.seq()
    first = book.tell(signal, **fact)
    after = everything(book.engine)
    again = book.tell(signal, at=NOW + timedelta(days=2), **fact)

    assert not first.duplicate
    assert (again.duplicate, again.notes, again.event_id) == (True, (), first.event_id)
    assert everything(book.engine) == after
    assert book.seq() == seq + 1


@pytest.mark.parametrize("signal", list(HANDLERS))
def test_every_fact_is_in_the_journal_and_told(book: Book, signal: CaseSignal) -> None:
    fact = told(book, signal)
    recorded = book.tell(signal, **fact, event_id="e-1", by="marie", note="as agreed by phone")
    with transaction(book.engine) as session:
        line = session.exec(select(CaseEvent).where(CaseEvent.what == signal)).all()[-1]
        row = session.exec(select(FactRow).where(FactRow.event_id == "e-1")).one()
    assert (line.who, line.why, line.at, line.detail["event_id"]) == (
        "marie",
        "as agreed by phone",
        NOW,
        "e-1",
    )
    assert (row.kind, row.recorded_by, row.invoice_id) == (signal, "test", book.invoices["F-1"])
    assert recorded.notes
    assert ("F-1", signal.value, True) in book.notes()


def test_every_signal_but_one_is_a_fact() -> None:
    assert set(S) - set(HANDLERS) == {S.CONTACT_CONCLUDED}


def test_a_signal_that_is_no_fact_is_refused(book: Book) -> None:
    with pytest.raises(InvalidFact, match="contact_concluded"):
        book.tell_fact(S.CONTACT_CONCLUDED, ContactConcluded())
    with pytest.raises(InvalidFact, match="PaymentReceived"):
        book.tell_fact(S.PAYMENT_RECEIVED, TaskCompleted())


def test_one_event_id_is_one_fact(book: Book) -> None:
    book.tell(S.PAYMENT_RECEIVED, event_id="bank-1", amount="10.00")
    before = everything(book.engine)
    others: list[tuple[CaseSignal, str, dict[str, Any]]] = [
        (S.PAYMENT_RECEIVED, "F-1", {"amount": "11.00"}),
        (S.PAYMENT_RECEIVED, "F-2", {"amount": "10.00"}),
        (S.CREDIT_NOTE_ISSUED, "F-1", {"amount": "10.00"}),
    ]
    for signal, number, fact in others:
        with pytest.raises(Conflict, match="bank-1"):
            book.tell(signal, number, event_id="bank-1", **fact)
    assert everything(book.engine) == before


def test_other_words_are_the_same_fact(book: Book) -> None:
    """What a person adds, and how an amount is written, does not make it another payment."""
    book.tell(S.PAYMENT_RECEIVED, event_id="bank-1", amount="10.00", note="by transfer")
    assert book.tell(S.PAYMENT_RECEIVED, event_id="bank-1", amount="10.0", by="paul").duplicate


def test_the_same_words_later_may_be_another_fact(book: Book) -> None:
    """Without event ids: a pause that was ended can be told again, and a policy can change back."""
    told_again: list[tuple[CaseSignal, dict[str, Any]]] = [
        (S.PAUSED, {}),
        (S.RESUMED, {}),
        (S.PAUSED, {}),
        (S.POLICY_CHANGED, {"policy": "strict"}),
        (S.POLICY_CHANGED, {"policy": "standard"}),
        (S.POLICY_CHANGED, {"policy": "strict"}),
        (S.DELIVERY_HOLD_PLACED, {}),
        (S.DELIVERY_HOLD_RELEASED, {}),
        (S.DELIVERY_HOLD_PLACED, {}),
    ]
    for signal, fact in told_again:
        assert not book.tell(signal, **fact).duplicate
        assert book.tell(signal, **fact).duplicate
    with transaction(book.engine) as session:
        paused = session.exec(select(PauseRow.ended_at)).all()
        assert sorted(at is None for at in paused) == [False, True]
        assert session.get_one(DunningCase, book.invoices["F-1"]).policy_key == "strict"


def test_the_same_payment_without_event_id_is_never_counted_twice(book: Book) -> None:
    book.tell(S.PAYMENT_RECEIVED, amount="10.00", received_on=TODAY)
    book.tell(S.PAYMENT_REVERSED)
    assert book.tell(S.PAYMENT_RECEIVED, amount="10.00", received_on=TODAY).duplicate


def test_a_note_of_ours_is_not_recorded_again(book: Book) -> None:
    before = everything(book.engine)
    assert book.tell(S.PAYMENT_RECEIVED, recorded=True, event_id="e-1").duplicate
    assert everything(book.engine) == before


def test_insolvency_told_by_two_invoices_is_one(book: Book) -> None:
    book.tell(S.INSOLVENCY_OPENED, "F-1", event_id="bodacc-7", opened_on=TODAY)
    assert book.tell(S.INSOLVENCY_OPENED, "F-2", event_id="bodacc-7", opened_on=TODAY).duplicate
    assert len(book.tasks("claim_filing")) == 1


def test_two_at_once_record_one(book: Book, new_engine: Callable[[], Engine]) -> None:
    together = Barrier(2)

    def tell(engine: Engine) -> bool:
        together.wait(timeout=30)
        with transaction(engine) as session:
            return record(
                session,
                now=NOW,
                invoice=("acme", "F-1"),
                fact=PaymentReceived.model_validate({"event_id": "bank-1", "amount": "10.00"}),
                signal=S.PAYMENT_RECEIVED,
                who="test",
            ).duplicate

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(tell, new_engine()) for _ in range(2)]
        assert sorted(result.result(timeout=60) for result in results) == [False, True]
    assert book.seq() == 1
    assert book.notes() == [("F-1", "payment_received", True)]


def test_many_facts_at_once_each_get_their_number(book: Book, new_engine: Callable[[], Engine]) -> None:
    engine = new_engine()

    def pay(place: int) -> None:
        with transaction(engine) as session:
            record(
                session,
                now=NOW,
                invoice=("acme", f"F-{1 + place % 2}"),
                fact=PaymentReceived.model_validate({"event_id": f"bank-{place}", "amount": "1.00"}),
                signal=S.PAYMENT_RECEIVED,
                who="test",
            )

    with ThreadPoolExecutor(8) as pool:
        for result in [pool.submit(pay, place) for place in range(24)]:
            result.result(timeout=60)
    assert book.seq() == 24


def test_a_finished_task_is_told_to_all_it_is_about(book: Book) -> None:
    with transaction(book.engine) as session:
        contact = add_contact(session, book, "failed", {"F-1": "reminder_1", "F-2": "reminder_1"})
        message = add_message(session, book, contact, "failed")
        task = Task.model_validate(
            {
                "id": contact.id,
                "company_id": book.company_id,
                "customer_id": book.customer_id,
                "contact_id": contact.id,
                "communication_id": message.id,
                "kind": "delivery_failed",
                "key": "delivery-failed/1",
                "title": "No such mailbox",
                "opened_at": NOW,
                "opened_on": TODAY,
            }
        )
        session.add(task)
    book.tell(S.TASK_COMPLETED, task_id=task.id, outcome="another address")
    assert sorted(book.notes()) == [("F-1", "task_completed", True), ("F-2", "task_completed", True)]
