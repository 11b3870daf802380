"""Which mail a person wrote, which a machine, and which words by SMS mean no more of them."""

from __future__ import annotations

from datetime import date

import pytest

from rules.calendar import business_calendar
from rules.replies import EFFECTS, ReplyKind, Traits, mail_kind, paused_until, text_kind

PERSONS = (
    "RE: Facture F-1",
    "Facture F-1",
    "",
    "RE: Réponse automatique : Facture F-1",
    "Absence de facture",
    "Absence de bon de commande",
    "Leave it with me",
    "Holiday closure and your invoice",
    "Automobiles Durand : règlement",
    "Read the attached remittance",
    "Lu et approuvé",
    "Réception de votre facture",
    "Accusé réception : non, rien reçu",
    "Undelivered goods on F-1",
    "Urlaubsgeld und Rechnung",
    "Out of stock: F-1",
)
MACHINES = (
    "Réponse automatique : Facture F-1",
    "Réponse automatique: RE: Facture",
    "Absence du bureau : RE: Facture F-1",
    "Message d’absence",
    "Message d'absence Re: Facture",
    "Notification d'absence",
    "Je suis absente du bureau jusqu'au 16 mars",
    "En congés jusqu'au 16/03",
    "Absent du 9 au 13 mars",
    "Accusé de réception automatique",
    "Lu : Facture F-1",
    "Non lu : Facture F-1",
    "Automatic reply: Invoice F-1",
    "Auto: Invoice F-1",
    "Autoreply",
    "Out of Office: Invoice F-1",
    "I'm out of the office until Monday",
    "Away from my desk",
    "On annual leave until 16 March",
    "Read: Invoice F-1",
    "OOO - back on Monday",
    "Automatische Antwort: Rechnung F-1",
    "Abwesenheitsnotiz: Rechnung",
    "Abwesend bis 16.3.",
    "Nicht im Büro: Rechnung",
    "Gelesen: Rechnung F-1",
    "Urlaub bis 16.3.",
    "Respuesta automática: Factura",
    "Fuera de la oficina",
    "Risposta automatica: Fattura",
    "Fuori ufficio",
    "Automatisch antwoord: Factuur",
    "Afwezigheid",
)


@pytest.mark.parametrize("subject", PERSONS)
def test_a_person_wrote(subject: str) -> None:
    assert mail_kind(Traits({}, subject, "jeanne@client.example")).kind is ReplyKind.ANSWER


@pytest.mark.parametrize("subject", MACHINES)
def test_a_subject_by_which_machines_are_known(subject: str) -> None:
    found = mail_kind(Traits({}, subject, "jeanne@client.example"))
    assert found.kind is ReplyKind.AUTOMATIC
    assert found.sign is not None
    assert found.sign.startswith("subject: ")


@pytest.mark.parametrize(
    ("name", "value", "sign"),
    [
        ("auto-submitted", "auto-replied", "Auto-Submitted: auto-replied"),
        ("auto-submitted", "Auto-Generated; owner-email=x", "Auto-Submitted: auto-generated"),
        ("x-auto-response-suppress", "All", "X-Auto-Response-Suppress"),
        ("x-auto-response-suppress", "DR, OOF, AutoReply", "X-Auto-Response-Suppress"),
        ("precedence", "bulk", "Precedence: bulk"),
        ("precedence", "auto_reply", "Precedence: auto_reply"),
        ("x-autoreply", "yes", "x-autoreply"),
        ("x-autorespond", "Facture F-1", "x-autorespond"),
        ("x-vacation", "yes", "x-vacation"),
        ("list-id", "<compta.client.example>", "list-id"),
        ("delivered-to", "Autoresponder", "Delivered-To: autoresponder"),
    ],
)
def test_a_header_by_which_machines_are_known(name: str, value: str, sign: str) -> None:
    found = mail_kind(Traits({name: value}, "RE: Facture F-1"))
    assert (found.kind, found.sign) == (ReplyKind.AUTOMATIC, sign)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("auto-submitted", "no"),
        ("auto-submitted", ""),
        # Outlook asks that no delivery receipt comes back: a person writes all the same.
        ("x-auto-response-suppress", "DR, RN, NRN"),
        ("precedence", "normal"),
        ("importance", "high"),
    ],
)
def test_a_header_that_people_have_too(name: str, value: str) -> None:
    assert mail_kind(Traits({name: value}, "RE: Facture F-1")).kind is ReplyKind.ANSWER


@pytest.mark.parametrize(
    "traits",
    [
        Traits({}, "anything", content_type="multipart/report; report-type=delivery-status; boundary=b"),
        Traits({}, "Undelivered Mail Returned to Sender", "mailer-daemon@mx.example"),
        Traits({}, "Non remis : Facture F-1", "postmaster@client.example"),
        Traits({}, "Unzustellbar: Rechnung F-1", null_sender=True),
        Traits({"x-failed-recipients": "a@b.example"}, "Mail", "mailer-daemon@googlemail.com"),
    ],
)
def test_a_mail_server_says_that_it_was_not_delivered(traits: Traits) -> None:
    assert mail_kind(traits).kind is ReplyKind.BOUNCE


def test_a_receipt_is_no_answer_and_no_bounce() -> None:
    read = Traits({}, "Lu", content_type="multipart/report; report-type=disposition-notification")
    assert mail_kind(read).kind is ReplyKind.AUTOMATIC


def test_a_mail_with_an_empty_return_path_was_typed_by_nobody() -> None:
    assert mail_kind(Traits({}, "RE: Facture", null_sender=True)).sign == "an empty return path"


@pytest.mark.parametrize(
    "body", ["STOP", "stop.", " Arrêt ", "ARRETEZ !", "Stop SMS", "désabonner", "« STOP »"]
)
def test_words_that_mean_no_more_text_messages(body: str) -> None:
    assert text_kind(body).kind is ReplyKind.OPT_OUT


@pytest.mark.parametrize(
    "body",
    ["Stop, c'est payé", "OK", "", "STOP aux relances, facture réglée", "Le virement est parti", "fin"],
)
def test_words_that_somebody_must_read(body: str) -> None:
    assert text_kind(body).kind is ReplyKind.ANSWER


def test_twilio_says_by_itself_what_it_took_for_an_opt_out() -> None:
    assert text_kind("Basta", "STOP").kind is ReplyKind.OPT_OUT
    assert text_kind("info", "HELP").kind is ReplyKind.ANSWER


def test_only_what_a_person_wrote_pauses_and_asks() -> None:
    assert {kind for kind, effect in EFFECTS.items() if effect.pauses or effect.asks} == {ReplyKind.ANSWER}
    assert set(EFFECTS) == set(ReplyKind)


def test_a_pause_counts_business_days_of_the_customer() -> None:
    # Tuesday 7 April 2026: Monday the 13th comes after the Friday, and no holiday lies between.
    assert paused_until(date(2026, 4, 7), 5, business_calendar("FR")) == date(2026, 4, 14)
    # Good Friday and Easter Monday are holidays in Germany; in France, only the Monday is.
    assert paused_until(date(2026, 4, 1), 3, business_calendar("DE")) == date(2026, 4, 8)
    assert paused_until(date(2026, 4, 1), 3, business_calendar("FR")) == date(2026, 4, 7)
