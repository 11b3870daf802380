"""What the database itself refuses: to change the journal, and to do a step twice."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from activities.store.engine import transaction
from models.ids import CaseSignal
from tests.fixtures.ledger import TODAY, Book, add_contact, everything

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("table", ["case_event", "audit_event", "policy"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET {column} = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_rows_are_only_added(book: Book, table: str, statement: str) -> None:
    book.tell(CaseSignal.PAUSED)
    before = everything(book.engine)
    column = "title" if table == "policy" else "who"
    with (
        pytest.raises(IntegrityError, match="refused: rows are only added"),
        transaction(book.engine) as session,
    ):
        session.connection().execute(text(statement.format(table, column=column)))
    assert everything(book.engine) == before


def test_a_step_is_concluded_once(book: Book) -> None:
    with transaction(book.engine) as session:
        add_contact(session, book, "sent", {"F-1": "reminder_1"}, concluded_on=TODAY)
        add_contact(session, book, "withdrawn", {"F-1": "reminder_1"})
    with pytest.raises(IntegrityError, match="contact_item_step_key"), transaction(book.engine) as session:
        add_contact(session, book, "sent", {"F-1": "reminder_1"}, concluded_on=TODAY)
