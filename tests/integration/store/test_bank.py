"""How far the bank is known: what waits for it, who is told, and the one task that asks for the next file."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from activities.decisions import settle_case
from activities.store.absences import record_absence, settle_absences
from activities.store.bank import BATCH, Stated, state_bank_day, tell_ready
from activities.store.bank_tasks import settle_bank_tasks
from activities.store.engine import transaction
from activities.store.load import load_case
from activities.store.lookup import company_by_ref
from activities.store.work import Completion, complete_task
from activities.sweeper import late
from models.errors import InvalidFact, WrongState
from models.ids import CaseSignal as S
from models.tables import BankStatementRow, Company, DunningCase, OutboxNote, Staff, Task
from models.tables.words import TaskKind
from rules.facts import BankStatement
from tests.fixtures.ledger import NOW, TODAY, Book, make_book

pytestmark = pytest.mark.integration

# NOW is Tuesday 10 March: three business days before is Thursday the 5th. Both reminders are due since then.
OLD, ENOUGH = date(2026, 3, 2), date(2026, 3, 5)


def state(
    book: Book, until: date | None, at: datetime = NOW, why: str | None = None, who: str = "test"
) -> Stated:
    """State a day, in a transaction of its own."""
    with transaction(book.engine) as session:
        company = company_by_ref(session, "acme", lock=True)
        return state_bank_day(session, company, until, at, who, correction=why)


def look(book: Book, number: str = "F-1", at: datetime = NOW) -> DunningCase:
    """One wake of a case; its row then."""
    with transaction(book.engine) as session:
        settle_case(session, book.invoices[number], at, "live")
    return case(book, number)


def case(book: Book, number: str = "F-1") -> DunningCase:
    """The row of a case."""
    with transaction(book.engine) as session:
        return session.get_one(DunningCase, book.invoices[number])


def told(engine: Engine) -> list[UUID]:
    """The cases that notes wait for, in the order they go out; taken off as they are read."""
    with transaction(engine) as session:
        notes = session.exec(select(OutboxNote).order_by(col(OutboxNote.order_at), col(OutboxNote.id))).all()
        for note in notes:
            session.delete(note)
        return [note.key for note in notes]


def test_a_due_case_is_held_and_nobody_is_nudged(book: Book) -> None:
    state(book, OLD)
    row = look(book)
    assert (row.state, row.paused_by, row.awaits_bank) == ("awaiting_bank", "bank_data", ENOUGH)
    assert (row.next_step, row.next_at, row.wake_at) == ("reminder_1", NOW, None)
    assert "known up to 2026-03-02 only; reminder_1 waits for a bank file of 2026-03-05" in str(row.next_why)
    assert told(book.engine) == []
    # Looked at a day later, it keeps the time it was announced for, and waits for a later file.
    row = look(book, at=NOW + timedelta(days=1))
    assert (row.next_at, row.awaits_bank) == (NOW, date(2026, 3, 6))


def test_a_held_case_is_late_for_its_other_instants_only(book: Book) -> None:
    state(book, OLD)
    look(book)
    overdue = select(DunningCase.invoice_id).where(late(NOW + timedelta(days=3)))
    mine = overdue.where(DunningCase.invoice_id == book.invoices["F-1"])
    with transaction(book.engine) as session:
        assert session.exec(mine).all() == []
        session.get_one(DunningCase, book.invoices["F-1"]).wake_at = NOW + timedelta(days=1)
        session.flush()
        assert len(session.exec(mine).all()) == 1


def test_the_day_is_stated_once_tells_whom_it_helps_and_they_are_due(book: Book) -> None:
    state(book, OLD)
    look(book)
    done = state(book, ENOUGH)
    assert (done.before, done.until, done.changed, done.left) == (OLD, ENOUGH, True, 0)
    assert told(book.engine) == [book.invoices["F-1"]], "F-2 was never looked at: it does not wait"
    assert case(book).awaits_bank is None
    assert look(book).state == "due"
    again = state(book, ENOUGH)
    assert (again.changed, again.notes) == (False, ())
    with transaction(book.engine) as session:
        assert len(session.exec(select(BankStatementRow)).all()) == 2


def test_a_file_that_is_too_old_itself_tells_nobody(book: Book) -> None:
    state(book, OLD)
    look(book)
    done = state(book, ENOUGH - timedelta(days=1))
    assert (done.changed, done.notes, done.left) == (True, (), 0)
    assert case(book).awaits_bank == ENOUGH


def crowd(engine: Engine, count: int) -> Book:
    """A company with many held cases, of which each second waits a day longer; the first came last."""
    book = make_book(engine, tuple(f"F-{place}" for place in range(count)))
    state(book, OLD)
    with transaction(engine) as session:
        for place, invoice_id in enumerate(book.invoices.values()):
            row = session.get_one(DunningCase, invoice_id)
            row.state, row.paused_by = "awaiting_bank", "bank_data"
            row.awaits_bank = ENOUGH + timedelta(days=place % 2)
            row.next_at = NOW - timedelta(minutes=place)
    return book


def test_many_are_told_in_batches_the_earliest_first(engine: Engine) -> None:
    count = 2 * BATCH + 21
    book = crowd(engine, count)
    with transaction(engine) as session:
        session.get_one(DunningCase, book.invoices["F-4"]).closed_at = NOW
        other = Company(id=UUID(int=1), ref="other", name="Other", country="FR", bank_known_until=OLD)
        session.add(other)
    order = [book.invoices[f"F-{place}"] for place in reversed(range(count)) if place != 4]
    order = [i for i in order if _place(book, i) % 2 == 0] + [i for i in order if _place(book, i) % 2]
    done = state(book, ENOUGH + timedelta(days=1))
    assert (len(done.notes), done.left) == (BATCH, count - 1 - BATCH)
    seen = told(engine)
    rounds = [len(seen)]
    while True:
        with transaction(engine) as session:
            found = tell_ready(session, NOW)
        seen += told(engine)
        if not found:
            break
        rounds.append(len(found))
    assert rounds == [BATCH, BATCH, 20]
    assert seen == order


def _place(book: Book, invoice_id: UUID) -> int:
    return int(next(number for number, i in book.invoices.items() if i == invoice_id).removeprefix("F-"))


def test_two_tellers_at_once_tell_each_case_once_and_a_crash_loses_none(engine: Engine) -> None:
    book = crowd(engine, 8)
    with transaction(engine) as session:
        session.get_one(Company, book.company_id).bank_known_until = ENOUGH + timedelta(days=1)
    with Session(engine) as first, Session(engine) as second, first.begin():
        one = tell_ready(first, NOW, limit=5)
        with second.begin() as under_way:
            other = tell_ready(second, NOW, limit=5)
            assert (len(one), len(other)) == (5, 3)
            under_way.rollback()
    assert len(told(engine)) == 5
    with transaction(engine) as session:
        assert len(tell_ready(session, NOW, limit=5)) == 3


def test_the_day_goes_back_only_as_a_correction(book: Book) -> None:
    state(book, ENOUGH)
    for day, why in (
        (OLD, "go back is a correction"),
        (None, "go back is a correction"),
        (date(2026, 3, 11), "future"),
    ):
        with pytest.raises(InvalidFact, match=why):
            state(book, day)
    with pytest.raises(InvalidFact, match="future"):
        state(book, date(2026, 3, 11), why="typo")
    book.tell(S.PAYMENT_PLAN_AGREED, "F-2", instalments=[{"due_on": "2026-03-20", "amount": "100.00"}])
    told(book.engine)
    state(book, OLD, why="another account's file", who="margot")
    assert told(book.engine) == [book.invoices["F-2"]], "what was found of a promise is looked at again"
    with transaction(book.engine) as session:
        rows = session.exec(select(BankStatementRow).order_by(col(BankStatementRow.id))).all()
    assert [(r.known_until, r.retracted_by, r.reason) for r in rows] == [
        (ENOUGH, "margot", None),
        (OLD, None, "another account's file"),
    ]
    assert look(book).state == "awaiting_bank"
    state(book, None, why="payments are recorded as they come again")
    assert book.invoices["F-1"] in told(book.engine)
    assert look(book).state == "due"


def test_since_when_a_day_is_known_is_loaded_for_who_promised(book: Book) -> None:
    for place, day in enumerate((date(2026, 1, 5), date(2026, 1, 6), OLD, ENOUGH)):
        state(book, day, NOW - timedelta(minutes=9 - place))
    with transaction(book.engine) as session:
        bank = load_case(session, book.invoices["F-1"], NOW).customer.bank
    assert bank is not None
    assert (bank.until, bank.calendar.country) == (ENOUGH, "FR")
    first = BankStatement(date(2026, 1, 5), NOW - timedelta(minutes=9))
    assert bank.stated == (first,)
    book.tell(S.PAYMENT_PLAN_AGREED, "F-1", instalments=[{"due_on": "2026-03-12", "amount": "100.00"}])
    with transaction(book.engine) as session:
        bank = load_case(session, book.invoices["F-1"], NOW).customer.bank
    assert bank is not None
    assert bank.stated == (
        first,
        BankStatement(OLD, NOW - timedelta(minutes=7)),
        BankStatement(ENOUGH, NOW - timedelta(minutes=6)),
    )


def test_a_late_file_decides_a_promise_when_it_comes_and_the_gap_counts_from_then(book: Book) -> None:
    state(book, ENOUGH)
    book.tell(S.PAYMENT_PLAN_AGREED, "F-1", instalments=[{"due_on": "2026-03-12", "amount": "100.00"}])
    parts = [{"due_on": "2026-03-12", "amount": "60.00"}, {"due_on": "2026-04-10", "amount": "40.00"}]
    book.tell(S.PAYMENT_PLAN_AGREED, "F-2", instalments=parts)
    # Looked at on Sunday 15: Friday 13 must be known.
    late = datetime(2026, 3, 23, 10, 0, tzinfo=UTC)
    for number in ("F-1", "F-2"):
        row = look(book, number, late)
        assert (row.state, row.awaits_bank) == ("paused", date(2026, 3, 13))
        assert "the bank is awaited up to 2026-03-13" in str(row.next_why)
    assert book.tasks("broken_promise") == []
    book.tell(S.PAYMENT_RECEIVED, "F-2", late, amount="60.00", currency="EUR", event_id="bank/1")
    told(book.engine)
    state(book, date(2026, 3, 20), late)
    assert set(told(book.engine)) == set(book.invoices.values())
    row = look(book, "F-1", late)
    assert row.state == "waiting"
    assert "not before 2026-03-28, 5 days after the end of the pause (2026-03-23)" in str(row.next_why)
    row = look(book, "F-2", late)
    assert (row.state, row.paused_by, row.awaits_bank) == ("paused", "plan", None)
    (task,) = book.tasks("broken_promise")
    assert task.invoice_id == book.invoices["F-1"]


# The task


def bank_tasks(book: Book) -> list[tuple[str, str]]:
    """Every task about the bank's file: its status, and the day its key names."""
    with transaction(book.engine) as session:
        rows = session.exec(
            select(Task).where(Task.kind == TaskKind.BANK_FILE).order_by(col(Task.opened_at), col(Task.key))
        )
        return [(task.status, task.key.rpartition("/")[2]) for task in rows]


def settle(book: Book, at: datetime = NOW) -> Task | None:
    """What a sweeper does of the tasks; the open one."""
    with transaction(book.engine) as session:
        settle_bank_tasks(session, at)
    with transaction(book.engine) as session:
        open_ones = select(Task).where(Task.kind == TaskKind.BANK_FILE, Task.status == "open")
        return session.exec(open_ones).one_or_none()


def test_one_task_names_what_is_held_and_closes_by_itself(book: Book) -> None:
    state(book, OLD)
    assert settle(book) is None
    look(book)
    task = settle(book)
    assert task is not None
    assert (task.customer_id, task.assignee_email, task.due_on) == (None, "credit@acme.example", TODAY)
    assert task.body.startswith("1 contact about 1 invoice (100.00 EUR) wait for a bank file")
    assert "A file of 2026-03-05 or later lets all of them go." in task.body
    look(book, "F-2")
    task = settle(book, NOW + timedelta(days=1))
    assert task is not None
    assert task.body.startswith("1 contact about 2 invoices (200.00 EUR) wait"), "one letter for both"
    assert "A file of 2026-03-06 or later" in task.body
    # A later file that is not enough: that one is done, and the next one is asked for.
    state(book, date(2026, 3, 4))
    assert bank_tasks(book) == [("done", "2026-03-02")]
    assert settle(book) is not None
    assert bank_tasks(book) == [("done", "2026-03-02"), ("open", "2026-03-04")]
    state(book, ENOUGH)
    for number in book.invoices:
        look(book, number)
    assert settle(book) is None
    assert bank_tasks(book) == [("done", "2026-03-02"), ("done", "2026-03-04")]


def test_it_lapses_with_what_it_was_for_and_opens_again(book: Book) -> None:
    state(book, OLD)
    look(book)
    settle(book)
    book.tell(S.PAYMENT_RECEIVED, "F-1", amount="100.00", currency="EUR", event_id="bank/1")
    look(book)
    assert settle(book) is None
    assert bank_tasks(book) == [("withdrawn", "2026-03-02")]
    look(book, "F-2")
    assert settle(book) is not None
    assert bank_tasks(book) == [("open", "2026-03-02")]


def test_nobody_completes_it_by_hand_and_it_follows_who_is_away(book: Book) -> None:
    state(book, OLD)
    look(book)
    task = settle(book)
    assert task is not None
    with transaction(book.engine) as session, pytest.raises(WrongState, match="state that day"):
        complete_task(session, task_id=task.id, completion=Completion(outcome="done"), now=NOW, who="test")
    with transaction(book.engine) as session:
        session.add_all(
            Staff(id=UUID(int=place), email=f"{name}@acme.example", name=name, role="manager")
            for place, name in enumerate(("credit", "paul"), start=1)
        )
        session.flush()
        record_absence(
            session,
            staff="credit@acme.example",
            first_day=TODAY,
            last_day=TODAY,
            deputy="paul@acme.example",
            now=NOW,
            who="test",
        )
    (task,) = book.tasks("bank_file")
    assert (task.assignee_email, task.meant_for) == ("paul@acme.example", "credit@acme.example")
    with transaction(book.engine) as session:
        settle_absences(session, NOW + timedelta(days=2))
    (task,) = book.tasks("bank_file")
    assert (task.assignee_email, task.meant_for) == ("credit@acme.example", None)
