"""The journal in French: no kind of line is missing, and each sentence takes its details."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from markupsafe import Markup

from admin.console.speech import Speech
from admin.console.words.journal import SENTENCES as FRENCH
from admin.console.words.journal import told_in_french
from admin.console.words.said_words import E_INVOICE
from admin.queries.timeline import TimelineEntry
from admin.queries.words import SENTENCES as ENGLISH
from admin.queries.words import in_words
from models.ids import CaseSignal
from rules.lifecycle import STATUSES
from tests.console.texts import ROOT, english_left, plain
from tests.fixtures.ledger import NOW

SPEECH = Speech("fr", {"helene@acme.example": "Hélène Faure"})


def entry(what: str, why: str | None = None, **detail: Any) -> TimelineEntry:
    text = in_words(what, detail, why, "EUR")
    return TimelineEntry(
        id=1,
        at=NOW,
        on=date(2026, 3, 10),
        who="relance",
        what=what,
        text=text,
        why=why,
        invoice="F-1",
        detail=detail,
    )


def test_no_kind_of_line_is_missing_in_french() -> None:
    assert sorted(ENGLISH.keys() - FRENCH.keys()) == []
    assert sorted(set(_more_kinds()) - FRENCH.keys()) == []


def _more_kinds() -> Iterator[str]:
    """Kinds that are written without a sentence in English."""
    for folder in ("activities", "admin"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                    ("add_event", "end_credit")
                ):
                    named = [word.value for word in node.keywords if word.arg == "what"]
                    for each in (*named, *node.args[3:4]):
                        if isinstance(each, ast.Constant) and isinstance(each.value, str):
                            yield each.value


@pytest.mark.parametrize("what", sorted(FRENCH))
def test_a_sentence_holds_with_little_to_say(what: str) -> None:
    told = told_in_french(what, {}, None)
    assert told
    assert "{" not in told
    assert not english_left(told.replace("None", ""))


def test_every_status_of_an_electronic_invoice_has_its_french() -> None:
    assert E_INVOICE.keys() == STATUSES.keys()


@pytest.mark.parametrize(
    ("what", "detail", "french"),
    [
        (
            "payment_received",
            {"amount": "1234.5", "currency": "EUR", "received_on": "2026-03-10"},
            "Règlement de 1 234,50 € reçu le 10/03/2026",
        ),
        ("payment_received", {"amount": "20"}, "Règlement de 20,00 € reçu"),
        (
            "payment_plan_agreed",
            {
                "instalments": [
                    {"due_on": "2026-04-01", "amount": "5"},
                    {"due_on": "2026-05-01", "amount": "6"},
                ]
            },
            "Échéancier convenu : 5,00 € pour le 01/04/2026, 6,00 € pour le 01/05/2026",
        ),
        ("paused", {"reason": "vacances", "until": "2026-04-01"}, "En pause jusqu’au 01/04/2026 : vacances"),
        ("paused", {"reason": "agency"}, "En pause jusqu’à reprise : confié à une société de recouvrement"),
        ("case_waiting", {"next": "reminder_2"}, "Attend la prochaine étape (2e relance)"),
        ("invoice_changed", {"due_on": "2026-04-01"}, "Facture corrigée : échéance 01/04/2026"),
        (
            "dispute_opened",
            {"amount": "10", "cause": "not_received"},
            "Le client conteste 10,00 € (facture non reçue)",
        ),
        (
            "credit_note_issued",
            {"amount": "3", "number": "small balance"},
            "Avoir (petit solde) de 3,00 € établi",
        ),
        ("message_sent", {"kind": "firm_reminder", "channel": "email"}, "Relance ferme, courriel : parti"),
        ("task_completed", {"outcome": "promise"}, "Tâche faite : promesse de règlement"),
        (
            "discount",
            {"percent": "2.5", "until": "2026-04-01"},
            "Escompte de 2,5 % pour un règlement jusqu’au 01/04/2026",
        ),
        (
            "reply_received",
            {"kind": "answer", "until": "2026-04-01"},
            "Le client a répondu par courriel ; en pause jusqu’au 01/04/2026",
        ),
    ],
)
def test_sentences(what: str, detail: dict[str, Any], french: str) -> None:
    assert plain(SPEECH.told(entry(what, **detail), "EUR")) == french


def test_a_line_says_its_reason_in_french_too() -> None:
    told = SPEECH.told(entry("case_waiting", "5 days after the due date", next="reminder_1"), "EUR")
    assert plain(told) == "Attend la prochaine étape (1re relance) : 5 jours après l’échéance"
    paused = SPEECH.told(entry("case_paused", "paused by dispute (all that is owed is disputed)"))
    assert plain(paused) == "En pause, litige (tout ce qui est dû est contesté)"


def test_what_nobody_translated_is_marked_as_english_and_escaped() -> None:
    told = SPEECH.told(entry("message_refused", "550 <no> such user", kind="thank_you", channel="email"))
    assert isinstance(told, Markup)
    assert plain(told).endswith(': <span lang="en">550 &lt;no&gt; such user</span>')
    strange = SPEECH.told(entry("something_<new>", "because"))
    assert strange == '<span lang="en">Something &lt;new&gt;: because</span>'


def test_what_a_person_typed_is_shown_in_whatever_language_it_is() -> None:
    told = SPEECH.told(entry(CaseSignal.RESUMED, "vu avec <Paul>"))
    assert not isinstance(told, Markup)
    assert plain(told) == "Reprise : vu avec <Paul>"


def test_data_with_markup_stays_escaped_beside_english() -> None:
    told = SPEECH.told(entry("rejected", "amount: required", signal="<b>x</b>"))
    assert "<b>" not in told
    assert "&lt;b&gt;" in told


def test_an_english_reader_reads_what_the_ledger_says() -> None:
    line = entry("case_waiting", "5 days after the due date", next="reminder_1")
    speech = Speech("en", {})
    assert speech.told(line) == line.text
    assert speech.said("paid in full") == "paid in full"
    assert speech.titled("Stop deliveries to Acme?", "hold_proposal") == "Stop deliveries to Acme?"


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ("relance", "Relance"),
        ("console:helene@acme.example", "Hélène Faure"),
        ("helene@acme.example", "Hélène Faure"),
        ("console:autre@acme.example", "autre@acme.example"),
        ("api:erp", "clé erp"),
        ("bank", "relevé bancaire"),
        ("root@machine", "root@machine"),
        (None, ""),
    ],
)
def test_who_did_it_is_named(who: str | None, name: str) -> None:
    assert SPEECH.by(who) == name
