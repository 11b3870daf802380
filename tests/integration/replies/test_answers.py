"""A customer answers: it pauses, one person is asked, and the ladder goes on after that."""

from __future__ import annotations

from tests.fixtures.mails import GMAIL_FR
from tests.integration.replies.conftest import Letterbox


def test_an_answer_pauses_and_asks_one_person(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    message = letterbox.reminder()
    assert desk.envelope(message.id).reply_to_address == letterbox.address_of(message.id)
    letterbox.mail(GMAIL_FR, to=letterbox.address_of(message.id), sender="Paul <paul@c-1.example>")

    assert [r.last_error for r in letterbox.receipts()] == [None]
    (reply,) = letterbox.replies()
    assert (reply.kind, reply.matched_by, reply.communication_id) == ("answer", "token", message.id)
    assert reply.text.startswith("Bonjour,\n\nLe virement de 1 200,00 € part vendredi")
    assert "écrit" not in reply.text
    assert "Sauf erreur" in reply.whole
    (task,) = desk.tasks("reply")
    assert task.assignee_email == "claire@acme.example"
    assert "Le virement de 1 200,00 €" in task.body
    assert "not among this customer's contacts" in task.body
    assert str(reply.pause_until) == "2026-03-17"
    assert desk.review("F-1").paused_by == "reply"
