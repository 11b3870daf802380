"""When the assignment would now pick another policy, a person is asked, once; nothing changes by itself."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from activities.decisions import decisions_of
from activities.policy_review import ask_about_policies
from activities.store.engine import transaction
from activities.store.load import load_customer
from models.ids import CaseSignal
from models.tables import Customer
from models.tables.words import TaskKind
from policies import builtin_assignment
from tests.fixtures.ledger import NOW, Book, make_book


@pytest.fixture
def book(engine: Engine) -> Book:
    return make_book(engine)


def look(book: Book) -> list[str]:
    with transaction(book.engine) as session:
        loaded = load_customer(session, book.customer_id, NOW)
        ask_about_policies(session, loaded, decisions_of(loaded, NOW), builtin_assignment(), NOW)
    return [task.title for task in book.tasks(TaskKind.POLICY_REVIEW)]


def mark(book: Book, **values: str) -> None:
    with transaction(book.engine) as session:
        row = session.get_one(Customer, book.customer_id)
        for name, value in values.items():
            setattr(row, name, value)


def test_nothing_is_asked_while_the_assignment_agrees(book: Book) -> None:
    assert look(book) == []


def test_a_risk_that_rose_is_asked_about_once_for_all_its_invoices(book: Book) -> None:
    mark(book, risk="high")
    assert look(book) == ["Policy strict for Client et Fils?"]
    assert look(book) == ["Policy strict for Client et Fils?"]
    (task,) = book.tasks(TaskKind.POLICY_REVIEW)
    assert "F-1, F-2" in task.body


def test_what_a_person_chose_is_not_questioned(book: Book) -> None:
    mark(book, risk="high", policy="standard")
    assert look(book) == []
    mark(book, policy=None)  # type: ignore[arg-type]
    for number in ("F-1", "F-2"):
        book.tell(CaseSignal.POLICY_CHANGED, number, policy="key_account")
    assert look(book) == []
