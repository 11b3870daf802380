"""Replies at the command line: the list, one whole, whose it is, its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from admin.reply_desk import ReplyDesk
from models.errors import Conflict, NotFound
from tests.fixtures.mails import OUTLOOK_FR, mail, raw_post
from tests.integration.replies.conftest import Letterbox


class QuietDesk(ReplyDesk):
    """No Temporal stands behind it: notes stay in the outbox."""

    def deliver(self, notes: Sequence[int]) -> None:
        """Leave them to the relay."""


def test_a_reply_from_the_list_to_its_customer(letterbox: Letterbox, tmp_path: Path) -> None:
    letterbox.reminder()
    sent = mail(OUTLOOK_FR, sender="[bold]X[/bold] <paul@c-1.example>", files={"avis.pdf": b"%PDF"})
    letterbox.post(raw_post(sent))
    desk = QuietDesk(letterbox.desk.engine)
    ((short, _, sender, subject, whose, kind),) = desk.replies()
    assert (sender, subject, whose, kind) == ("paul@c-1.example", "RE: Facture F-1", "acme C-1?", "answer")

    shown = desk.show_reply(short)
    assert "From: [bold]X[/bold] <paul@c-1.example>" in shown
    assert "Sauf erreur de notre part" in shown
    assert "[avis.pdf, 1 kB]" in shown
    assert desk.save_files(short, tmp_path) == f"{tmp_path / 'avis.pdf'}: 1 kB"
    assert (tmp_path / "avis.pdf").read_bytes() == b"%PDF"
    with pytest.raises(Conflict, match="such a file already"):
        desk.save_files(short, tmp_path)

    assert desk.assign(short, "acme", "C-1").startswith("C-1: the reply is theirs")
    assert desk.replies() == []
    assert [row[4] for row in desk.replies(customer="C-1")] == ["acme C-1"]
    assert letterbox.desk.tasks("reply", "open")


def test_a_reply_is_put_aside(letterbox: Letterbox) -> None:
    letterbox.reminder()
    letterbox.mail("Nos offres", sender="pub@ailleurs.example")
    desk = QuietDesk(letterbox.desk.engine)
    ((short, *_),) = desk.replies()
    desk.dismiss(short, "advertising")
    assert desk.replies() == []
    assert [row[4] for row in desk.replies(everything=True)] == ["dismissed"]
    assert letterbox.desk.journal("reply_dismissed") == 1
    with pytest.raises(NotFound, match="no file came with it"):
        desk.save_files(short, Path())
    for unknown in ("ffff", "x", "%"):
        with pytest.raises(NotFound, match="no reply"):
            desk.show_reply(unknown)
