"""Suspending and going on again: who is held, who is told, and whose turn it is."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.decisions import settle_case
from activities.store.cases import open_case
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from activities.store.suspensions import BATCH, Resumed, end_those_due, resume, suspend, tell_released
from models.errors import InvalidFact, NotFound, WrongState
from models.tables import Customer, DunningCase, OutboxNote, SuspensionRow, SuspensionTurn
from rules.facts import SuspensionScope as Scope
from tests.fixtures.ledger import NOW, TODAY, Book, add_invoice

pytestmark = pytest.mark.integration


def stop(
    book: Book,
    scope: Scope = Scope.COMPANY,
    target: str | None = None,
    until: date | None = None,
    customer_id: UUID | None = None,
) -> int:
    """Suspend; the suspension's number."""
    with transaction(book.engine) as session:
        row = suspend(
            session,
            company_by_ref(session, "acme"),
            scope,
            NOW,
            "margot",
            reason="the ERP migration of Mr Durand",
            customer_id=customer_id,
            target=target,
            until=until,
        )
        assert row.id is not None
        return row.id


def go_on(book: Book, suspension: int, a_day: int | None = None) -> Resumed:
    """Resume."""
    with transaction(book.engine) as session:
        return resume(session, company_by_ref(session, "acme"), suspension, NOW, "margot", a_day)


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
        return [note.key for note in notes if note.workflow == "case"]


def test_a_due_case_is_held_by_name_without_a_word_of_who_and_why(book: Book) -> None:
    number = stop(book, until=TODAY + timedelta(days=20))
    row = look(book)
    assert (row.state, row.paused_by, row.suspension_id) == ("suspended", "suspension", number)
    assert row.next_why == (
        f"all of the company is suspended until 2026-03-30 (suspension {number}); reminder_1 waits"
    )
    assert told(book) == []
    done = go_on(book, number)
    assert (done.customers, done.last_day) == (1, TODAY)
    assert told(book) == [book.invoices["F-1"]]
    row = look(book)
    assert (row.state, row.suspension_id) == ("due", None)


@pytest.mark.parametrize(
    ("scope", "target", "held"),
    [
        (Scope.CHANNEL, "email", True),
        (Scope.CHANNEL, "sms", False),
        (Scope.POLICY, "standard", True),
        (Scope.POLICY, "strict", False),
    ],
)
def test_a_channel_and_a_policy(book: Book, scope: Scope, target: str, held: bool) -> None:
    stop(book, scope, target)
    assert (look(book).state == "suspended") is held


def test_one_customer_only(book: Book) -> None:
    other = customers(book, 1)[0]
    stop(book, Scope.CUSTOMER, customer_id=other)
    assert look(book).state == "due"
    assert look(book, "G-0").state == "suspended"


def customers(book: Book, count: int) -> list[UUID]:
    """So many further customers, each with one invoice: G-0, G-1 …"""
    found = []
    with transaction(book.engine) as session:
        for place in range(count):
            row = Customer(
                id=uuid4(), company_id=book.company_id, ref=f"D-{place}", name=f"D {place}", country="FR"
            )
            session.add(row)
            session.flush()
            invoice = add_invoice(session, book.company_id, row, f"G-{place}", NOW)
            open_case(session, invoice, row, "standard", 1, NOW, "test")
            book.invoices[f"G-{place}"] = invoice.id
            found.append(row.id)
    return found


def crowd(book: Book, count: int, suspension: int) -> None:
    """So many customers held, the last one the longest."""
    customers(book, count)
    with transaction(book.engine) as session:
        for place in range(count):
            row = session.get_one(DunningCase, book.invoices[f"G-{place}"])
            row.state, row.paused_by, row.suspension_id = "suspended", "suspension", suspension
            row.next_at = NOW - timedelta(hours=place)


def test_a_backlog_goes_on_in_turns_and_is_told_in_batches(engine: Engine, book: Book) -> None:
    number, count = stop(book), BATCH + 5
    crowd(book, count, number)
    done = go_on(book, number)
    assert (done.customers, len(done.notes)) == (count, BATCH)
    with transaction(engine) as session:
        turns = session.exec(select(col(SuspensionTurn.day))).all()
    assert Counter(turns) == {TODAY + timedelta(days=n): 21 for n in (0, 1, 2, 3, 6)}, "over a weekend"
    with transaction(engine) as session:
        assert len(tell_released(session, NOW)) == 5
        assert tell_released(session, NOW) == []
    seen = told(book)
    assert seen == [book.invoices[f"G-{place}"] for place in reversed(range(count))]
    # Each case says its own day.
    assert look(book, f"G-{count - 1}").state == "due"
    last = look(book, "G-0")
    assert (last.state, str(last.next_at)[:10]) == ("waiting", "2026-03-16")
    assert f"not before 2026-03-16, its turn after suspension {number}" in str(last.next_why)


def test_the_companys_own_number_a_day_and_another_for_once(book: Book) -> None:
    with transaction(book.engine) as session:
        company_by_ref(session, "acme").resume_per_day = 1
    number = stop(book)
    crowd(book, 3, number)
    assert go_on(book, number).last_day == date(2026, 3, 12)
    number = stop(book)
    with transaction(book.engine) as session:
        for place in range(3):
            session.get_one(DunningCase, book.invoices[f"G-{place}"]).suspension_id = number
    assert go_on(book, number, a_day=2).last_day == date(2026, 3, 11)


def test_a_suspension_ends_by_itself_as_its_day_begins_at_the_creditors(book: Book) -> None:
    number = stop(book, until=TODAY + timedelta(days=1))
    look(book)
    midnight = NOW.replace(hour=23, minute=0)  # in Paris
    with transaction(book.engine) as session:
        assert end_those_due(session, midnight - timedelta(seconds=1)) == []
        assert len(end_those_due(session, midnight)) == 1
        assert end_those_due(session, midnight) == []
    with transaction(book.engine) as session:
        row = session.get_one(SuspensionRow, number)
        assert (row.ended_at, row.ended_by) == (midnight, "relance")
        assert session.exec(select(col(SuspensionTurn.day))).all() == [TODAY + timedelta(days=1)]


def test_what_cannot_be_suspended_or_resumed(book: Book) -> None:
    for scope, target, until, why in (
        (Scope.COMPANY, None, TODAY, "until: 2026-03-10 is not after today"),
        (Scope.CHANNEL, "pigeon", None, "channel: 'pigeon' is none of email, sms, phone, letter"),
        (Scope.POLICY, "none", None, "policy: no policy 'none'"),
    ):
        with pytest.raises(InvalidFact, match=why):
            stop(book, scope, target, until)
    number = stop(book, Scope.CHANNEL, "sms")
    with pytest.raises(WrongState, match=f"already .suspension {number}"):
        stop(book, Scope.CHANNEL, "sms")
    stop(book, Scope.CHANNEL, "email")
    with pytest.raises(NotFound):
        go_on(book, number + 99)
    go_on(book, number)
    with pytest.raises(WrongState, match="is over since 2026-03-10"):
        go_on(book, number)
