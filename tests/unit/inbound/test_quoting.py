"""The newest part of a mail, as mail programs of several languages quote what they answer."""

from __future__ import annotations

from time import process_time

import pytest

from activities.inbound.markup import QUOTE, html_text
from activities.inbound.quoting import split, unmarked
from tests.fixtures import mails


@pytest.mark.parametrize(
    ("text", "begins", "ends", "signature"),
    [
        (mails.GMAIL_FR, "Bonjour,\n\nLe virement", "Comptabilité fournisseurs", ""),
        (mails.OUTLOOK_FR, "Bonjour Claire,", "Cordialement,\nJeanne Durand", ""),
        (mails.OUTLOOK_EN, "Hello,\n\nWe dispute", "Best regards,\nJohn", ""),
        (mails.APPLE_EN, "Paid this morning.", "Paid this morning.", "Sent from my iPhone"),
        (mails.APPLE_FR, "C'est fait.", "C'est fait.", "Envoyé de mon iPhone"),
        (mails.GMAIL_DE, "Guten Tag,\ndie Rechnung", "5. März bezahlt.", ""),
        (mails.BELOW, "On Friday.", "On Friday.", ""),
    ],
)
def test_what_is_new(text: str, begins: str, ends: str, signature: str) -> None:
    parts = split(mails.written(text))
    assert parts.new.startswith(begins)
    assert parts.new.endswith(ends)
    assert parts.signature == signature
    assert "acme.example" in parts.quoted
    assert "acme.example" not in parts.new


def test_answers_between_the_quoted_lines_are_shown_with_what_they_answer() -> None:
    parts = split(mails.written(mails.BETWEEN_THE_LINES))
    assert "> Et la F-2 ?\n\nElle est contestée." in parts.new
    assert (parts.signature, parts.quoted) == ("--\nJeanne", "")


@pytest.mark.parametrize(
    "text",
    [
        "Le virement de 1 200 € est parti le 12 :\nréférence F-1",
        "Claire wrote to me about this:\nI have no idea.",
        "De mémoire : c'était payé.\nÀ vérifier.",
        "-----\nTotal 12\n-----",
        "> une seule ligne citée\nOui.",
        "Envoyé de mon iPhone",
    ],
)
def test_what_only_looks_quoted_is_new(text: str) -> None:
    assert split(text).new == text


def test_nothing_new_is_shown_whole() -> None:
    assert split("> a\n> b").new == "> a\n> b"
    assert split("").new == ""


def test_html_says_where_the_quotation_begins() -> None:
    for mark in (
        '<div class="gmail_quote">',
        '<div id="divRplyFwdMsg">',
        '<blockquote type="cite">',
        '<div class="moz-cite-prefix">',
    ):
        text = html_text(f"<p>Pay&eacute; <b>vendredi</b>.</p>{mark}<p>Sauf erreur</p>")
        assert split(text).new == "Payé vendredi."
        assert split(text).quoted == "Sauf erreur"
        assert QUOTE not in unmarked(text)


def test_html_becomes_text_that_hides_nothing() -> None:
    text = html_text(
        "<html><head><title>x</title><style>p{color:red}</style></head><body><p>A&nbsp;&amp;&nbsp;B</p>"
        "<script>alert(1)</script><ul><li>un<li>deux</ul><table><tr><td>F-1<td>12,00</table>"
        '<a href="https://mal.example/x">https://banque.example</a> 3 < 5<!-- caché --></body></html>'
    )
    assert text == (
        "A & B\n\n- un\n- deux\n\nF-1\t12,00\n\nhttps://banque.example <https://mal.example/x> 3 < 5"
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "<" * 1_000_000,
        "<!--" * 250_000,
        "<a href='x'>" * 80_000,
        "&#x41" * 200_000,
        "<script>" * 120_000,
        "<p class=" * 100_000,
        "</a>" * 250_000,
    ],
)
def test_hostile_html_costs_little(hostile: str) -> None:
    began = process_time()
    html_text(hostile)
    assert process_time() - began < 5


@pytest.mark.parametrize(
    "line", ["le 9 " + "a" * 390, "a écrit " * 48 + ":", "x" * 390 + ":", "> ", "De : x"]
)
def test_hostile_text_costs_little(line: str) -> None:
    began = process_time()
    split(f"{line}\n" * 20_000)
    assert process_time() - began < 5
