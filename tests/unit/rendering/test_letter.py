"""The pages of a formal notice: what is on them, how they break, and that nothing in a name is markup."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from pypdf import PdfReader

from activities.rendering import LOCALES, Message, RenderError, Section, render
from tests.unit.rendering.messages import (
    CREDITOR,
    DEBTOR,
    DOLLARS,
    READER,
    RICH,
    TODAY,
    bare,
    line,
    message,
    rich,
)

ROOT = Path(__file__).parents[3]


def pdf(what: Message) -> bytes:
    """The pages of a letter."""
    made = render(what).pdf
    assert made is not None
    return made


def pages(made: bytes) -> list[str]:
    """The text of each page; spaces of all kinds are one space."""
    return [
        re.sub(r"\s+", " ", page.extract_text().replace("\u200b", ""))
        for page in PdfReader(io.BytesIO(made)).pages
    ]


@cache
def of(language: str) -> list[str]:
    """A notice in which everything that can be said is there to say."""
    return pages(pdf(rich("formal_notice", language)))


def amounts(text: str) -> set[str]:
    """The amounts in a text."""
    return set(re.findall(r"-?\d{1,3}(?: \d{3})*,\d\d", text))


def test_french_pages_say_what_a_notice_must() -> None:
    text = " ".join(of("fr"))
    for fact in (
        "Ateliers Brunet SAS",
        "14 rue des Forges",
        "SIREN 812 345 678, RCS Lyon",
        "Lettre recommandée avec avis de réception",
        "Constructions Méridionales SARL",
        "À l’attention de Sophie Lambert, responsable comptable",
        "13400 Aubagne",
        "Lyon, le 23 novembre 2026",
        "Objet : Mise en demeure de payer la somme de 22 914,56 € et 1 299,90 $US",
        "Compte client : C-0042",
        "nous vous mettons en demeure de nous payer la somme de 22 914,56 € et 1 299,90 $US",
        "dans un délai de 8 jours à compter de l’envoi de cette lettre, le cachet de la poste faisant foi",
        "au taux de refinancement de la BCE majoré de 10 points",
        "article L441-10 du code de commerce",
        "D441-5",
        "article 1344 du code civil",
        "FR76 3000 6000 0112 3456 7890 189",
        "AGRIFRPPXXX",
        "Référence à rappeler C-0042",
        "appelez sans attendre Claire Martin au +33 4 72 00 00 12",
        "Chargée de recouvrement, Ateliers Brunet",
    ):
        assert fact in text, fact
    for trick in ("huissier", "commissaire de justice", "dernier avis", "saisie"):
        assert trick not in text.lower()


def test_every_item_stands_with_its_facts_and_its_principal() -> None:
    text = " ".join(of("fr"))
    for each in (*RICH.due, *DOLLARS.due):
        money = f"{each.chaseable:,}".replace(",", " ").replace(".", ",")
        row = " ".join(
            filter(
                None,
                [
                    f"{each.issued_on:%d/%m/%Y}",
                    f"{each.due_on:%d/%m/%Y}",
                    f"{each.days_late} j",
                    money,
                ],
            )
        )
        order = f"Commande {each.order_ref} " if each.order_ref else ""
        assert re.search(rf"{each.invoice} {order}.{{0,60}}{re.escape(row)}", text), each.invoice
    assert "FA-5" not in text, "what is not due is not demanded"


def test_sums_are_made_by_currency_credits_deducted_and_the_indemnity_counted_once_an_invoice() -> None:
    text = " ".join(of("fr"))
    euros = text.index("Sommes réclamées Compte en euros (EUR)")
    dollars = text.index("Compte en dollars des États-Unis (USD)", euros)
    # 22,904.56 of principal less 150.00 of credit, and four fixed sums of 40.00.
    assert (
        "Principal 22 904,56 € Avoir AV-7 du 02/10/2026 -150,00 € "
        "Indemnité forfaitaire de recouvrement (4 × 40,00 €) 160,00 € "
        "Total réclamé, hors pénalités de retard 22 914,56 €" in text[euros:dollars]
    )
    end = text.index("En conséquence", dollars)
    assert amounts(text[dollars:end]) == {"1 299,90"}
    assert text.count("160,00 €") == 1


def test_credits_beyond_what_is_due_are_deducted_no_further() -> None:
    # In two currencies, one of them covered: that one demands its fixed sums and no principal.
    covered = Section.of("EUR", due=(line("FA-1", "100.00"),), credits=RICH.credits)
    text = " ".join(
        pages(pdf(message("formal_notice", sections=(covered, DOLLARS), indemnity_per_invoice=Decimal(40))))
    )
    assert "Principal 100,00 € Avoirs à déduire -100,00 €" in text
    assert "Total réclamé, hors pénalités de retard 40,00 €" in text


def test_what_is_disputed_stands_apart_and_is_not_demanded() -> None:
    text = " ".join(of("fr"))
    apart = text.index("Montants contestés, non réclamés")
    assert "FA-3 21/09/2026 21/10/2026 780,40 € Total contesté 780,40 €" in text[apart:]
    assert "15 000,00 €" in text
    assert "15 780,40" not in text[text.index("Sommes réclamées") :]


def test_english_pages_say_the_same() -> None:
    text = " ".join(of("en"))
    for fact in (
        "Registered letter with acknowledgement of receipt",
        "Lyon, 23 November 2026",
        "Subject: Formal notice to pay €22,914.56 and US$1,299.90 (mise en demeure)",
        "FA-1 Order BC-77810 23 Aug 2026 22 Sept 2026 62 days €4,820.00",
        "Principal €22,904.56 Credit AV-7 of 2 Oct 2026 -€150.00",
        "Fixed recovery compensation (4 × €40.00) €160.00",
        "within 8 days of the posting of this letter, as evidenced by the postmark",
        "article L441-10 of the French Commercial Code",
        "article 1344 of the French Civil Code",
        "please call Claire Martin on +33 4 72 00 00 12",
        "Disputed amounts, not requested",
    ):
        assert fact in text, fact


def test_without_a_rate_interest_is_announced_without_a_sum() -> None:
    for language in LOCALES:
        text = " ".join(of(language))
        assert re.search("hors pénalités de retard|excluding late-payment interest", text)
        assert re.search("Elles vous seront décomptées séparément|They will be itemised separately", text)


@pytest.mark.parametrize("language", LOCALES)
def test_a_hundred_and_twenty_items_break_over_pages_under_repeated_headers(language: str) -> None:
    due = tuple(
        line(f"FA-2026-{number:05}", f"{1000 + number}.50", late=20 + number) for number in range(120)
    )
    what = message(
        "formal_notice", language, sections=(Section.of("EUR", due=due),), indemnity_per_invoice=Decimal(40)
    )
    found = pages(pdf(what))
    assert len(found) >= 3
    header = {
        "fr": "Facture Émise le Échéance Retard Principal",
        "en": "Invoice Issued Due date Overdue Principal",
    }[language]
    with_items = [text for text in found if re.search(r"FA-2026-\d{5}", text)]
    assert len(with_items) >= 3
    assert all(header in text for text in with_items)
    for number, text in enumerate(found, start=1):
        assert text.endswith(f"Ateliers Brunet SAS – SIREN 812 345 678, RCS Lyon {number}/{len(found)}")
    whole = " ".join(found)
    assert re.findall(r"FA-2026-(\d{5})", whole) == [f"{number:05}" for number in range(120)]
    # 120 items of 1,000.50 and up: 127,200.00; with 4,800.00 of fixed sums 132,000.00.
    total = {"fr": "132 000,00 €", "en": "€132,000.00"}[language]
    assert total in whole[whole.index({"fr": "Sommes réclamées", "en": "Sums demanded"}[language]) :]


HOSTILE = "#let x = $1$ \\ *a* _b_ @c [d] <e> ] { } // /* « ` ~ = - + 1. \" ' é œ Ÿ ß Ł ő"


def test_what_looks_like_markup_in_a_name_is_shown_as_it_is() -> None:
    what = rich(
        "formal_notice",
        creditor=replace(CREDITOR, legal_name=HOSTILE, address_lines=(HOSTILE, "69007 Lyon")),
        debtor=replace(DEBTOR, name=HOSTILE, address_lines=(HOSTILE,), reference=HOSTILE),
        recipient=replace(READER, name=HOSTILE, function=HOSTILE),
        sections=(Section.of("EUR", due=(line("#panic(1)", order_ref="@x [y] $z"),)),),
    )
    text = " ".join(pages(pdf(what)))
    # In the letterhead, the footer, the addressee (twice), the reference, and the opening sentence.
    assert text.count(HOSTILE) >= 6
    assert "#panic(1) Commande @x [y] $z" in text


def test_long_words_stay_on_the_page() -> None:
    long = "W" * 180
    what = rich(
        "formal_notice",
        creditor=replace(CREDITOR, legal_name=long, registration=""),
        debtor=replace(DEBTOR, name=long, address_lines=(long,)),
        sections=(Section.of("EUR", due=(line("F" * 120, order_ref="B" * 120), line("FA-2"))),),
    )
    found = pages(pdf(what))
    assert "FA-2" in " ".join(found)
    # A line holds what fits: a word that ran on beyond its place would be extracted in one piece.
    raw = "".join(
        page.extract_text().replace("\u200b", "") for page in PdfReader(io.BytesIO(pdf(what))).pages
    )
    assert max(len(run) for run in re.findall(r"(?:W+|F+|B+)", raw)) < 80
    assert raw.count("W") >= 5 * 180


def test_a_character_no_font_has_is_refused_by_name() -> None:
    with pytest.raises(RenderError, match=r"formal_notice.*株"):
        render(rich("formal_notice", debtor=replace(DEBTOR, name="株式会社")))


@pytest.mark.parametrize("language", LOCALES)
def test_a_creditor_that_filled_in_little_still_has_a_letter(language: str) -> None:
    text = " ".join(pages(pdf(bare("formal_notice", language))))
    expected = {
        "fr": ("Le 23 novembre 2026", "Nos coordonnées bancaires figurent sur nos factures."),
        "en": ("23 November 2026", "Our bank details are on our invoices."),
    }[language]
    for fact in expected:
        assert fact in text
    assert "None" not in text


@pytest.mark.parametrize(
    ("lines", "city"),
    [
        (("14 rue des Forges", "69007 Lyon"), "Lyon"),
        (("12 quai des Brumes", "69002 Lyon", "France"), "Lyon"),
        (("Tour A", "92042 Paris La Défense CEDEX 12"), "Paris La Défense"),
        (("Rue X 1", "B-1000 Bruxelles"), "Bruxelles"),
        (("1 High Street", "London SW1A 1AA"), None),
        ((), None),
    ],
)
def test_the_place_is_that_of_the_letterhead(lines: tuple[str, ...], city: str | None) -> None:
    assert replace(CREDITOR, address_lines=lines).city == city


def test_it_is_an_archive_format_dated_from_its_own_day() -> None:
    reader = PdfReader(io.BytesIO(pdf(message("formal_notice"))))
    about = reader.metadata
    assert about is not None
    assert about.title == "Mise en demeure de payer la somme de 1\u202f234,56\u00a0€"
    assert about.author == "Ateliers Brunet SAS"
    assert about.creation_date is not None
    assert about.creation_date.date() == TODAY
    assert b"pdfaid" in pdf(message("formal_notice"))


def test_the_same_facts_make_the_same_bytes_also_in_another_process(tmp_path: Path) -> None:
    first = pdf(rich("formal_notice"))
    assert pdf(rich("formal_notice")) == first
    assert pdf(rich("formal_notice", today=TODAY + timedelta(days=1))) != first
    script = (
        "import sys, hashlib\n"
        "from activities.rendering import render\n"
        "from tests.unit.rendering.messages import rich\n"
        "print(hashlib.sha256(render(rich('formal_notice')).pdf).hexdigest())\n"
    )
    # Neither the zone nor the language of the machine shows in it.
    told = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"TZ": "Pacific/Auckland", "LC_ALL": "C", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == hashlib.sha256(first).hexdigest()


def test_only_a_letter_has_pages() -> None:
    assert render(message("firm_reminder")).pdf is None
    assert render(message("notice_copy")).pdf is None
