"""Statuses of electronic invoices: what follows, once, and what does not."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.load import LoadedCase, load_case
from activities.store.lookup import company_by_ref
from admin.intake.statuses import (
    BadFile,
    Status,
    StatusTaken,
    read_statuses,
    status_of,
    take_status,
)
from models.errors import NotFound
from models.ids import CaseSignal
from models.tables import CaseEvent
from models.tables.words import TaskKind
from rules.ledger import balance
from rules.lifecycle import STATUSES, cause_of, code_of
from tests.fixtures.ledger import NOW, Book, make_book

pytestmark = pytest.mark.integration

AT = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


@pytest.fixture
def book(engine: Engine) -> Book:
    """Acme, whose customer C-1 owes F-1 and F-2, 100.00 EUR each."""
    return make_book(engine)


def told(book: Book, code: str, invoice: str = "F-1", at: Any = AT, **more: Any) -> StatusTaken:
    """Take one status."""
    with transaction(book.engine) as session:
        company = company_by_ref(session, "acme")
        return take_status(session, company, Status(invoice, code, at, **more), now=NOW, who="test")


def case(book: Book, number: str = "F-1") -> LoadedCase:
    """A case as the ledger has it."""
    with transaction(book.engine) as session:
        return load_case(session, book.invoices[number], NOW)


def stopped(book: Book) -> bool:
    """Whether a manual pause is open."""
    return any(pause.ended_at is None for pause in case(book).facts.pauses)


@pytest.mark.parametrize("code", ["210", "207", "208", "206"])
def test_what_the_customer_contests_is_a_dispute_with_its_cause_once(book: Book, code: str) -> None:
    done = told(book, code, reason="QTE_ERR", text="il manque un carton")
    assert (done.new, done.follows) == (True, "a dispute is opened")
    assert done.notes
    assert told(book, code, reason="QTE_ERR", text="il manque un carton") == StatusTaken(
        False, "known already"
    )
    assert balance(case(book).facts, NOW).chaseable == 0
    (task,) = book.tasks(TaskKind.DISPUTE)
    assert "quantity" in task.title
    assert "QTE_ERR; il manque un carton" in task.body


def test_a_part_may_be_contested(book: Book) -> None:
    assert "about 30.00 EUR" in told(book, "206", amount=Decimal("30.00")).follows
    assert balance(case(book).facts, NOW).chaseable == Decimal("70.00")


def test_what_is_wholly_contested_is_not_contested_again(book: Book) -> None:
    told(book, "207")
    assert told(book, "210", at=date(2026, 3, 10)).follows == "noted: all of it is contested already"
    assert len(book.tasks(TaskKind.DISPUTE)) == 1


@pytest.mark.parametrize("code", ["213", "220", "221"])
def test_what_never_arrived_is_not_chased_until_it_is_issued_again(book: Book, code: str) -> None:
    told(book, code)
    assert stopped(book)
    assert told(book, "200", at=date(2026, 3, 10)).follows == "noted"
    assert stopped(book)
    assert "issued again" in told(book, "203", at=date(2026, 3, 10)).follows
    assert not stopped(book)


def test_a_person_s_pause_is_not_ended_by_a_platform(book: Book) -> None:
    book.tell(CaseSignal.PAUSED, reason="audit")
    told(book, "213")
    assert told(book, "203", at=date(2026, 3, 10)).follows == "noted"
    assert stopped(book)


def test_a_payment_on_its_way_is_a_claimed_one(book: Book) -> None:
    assert "claimed payment" in told(book, "211").follows
    (claim,) = case(book).facts.claims
    assert claim.paid_on == date(2026, 3, 9)


def test_what_is_good_to_know_is_noted_and_nothing_else(book: Book) -> None:
    before = book.seq()
    assert told(book, "205") == StatusTaken(True, "noted")
    assert book.seq() == before
    with transaction(book.engine) as session:
        event = session.exec(select(CaseEvent).where(CaseEvent.what == "einvoice_status")).one()
    assert event.why == "205, approved"


def test_of_a_paid_invoice_it_is_noted(book: Book) -> None:
    book.tell(CaseSignal.PAYMENT_RECEIVED, amount="100.00")
    assert told(book, "210").follows == "noted: it is paid"
    assert book.tasks(TaskKind.DISPUTE) == []


def test_an_unknown_invoice_is_named(book: Book) -> None:
    with pytest.raises(NotFound, match="X-9"):
        told(book, "205", "X-9")


def test_a_file_is_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "statuses.csv"
    file.write_text("\ufeffInvoice;Status;At;Reason\nF-1;Refused;2026-03-09;QTE_ERR\n\nF-2;213;;\n", "utf-8")
    rows = list(read_statuses(file))
    assert [line for line, _ in rows] == [2, 4]
    first, second = (status_of(cells, "EUR") for _, cells in rows)
    assert first == Status("F-1", "210", date(2026, 3, 9), "QTE_ERR")
    assert second == Status("F-2", "213")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"number,status\n", "no column invoice"),
        (b"", "no column invoice, status"),
        (b"invoice,status\nF-1,\xff\n", "line 2: not UTF-8"),
        (b'invoice,status\n"' + b"x" * 200_000, "line"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "statuses.csv"
    file.write_bytes(content)
    with pytest.raises(BadFile, match=reason):
        list(read_statuses(file))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"status": "205"}, "invoice: missing"),
        ({"invoice": "F-1", "status": "999"}, "no status '999'"),
        ({"invoice": "F-1", "status": "205", "at": "2026-02-30"}, "at: "),
        ({"invoice": "F-1", "status": "206", "amount": "1,50"}, "decimal comma"),
    ],
)
def test_a_bad_cell_is_named(cells: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        status_of(cells, "EUR")


def test_statuses_are_told_by_number_or_name() -> None:
    assert all(code_of(code) == code_of(name.upper()) == code for code, (name, _) in STATUSES.items())
    assert (cause_of("cmd_err"), cause_of("x"), cause_of(None)) == ("order_number_missing", None, None)
