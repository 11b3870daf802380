"""Amounts, dates, plurals, phone numbers, folding and the SMS alphabet."""

from __future__ import annotations

import textwrap
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.rendering import sms_segments, to_gsm7
from activities.rendering.formats import Formats, dialled, iban_groups, one_line, typeset_french
from activities.rendering.gsm7 import septets
from activities.rendering.layout import blocks, html_paragraphs, text_paragraphs

FR = Formats("fr")
EN = Formats("en")


@pytest.mark.parametrize(
    ("amount", "currency", "french", "english"),
    [
        ("1234.56", "EUR", "1\u202f234,56\u00a0€", "€1,234.56"),
        ("1234.5600", "EUR", "1\u202f234,56\u00a0€", "€1,234.56"),
        ("0", "EUR", "0,00\u00a0€", "€0.00"),
        ("-5", "EUR", "-5,00\u00a0€", "-€5.00"),
        ("1235", "JPY", "1\u202f235\u00a0JPY", "JP¥1,235"),
        ("1234.567", "TND", "1\u202f234,567\u00a0TND", "TND\u00a01,234.567"),
        ("1.2", "TND", "1,200\u00a0TND", "TND\u00a01.200"),
        # CLDR shows no decimals for the Iraqi dinar: the ledger keeps three, and so does the letter.
        ("1.234", "IQD", "1,234\u00a0IQD", "IQD\u00a01.234"),
        ("12345678.90", "GBP", "12\u202f345\u202f678,90\u00a0£GB", "£12,345,678.90"),
    ],
)
def test_money(amount: str, currency: str, french: str, english: str) -> None:
    assert FR.money(Decimal(amount), currency) == french
    assert EN.money(Decimal(amount), currency) == english


def test_money_is_never_rounded() -> None:
    with pytest.raises(ValueError, match="too many decimals"):
        FR.money(Decimal("1.005"), "EUR")
    with pytest.raises(ValueError, match="unknown currency"):
        FR.money(Decimal(1), "XXX")


def test_dates() -> None:
    assert FR.day(date(2026, 3, 31)) == "31 mars 2026"
    assert EN.day(date(2026, 3, 31)) == "31 March 2026"
    assert FR.day(date(2026, 8, 1)) == "1er août 2026"
    assert FR.day(date(2026, 8, 11)) == "11 août 2026"
    assert FR.short_day(date(2026, 3, 1)) == "01/03/2026"
    assert EN.short_day(date(2026, 3, 1)) == "1\u00a0Mar\u00a02026"


@pytest.mark.parametrize(
    ("number", "french", "english"),
    [
        (0, "0 facture", "0 invoices"),
        (1, "1 facture", "1 invoice"),
        (2, "2 factures", "2 invoices"),
        (1_000_000, "1000000 factures", "1000000 invoices"),
    ],
)
def test_plurals(number: int, french: str, english: str) -> None:
    assert FR.count(number, "facture", "factures") == french
    assert EN.count(number, "invoice", "invoices") == english


def test_lists_phones_and_ibans() -> None:
    assert FR.listed(["A", "B", "C"]) == "A, B et C"
    assert EN.listed(["A", "B", "C"]) == "A, B and C"
    assert FR.listed([]) == ""
    assert FR.phone("+33612345678") == "+33\u00a06\u00a012\u00a034\u00a056\u00a078"
    assert FR.phone("poste 12") == "poste 12"
    assert dialled("+33 (6) 12-34") == "+3361234"
    assert iban_groups("fr76 30006000011234567890189") == "FR76 3000 6000 0112 3456 7890 189"


def test_one_line_keeps_no_break_spaces() -> None:
    assert one_line("1\u202f234,56\u00a0€\r\nBcc: x\x00\u202e") == "1\u202f234,56\u00a0€ Bcc: x"


def test_french_source_gets_its_no_break_spaces() -> None:
    assert typeset_french("Objet : oui ? « non » ; si !") == (
        "Objet\u00a0: oui\u202f? «\u00a0non\u00a0»\u202f; si\u202f!"
    )
    assert typeset_french("https://x {{ a:b }}") == "https://x {{ a:b }}"


def test_prose_becomes_paragraphs() -> None:
    prose = "Un\ndeux\n\n- trois\n- quatre\n  cinq\n\n"
    assert blocks(prose) == [(False, ["Un deux"]), (True, ["trois", "quatre cinq"])]
    assert text_paragraphs(prose) == "Un deux\n\n- trois\n- quatre cinq"
    assert "<li" in html_paragraphs(prose)
    assert "&lt;b&gt;" in html_paragraphs("<b>")


def test_folding_never_cuts_an_amount() -> None:
    folded = text_paragraphs("mot " * 18 + "1\u202f234,56\u00a0€ fin")
    assert "1\u202f234,56\u00a0€" in folded
    assert max(len(row) for row in folded.split("\n")) <= 76


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Reçu, être, cœur", "Recu, etre, coeur"),
        ("« É è à ù € »", '" É è à ù € "'),
        ("l’été – 1\u202f234\u00a0€…", "l'été - 1 234 €..."),
        ("ÀÊÏ Łódź", "AEI Lodz"),
        ("Привет", "??????"),
        ("a\u200bb\x07", "ab"),
    ],
)
def test_gsm7(text: str, expected: str) -> None:
    assert to_gsm7(text) == expected


def test_sms_segments_count_the_extension_table_twice() -> None:
    assert septets("€") == 2
    assert sms_segments("a" * 160) == 1
    assert sms_segments("a" * 161) == 2
    assert sms_segments("a" * 306) == 2
    assert sms_segments("€" * 81) == 2
    with pytest.raises(ValueError, match="not in the GSM"):
        sms_segments("ê")


@given(st.text())
def test_any_text_becomes_gsm7(text: str) -> None:
    assert septets(to_gsm7(text)) >= 0


@given(st.text())
def test_any_text_becomes_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


@given(
    st.lists(st.text(st.sampled_from("aé-\u00a0\u202f€"), min_size=1, max_size=30), min_size=1, max_size=40),
    st.integers(20, 90),
)
def test_words_are_folded_as_textwrap_does(words: list[str], width: int) -> None:
    # Each has letters at its ends, and the first is not the mark of a list.
    prose = " ".join(f"x{word}x" for word in words)
    expected = textwrap.fill(prose, width, break_long_words=False, break_on_hyphens=False)
    assert text_paragraphs(prose, width) == expected
