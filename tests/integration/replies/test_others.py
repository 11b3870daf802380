"""What is no answer, and what is nobody's: shown where it belongs, and nothing follows from it."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlmodel import Session, select

from activities.replies import assign
from activities.store.customers import customer_by_ref
from activities.store.engine import transaction
from activities.store.load import load_customer
from activities.store.replies import dismiss, locked_reply
from models.errors import InvalidFact, WrongState
from models.tables import Company, Contact, Customer, Reply, Staff
from models.tables.words import PhoneKind
from rules.decide import State
from rules.facts import Role
from tests.fixtures.mails import mail, parsed_post, raw_post, report
from tests.integration.replies.conftest import DOMAIN, Letterbox
from tests.integration.sending.desk import NOW


def only(letterbox: Letterbox) -> Reply:
    """The one reply there is."""
    (found,) = letterbox.replies()
    return found


def undisturbed(letterbox: Letterbox) -> None:
    """Nobody is asked anything, and the ladder goes on."""
    assert not letterbox.desk.tasks("reply")
    assert letterbox.desk.review("F-1").state == State.WAITING
    assert letterbox.desk.prepare().send == ()


# No answers


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Réponse automatique : Facture F-1", {}),
        ("Automatic reply: Invoice F-1", {"X_Auto_Response_Suppress": "All"}),
        ("RE: Facture F-1", {"Auto_Submitted": "auto-replied"}),
    ],
)
def test_an_automatic_answer_is_on_the_timeline_and_nowhere_else(
    letterbox: Letterbox, subject: str, headers: dict[str, str]
) -> None:
    message = letterbox.reminder()
    letterbox.mail("Je suis absente.", to=letterbox.address_of(message.id), subject=subject, **headers)
    reply = only(letterbox)
    assert (reply.kind, reply.state, reply.pause_until) == ("automatic", "matched", None)
    assert reply.sign
    assert letterbox.desk.journal("reply_received") == 1
    undisturbed(letterbox)


def test_an_automatic_answer_in_the_parsed_form(letterbox: Letterbox) -> None:
    message = letterbox.reminder()
    body = parsed_post(
        headers="From: compta@c-1.example\nSubject: Absence du bureau\nMessage-ID: <2@c>\n",
        text="Absente",
        to=letterbox.address_of(message.id),
    )
    letterbox.post(body)
    assert only(letterbox).kind == "automatic"
    undisturbed(letterbox)


def test_a_person_can_say_that_it_is_an_answer_after_all(letterbox: Letterbox) -> None:
    letterbox.reminder()
    letterbox.mail("[Ticket 4711] Nous payons vendredi.", Precedence="bulk")
    undisturbed(letterbox)
    _assign(letterbox, only(letterbox).id, "C-1")
    assert (only(letterbox).kind, only(letterbox).matched_by) == ("answer", "sender")
    assert letterbox.desk.review("F-1").paused_by == "reply"
    with pytest.raises(WrongState, match="taken up already"):
        _assign(letterbox, only(letterbox).id, "C-1")


def test_a_delivery_report_is_a_bounce_of_the_message_it_returns(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    message = letterbox.reminder()
    desk.person("C-1", Role.ACCOUNTING, "autre@c-1.example")
    address = letterbox.address_of(message.id)
    letterbox.post(raw_post(report("compta@c-1.example", to=address), to=address, sender=""))
    assert [receipt.last_error for receipt in letterbox.receipts()] == [None]
    assert only(letterbox).kind == "bounce"
    assert not desk.tasks("reply")
    # As the provider's own event would: the address is out of use, and the step comes again.
    view = desk.review("F-1")
    assert (view.state, view.next_step) == (State.DUE, "reminder_1")
    again = desk.prepare().send
    assert [desk.message(each).to_address for each in again] == ["autre@c-1.example"]


def test_a_delayed_or_foreign_report_says_nothing_against_the_address(letterbox: Letterbox) -> None:
    message = letterbox.reminder()
    address = letterbox.address_of(message.id)
    delayed = report("compta@c-1.example", to=address, status="4.4.1", action="delayed")
    foreign = report("quelqu-un@ailleurs.example", to=address)
    for each in (delayed, foreign):
        letterbox.post(raw_post(each, to=address, sender=""))
    assert [reply.kind for reply in letterbox.replies()] == ["bounce", "bounce"]
    undisturbed(letterbox)


def test_one_of_ours_wrote(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    message = letterbox.reminder()
    with transaction(desk.engine) as session:
        session.add(Staff(id=UUID(int=1), email="Paul@acme.example", name="Paul", role="collector"))
    for place, sender in enumerate(("claire@acme.example", "paul@acme.example", "compta@acme.example")):
        letterbox.mail(
            "Merci !", to=letterbox.address_of(message.id), sender=sender, message_id=f"<{place}@acme>"
        )
    assert {reply.kind for reply in letterbox.replies()} == {"own"}
    undisturbed(letterbox)


# Text messages


def test_a_text_message_answers_the_last_one_we_sent_there(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    # Two customers share a mobile: whoever was written to last is meant.
    for ref, number in (("C-1", "F-1"), ("C-2", "F-2")):
        desk.customer(ref)
        desk.invoice(number, customer=ref, due=date(2026, 2, 6), last=("reminder_2", date(2026, 2, 27)))
    desk.review("F-2")
    (message, *_) = desk.prepare("C-2").send
    assert desk.message(message).channel == "sms"
    assert desk.send(message).outcome == "sent"
    letterbox.text("Virement parti")
    reply = only(letterbox)
    assert (reply.matched_by, reply.communication_id) == ("thread", message)
    (task,) = desk.tasks("reply")
    assert task.customer_id == desk.customers["C-2"]
    assert desk.review("F-1").paused_by is None


def test_stop_takes_the_number_out_of_use_for_texts(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    desk.invoice("F-1", due=date(2026, 2, 6), last=("reminder_2", date(2026, 2, 27)))
    desk.review("F-1")
    sms, *_ = desk.prepare().send
    assert desk.send(sms).outcome == "sent"
    letterbox.text("Stop.")
    assert only(letterbox).kind == "opt_out"
    assert not desk.tasks("reply")
    assert desk.review("F-1").paused_by is None
    assert _texts_reach(letterbox) is False


def test_stop_from_a_number_we_never_wrote_to_is_read_by_a_person(letterbox: Letterbox) -> None:
    letterbox.reminder()
    letterbox.text("STOP")
    assert only(letterbox).kind == "answer"
    assert len(letterbox.desk.tasks("reply")) == 1


# Whose it is


def test_by_the_message_it_names(letterbox: Letterbox) -> None:
    message = letterbox.reminder()
    assert message.provider_id
    letterbox.mail(
        "Payé",
        sender="quelqu-un@ailleurs.example",
        References=f"<x@y> <{message.provider_id}@ismtpd0088p1iad2.sendgrid.net>",
    )
    assert (only(letterbox).matched_by, only(letterbox).communication_id) == ("thread", message.id)


def test_by_who_alone_has_the_address(letterbox: Letterbox) -> None:
    letterbox.reminder()
    letterbox.mail("Payé", sender="COMPTA@c-1.example")
    reply = only(letterbox)
    assert (reply.matched_by, reply.communication_id) == ("sender", None)
    assert reply.contact_id is not None


def test_an_address_of_several_customers_is_for_a_person_to_decide(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    for ref, number in (("C-1", "F-1"), ("C-2", "F-2")):
        desk.customer(ref, email="cabinet@comptable.example")
        desk.invoice(number, customer=ref)
    desk.review("F-2")
    (message,) = desk.prepare("C-2").send
    assert desk.send(message).outcome == "sent"
    letterbox.mail("Payé", sender="cabinet@comptable.example")
    reply = only(letterbox)
    assert (reply.state, reply.customer_id) == ("unmatched", None)
    assert reply.suggested_customer_id == desk.customers["C-2"]
    assert not desk.tasks("reply")


@pytest.mark.parametrize(
    ("sender", "suggested"),
    [("paul@c-1.example", True), ("paul@ailleurs.example", False), ("c-1@gmail.com", False)],
)
def test_a_domain_only_suggests(letterbox: Letterbox, sender: str, suggested: bool) -> None:
    desk = letterbox.desk
    desk.customer("C-9", email="c-9@gmail.com")
    letterbox.reminder()
    letterbox.mail("Payé", sender=sender)
    reply = only(letterbox)
    assert reply.state == "unmatched"
    assert reply.suggested_customer_id == (desk.customers["C-1"] if suggested else None)
    assert reply.company_id == desk.company_id
    assert desk.review("F-1").paused_by is None


def test_a_token_of_a_message_that_never_was(letterbox: Letterbox) -> None:
    letterbox.reminder()
    for place, to in enumerate((letterbox.address_of(UUID(int=7)), f"r+xyz@{DOMAIN}", f"claire@{DOMAIN}")):
        letterbox.mail("?", to=to, sender=f"x{place}@ailleurs.example", message_id=f"<{place}@x>")
    assert {reply.state for reply in letterbox.replies()} == {"unmatched"}


def test_one_mail_that_answers_two_customers_is_a_reply_of_each(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    messages = []
    for ref, number in (("C-1", "F-1"), ("C-2", "F-2")):
        desk.invoice(number, customer=ref)
        desk.review(number)
        (message,) = desk.prepare(ref).send
        assert desk.send(message).outcome == "sent"
        messages.append(message)
    # SendGrid posts once for each address at our domain.
    sent = mail("Les deux sont payées", to=", ".join(map(letterbox.address_of, messages)))
    for message in messages:
        letterbox.post(raw_post(sent, to=letterbox.address_of(message)))
    assert {reply.customer_id for reply in letterbox.replies()} == set(desk.customers.values())
    assert len(desk.tasks("reply")) == 2


def test_two_companies_and_nobody_knows_which(letterbox: Letterbox) -> None:
    letterbox.reminder()
    with transaction(letterbox.desk.engine) as session:
        session.add(
            Company(id=UUID(int=2), ref="autre", name="Autre", country="FR", email="compta@autre.example")
        )
    for place, to in enumerate(("compta@autre.example", "info@autre.example", f"x@{DOMAIN}")):
        letterbox.mail("?", to=to, sender="inconnu@ailleurs.example", message_id=f"<{place}@x>")
    found = {reply.recipient: reply.company_id for reply in letterbox.replies()}
    assert found == {
        "compta@autre.example": UUID(int=2),
        "info@autre.example": UUID(int=2),
        f"x@{DOMAIN}": None,
    }


def test_a_customer_without_any_case_is_for_a_person_to_look_at(letterbox: Letterbox) -> None:
    letterbox.desk.customer("C-1")
    letterbox.mail("Bonjour")
    reply = only(letterbox)
    assert (reply.state, reply.suggested_customer_id) == ("unmatched", letterbox.desk.customers["C-1"])


def test_advertising_and_machines_of_strangers_are_put_before_nobody(letterbox: Letterbox) -> None:
    letterbox.reminder()
    letterbox.mail("Nos offres", sender="pub@ailleurs.example", List_Id="<pub.ailleurs.example>")
    body = parsed_post(
        headers="From: x@ailleurs.example\nMessage-ID: <9@x>\n", text="Gagnez !", spam_score="9.1"
    )
    letterbox.post(body)
    assert [reply.state for reply in letterbox.replies()] == ["dismissed", "dismissed"]


def test_people_say_whose_it_is_or_that_it_is_nobodys(letterbox: Letterbox) -> None:
    desk = letterbox.desk
    letterbox.reminder()
    desk.customer("C-2")
    letterbox.mail("Payé", sender="inconnu@ailleurs.example", message_id="<1@x>")
    reply = only(letterbox)
    with pytest.raises(WrongState, match="no invoice: there is nothing to answer about"):
        _assign(letterbox, reply.id, "C-2")
    _assign(letterbox, reply.id, "C-1")
    reply = only(letterbox)
    assert (reply.state, reply.matched_by, reply.settled_by) == ("matched", "person", "claire@acme.example")
    assert desk.review("F-1").paused_by == "reply"
    assert "Payé" in desk.tasks("reply")[0].body
    with transaction(desk.engine) as session, pytest.raises(WrongState, match="complete its task"):
        dismiss(session, locked_reply(session, reply.id), NOW, "claire@acme.example")
    letterbox.mail("Pub", sender="inconnu@ailleurs.example", message_id="<2@x>")
    second = next(each for each in letterbox.replies() if each.state == "unmatched")
    with transaction(desk.engine) as session:
        dismiss(session, locked_reply(session, second.id), NOW, "claire@acme.example")
    assert {reply.state for reply in letterbox.replies()} == {"matched", "dismissed"}


def test_another_companys_reply_cannot_be_taken(letterbox: Letterbox) -> None:
    letterbox.reminder()
    letterbox.mail("Payé", sender="inconnu@ailleurs.example")
    with transaction(letterbox.desk.engine) as session:
        other = Company(id=UUID(int=2), ref="autre", name="Autre", country="FR")
        session.add(other)
        session.flush()
        session.add(Customer(id=UUID(int=3), company_id=other.id, ref="C-1", name="x", country="FR"))
    with pytest.raises(InvalidFact, match="came to another company"):
        _assign(letterbox, only(letterbox).id, "C-1", company="autre")


# What cannot be read


def test_a_bomb_is_a_mail_that_somebody_must_ask_for_again(letterbox: Letterbox) -> None:
    message = letterbox.reminder()
    nest = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(90)
    )
    bomb = b"From: compta@c-1.example\r\nSubject: RE: Facture\r\nMessage-ID: <b@c>\r\n" + nest
    letterbox.post(raw_post(bomb, to=letterbox.address_of(message.id)))
    reply = only(letterbox)
    assert (reply.kind, reply.matched_by, reply.text) == ("answer", "token", "")
    (task,) = letterbox.desk.tasks("reply")
    assert "Not all of it could be read: it has" in task.body


def test_what_is_no_mail_is_refused_and_stops_nothing(letterbox: Letterbox) -> None:
    letterbox.reminder()
    letterbox.post(b"nothing of the kind")
    letterbox.mail("Payé")
    refused, done = letterbox.receipts()
    assert (refused.state, done.state) == ("refused", "done")
    assert refused.last_error == "the form cannot be read"


def _assign(letterbox: Letterbox, reply_id: UUID, customer: str, company: str = "acme") -> None:
    with transaction(letterbox.desk.engine) as session:
        row = customer_by_ref(session, company, customer)
        assign(session, reply_id, row, letterbox.desk.clock.at, "claire@acme.example")


def _texts_reach(letterbox: Letterbox) -> bool:
    """Whether a text message would still be sent to the customer's one mobile."""
    with transaction(letterbox.desk.engine) as session:
        assert _mobiles(session)
        loaded = load_customer(session, letterbox.desk.customers["C-1"], letterbox.desk.clock.at)
        return loaded.customer.reach[Role.ACCOUNTING].mobile


def _mobiles(session: Session) -> list[Contact]:
    return list(session.exec(select(Contact).where(Contact.phone_kind == PhoneKind.MOBILE)))
