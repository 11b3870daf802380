"""What a task says below its title is said in French; what somebody wrote stays as it is."""

from __future__ import annotations

from uuid import UUID

import pytest
from markupsafe import Markup

from activities.evidence import question
from admin.console.speech import Speech
from models.tables.words import TaskKind
from tests.console.texts import english_left, plain, texts_of

SPEECH = Speech("fr", {})
ID = UUID(int=1)
MENDED = "complete this task once it is mended."
PLAIN = [
    "75 days after the due date; late: its day was 2026-11-23. Outstanding: 1530.00 EUR.",
    "call of 2026-03-01 not made. Outstanding: 10.00 EUR. The formal notice is not recorded as posted: "
    "without proof of posting it is worth little.",
    "formal_notice of 2026-03-01: call the debtor about it. Outstanding: 10.00 EUR. The formal notice was "
    "posted on 2026-03-01 under RK 1; its receipt is not recorded yet.",
    "20.00 EUR promised for 2026-03-01 did not come. Outstanding: 10.00 EUR. The formal notice was posted on "
    "2026-03-01 under RK 1: unclaimed on 2026-03-20.",
    "F-1, F-2 are late. Place a delivery hold (place), or do not (decline).",
    f"nobody can be reached by sms. reminder_3 waits for it; {MENDED}\n\nNot used:\n"
    "- a@b.example: hard bounce on 2026-03-01",
    "Disputed since 2026-03-01.",
    "Called 3 times about F-1, last on 2026-03-01. The call stays with Ada, due on 2026-03-02.",
    "Asked for in writing: F-1, to a@b.example. Cause: not received.",
    question(ID, None),
    question(ID, "the worker stopped while the provider was being called"),
    "it names F-1, but nothing else says who paid.",
    "2 contacts about 3 invoices (1,200.00 EUR, 80.00 USD) wait for a bank file; the bank is known up to "
    "2026-03-01. A file of 2026-03-09 or later lets all of them go. Record the payments of the file first, "
    "then state its last day: relance bank-known acme DATE. What waits leaves then, inside its hours, and "
    "this task closes by itself.",
    "1 contact about 1 invoice (5.00 EUR) wait for a bank file; the bank is known up to None. Record the "
    "payments of the file first, then state its last day: relance bank-known acme DATE. What waits leaves "
    "then, inside its hours, and this task closes by itself.",
    "the ECB's main refinancing rate for the first half of 2026 is not known (series ecb). Until it is "
    "entered, letters announce interest without its sum; nothing else waits. Enter it: relance rates add "
    'ecb 2026-1 PERCENT --source "who published it".',
]


IN_ANY_LANGUAGE = {
    # A fact that was refused: the reason names a field, and what was told follows.
    "the address does not exist\n\nAcme",
}


@pytest.mark.parametrize("body", sorted({*PLAIN, *texts_of("body")} - IN_ANY_LANGUAGE))
def test_bodies_are_said_in_french(body: str) -> None:
    lines = [line for line in body.split("\n") if line != "Acme"]
    told = SPEECH.bodied("\n".join(lines), TaskKind.DECISION)
    assert 'lang="en"' not in told, "add it to admin/console/words/said_of_tasks.py"
    assert english_left(told.partition("relance rates")[0]) == []


def test_a_reply_keeps_what_the_customer_wrote() -> None:
    body = (
        "On 2026-03-10, Zoé <z@c.example> wrote:\nIn answer to reminder_1 of 2026-03-09.\n"
        "Subject: the <b>bill\n\nIt is paid.\nOutstanding: nothing.\n\n"
        "Nothing leaves for this customer until this is done, or 2026-03-20 comes."
    )
    told = SPEECH.bodied(body, TaskKind.REPLY)
    assert isinstance(told, Markup)
    assert plain(told) == (
        "Le 10/03/2026, Zoé &lt;z@c.example&gt; a écrit :\nEn réponse à : 1re relance, 09/03/2026.\n"
        "Objet : the &lt;b&gt;bill\n\nIt is paid.\nOutstanding: nothing.\n\n"
        "Rien ne part pour ce client avant que ce soit fait, ou avant le 20/03/2026."
    )


def test_what_nobody_translated_is_marked() -> None:
    told = SPEECH.bodied("amount: <required>\n\n{}", TaskKind.REJECTED_FACT)
    assert told.startswith('<span lang="en">amount: &lt;required&gt;</span>\n\n')


def test_a_call_sheet_stays_as_it_was_written() -> None:
    assert SPEECH.bodied("Bonjour,\nNot used:", TaskKind.PHONE_CALL) == "Bonjour,\nNot used:"
