"""What facts bring about beside their own rows: reopened cases, released holds, tasks, withdrawn letters."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from activities.store.amounts import outstanding
from activities.store.engine import transaction
from activities.store.tasks import open_task
from models.errors import Conflict, InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.tables import (
    Communication,
    ContactItem,
    ContactMade,
    CreditNoteRow,
    Customer,
    DunningCase,
    HoldRow,
    Invoice,
    PauseRow,
    PlanRow,
    Task,
)
from tests.fixtures.ledger import NOW, TODAY, Book, add_contact, add_message, everything

pytestmark = pytest.mark.integration

S = CaseSignal


def row(book: Book, table: type[Any], key: object) -> Any:
    """One row, read afresh."""
    with transaction(book.engine) as session:
        return session.get_one(table, key)


def case(book: Book, number: str = "F-1") -> DunningCase:
    """The case of an invoice."""
    found: DunningCase = row(book, DunningCase, book.invoices[number])
    return found


def owed(book: Book, number: str = "F-1") -> Decimal:
    """What an invoice still owes."""
    with transaction(book.engine) as session:
        return outstanding(session, book.invoices[number])


def pay_and_close(book: Book) -> None:
    """Pay F-1 and let its case end, as its review would."""
    book.tell(S.PAYMENT_RECEIVED, event_id="bank-1", amount="100.00")
    with transaction(book.engine) as session:
        ended = session.get_one(DunningCase, book.invoices["F-1"])
        ended.state, ended.closed_at, ended.closing_reason = "closed", NOW, "paid in full"


def draft(book: Book, step: str = "formal_notice", *numbers: str) -> tuple[UUID, UUID]:
    """A letter that waits for approval, its message and task; ids of contact and task."""
    with transaction(book.engine) as session:
        items = dict.fromkeys(numbers or ("F-1", "F-2"), step)
        contact = add_contact(session, book, "draft", items, step=step, folded=frozenset({"F-2"}))
        add_message(session, book, contact, "planned")
        task, _ = open_task(
            session,
            key=f"approval/{contact.id}",
            kind="approval",
            company_id=book.company_id,
            customer_id=book.customer_id,
            contact_id=contact.id,
            title="Approve the formal notice",
            now=NOW,
            today=TODAY,
        )
        contact.approval_task_id = task.id
        return contact.id, task.id


def message_status(book: Book, contact_id: UUID) -> str:
    """Status of the only message of a contact."""
    with transaction(book.engine) as session:
        return session.exec(select(Communication.status).where(Communication.contact_id == contact_id)).one()


def test_a_returned_payment_reopens_the_case(book: Book) -> None:
    pay_and_close(book)
    recorded = book.tell(S.PAYMENT_REVERSED)
    assert (case(book).closed_at, case(book).closing_reason, case(book).state) == (None, None, "waiting")
    assert owed(book) == Decimal("100.00")
    assert len(recorded.notes) == 1
    assert book.notes()[-1] == ("F-1", "payment_reversed", True)


def test_a_fact_on_a_closed_case_is_recorded_and_told_to_nobody(book: Book) -> None:
    pay_and_close(book)
    recorded = book.tell(S.CREDIT_NOTE_ISSUED, amount="5.00")
    assert (recorded.duplicate, recorded.notes) == (False, ())
    assert case(book).closed_at == NOW


def test_a_higher_total_reopens_the_case(book: Book) -> None:
    pay_and_close(book)
    book.tell(S.INVOICE_CHANGED, total="130.00")
    assert case(book).closed_at is None
    assert owed(book) == Decimal("30.00")


def test_a_payment_returned_on_a_replaced_invoice_does_not_reopen_it(book: Book) -> None:
    book.tell(S.PAYMENT_RECEIVED, amount="10.00")
    book.tell(S.INVOICE_CHANGED, replaced_by="F-2")
    assert book.tell(S.PAYMENT_REVERSED).notes == ()
    assert case(book).closing_reason == "replaced by F-2"


def test_what_is_paid_too_much_asks_a_person(book: Book) -> None:
    book.tell(S.PAYMENT_RECEIVED, amount="150.00")
    assert owed(book) == 0
    (task,) = book.tasks("overpayment")
    assert task.title.startswith("50.00 EUR too much")
    assert task.assignee_email == "collector@acme.example"


def test_a_credit_note_number_is_used_once(book: Book) -> None:
    book.tell(S.CREDIT_NOTE_ISSUED, event_id="1", number="A-1", amount="10.00")
    with pytest.raises(Conflict, match="'A-1'"):
        book.tell(S.CREDIT_NOTE_ISSUED, event_id="2", number="A-1", amount="20.00")


def test_a_hold_ends_when_all_it_names_is_paid(book: Book) -> None:
    book.tell(S.DELIVERY_HOLD_PLACED, invoices=["F-1", "F-2"], pauses_ladder=True)
    assert {note[0] for note in book.notes()} == {"F-1", "F-2", "outreach"}
    book.tell(S.PAYMENT_RECEIVED, "F-1", amount="100.00")
    with transaction(book.engine) as session:
        assert session.exec(select(HoldRow.released_at)).one() is None
    book.tell(S.CREDIT_NOTE_ISSUED, "F-2", amount="100.00")
    with transaction(book.engine) as session:
        assert session.exec(select(HoldRow.released_at)).one() == NOW
    with pytest.raises(InvalidFact, match="all of them are paid"):
        book.tell(S.DELIVERY_HOLD_PLACED, event_id="again", invoices=["F-1"])


def test_a_hold_that_lets_the_ladder_go_on_tells_this_case_only(book: Book) -> None:
    book.tell(S.DELIVERY_HOLD_PLACED, invoices=["F-1", "F-2"])
    assert [note[0] for note in book.notes()] == ["outreach", "F-1"]


def test_a_dispute_has_an_owner_and_a_deadline(book: Book) -> None:
    book.tell(S.DISPUTE_OPENED, event_id="d-1", amount="30.00", cause="price", note="see the quotation")
    (task,) = book.tasks("dispute")
    assert (task.assignee_email, task.due_on) == ("collector@acme.example", date(2026, 3, 24))
    assert (task.title, task.body) == ("Dispute on invoice F-1: 30.00 EUR, price", "see the quotation")

    with pytest.raises(InvalidFact, match=r"credited: 31\.00 is more than the 30\.00 in dispute"):
        book.tell(S.DISPUTE_RESOLVED, credited="31.00")
    book.tell(S.DISPUTE_RESOLVED, dispute_event_id="d-1", credited="30.00", by="marie")
    (task,) = book.tasks("dispute")
    assert (task.status, task.outcome, task.closed_by) == ("done", "30.00 EUR credited", "marie")
    assert owed(book) == Decimal("70.00")
    with transaction(book.engine) as session:
        assert session.exec(select(CreditNoteRow.recorded_at)).one() == NOW


def test_a_new_plan_takes_the_place_of_the_former(book: Book) -> None:
    for event, days in (("1", 10), ("2", 20)):
        instalments = [{"due_on": TODAY + timedelta(days=days), "amount": "100.00"}]
        book.tell(S.PAYMENT_PLAN_AGREED, event_id=event, instalments=instalments)
    with transaction(book.engine) as session:
        cancelled = session.exec(select(PlanRow.cancelled_at).order_by("cancelled_at")).all()
    assert cancelled == [NOW, None]


def test_resuming_ends_every_manual_pause_in_force(book: Book) -> None:
    book.tell(S.PAUSED, event_id="1", until=TODAY + timedelta(days=2))
    book.tell(S.PAUSED, event_id="2", until=TODAY + timedelta(days=30))
    later = NOW + timedelta(days=5)
    book.tell(S.RESUMED, at=later)
    with transaction(book.engine) as session:
        ended = {pause.key: pause.ended_at for pause in session.exec(select(PauseRow))}
    assert ended == {"1": None, "2": later}


@pytest.mark.parametrize(
    ("signal", "fact", "reason"),
    [
        (S.INVOICE_CHANGED, {"total": "90.00"}, "the invoice changed"),
        (S.POLICY_CHANGED, {"policy": "standard"}, "the policy of the case changed"),
        (S.CLOSED, {"reason": "lost"}, "the case was closed: lost"),
        (S.INSOLVENCY_OPENED, {}, "insolvency"),
    ],
)
def test_what_was_planned_is_withdrawn(
    book: Book, signal: CaseSignal, fact: dict[str, Any], reason: str
) -> None:
    contact_id, task_id = draft(book)
    book.tell(signal, **fact)
    contact = row(book, ContactMade, contact_id)
    assert (contact.status, contact.reason) == ("withdrawn", reason)
    assert message_status(book, contact_id) == "withdrawn"
    assert row(book, Task, task_id).status == "withdrawn"
    if signal is not S.INSOLVENCY_OPENED:
        assert ("outreach", "nudged", True) in book.notes()


def test_a_message_on_its_way_is_not_withdrawn(book: Book) -> None:
    with transaction(book.engine) as session:
        contact = add_contact(session, book, "sending", {"F-1": "reminder_1"})
        add_message(session, book, contact, "sending")
    book.tell(S.CLOSED, reason="lost")
    assert row(book, ContactMade, contact.id).status == "sending"
    assert message_status(book, contact.id) == "sending"


def test_a_replaced_invoice_is_closed_and_linked(book: Book) -> None:
    book.tell(S.INVOICE_CHANGED, replaced_by="F-2", note="wrong entity")
    assert (case(book).state, case(book).closed_by_person) == ("closed", "replaced by F-2")
    assert row(book, Invoice, book.invoices["F-1"]).replaced_by_id == book.invoices["F-2"]
    assert row(book, Invoice, book.invoices["F-2"]).replaces_id == book.invoices["F-1"]
    assert ("F-1", "invoice_changed", True) in book.notes()
    with pytest.raises(WrongState, match="replaced already"):
        book.tell(S.INVOICE_CHANGED, total="1.00")


def test_insolvency_asks_for_the_claim_in_time_and_tells_every_case(book: Book) -> None:
    book.tell(S.INSOLVENCY_OPENED, opened_on=date(2025, 12, 31))
    (task,) = book.tasks("claim_filing")
    assert task.due_on == date(2026, 2, 28)
    assert row(book, Customer, book.customer_id).insolvency_on == date(2025, 12, 31)
    assert {note[0] for note in book.notes()} == {"F-1", "F-2"}


def test_closing_withdraws_what_the_chase_had_asked(book: Book) -> None:
    book.tell(S.PAYMENT_RECEIVED, event_id="p", amount="150.00")
    book.tell(S.PAYMENT_REVERSED, event_id="r")
    book.tell(S.DISPUTE_OPENED)
    book.tell(S.CLOSED, reason="written off", by="marie")
    assert {task.kind: task.status for task in book.tasks()} == {
        "overpayment": "open",
        "dispute": "withdrawn",
    }
    assert (case(book).closed_by_person, case(book).next_at) == ("written off", None)


def test_an_approved_letter_may_leave(book: Book) -> None:
    contact_id, task_id = draft(book)
    book.tell(S.TASK_COMPLETED, task_id=task_id, outcome="approved", by="marie")
    assert row(book, ContactMade, contact_id).status == "approved"
    assert sorted(book.notes()) == [
        ("F-1", "task_completed", True),
        ("F-2", "task_completed", True),
        ("outreach", "nudged", True),
    ]


def test_a_refused_letter_does_not_come_back_at_once(book: Book) -> None:
    contact_id, task_id = draft(book)
    book.tell(S.TASK_COMPLETED, task_id=task_id, outcome="refused", by="marie", note="too harsh")
    contact = row(book, ContactMade, contact_id)
    assert (contact.status, contact.reason) == ("withdrawn", "refused by marie: too harsh")
    assert message_status(book, contact_id) == "withdrawn"
    assert row(book, Task, task_id).status == "done"
    with transaction(book.engine) as session:
        pauses = session.exec(select(PauseRow)).all()
    # F-2 was only carried along: its own, weaker step may go out by itself.
    assert [(p.invoice_id, p.until) for p in pauses] == [(book.invoices["F-1"], date(2026, 3, 24))]


def test_an_approval_says_yes_or_no(book: Book) -> None:
    _, task_id = draft(book)
    before = everything(book.engine)
    with pytest.raises(InvalidFact, match="outcome: 'done' is not one of approved, refused"):
        book.tell(S.TASK_COMPLETED, task_id=task_id)
    assert everything(book.engine) == before


def test_a_letter_withdrawn_meanwhile_cannot_be_approved(book: Book) -> None:
    contact_id, task_id = draft(book)
    with transaction(book.engine) as session:
        session.get_one(ContactMade, contact_id).status = "stale"
    with pytest.raises(WrongState, match="the letter is stale"):
        book.tell(S.TASK_COMPLETED, task_id=task_id, outcome="approved")


@pytest.mark.parametrize(
    ("outcome", "message", "contact", "done"),
    [("sent", "sent", "sent", True), ("not_sent", "failed", "failed", False)],
)
def test_a_person_clears_up_an_uncertain_message(
    book: Book, outcome: str, message: str, contact: str, done: bool
) -> None:
    with transaction(book.engine) as session:
        made = add_contact(session, book, "uncertain", {"F-1": "reminder_1"}, concluded_on=TODAY)
        communication = add_message(session, book, made, "uncertain")
        task, _ = open_task(
            session,
            key="uncertain/1",
            kind="uncertain_message",
            company_id=book.company_id,
            customer_id=book.customer_id,
            contact_id=made.id,
            communication_id=communication.id,
            title="Did it leave?",
            now=NOW,
            today=TODAY,
        )
    book.tell(S.TASK_COMPLETED, task_id=task.id, outcome=outcome)
    assert message_status(book, made.id) == message
    assert row(book, ContactMade, made.id).status == contact
    with transaction(book.engine) as session:
        assert session.exec(select(ContactItem.concluded)).one() is done


def test_a_task_of_another_invoice_is_not_found(book: Book) -> None:
    book.tell(S.DISPUTE_OPENED, "F-2")
    before = everything(book.engine)
    with pytest.raises(NotFound, match="about invoice 'F-1'"):
        book.tell(S.TASK_COMPLETED, "F-1", task_id=book.tasks("dispute")[0].id)
    assert everything(book.engine) == before
