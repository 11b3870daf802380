"""Closures in the ledger: loaded for whom they are, and told to who waited once they are taken back."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from activities.decisions import settle_case
from activities.store.cases import open_case
from activities.store.closures import BATCH, end_closure, record_closure, tell_reopened
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from models.errors import InvalidFact, NotFound, WrongState
from models.tables import Customer, DunningCase, OutboxNote
from tests.fixtures.ledger import NOW, TODAY, Book, add_invoice

pytestmark = pytest.mark.integration


def close(
    book: Book, first: date, last: date, customer_id: UUID | None = None, *, yearly: bool = False
) -> int:
    """Record a closure; its number."""
    with transaction(book.engine) as session:
        company = company_by_ref(session, "acme")
        row = record_closure(
            session, company, first, last, NOW, "margot", yearly=yearly, customer_id=customer_id
        )
        assert row.id is not None
        return row.id


def reopen(book: Book, closure: int) -> list[int]:
    """Take it back; the notes."""
    with transaction(book.engine) as session:
        return end_closure(session, company_by_ref(session, "acme"), closure, NOW, "margot")[1]


def look(book: Book, number: str = "F-1") -> DunningCase:
    """One wake of a case; its row then."""
    with transaction(book.engine) as session:
        settle_case(session, book.invoices[number], NOW, "live")
    with transaction(book.engine) as session:
        return session.get_one(DunningCase, book.invoices[number])


def told(book: Book) -> list[UUID]:
    """The cases that notes wait for; taken off as they are read."""
    with transaction(book.engine) as session:
        notes = session.exec(select(OutboxNote).order_by(col(OutboxNote.id))).all()
        for note in notes:
            session.delete(note)
        return [note.key for note in notes]


def test_a_case_sleeps_over_a_closure_and_wakes_when_it_is_taken_back(book: Book) -> None:
    number = close(book, TODAY, TODAY + timedelta(days=3))
    row = look(book)
    assert (row.state, str(row.next_at)[:10]) == ("waiting", "2026-03-16")
    assert len(reopen(book, number)) == 2, "both wait"
    assert set(told(book)) == set(book.invoices.values())
    assert look(book).state == "due"


def test_a_customers_own_bears_on_nobody_else(book: Book) -> None:
    with transaction(book.engine) as session:
        other = Customer(id=uuid4(), company_id=book.company_id, ref="C-2", name="Two", country="FR")
        session.add(other)
        session.flush()
        invoice = add_invoice(session, book.company_id, other, "G-1", NOW)
        open_case(session, invoice, other, "standard", 1, NOW, "test")
        book.invoices["G-1"], customer_id = invoice.id, other.id
    number = close(book, TODAY, TODAY, customer_id)
    assert look(book).state == "due"
    assert look(book, "G-1").state == "waiting"
    told(book)
    reopen(book, number)
    assert told(book) == [book.invoices["G-1"]]


def test_many_are_told_in_batches_each_once(book: Book) -> None:
    big = make_book_of(book, BATCH + 7)
    number = close(book, TODAY, TODAY)
    assert len(reopen(book, number)) == BATCH
    rounds = []
    while True:
        with transaction(book.engine) as session:
            more = tell_reopened(session, NOW)
        if not more:
            break
        rounds.append(len(more))
    assert rounds == [7]
    assert sorted(told(book), key=str) == sorted(big, key=str)


def make_book_of(book: Book, count: int) -> list[UUID]:
    """So many waiting cases in all."""
    with transaction(book.engine) as session:
        customer = session.get_one(Customer, book.customer_id)
        for place in range(count - len(book.invoices)):
            invoice = add_invoice(session, book.company_id, customer, f"H-{place}", NOW)
            open_case(session, invoice, customer, "standard", 1, NOW, "test")
            book.invoices[f"H-{place}"] = invoice.id
    return list(book.invoices.values())


def test_what_is_refused(book: Book) -> None:
    for first, last, why in (
        (TODAY, TODAY - timedelta(days=1), "last_day"),
        (TODAY - timedelta(days=9), TODAY - timedelta(days=1), "has passed"),
        (TODAY, TODAY + timedelta(days=92), "more than 92 days"),
    ):
        with pytest.raises(InvalidFact, match=why):
            close(book, first, last)
    number = close(book, TODAY, TODAY)
    with pytest.raises(WrongState, match=f"already .closure {number}"):
        close(book, TODAY, TODAY)
    with pytest.raises(NotFound):
        reopen(book, number + 99)
    reopen(book, number)
    with pytest.raises(WrongState, match="was taken back on 2026-03-10"):
        reopen(book, number)
