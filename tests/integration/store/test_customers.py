"""Whom to write to, and whether at all: changes to the customer itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from activities.store.customers import (
    add_contact,
    allow_contact,
    customer_by_ref,
    mark_contact_invalid,
    mark_phone_invalid,
    stop_contact,
)
from activities.store.engine import transaction
from activities.store.load import load_customer
from activities.store.tasks import open_task
from models.errors import InvalidFact, NotFound, WrongState
from models.tables import Contact, ContactMade, Customer
from models.tables.words import PhoneKind, TaskKind
from rules.facts import Role, StopReason
from tests.fixtures.ledger import NOW, TODAY, Book, make_book
from tests.fixtures.ledger import add_contact as compose_contact


@pytest.fixture
def book(engine: Engine) -> Book:
    return make_book(engine)


def customer(session: Session) -> Customer:
    return customer_by_ref(session, "acme", "C-1")


@pytest.mark.parametrize("reason", [StopReason.DO_NOT_CONTACT, StopReason.LAWYER])
def test_a_stop_reaches_every_case_and_can_be_lifted(book: Book, reason: StopReason) -> None:
    before = book.seq()
    with transaction(book.engine) as session:
        stop_contact(session, customer(session), reason, NOW, "anna")
    assert book.seq() == before + 1
    assert {(note[0], note[1]) for note in book.notes()} == {
        ("F-1", "contact_concluded"),
        ("F-2", "contact_concluded"),
    }
    with transaction(book.engine) as session:
        facts = load_customer(session, book.customer_id, NOW).customer
        assert (facts.stopped_by, facts.stopped_on) == (reason, TODAY)
    with transaction(book.engine) as session, pytest.raises(WrongState, match="recorded already"):
        stop_contact(session, customer(session), reason, NOW, "anna")
    with transaction(book.engine) as session:
        allow_contact(session, customer(session), reason, NOW, "anna")
    with transaction(book.engine) as session:
        assert load_customer(session, book.customer_id, NOW).customer.stopped_by is None
    with transaction(book.engine) as session, pytest.raises(WrongState, match="not stopped"):
        allow_contact(session, customer(session), reason, NOW, "anna")


def test_insolvency_is_a_fact_of_its_own(book: Book) -> None:
    with transaction(book.engine) as session, pytest.raises(InvalidFact, match="insolvency_opened"):
        stop_contact(session, customer(session), StopReason.INSOLVENCY, NOW, "anna")


def test_an_unknown_customer_is_named(book: Book) -> None:
    with transaction(book.engine) as session, pytest.raises(NotFound, match="no customer 'C-9'"):
        customer_by_ref(session, "acme", "C-9")


def test_a_new_contact_ends_the_search_for_one(book: Book) -> None:
    with transaction(book.engine) as session:
        row = customer(session)
        open_task(
            session,
            key="find",
            kind=TaskKind.FIND_CONTACT,
            company_id=row.company_id,
            customer_id=row.id,
            title="Find a contact",
            now=NOW,
            today=date(2026, 3, 10),
        )
    with transaction(book.engine) as session:
        add_contact(session, customer(session), Role.BUYER, NOW, "anna", email="achats@client.example")
    (task,) = book.tasks(TaskKind.FIND_CONTACT)
    assert (task.status, task.outcome) == ("done", "a contact was added")
    with transaction(book.engine) as session:
        assert load_customer(session, book.customer_id, NOW).customer.reach[Role.BUYER].email
    with transaction(book.engine) as session, pytest.raises(WrongState, match="known already"):
        add_contact(session, customer(session), Role.BUYER, NOW, "anna", email="achats@client.example")


def test_a_contact_needs_an_address(book: Book) -> None:
    with transaction(book.engine) as session, pytest.raises(InvalidFact, match="email or phone"):
        add_contact(session, customer(session), Role.BUYER, NOW, "anna", name="Personne")
    with transaction(book.engine) as session:
        add_contact(
            session,
            customer(session),
            Role.EXECUTIVE,
            NOW,
            "anna",
            phone="+33612345679",
            phone_kind=PhoneKind.MOBILE,
        )
    with transaction(book.engine) as session:
        roles = session.exec(select(Contact.role).where(Contact.customer_id == book.customer_id)).all()
        assert sorted(roles) == ["accounting", "executive"]


@pytest.mark.parametrize("mark", [mark_contact_invalid, mark_phone_invalid])
def test_what_is_composed_for_somebody_out_of_use_is_composed_again(
    book: Book, mark: Callable[..., tuple[Contact, list[int]]]
) -> None:
    """A draft that waits for approval must not leave to whoever has gone meanwhile."""
    with transaction(book.engine) as session:
        draft = compose_contact(session, book, "draft", {"F-1": "formal_notice"}, step="formal_notice")
        debtor = customer(session)
        person = session.exec(select(Contact).where(Contact.customer_id == debtor.id)).one()
        _, notes = mark(session, debtor, person.id, "has left", NOW, "claire")
        assert notes
    with transaction(book.engine) as session:
        assert session.get_one(ContactMade, draft.id).status == "withdrawn"
