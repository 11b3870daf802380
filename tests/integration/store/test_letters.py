"""What people tell of a registered letter, what is refused, and what the hand-over then waits for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import Session, col, select

from activities.decisions import settle_case
from activities.store.customers import ADDRESS_LINES, ADDRESS_WIDTH, customer_by_ref, set_address
from activities.store.engine import transaction
from activities.store.load import load_case
from activities.store.postings import open_registered_letter
from models.errors import InvalidFact, WrongState
from models.ids import CaseSignal
from models.tables import CaseEvent, ContactItem, ContactMade, Customer, LetterPosting, Task
from models.tables.words import TaskKind, TaskStatus
from rules.calendar import business_calendar
from rules.facts import StepDone, Tone
from tests.fixtures.ledger import NOW, TODAY, Book

pytestmark = pytest.mark.integration

CALENDAR = business_calendar("FR", None)


@pytest.fixture
def posted_by_hand(book: Book) -> Task:
    """A notice about F-1 and F-2 that left today; the task to post it."""
    with transaction(book.engine) as session:
        contact = _letter(session, book)
        return open_registered_letter(
            session, session.get_one(Customer, book.customer_id), contact, CALENDAR, NOW
        )


def _letter(session: Session, book: Book) -> ContactMade:
    contact = ContactMade(
        id=uuid4(),
        customer_id=book.customer_id,
        step="formal_notice",
        channel="letter",
        tone="notice",
        status="by_hand",
        composed_at=NOW,
        composed_on=TODAY,
        concluded_at=NOW,
        on_day=TODAY,
        ledger_seq=0,
        facts_hash="",
    )
    session.add(contact)
    session.flush()
    for number in book.invoices:
        session.add(
            ContactItem(
                contact_id=contact.id,
                invoice_id=book.invoices[number],
                step="formal_notice",
                offset_days=60,
                tone="notice",
                channel="letter",
                concluded=True,
                concluded_at=NOW,
                on_day=TODAY,
            )
        )
    session.flush()
    return contact


def say(book: Book, task: Task, outcome: str, days: int = 0, **told: Any) -> None:
    """A person tells something of a letter, so many days after it left."""
    book.tell(
        CaseSignal.TASK_COMPLETED, at=NOW + timedelta(days=days), task_id=task.id, outcome=outcome, **told
    )


def row(book: Book, task_id: UUID) -> Task:
    """The task as it is now."""
    with transaction(book.engine) as session:
        return session.get_one(Task, task_id)


def posting(book: Book) -> LetterPosting:
    """The one posting."""
    with transaction(book.engine) as session:
        return session.exec(select(LetterPosting)).one()


def test_posted_then_received(book: Book, posted_by_hand: Task) -> None:
    task = posted_by_hand
    say(book, task, "posted", 1, tracking_number=" 1A  123 456 7890 1 ", posted_on="2026-03-11", by="claire")
    found, now = posting(book), row(book, task.id)
    assert (found.tracking_number, found.posted_on, found.posted_by) == (
        "1A 123 456 7890 1",
        date(2026, 3, 11),
        "claire",
    )
    assert (found.contact_id, found.outcome, found.received_on) == (task.contact_id, None, None)
    # It stays open for the receipt.
    assert (now.status, now.due_on) == (TaskStatus.OPEN, date(2026, 3, 26))
    assert "Await the receipt" in now.title
    say(book, task, "received", 3, received_on="2026-03-13", by="claire")
    found, now = posting(book), row(book, task.id)
    assert (found.outcome, found.received_on, found.settled_by) == ("delivered", date(2026, 3, 13), "claire")
    assert found.settled_at == NOW + timedelta(days=3)
    assert (now.status, now.outcome, now.closed_by) == (TaskStatus.DONE, "received", "claire")
    with transaction(book.engine) as session:
        told = session.exec(
            select(CaseEvent.detail).where(CaseEvent.what == "task_completed").order_by(col(CaseEvent.id))
        ).all()
    assert [detail.get("tracking_number") for detail in told] == [" 1A  123 456 7890 1 ", None]


def test_every_case_of_the_letter_is_told(book: Book, posted_by_hand: Task) -> None:
    say(book, posted_by_hand, "posted", tracking_number="RK1")
    assert sorted(note for note, signal, _ in book.notes() if signal == "task_completed") == ["F-1", "F-2"]


def test_a_slip_of_the_pen_is_mended_before_the_receipt(book: Book, posted_by_hand: Task) -> None:
    say(book, posted_by_hand, "posted", 1, tracking_number="RK1", posted_on="2026-03-10")
    say(book, posted_by_hand, "posted", 1, tracking_number="RK2", posted_on="2026-03-11")
    assert (posting(book).tracking_number, posting(book).posted_on) == ("RK2", date(2026, 3, 11))
    assert row(book, posted_by_hand.id).due_on == date(2026, 3, 26)


@pytest.mark.parametrize(
    ("outcome", "told", "words"),
    [
        ("posted", {}, "tracking_number: required"),
        ("posted", {"tracking_number": "  "}, "tracking_number: required"),
        ("posted", {"tracking_number": "R" * 41}, "tracking_number: .*at most 40"),
        ("posted", {"tracking_number": "RK1;DROP"}, "tracking_number: "),
        ("posted", {"tracking_number": "RK1", "posted_on": "2026-03-14"}, "posted_on: .* in the future"),
        ("posted", {"tracking_number": "RK1", "posted_on": "2026-03-09"}, "posted_on: .* before the day"),
        ("sent", {}, "outcome: 'sent' is not one of posted, received, refused, unclaimed, returned"),
    ],
)
def test_what_cannot_be_true_is_refused(
    book: Book, posted_by_hand: Task, outcome: str, told: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidFact, match=words):
        say(book, posted_by_hand, outcome, 2, **told)
    assert row(book, posted_by_hand.id).status == TaskStatus.OPEN
    with transaction(book.engine) as session:
        assert session.exec(select(LetterPosting)).all() == []


@pytest.mark.parametrize("outcome", ["received", "refused", "unclaimed", "returned"])
def test_nothing_comes_back_that_was_not_posted_or_before_it_was(
    book: Book, posted_by_hand: Task, outcome: str
) -> None:
    with pytest.raises(WrongState, match="tell first that it was posted"):
        say(book, posted_by_hand, outcome, 2)
    say(book, posted_by_hand, "posted", 2, tracking_number="RK1", posted_on="2026-03-11")
    with pytest.raises(InvalidFact, match="received_on: 2026-03-10 lies before the day it was posted"):
        say(book, posted_by_hand, outcome, 3, received_on="2026-03-10")
    with pytest.raises(InvalidFact, match=r"received_on: .* in the future"):
        say(book, posted_by_hand, outcome, 3, received_on="2026-04-01")
    assert row(book, posted_by_hand.id).status == TaskStatus.OPEN


@pytest.mark.parametrize(
    ("outcome", "asked"), [("received", 0), ("refused", 0), ("unclaimed", 1), ("returned", 1)]
)
def test_what_came_back_has_somebody_find_the_address(
    book: Book, posted_by_hand: Task, outcome: str, asked: int
) -> None:
    say(book, posted_by_hand, "posted", tracking_number="RK1")
    say(book, posted_by_hand, outcome, 16, received_on="2026-03-26")
    assert row(book, posted_by_hand.id).status == TaskStatus.DONE
    tasks = book.tasks(TaskKind.FIND_ADDRESS)
    assert len(tasks) == asked
    for task in tasks:
        assert "RK1" in task.body
        assert (task.contact_id, task.assignee_email) == (
            posted_by_hand.contact_id,
            "collector@acme.example",
        )


def test_with_the_address_found_the_same_letter_is_posted_again_and_its_days_run_anew(
    book: Book, posted_by_hand: Task
) -> None:
    say(book, posted_by_hand, "posted", tracking_number="RK1")
    say(book, posted_by_hand, "returned", 6, received_on="2026-03-16")
    with transaction(book.engine) as session:
        customer = customer_by_ref(session, "acme", "C-1")
        set_address(session, customer, ["ZI des Paluds", "13400 Aubagne"], NOW + timedelta(days=7), "claire")
    (found,) = book.tasks(TaskKind.FIND_ADDRESS)
    assert (found.status, found.outcome) == (TaskStatus.DONE, "an address was recorded")
    first, second = book.tasks(TaskKind.REGISTERED_LETTER)
    assert (first.status, second.status) == (TaskStatus.DONE, TaskStatus.OPEN)
    assert second.contact_id == first.contact_id
    assert second.body.startswith("It came back: post the same pages again.")
    assert "ZI des Paluds, 13400 Aubagne" in second.body
    say(book, second, "posted", 8, tracking_number="RK2", posted_on="2026-03-18")
    with transaction(book.engine) as session:
        (done,) = load_case(session, book.invoices["F-1"], NOW + timedelta(days=9)).facts.done
    assert done.posted_on == date(2026, 3, 18)
    with pytest.raises(WrongState, match="address: this one is known"), transaction(book.engine) as session:
        set_address(
            session,
            customer_by_ref(session, "acme", "C-1"),
            ["ZI des Paluds", "13400 Aubagne"],
            NOW + timedelta(days=9),
            "claire",
        )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "address: required"),
        ([" "], "address: required"),
        (["x"] * (ADDRESS_LINES + 1), "address: at most 6 lines, 7 given"),
        (["x" * (ADDRESS_WIDTH + 1)], "address: at most 60 characters a line, 61 given"),
        (["a\x00b"], "address: holds a character"),
    ],
)
def test_an_address_fits_an_envelope(book: Book, lines: list[str], words: str) -> None:
    with pytest.raises(InvalidFact, match=words), transaction(book.engine) as session:
        set_address(session, customer_by_ref(session, "acme", "C-1"), lines, NOW, "test")


def test_given_up_before_it_was_posted_its_steps_come_again(book: Book, posted_by_hand: Task) -> None:
    say(book, posted_by_hand, "not_posted", 1, note="a wrong name")
    assert row(book, posted_by_hand.id).status == TaskStatus.DONE
    with transaction(book.engine) as session:
        contact = session.get_one(ContactMade, posted_by_hand.contact_id)
        assert (contact.status, contact.on_day) == ("failed", None)
        assert contact.reason == "not posted, said test: a wrong name"
        assert load_case(session, book.invoices["F-1"], NOW).facts.done == ()


def test_what_was_posted_is_not_given_up(book: Book, posted_by_hand: Task) -> None:
    say(book, posted_by_hand, "posted", tracking_number="RK1")
    with pytest.raises(WrongState, match="recorded as posted on 2026-03-10"):
        say(book, posted_by_hand, "not_posted", 1)


def test_the_ledger_tells_the_rules_the_day_it_was_posted(book: Book, posted_by_hand: Task) -> None:
    def done(at: datetime) -> StepDone:
        with transaction(book.engine) as session:
            (step,) = load_case(session, book.invoices["F-2"], at).facts.done
            return step

    assert done(NOW).posted_on is None
    say(book, posted_by_hand, "posted", 2, tracking_number="RK1", posted_on="2026-03-12")
    found = done(NOW + timedelta(days=2))
    assert (found.on, found.posted_on, found.tone) == (TODAY, date(2026, 3, 12), Tone.NOTICE)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ((), "The formal notice is not recorded as posted"),
        (("posted",), "was posted on 2026-03-10 under RK1; its receipt is not recorded yet."),
        (("posted", "refused"), "was posted on 2026-03-10 under RK1: refused on 2026-03-13."),
    ],
)
def test_the_hand_over_says_what_proof_there_is(
    book: Book, posted_by_hand: Task, told: tuple[str, ...], words: str
) -> None:
    for outcome in told:
        number = {"tracking_number": "RK1", "posted_on": "2026-03-10"} if outcome == "posted" else {}
        say(book, posted_by_hand, outcome, 3, **number)
    with transaction(book.engine) as session:
        # Long after, every step before the hand-over stands behind the notice.
        settle_case(session, book.invoices["F-1"], NOW + timedelta(days=120), "live:x")
    (task,) = book.tasks(TaskKind.DECISION)
    assert words in task.body


def test_one_call_about_one_letter_three_business_days_after_it(book: Book, posted_by_hand: Task) -> None:
    def settle(at: datetime) -> None:
        with transaction(book.engine) as session:
            for number in book.invoices:
                settle_case(session, book.invoices[number], at, "live:x")

    # It left on Tuesday the 10th: Friday the 13th, at the slot of that day.
    settle(NOW.replace(day=13, hour=8, minute=29))
    assert book.tasks(TaskKind.NOTICE_CALL) == []
    settle(NOW.replace(day=13, hour=8, minute=30))
    settle(NOW.replace(day=16))
    (task,) = book.tasks(TaskKind.NOTICE_CALL)
    assert (task.contact_id, task.opened_on) == (posted_by_hand.contact_id, date(2026, 3, 13))
    # Wednesday the 18th: nobody has called for three business days.
    settle(NOW.replace(day=18, hour=8, minute=29))
    assert book.tasks(TaskKind.CALL_OVERDUE) == []
    settle(NOW.replace(day=18, hour=8, minute=30))
    settle(NOW.replace(day=20))
    (late,) = book.tasks(TaskKind.CALL_OVERDUE)
    assert "call of 2026-03-13 not made" in late.body
