"""What a provider tells of an address: whose it marks, and how a person answers."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select

from activities.store.customers import contact_of, enter_contact
from activities.store.engine import transaction
from activities.store.load import load_customer
from activities.store.lookup import lock_customer
from activities.store.parties import change_contact, reinstate_contact, retire_contact
from activities.store.reachability import clear_mark, mark_unreachable
from activities.store.tasks import open_task
from models.errors import NotFound, WrongState
from models.tables import (
    AddressMark,
    CaseEvent,
    Communication,
    Contact,
    Task,
)
from models.tables.words import PhoneKind, TaskKind, UnreachableCause
from rules.calendar import Channel
from rules.facts import Reach, Role
from tests.fixtures.ledger import NOW, TODAY, Book, add_contact, add_message, everything

pytestmark = pytest.mark.integration

MAILBOX, MOBILE = "compta@client.example", "+33612345678"
BOUNCE = UnreachableCause.HARD_BOUNCE


def sent(book: Book, *, channel: str = "email", status: str = "sent", by: str = "email") -> UUID:
    """A contact about F-1 that counts as made, and its message to the mailbox or the mobile; its id."""
    with transaction(book.engine) as session:
        made = add_contact(session, book, status, {"F-1": "reminder_1"}, concluded_on=TODAY, channel=channel)
        message = add_message(session, book, made, "sent")
        message.channel = by
        message.to_address = MAILBOX if by == "email" else MOBILE
        message.cc = ["Achats@client.example"] if by == "email" else []
        return message.id


def told(
    book: Book,
    message: UUID,
    cause: UnreachableCause = BOUNCE,
    minutes: int = 5,
    address: str | None = None,
) -> list[int]:
    with transaction(book.engine) as session:
        return mark_unreachable(
            session,
            communication_id=message,
            cause=cause,
            at=NOW + timedelta(minutes=minutes),
            detail="550 5.1.1 unknown user",
            now=NOW + timedelta(minutes=minutes + 1),
            address=address,
        )


def marks(book: Book) -> list[tuple[str, str, str, bool]]:
    with transaction(book.engine) as session:
        rows = session.exec(select(AddressMark).order_by(col(AddressMark.marked_at))).all()
        return [(row.channel, row.address, row.cause, row.cleared_at is None) for row in rows]


def reach(book: Book, role: Role = Role.ACCOUNTING) -> Reach:
    with transaction(book.engine) as session:
        return load_customer(session, book.customer_id, NOW).customer.reach[role]


def contact_id(book: Book, email: str = MAILBOX) -> UUID:
    with transaction(book.engine) as session:
        return session.exec(select(Contact.id).where(Contact.email == email)).one()


def search(book: Book) -> UUID:
    """A task that asks for a contact."""
    with transaction(book.engine) as session:
        task, _ = open_task(
            session,
            key=f"find-contact/{uuid4()}",
            kind=TaskKind.FIND_CONTACT,
            company_id=book.company_id,
            customer_id=book.customer_id,
            invoice_id=book.invoices["F-1"],
            step="reminder_1",
            title="Find a contact",
            now=NOW,
            today=TODAY,
        )
        return task.id


def status(book: Book, task: UUID) -> str:
    with transaction(book.engine) as session:
        return session.get_one(Task, task).status


def test_a_bounce_marks_the_mailbox_and_not_the_phone(book: Book) -> None:
    message = sent(book)
    seq = book.seq()
    assert len(told(book, message)) == 2, "both open cases are told"
    assert marks(book) == [("email", MAILBOX, "hard_bounce", True)]
    assert reach(book) == Reach(email=False, mobile=True, phone=True)
    assert book.seq() == seq + 1
    with transaction(book.engine) as session:
        (mark,) = session.exec(select(AddressMark)).all()
        assert (mark.communication_id, mark.since) == (message, NOW + timedelta(minutes=5))
        assert mark.detail == "550 5.1.1 unknown user"
        journal = session.exec(select(CaseEvent).where(CaseEvent.what == "address_marked")).one()
        assert MAILBOX not in str(journal.detail), "the journal is kept for ever"
        assert session.get_one(Communication, message).status == "sent", (
            "it left; that it came back is another thing"
        )
    # The same event again, or another one of the same message.
    before = everything(book.engine)
    assert told(book, message) == []
    assert told(book, message, UnreachableCause.DROPPED) == []
    assert everything(book.engine) == before


def test_a_landline_takes_calls_and_an_invalid_number_nothing(book: Book) -> None:
    message = sent(book, channel="sms", by="sms")
    told(book, message, UnreachableCause.LANDLINE)
    assert reach(book) == Reach(email=True, mobile=False, phone=True)
    told(book, message, UnreachableCause.INVALID_NUMBER)
    assert reach(book) == Reach(email=True)
    assert marks(book) == [
        ("sms", MOBILE, "landline", True),
        ("phone", MOBILE, "invalid_number", True),
    ]


def test_a_copy_that_bounces_marks_the_copy_alone(book: Book) -> None:
    message = sent(book)
    told(book, message, address="ACHATS@client.example")
    assert marks(book) == [("email", "achats@client.example", "hard_bounce", True)]
    assert told(book, message, address="stranger@client.example") == []
    assert len(marks(book)) == 1


def test_an_unknown_message_is_an_error(book: Book) -> None:
    with pytest.raises(NotFound, match="no communication"):
        told(book, uuid4())


def test_a_person_s_word_answers_older_evidence_and_newer_evidence_counts(book: Book) -> None:
    message, task = sent(book), search(book)
    told(book, message)
    cleared = NOW + timedelta(hours=1)
    with transaction(book.engine) as session:
        customer = lock_customer(session, book.customer_id)
        notes = clear_mark(
            session, customer, contact_id(book), Channel.EMAIL, cleared, "claire", "mailbox was full"
        )
    assert len(notes) == 2
    assert reach(book).email
    assert status(book, task) == "done"
    with transaction(book.engine) as session:
        journal = session.exec(select(CaseEvent).where(CaseEvent.what == "address_cleared")).one()
        assert (journal.who, journal.detail["reason"]) == ("claire", "mailbox was full")
    assert told(book, message, minutes=59) == []
    assert reach(book).email
    assert told(book, sent_again(book), minutes=90)
    assert not reach(book).email
    assert [known[3] for known in marks(book)] == [False, True]
    with transaction(book.engine) as session, pytest.raises(WrongState, match="nothing is marked"):
        clear_mark(
            session,
            lock_customer(session, book.customer_id),
            contact_id(book),
            Channel.SMS,
            NOW,
            "claire",
            "",
        )


def sent_again(book: Book) -> UUID:
    with transaction(book.engine) as session:
        made = add_contact(session, book, "sent", {"F-2": "reminder_1"}, concluded_on=TODAY)
        return add_message(session, book, made, "sent").id


def test_the_same_address_in_another_contact_is_marked_too(book: Book) -> None:
    told(book, sent(book))
    with transaction(book.engine) as session:
        session.add(
            Contact(id=uuid4(), customer_id=book.customer_id, role="buyer", email="Compta@client.example")
        )
        session.add(
            Contact(
                id=uuid4(), customer_id=book.customer_id, role="executive", email="compta2@client.example"
            )
        )
    assert not reach(book, Role.BUYER).email
    assert reach(book, Role.EXECUTIVE).email


def enter(book: Book, email: str, role: Role = Role.BUYER) -> UUID:
    with transaction(book.engine) as session:
        customer = lock_customer(session, book.customer_id)
        return enter_contact(session, customer, role, NOW + timedelta(hours=2), "claire", email=email)[0]


def test_what_bounced_is_right_when_a_person_gives_it_anew_and_a_wish_is_kept(book: Book) -> None:
    message = sent(book)
    told(book, message)
    enter(book, MAILBOX.upper())
    assert reach(book).email
    told(book, sent_again(book), UnreachableCause.SPAM_REPORT, minutes=200)
    before = everything(book.engine)
    with pytest.raises(
        WrongState, match="email: not to be used since 2026-03-10 \\(spam report\\); a manager"
    ):
        enter(book, MAILBOX, Role.EXECUTIVE)
    assert everything(book.engine) == before


def test_another_address_answers_the_search_and_is_fresh(book: Book) -> None:
    told(book, sent(book))
    task = search(book)
    with transaction(book.engine) as session:
        customer = lock_customer(session, book.customer_id)
        notes = change_contact(
            session, customer, contact_id(book), {"email": "new@client.example"}, NOW, "claire"
        )
    assert len(notes) == 2
    assert status(book, task) == "done"
    assert reach(book).email
    # The former address keeps its mark: given by a file again, it stays out of use.
    with transaction(book.engine) as session:
        session.add(Contact(id=uuid4(), customer_id=book.customer_id, role="buyer", email=MAILBOX))
    assert not reach(book, Role.BUYER).email


def test_who_opted_out_is_not_reached_by_another_row_nor_at_another_address(book: Book) -> None:
    with transaction(book.engine) as session:
        customer = lock_customer(session, book.customer_id)
        retire_contact(session, customer, contact_id(book), NOW, "claire")
        session.add(Contact(id=uuid4(), customer_id=book.customer_id, role="accounting", email=MAILBOX))
    assert reach(book) == Reach()
    with transaction(book.engine) as session:
        mine = session.exec(select(Contact.id).where(col(Contact.phone).is_not(None))).one()
        customer = lock_customer(session, book.customer_id)
        change_contact(session, customer, mine, {"email": "private@client.example"}, NOW, "claire")
        session.add(
            Contact(id=uuid4(), customer_id=book.customer_id, role="buyer", email="private@client.example")
        )
    assert reach(book, Role.BUYER) == Reach()
    with transaction(book.engine) as session:
        customer = lock_customer(session, book.customer_id)
        with pytest.raises(WrongState, match="out of use"):
            clear_mark(session, customer, mine, Channel.EMAIL, NOW, "claire", "a mistake")
        reinstate_contact(session, customer, mine, NOW, "margot", "they asked for it")
    assert reach(book).mobile
    assert reach(book, Role.BUYER).email


def test_the_number_of_the_house_stays_when_one_of_its_people_leaves(book: Book) -> None:
    house = "+33145678901"
    with transaction(book.engine) as session:
        customer = lock_customer(session, book.customer_id)
        ids = [
            enter_contact(
                session,
                customer,
                Role.BUYER,
                NOW,
                "claire",
                email=email,
                phone=house,
                phone_kind=PhoneKind.FIXED,
            )[0]
            for email in ("jeanne@client.example", "paul@client.example")
        ]
        retire_contact(session, customer, ids[0], NOW, "claire", reason="has left")
    assert marks(book) == [("email", "jeanne@client.example", "retired", True)]
    with transaction(book.engine) as session:
        people = load_customer(session, book.customer_id, NOW).people
        assert [person.email for person in people if person.role == "buyer"] == ["paul@client.example"]
        customer = lock_customer(session, book.customer_id)
        assert contact_of(session, customer, ids[0]).invalid_since == NOW
