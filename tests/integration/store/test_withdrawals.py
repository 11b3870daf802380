"""What was told by mistake is taken back: the ledger stands as if it had not been told."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import select

from activities.decisions import settle_case
from activities.store.engine import transaction
from models.errors import InvalidFact, NotFound, RelanceError, WrongState
from models.ids import CaseSignal
from models.tables import CaseEvent, ContactMade, Customer, DunningCase, Invoice
from tests.fixtures.ledger import NOW, TODAY, Book, add_contact

pytestmark = pytest.mark.integration

S = CaseSignal
DAY = timedelta(days=1)
CHASED = {"waiting", "due"}


def withdraw(book: Book, event: str, days: int = 1, invoice: str = "F-1", **more: Any) -> None:
    book.tell(S.FACT_WITHDRAWN, invoice, NOW + days * DAY, fact_event_id=event, **more)


def case(book: Book, invoice: str = "F-1") -> DunningCase:
    with transaction(book.engine) as session:
        return session.get_one(DunningCase, book.invoices[invoice])


def bill(book: Book, invoice: str = "F-1") -> Invoice:
    with transaction(book.engine) as session:
        return session.get_one(Invoice, book.invoices[invoice])


def decide(book: Book, days: int, invoice: str = "F-1") -> str:
    with transaction(book.engine) as session:
        stored, _ = settle_case(session, book.invoices[invoice], NOW + days * DAY, "")
        return stored.case.state


def test_a_credit_withdrawn_is_owed_again_and_opens_the_case_it_had_ended(book: Book) -> None:
    book.tell(S.CREDIT_NOTE_ISSUED, amount="100.00", event_id="cn")
    assert decide(book, 0) == "closed"
    withdraw(book, "cn", note="another customer's")
    assert (case(book).closed_at, case(book).outstanding) == (None, Decimal(100))
    assert decide(book, 2) in CHASED
    with transaction(book.engine) as session:
        line = session.exec(select(CaseEvent).where(CaseEvent.what == S.FACT_WITHDRAWN)).one()
    assert (line.why, line.detail["withdrawn"], line.detail["amount"]) == (
        "another customer's",
        "credit_note_issued",
        "100",
    )


def test_a_claim_withdrawn_pauses_no_more(book: Book) -> None:
    book.tell(S.PAYMENT_CLAIMED, event_id="cl")
    assert decide(book, 0) == "paused"
    withdraw(book, "cl")
    assert decide(book, 2) in CHASED


def test_corrections_are_withdrawn_from_the_latest_to_the_first(book: Book) -> None:
    was = bill(book)
    book.tell(S.INVOICE_CHANGED, event_id="c1", total="120.00", order_ref="BC-2")
    book.tell(S.INVOICE_CHANGED, "F-1", NOW + DAY, event_id="c2", due_on=TODAY + 30 * DAY)
    with transaction(book.engine) as session:
        draft = add_contact(session, book, "draft", {"F-1": "formal_notice"}, step="formal_notice").id
    with pytest.raises(WrongState, match="corrected again since"):
        withdraw(book, "c1", 2)
    withdraw(book, "c2", 2)
    assert (bill(book).due_on, case(book).due_on, bill(book).total) == (was.due_on, was.due_on, Decimal(120))
    with transaction(book.engine) as session:
        assert session.get_one(ContactMade, draft).status == "withdrawn"
    withdraw(book, "c1", 3)
    assert (bill(book).total, bill(book).order_ref) == (was.total, was.order_ref)
    assert case(book).outstanding == 100
    for event in ("c1", "c2"):
        with pytest.raises(WrongState, match="does not stand any more"):
            withdraw(book, event, 4, event_id=f"{event} again")


def test_an_invoice_that_was_not_replaced_after_all_is_owed_again(book: Book) -> None:
    book.tell(S.INVOICE_CHANGED, event_id="r", replaced_by="F-2")
    assert case(book).closing_reason == "replaced by F-2"
    withdraw(book, "r")
    assert (bill(book).replaced_by_id, bill(book, "F-2").replaces_id) == (None, None)
    assert (case(book).closed_at, case(book).outstanding) == (None, Decimal(100))
    assert decide(book, 2) in CHASED


def test_a_case_closed_by_mistake_opens_again_and_may_be_closed_again_in_the_same_words(book: Book) -> None:
    book.tell(S.CLOSED, event_id="e", reason="passée en perte")
    withdraw(book, "e")
    assert (case(book).closed_at, case(book).closed_by_person) == (None, None)
    assert decide(book, 2) in CHASED
    book.tell(S.CLOSED, "F-1", NOW + 3 * DAY, reason="passée en perte")
    assert case(book).closed_by_person == "passée en perte"
    with pytest.raises(WrongState, match="does not stand any more"):
        withdraw(book, "e", 4, event_id="e again")
    assert case(book).closed_at is not None


def test_an_insolvency_withdrawn_lets_contact_go_on_and_the_next_one_has_its_own_task(book: Book) -> None:
    book.tell(S.INSOLVENCY_OPENED, event_id="i", opened_on=TODAY)
    assert decide(book, 0) == "stopped"
    withdraw(book, "i", invoice="F-2")
    assert [task.status for task in book.tasks("claim_filing")] == ["withdrawn"]
    with transaction(book.engine) as session:
        assert session.get_one(Customer, book.customer_id).insolvency_on is None
    assert decide(book, 2) in CHASED
    book.tell(S.INSOLVENCY_OPENED, "F-1", NOW + 3 * DAY, event_id="i2", opened_on=TODAY + 3 * DAY)
    assert sorted(task.status for task in book.tasks("claim_filing")) == ["open", "withdrawn"]
    assert decide(book, 4) == "stopped"


def test_both_cases_hear_of_an_insolvency_withdrawn(book: Book) -> None:
    book.tell(S.INSOLVENCY_OPENED, event_id="i")
    told = len(book.notes())
    withdraw(book, "i")
    assert {note[:2] for note in book.notes()[told:]} == {
        ("F-1", S.FACT_WITHDRAWN.value),
        ("F-2", S.FACT_WITHDRAWN.value),
    }


REFUSED: list[tuple[dict[str, Any], type[RelanceError], str]] = [
    ({}, InvalidFact, "fact_event_id: required"),
    ({"fact_event_id": "none"}, NotFound, "nothing told by 'none'"),
    ({"fact_event_id": "of F-2"}, NotFound, "nothing told by 'of F-2' about invoice 'F-1'"),
    ({"fact_event_id": "paid"}, InvalidFact, "a payment_received is not withdrawn"),
    ({"fact_event_id": "gone"}, WrongState, "'gone' does not stand any more"),
    ({"fact_event_id": "fell"}, WrongState, "'fell' does not stand any more"),
]


def test_what_cannot_be_withdrawn_is_refused_and_leaves_nothing(book: Book) -> None:
    book.tell(S.PAYMENT_RECEIVED, amount="40.00", event_id="paid")
    book.tell(S.PAYMENT_CLAIMED, "F-2", event_id="of F-2")
    book.tell(S.PAYMENT_CLAIMED, event_id="gone")
    withdraw(book, "gone", 0)
    # What a payment earned falls with it.
    book.tell(S.CREDIT_NOTE_ISSUED, amount="5.00", event_id="fell", payment_event_id="paid")
    book.tell(S.PAYMENT_REVERSED, payment_event_id="paid")
    seq = book.seq()
    for told, error, text in REFUSED:
        with pytest.raises(error, match=text):
            book.tell(S.FACT_WITHDRAWN, "F-1", NOW + DAY, event_id="again", **told)
    assert book.seq() == seq
