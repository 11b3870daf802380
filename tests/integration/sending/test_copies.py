"""Copies of invoices with the reminders that ask for their payment."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from activities.copies import MOST_COPIES, copy_name
from activities.envelope import MAX_FILES_BYTES, store_bytes
from activities.store.engine import transaction
from models.tables import Invoice
from tests.integration.sending.desk import NOW, Desk

pytestmark = pytest.mark.integration

LATE = NOW.date() - timedelta(days=16)


def with_copy(desk: Desk, number: str, content: bytes, name: str | None = None) -> None:
    """A late invoice that came as this file."""
    desk.invoice(number, due=LATE, last=("reminder_1", date(2026, 3, 1)))
    with transaction(desk.engine) as session:
        row = session.get_one(Invoice, desk.invoices[number])
        row.copy_hash = store_bytes(session, "application/pdf", content)
        row.copy_name = name or copy_name(number, "pdf")
        row.copy_size = len(content)


def sent(desk: Desk, engine: Engine) -> list[tuple[str, bytes]]:
    """The files of the one reminder that left."""
    for number in desk.invoices:
        desk.review(number)
    for message in desk.prepare().send:
        assert desk.send(message).outcome == "sent"
    (left,) = desk.asked()
    found = [desk.sandbox.store.attachment(left.id, each.position) for each in left.attachments]
    return [(each[0].filename, each[1]) for each in found if each is not None]


def test_a_reminder_brings_the_copies_of_what_it_asks_for(desk: Desk, engine: Engine) -> None:
    with_copy(desk, "FA/2026 17", b"%PDF-1.7 first")
    with_copy(desk, "F-2", b"%PDF-1.7 second")
    desk.invoice("F-3", due=LATE, last=("reminder_1", date(2026, 3, 1)))
    assert sorted(sent(desk, engine)) == [
        ("F-2.pdf", b"%PDF-1.7 second"),
        ("FA-2026-17.pdf", b"%PDF-1.7 first"),
    ]


def test_what_no_mailbox_takes_stays_behind_and_the_rest_goes(desk: Desk, engine: Engine) -> None:
    with_copy(desk, "F-1", b"%PDF-" + b"x" * (MAX_FILES_BYTES - 10))
    with_copy(desk, "F-2", b"%PDF-1.7 small")
    assert [name for name, _ in sent(desk, engine)] == ["F-1.pdf"]


def test_an_xml_is_nothing_to_read(desk: Desk, engine: Engine) -> None:
    with_copy(desk, "F-1", b"<Invoice/>", "F-1.xml")
    assert sent(desk, engine) == []


def test_of_very_many_the_first_go(desk: Desk, engine: Engine) -> None:
    for number in range(MOST_COPIES + 3):
        with_copy(desk, f"F-{number:02}", b"%%PDF-%d" % number)
    assert len(sent(desk, engine)) == MOST_COPIES


@pytest.mark.parametrize(
    ("number", "name"),
    [("F-1", "F-1.pdf"), ("a/b\\c:d", "a-b-c-d.pdf"), ("é", "invoice.pdf"), ("..", "invoice.pdf")],
)
def test_a_copy_s_name_is_one_that_every_system_takes(number: str, name: str) -> None:
    assert copy_name(number, "pdf") == name
