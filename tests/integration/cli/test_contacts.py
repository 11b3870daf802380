"""The commands about customers' people, on a ledger alone."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine
from sqlmodel import select
from typer.testing import CliRunner, Result

from activities.store.engine import transaction
from activities.store.marks import add_mark
from admin.cli import app
from admin.desk import Desk
from models.tables import Contact
from models.tables.words import UnreachableCause
from rules.calendar import Channel
from tests.fixtures.ledger import NOW, Book, make_book

pytestmark = pytest.mark.integration

MAILBOX = "compta@client.example"


class Shell:
    """The command line over one ledger; what it would tell the cases is kept."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.notes: list[int] = []

    def __call__(self, *words: str) -> Result:
        """Run a command."""
        return CliRunner().invoke(app, list(words))

    def said(self, *words: str) -> str:
        """Run a command that succeeds; what it says."""
        told = self(*words)
        assert told.exit_code == 0, told.output
        return told.stdout

    def mark(self, cause: UnreachableCause) -> None:
        """The mailbox does not work."""
        with transaction(self.book.engine) as session:
            add_mark(
                session,
                self.book.customer_id,
                Channel.EMAIL,
                MAILBOX,
                cause,
                since=NOW,
                now=NOW,
                who="relance",
                detail="550 unknown",
            )


@pytest.fixture
def shell(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell(make_book(engine))
    monkeypatch.setenv("RELANCE_DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr(Desk, "deliver", lambda _, notes: made.notes.extend(notes))
    return made


def test_a_marked_address_is_listed_and_cleared_by_its_address(shell: Shell) -> None:
    shell.mark(UnreachableCause.HARD_BOUNCE)
    listed = shell.said("contacts", "acme", "C-1")
    assert MAILBOX in listed
    assert "no email since 2026-03-10: hard bounce (550 unknown)" in listed
    assert "NOT USED" not in listed, "the telephone still works"
    cleared = shell.said("clear-mark", "acme", "C-1", "Compta@client.example", "--why", "mailbox was full")
    assert cleared == "C-1: the address is used again (it was marked: hard bounce)\n"
    assert len(shell.notes) == 2
    assert "hard bounce" not in shell.said("contacts", "acme", "C-1")
    for words, part in (
        (("clear-mark", "acme", "C-1", MAILBOX, "--why", "x"), "nothing is marked"),
        (("clear-mark", "acme", "C-1", "nobody@client.example", "--why", "x"), "nobody at C-1 has it"),
        (("clear-mark", "acme", "C-1", "12", "--why", "x"), "number"),
        (("contacts", "acme", "C-9"), "C-9"),
    ):
        told = shell(*words)
        assert (told.exit_code, told.stdout) == (2, "")
        assert part in told.stderr


def test_a_contact_is_added_with_its_place_and_a_bad_address_is_refused(shell: Shell) -> None:
    for email in ("a..b@client.fr", "a@b", "a@client.fr;b@client.fr"):
        told = shell("contact", "acme", "C-1", "--email", email)
        assert (told.exit_code, told.stdout) == (2, "")
        assert "e-mail address" in told.stderr
    words = (
        "--email",
        "factures@client.example",
        "--preference",
        "1",
        "--copy",
        "--language",
        "en",
        "--known-by",
        "credit@acme.example",
    )
    assert shell.said("contact", "acme", "C-1", *words) == "C-1: accounting contact added\n"
    with transaction(shell.book.engine) as session:
        added = session.exec(select(Contact).where(Contact.email == "factures@client.example")).one()
    assert (added.preference, added.in_copy, added.language) == (1, True, "en")
    assert shell.said("contacts", "acme", "C-1").splitlines()[0] == (
        "accounting  factures@client.example, in copy, known by credit@acme.example"
    )


def test_what_data_lack_is_listed_for_people_and_for_programs(shell: Shell) -> None:
    shell.mark(UnreachableCause.SPAM_REPORT)
    listed = shell.said("data-quality", "acme")
    assert listed.startswith("C-1  Client et Fils\n")
    assert "missing email, accounting: waits (pre_reminder, reminder_1, reminder_2)" in listed
    assert f"unusable address, email, {MAILBOX}, spam report on 2026-03-10: not used" in listed
    lines = shell.said("data-quality", "acme", "--kind", "unusable_address", "--format", "json").splitlines()
    (row,) = [json.loads(line) for line in lines]
    assert [finding["cause"] for finding in row["findings"]] == ["spam_report"]
    assert shell.said("data-quality", "acme", "--kind", "missing_phone") == "Nothing is missing.\n"
    assert shell("data-quality", "acme", "--kind", "fax").exit_code == 2
    assert shell("data-quality", "nobody").exit_code == 2
