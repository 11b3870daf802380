"""A customer answers: it pauses, one person is asked, and the ladder goes on after that."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.facts import Recorded
from activities.store.work import Completion, complete_task
from models.errors import InvalidFact
from models.tables import CaseEvent, Communication, Company, Content, DisputeRow, PlanRow, Task
from rules.decide import State
from tests.fixtures.mails import GMAIL_FR, OUTLOOK_FR, mail, raw_post
from tests.integration.replies.conftest import Letterbox
from tests.integration.sending.desk import NOW


def complete(letterbox: Letterbox, task: Task, outcome: str, **told: Any) -> Recorded:
    """Complete the task as the command line and the API do."""
    with transaction(letterbox.desk.engine) as session:
        return complete_task(
            session,
            task_id=task.id,
            completion=Completion.model_validate({"outcome": outcome, **told}),
            now=letterbox.desk.clock.at,
            who="claire@acme.example",
        )


def test_an_answer_pauses_and_asks_one_person(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    message = letterbox.reminder()
    letterbox.mail(GMAIL_FR, to=letterbox.address_of(message.id), sender="Paul <paul@c-1.example>")

    assert [receipt.last_error for receipt in letterbox.receipts()] == [None]
    (reply,) = letterbox.replies()
    assert (reply.kind, reply.matched_by, reply.communication_id) == ("answer", "token", message.id)
    assert reply.text.startswith("Bonjour,\n\nLe virement de 1 200,00 € part vendredi")
    assert "Sauf erreur" in reply.whole
    assert "Sauf erreur" not in reply.text
    (task,) = desk.tasks("reply")
    assert (task.assignee_email, task.due_on) == ("claire@acme.example", date(2026, 3, 11))
    assert "Le virement de 1 200,00 €" in task.body
    assert "not among this customer's contacts" in task.body
    assert "In answer to reminder_1 of 2026-03-10" in task.body
    assert reply.pause_until == date(2026, 3, 17)
    assert ("F-1", "contact_concluded") in desk.notes()
    view = desk.review("F-1")
    assert (view.state, view.paused_by) == (State.PAUSED, "reply")
    # Nothing personal goes to Temporal: the view is what the history records.
    assert "virement" not in view.model_dump_json()
    assert "paul" not in view.model_dump_json()


def test_the_collector_gets_it_by_mail_and_answers_the_writer(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    message = letterbox.reminder()
    files = {"avis.pdf": b"%PDF-1.7", "facture.exe": b"MZ"}
    sent = mail(OUTLOOK_FR, to=letterbox.address_of(message.id), files=files, sender="Jeanne <j@c-1.example>")
    letterbox.post(raw_post(sent, to=letterbox.address_of(message.id)))
    (copy,) = desk.prepare().send
    assert desk.send(copy).outcome == "sent"
    assert desk.message(copy).to_address == "claire@acme.example"
    envelope = desk.envelope(copy)
    assert envelope.reply_to_address == "j@c-1.example"
    assert envelope.subject == "Réponse de Client C-1 (C-1)\u00a0: RE: Facture F-1"
    assert "La facture F-1 a été réglée le 5 mars" in envelope.text
    assert [file.name for file in envelope.attachments] == ["avis.pdf"]
    assert "facture.exe" in envelope.text
    assert desk.message(copy).audience == "internal"


def test_whoever_answers_to_the_collector_too_is_not_copied(letterbox: Letterbox) -> None:
    letterbox.reminder()
    letterbox.mail("Payé", to="claire@acme.example")
    assert letterbox.replies()[0].matched_by == "sender"
    assert letterbox.desk.prepare().send == ()


def test_nothing_planned_leaves_after_an_answer(letterbox: Letterbox) -> None:
    """Selected, composed, and an answer comes in before it is handed over."""
    desk = letterbox.desk
    desk.invoice("F-1")
    message = desk.due()
    letterbox.mail("Le virement part demain.")
    assert desk.send(message).outcome == "stale"
    assert desk.review("F-1").paused_by == "reply"
    # What leaves is the copy to the collector, and nothing to the customer.
    (copy,) = desk.prepare().send
    assert desk.send(copy).outcome == "sent"
    assert desk.prepare().send == ()


def test_the_task_done_the_ladder_goes_on(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    letterbox.reminder()
    letterbox.mail("Nous regardons.")
    desk.notes()
    (task,) = desk.tasks("reply")
    complete(letterbox, task, "answered", note="rappelle lundi")
    assert desk.tasks("reply", "done")[0].id == task.id
    assert letterbox.replies()[0].pause_ended_at == NOW
    assert [signal for _, signal in desk.notes()] == ["task_completed"]
    view = desk.review("F-1")
    # Planned for the 20th: five days after the pause ended have passed by then.
    assert (view.state, view.next_step, view.paused_by) == (State.WAITING, "reminder_2", None)


def test_nobody_reads_it_and_the_ladder_goes_on_by_itself(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    letterbox.reminder()
    letterbox.mail("Nous regardons.")
    desk.clock.at = NOW + timedelta(days=7)
    assert desk.review("F-1").paused_by is None
    assert desk.tasks("reply", "open")


def test_two_answers_are_one_task_and_the_last_pause_counts(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    letterbox.reminder()
    letterbox.mail("Nous regardons.", message_id="<1@c>")
    desk.clock.at = NOW + timedelta(days=1)
    letterbox.text("Virement parti", sid="SM7")
    (task,) = desk.tasks("reply")
    assert task.body.index("Nous regardons.") < task.body.index("Virement parti")
    first, second = letterbox.replies()
    assert (first.task_id, second.task_id) == (task.id, task.id)
    assert (first.pause_until, second.pause_until) == (date(2026, 3, 17), date(2026, 3, 18))
    complete(letterbox, task, "go_on")
    assert all(reply.pause_ended_at for reply in letterbox.replies())
    # Another one after that is another task.
    letterbox.text("Et la suite ?", sid="SM8")
    assert len(desk.tasks("reply")) == 2


def test_the_same_mail_again_changes_nothing(letterbox: Letterbox) -> None:
    """SendGrid posts again what it had no answer to: the form has another boundary then."""
    letterbox.reminder()
    letterbox.mail("Payé")
    body = raw_post(mail("Payé", to="compta@acme.example")).replace(b"xYzZY", b"other")
    letterbox.post(body, content_type="multipart/form-data; boundary=other")
    assert len(letterbox.receipts()) == 2
    assert len(letterbox.replies()) == 1
    assert letterbox.desk.journal("reply_received") == 1
    assert letterbox.desk.tasks("reply")[0].body.count("Payé") == 1


@pytest.mark.parametrize(("days", "paused"), [(0, False), (1, True)])
def test_a_company_says_how_long(letterbox: Letterbox, days: int, paused: bool) -> None:
    desk = letterbox.desk
    letterbox.reminder()
    with transaction(desk.engine) as session:
        session.get_one(Company, desk.company_id).reply_pause_days = days
    letterbox.mail("Payé")
    assert len(desk.tasks("reply")) == 1
    assert letterbox.replies()[0].pause_until == (date(2026, 3, 11) if paused else None)
    assert desk.review("F-1").paused_by == ("reply" if paused else None)


# What came of it


def outcomes(letterbox: Letterbox) -> Task:
    """An answer to a reminder about F-1, by a customer that owes F-2 and F-3 too."""
    desk = letterbox.desk
    message = letterbox.reminder()
    for number in ("F-2", "F-3"):
        desk.invoice(number, due=date(2026, 3, 25), total="300.00")
    letterbox.mail("…", to=letterbox.address_of(message.id))
    (task,) = desk.tasks("reply")
    return task


def test_a_promise_is_of_the_invoices_the_message_was_about(letterbox: Letterbox) -> None:
    task = outcomes(letterbox)
    complete(letterbox, task, "promise", promised_on="2026-03-20")
    assert _invoices(letterbox, PlanRow) == {"F-1"}
    assert letterbox.desk.review("F-1").paused_by == "promise"
    assert letterbox.desk.review("F-2").paused_by is None


def test_a_promise_of_another_invoice(letterbox: Letterbox) -> None:
    task = outcomes(letterbox)
    complete(letterbox, task, "promise", promised_on="2026-03-20", invoice="F-3")
    assert _invoices(letterbox, PlanRow) == {"F-3"}


def test_a_dispute_of_one_of_them(letterbox: Letterbox) -> None:
    task = outcomes(letterbox)
    complete(letterbox, task, "dispute", cause="quantity", amount="100.00", invoice="F-2")
    assert _invoices(letterbox, DisputeRow) == {"F-2"}


def test_a_dispute_that_could_be_about_any_of_several_is_refused(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    for number in ("F-1", "F-2"):
        desk.invoice(number)
    letterbox.mail("Nous contestons.")
    (task,) = desk.tasks("reply")
    with pytest.raises(InvalidFact, match="invoice: required, the customer has 2 open invoices"):
        complete(letterbox, task, "dispute", cause="price")
    assert desk.tasks("reply", "open")
    assert letterbox.replies()[0].pause_ended_at is None


def test_copies_a_contact_and_a_call(letterbox: Letterbox) -> None:
    task = outcomes(letterbox)
    complete(letterbox, task, "send_copy")
    (copy,) = letterbox.desk.tasks("send_copy")
    assert copy.body.startswith("Asked for in writing: F-1, to compta@c-1.example")

    letterbox.text("Rappelez-moi", sid="SM2")
    (second,) = letterbox.desk.tasks("reply", "open")
    complete(letterbox, second, "call_again")
    (call,) = letterbox.desk.tasks("phone_call")
    assert call.due_on == date(2026, 3, 11)

    letterbox.text("Voyez avec Paul", sid="SM3")
    (third,) = letterbox.desk.tasks("reply", "open")
    complete(letterbox, third, "contact_changed", contact={"email": "paul@c-1.example"})
    assert not letterbox.desk.tasks("reply", "open")


def test_an_outcome_it_does_not_take(letterbox: Letterbox) -> None:
    task = outcomes(letterbox)
    with pytest.raises(InvalidFact, match="outcome: 'no_answer' is not one of answered, promise"):
        complete(letterbox, task, "no_answer")


def test_everything_is_paid_and_the_answer_can_still_be_read(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    letterbox.reminder()
    desk.pay("F-1")
    desk.review("F-1")
    letterbox.mail("Merci !")
    (task,) = desk.tasks("reply")
    complete(letterbox, task, "go_on")
    assert not desk.tasks("reply", "open")


# What is kept, and where


def test_files_are_kept_once_under_their_hash(letterbox: Letterbox) -> None:
    letterbox.reminder()
    for place in ("1", "2"):
        sent = mail(f"Avis {place}", files={"avis.pdf": b"%PDF-1.7"}, message_id=f"<{place}@c>")
        letterbox.post(raw_post(sent))
    first, second = letterbox.replies()
    assert first.files[0]["hash"] == second.files[0]["hash"]
    with transaction(letterbox.desk.engine) as session:
        assert session.get_one(Content, first.files[0]["hash"]).body == b"%PDF-1.7"
    assert "avis.pdf (1 kB)" in letterbox.desk.tasks("reply")[0].body


def test_the_journal_holds_no_word_of_it(letterbox: Letterbox) -> None:
    letterbox.reminder()
    letterbox.mail(
        "Secret de Polichinelle", sender="Jeanne Durand <jeanne@c-1.example>", to="compta@acme.example"
    )
    letterbox.text("Secret de Polichinelle")
    with transaction(letterbox.desk.engine) as session:
        lines = session.exec(select(CaseEvent)).all()
    written = " ".join(f"{line.what} {line.why} {line.detail}" for line in lines)
    assert "reply_received" in written
    assert "Polichinelle" not in written
    assert "jeanne" not in written.lower()


def test_an_answer_proves_that_an_uncertain_message_arrived(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    desk.invoice("F-1")
    message = desk.due()
    _doubt(letterbox, message)
    letterbox.mail("Bien reçu", to=letterbox.address_of(message))
    assert desk.message(message).status == "sent"
    assert not desk.tasks("uncertain_message", "open")


def _doubt(letterbox: Letterbox, message: UUID) -> None:
    """The message is found in `sending` after a crash."""
    with transaction(letterbox.desk.engine) as session:
        row = session.get_one(Communication, message)
        row.status, row.sending_at = "sending", NOW
    assert letterbox.desk.send(message).outcome == "uncertain"


def _invoices(letterbox: Letterbox, table: Any) -> set[str]:
    numbers = {invoice: number for number, invoice in letterbox.desk.invoices.items()}
    with transaction(letterbox.desk.engine) as session:
        return {numbers[row.invoice_id] for row in session.exec(select(table))}
