"""Figures that look like a number of ours and are none, names that share a word: none of them books."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from activities.matching.candidates import words
from rules.matching import Line, Match, OpenItem, Payer, Verdict, match
from rules.matching.text import named, names_agree

DAY = date(2026, 3, 31)
NAME = "Garage Roux Lyon"


def _item(number: str, owed: str, customer: str = "roux", name: str = NAME) -> OpenItem:
    return OpenItem(
        key=number,
        number=number,
        customer=customer,
        customer_name=name,
        owed=Decimal(owed),
        currency="EUR",
        due_on=date(2026, 3, 1),
        issued_on=date(2026, 1, 1),
    )


def _paid(text: str, amount: str, *items: OpenItem, by: str | None = "iban", name: str = NAME) -> Match:
    payers = [Payer(items[0].customer, by)] if by else []
    return match(Line(Decimal(amount), "EUR", DAY, text, payer_name=name, payer_iban="FR1"), items, payers)


@pytest.mark.parametrize(
    ("text", "number", "amount"),
    [
        ("VIREMENT DU 2026-03-31", "FA-2026-0331", "120.00"),
        ("VIR 20260331", "FA-2026-0331", "120.00"),
        ("VIR20260331", "FA-2026-0331", "120.00"),
        ("ACOMPTE DU 12/02/2026", "FA-2026", "120.00"),
        ("LOYER MARS 2026", "FA-2026", "120.00"),
        ("LOYER 2026-03", "FA-2026-003", "120.00"),
        ("REGLEMENT 1000,00 EUR", "FA-1000", "1000.00"),
        ("REGLEMENT 1000 EUR", "FA-1000", "300.00"),
        ("SOLDE 1000", "FA-1000", "1000.00"),
        ("ACOMPTE 1 234,56 EUR", "123456", "1234.56"),
        ("SIREN 552100554 SOLDE", "552100554", "90.00"),
    ],
)
def test_days_amounts_and_registrations_name_no_invoice(text: str, number: str, amount: str) -> None:
    found = _paid(text, amount, _item(number, "5000.00"))
    assert (found.verdict, found.customer) == (Verdict.PAYER_KNOWN, "roux")


@pytest.mark.parametrize(
    ("text", "number", "amount"),
    [
        ("FA-2026-0331", "FA-2026-0331", "120.00"),
        ("VIR 2026-03-31 FACTURE 2026/0331", "FA-2026-0331", "120.00"),
        ("fact 2026 331", "FA-2026-0331", "120.00"),
        ("ACOMPTE FA-2026 DU 12/02/2026", "FA-2026", "120.00"),
        ("FA1000", "FA-1000", "1000.00"),
    ],
)
def test_beside_them_a_number_is_still_read(text: str, number: str, amount: str) -> None:
    found = _paid(text, amount, _item(number, "5000.00"))
    assert found.verdict is Verdict.SURE
    assert [each.amount for each in found.proposals[0].allocations] == [Decimal(amount)]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("FA 101 à 103", ("FA-101", "FA-102", "FA-103")),
        ("FA 101-103", ("FA-101", "FA-102", "FA-103")),
        ("FA-2026-0101, 0102", ("FA-2026-0101", "FA-2026-0102")),
        ("FA-101 + FA-IO2 + FA-999", ("FA-101", "FA-102")),
        ("REGLEMENT DE NOTRE FACTURE FA202601", ("FA-2026-01", "FA-2026-0123")),
    ],
)
def test_less_than_is_owed_for_a_list_or_a_number_cut_off_is_asked_about(
    text: str, items: tuple[str, ...]
) -> None:
    found = _paid(text, "150.00", *(_item(number, "900.00") for number in items))
    assert found.verdict is Verdict.DOUBTFUL
    assert found.proposals


def test_what_the_payers_bank_calls_it_is_no_second_number() -> None:
    items = [_item("FA-2026-001", "100.00"), _item("FA-2026-002", "100.00")]
    line = Line(Decimal("60.00"), "EUR", DAY, "FA-2026-001", None, "E2", NAME, "FR1")
    assert match(line, items, [Payer("roux", "iban")]).verdict is Verdict.SURE


def test_one_word_in_common_is_no_witness() -> None:
    bakery = _item("FA-2026-00124", "120.00", "bm", "Boulangerie Martin Nantes")
    assert _paid("FA-2026-00124", "120.00", bakery, by=None, name="MARTIN").verdict is Verdict.DOUBTFUL
    assert _paid("FA-2026-00124", "50.00", bakery, by=None, name="MARTIN").verdict is Verdict.DOUBTFUL
    named_so = _paid("FA-2026-00124", "120.00", bakery, by=None, name="BOULANGERIE MARTIN")
    assert named_so.verdict is Verdict.SURE


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("MARTIN", "Boulangerie Martin", False),
        ("BOULANGERIE", "Boulangerie Martin", False),
        ("MARTIN SARL", "Martin", True),
        ("BOULANGERIEMARTIN", "Boulangerie Martin Nantes", True),
        ("BOULANGERIE MARTIN NAN", "Boulangerie Martin Nantes", True),
    ],
)
def test_names(one: str, other: str, agree: bool) -> None:
    assert names_agree(one, other) is names_agree(other, one) is agree


def test_a_reference_against_the_payers_name_does_not_book() -> None:
    theirs = _item("FA-7001", "120.00", "morin", "Pharmacie Morin")
    told = {"SCI DES TILLEULS": Verdict.DOUBTFUL, "PHARMACIE MORIN": Verdict.SURE, "": Verdict.SURE}
    for name, verdict in told.items():
        assert _paid("LOYER C-20", "120.00", theirs, by="reference", name=name).verdict is verdict


def test_a_year_or_an_amount_is_no_customers_reference() -> None:
    assert words("LOYER MARS 2026 C-20 120 (411004711).") == {"C-20", "411004711"}


def test_a_number_read_by_its_letters_only() -> None:
    assert named("FA-1000", "SOLDE 1000")
    assert not named("FA-1000", "SOLDE 1000", by_letters=True)
    assert named("FA-1000", "SOLDE FA 1000", by_letters=True)
