"""Interest and fixed sums in a formal notice: by column, carried from page to page, and as a QR code."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import segno

from activities.rendering import Line, Message, Section, render
from activities.rendering.epc import MOST, epc_code
from rules.interest import Mode
from tests.unit.rendering.messages import (
    CREDITOR,
    DEBTOR,
    DOLLARS,
    RICH,
    line,
    message,
    rich,
    written,
)
from tests.unit.rendering.test_letter import pages, pdf

IBAN = "FR7630006000011234567890189"


def bearing(each: Line, amount: str, fixed: str | None = None) -> Line:
    """A line with what it bears."""
    return replace(each, interest=Decimal(amount), fixed_sum=None if fixed is None else Decimal(fixed))


def notice(language: str = "fr", **changes: object) -> Message:
    """A notice that demands interest on each item, in two currencies."""
    euros = zip(RICH.due, ("113.13", "20.00", "60.50", "0.71"), strict=True)
    sections = (
        replace(RICH, due=tuple(bearing(each, amount) for each, amount in euros)),
        replace(DOLLARS, due=tuple(bearing(each, "10.80") for each in DOLLARS.due)),
    )
    return rich("formal_notice", language, **({"sections": sections, "late_law": "FR"} | changes))


def text_of(what: Message) -> str:
    """All that its pages say."""
    return " ".join(pages(pdf(what)))


def test_each_item_stands_with_its_interest_its_fixed_sum_and_its_total() -> None:
    text = text_of(notice())
    assert "Facture Émise le Échéance Retard Principal Pénalités Indemnité Total FA-1" in text
    for row in (
        "62 j 4 820,00 € 113,13 € 40,00 € 4 973,13 €",
        "48 j 934,56 € 20,00 € 40,00 € 994,56 €",
        "33 j 15 000,00 € 60,50 € 40,00 € 15 100,50 €",
        "1 j 2 150,00 € 0,71 € 40,00 € 2 190,71 €",
        "Total échu 22 904,56 € 194,34 € 160,00 € 23 258,90 €",
        # No fixed sum in dollars: the law gives it in euros.
        "25 j 1 299,90 $US 10,80 $US 1 310,70 $US",
    ):
        assert row in text, row


def test_the_sums_demanded_add_up_and_the_words_name_the_law() -> None:
    text = text_of(notice())
    assert (
        "Principal 22 904,56 € Avoir AV-7 du 02/10/2026 -150,00 € "
        "Pénalités de retard arrêtées au 23 novembre 2026 194,34 € "
        "Indemnité forfaitaire de recouvrement (4 × 40,00 €) 160,00 € Total réclamé 23 108,90 €" in text
    )
    assert "nous vous mettons en demeure de nous payer la somme de 23 108,90 € et 1 310,70 $US" in text
    assert "Montant 23 108,90 € et 1 310,70 $US" in text
    assert (
        "Cette somme comprend les pénalités de retard arrêtées au 23 novembre 2026. Courues de plein droit "
        "depuis le lendemain de chaque échéance, au taux de refinancement de la BCE majoré de 10 points de "
        "pourcentage (article L441-10 du code de commerce), elles continuent de courir" in text
    )
    assert "décomptées séparément" not in text


def test_english_says_the_same() -> None:
    text = text_of(notice("en"))
    assert "Invoice Issued Due date Overdue Principal Interest Fixed sum Total FA-1" in text
    assert "Late-payment interest to 23 November 2026 €194.34" in text
    assert "Total demanded €23,108.90" in text
    assert "at the ECB refinancing rate plus 10 percentage points (article L441-10" in text


@pytest.mark.parametrize(
    ("law", "country", "public", "words"),
    [
        ("FR-public", "FR", True, "intérêts moratoires arrêtés au 23 novembre 2026. Courus de plein droit"),
        ("EU", "BE", False, "majoré de 8 points de pourcentage (directive 2011/7/UE, articles 2, 3 et 6)"),
        ("EU", "BE", False, "Intérêts de retard arrêtés au 23 novembre 2026"),
    ],
)
def test_the_words_follow_the_law(law: str, country: str, public: bool, words: str) -> None:
    debtor = replace(DEBTOR, country=country, public_body=public)
    assert words in text_of(notice(late_law=law, debtor=debtor))


def test_an_agreed_rate_takes_the_place_of_the_law_s() -> None:
    text = text_of(notice(late_rate=Decimal("12.5000")))
    assert "depuis le lendemain de chaque échéance, au taux de 12,5 % l’an convenu entre nous, elles" in text
    assert "points de pourcentage" not in text
    told = written(message("firm_reminder", late_rate=Decimal("12.5000"))).text
    assert "au taux de 12,5\u00a0% l’an convenu entre nous" in told


def test_fixed_sums_by_the_debt_s_size_are_told_item_by_item() -> None:
    due = (bearing(line("A", "999.99"), "1.00", "40"), bearing(line("B", "10000.00"), "2.00", "100"))
    what = notice(
        "en",
        sections=(Section.of("GBP", due=due),),
        indemnity_per_invoice=None,
        indemnity_currency="GBP",
        late_law="UK",
        debtor=replace(DEBTOR, country="GB"),
        creditor=replace(CREDITOR, country="GB"),
    )
    text = text_of(what)
    assert "£999.99 £1.00 £40.00 £1,040.99" in text
    assert "Fixed recovery compensation (2 invoices) £140.00 Total demanded £11,142.99" in text
    assert "Late Payment of Commercial Debts (Interest) Act 1998" in text


def test_one_item_without_interest_leaves_it_out_of_all() -> None:
    due = (bearing(line("A", "100.00"), "1.00"), line("B", "100.00"))
    text = text_of(notice(sections=(Section.of("EUR", due=due),)))
    assert "Total réclamé, hors pénalités de retard 280,00 €" in text
    assert "1,00 €" not in re.sub(r"\d1,00 €", "", text.replace("101,00", ""))


def test_a_silent_creditor_demands_the_principal_alone() -> None:
    silent: dict[str, Any] = {"charges": Mode.SILENT, "indemnity_per_invoice": None, "late_law": None}
    text = text_of(message("formal_notice", **silent))
    assert "Principal 1 234,56 € Total réclamé 1 234,56 €" in text
    for template in ("formal_notice", "firm_reminder", "notice_copy", "email_instead_of_sms"):
        for language, words in (("fr", "pénalité|indemnité|intérêt"), ("en", "penalt|compensation|interest")):
            assert not re.search(words, written(message(template, language, **silent)).text), template


def test_who_claims_tells_the_sum_in_a_firm_reminder() -> None:
    due = (bearing(line("A", "100.00"), "1.25"), bearing(line("B", "100.00"), "2.50"))
    claimed: dict[str, Any] = {"charges": Mode.CLAIMED, "sections": (Section.of("EUR", due=due),)}
    told = written(message("firm_reminder", indemnity_per_invoice=Decimal(40), **claimed)).text
    plain = told.replace("\u00a0", " ").replace("\n", " ")
    assert "À ce jour, les intérêts s’élèvent à 3,75 € et les indemnités à 80,00 €." in plain
    assert "Ces sommes ne sont pas comprises dans le montant ci-dessus." in plain


def test_a_long_table_carries_its_total_from_page_to_page() -> None:
    due = tuple(bearing(line(f"FA-{n:03}", f"{100 + n}.00", late=20 + n), "0.50") for n in range(120))
    found = pages(pdf(notice(sections=(Section.of("EUR", due=due),))))
    running = Decimal(0)
    carried = None
    for page in found:
        numbers = [int(each) for each in re.findall(r"FA-(\d{3})", page)]
        brought = re.search(r"Report ([\d ]+,\d\d) €", page)
        assert (brought[1] if brought else None) == (carried if numbers else None)
        running += sum(Decimal(100 + n) + Decimal("40.50") for n in numbers)
        further = re.search(r"À reporter ([\d ]+,\d\d) €", page)
        last = not numbers or numbers[-1] == 119
        assert bool(further) is not last
        carried = further[1] if further else None
        if carried:
            assert carried == f"{running:,}".replace(",", " ").replace(".", ",")
    assert "Total échu 19 140,00 € 60,00 € 4 800,00 € 24 000,00 €" in " ".join(found)


def test_a_short_table_carries_nothing() -> None:
    assert not re.search("Report|reporter", text_of(notice()))


def test_the_debtor_stands_with_its_number() -> None:
    text = text_of(notice(debtor=replace(DEBTOR, registration="SIREN 552 100 554, RCS Marseille")))
    assert "13400 Aubagne SIREN 552 100 554, RCS Marseille" in text


def test_the_code_says_what_the_european_payments_council_asks_for() -> None:
    made = epc_code("Ateliers Brunet SAS", IBAN, "AGRIFRPPXXX", Decimal("23108.90"), "C-0042")
    payload = f"BCD\n002\n1\nSCT\nAGRIFRPPXXX\nAteliers Brunet SAS\n{IBAN}\nEUR23108.9\n\n\nC-0042"
    expected = io.BytesIO()
    code = segno.make(payload, error="m", boost_error=False, micro=False, encoding="utf-8")
    code.save(expected, kind="svg", border=4, xmldecl=False, svgns=True, omitsize=True)
    assert made == expected.getvalue().decode("ascii")


@pytest.mark.parametrize(
    ("payee", "amount", "reference"),
    [("X", "0.00", "R"), ("X", str(MOST + 1), "R"), ("", "1.00", "R"), ("X", "1.00", "R" * 141)],
)
def test_what_the_code_has_no_place_for_makes_none(payee: str, amount: str, reference: str) -> None:
    assert epc_code(payee, IBAN, None, Decimal(amount), reference) is None


def test_the_code_is_of_the_sum_in_euros_and_only_where_there_is_an_iban() -> None:
    assert "Virement de 23 108,90 € par QR code" in text_of(notice())
    assert "QR" not in text_of(notice(creditor=replace(CREDITOR, iban=None, bic=None)))
    dollars = replace(DOLLARS, due=tuple(bearing(each, "1.00") for each in DOLLARS.due))
    assert "QR" not in text_of(notice(sections=(dollars,)))


def test_the_letter_is_dated_and_the_interest_runs_to_that_day() -> None:
    later = notice(today=date(2026, 12, 1))
    assert "Pénalités de retard arrêtées au 1 décembre 2026" in text_of(later).replace("1er", "1")
    assert "Pénalités de retard arrêtées au" in render(later).text
