"""Payment terms as people write them, the parts of an invoice, and how long the law lets them be."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from rules.terms import (
    Instalments,
    MonthEnd,
    PaymentTerms,
    days_then_month_end,
    due_date,
    instalments,
    month_end_then_days,
    net_days,
)
from rules.terms_law import Buyer, too_long
from rules.terms_text import parse_terms


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("net 30", net_days(30)),
        ("30 jours", net_days(30)),
        ("30 jours nets", net_days(30)),
        ("À 30 jours date de facture", net_days(30)),
        ("60 days from invoice date", net_days(60)),
        ("comptant", net_days(0)),
        ("À réception de facture", net_days(0)),
        ("Due on receipt", net_days(0)),
        ("45 jours fin de mois", days_then_month_end(45)),
        ("45\u00a0jours fin de mois", days_then_month_end(45)),
        ("45j FDM", days_then_month_end(45)),
        ("45 days end of month", days_then_month_end(45)),
        ("fin de mois 45 jours", month_end_then_days(45)),
        ("Fin de mois + 45 jours", month_end_then_days(45)),
        ("end of month, then 45 days", month_end_then_days(45)),
        ("fin de mois", days_then_month_end(0)),
        ("30 j FDM le 10", PaymentTerms(30, MonthEnd.DAYS_THEN_MONTH_END, 10)),
        ("30 jours fin de mois le 15 du mois suivant", PaymentTerms(30, MonthEnd.DAYS_THEN_MONTH_END, 15)),
        ("30 days end of month the 10th", PaymentTerms(30, MonthEnd.DAYS_THEN_MONTH_END, 10)),
        ("30 jours le 10", PaymentTerms(30, MonthEnd.NONE, 10)),
    ],
)
def test_terms_are_read_as_they_are_written(text: str, terms: PaymentTerms) -> None:
    assert parse_terms(text) == terms


@pytest.mark.parametrize(
    "terms",
    [
        net_days(30),
        days_then_month_end(45),
        month_end_then_days(45),
        PaymentTerms(30, MonthEnd.DAYS_THEN_MONTH_END, 10),
    ],
)
def test_terms_say_themselves_in_words_that_are_read_back(terms: PaymentTerms) -> None:
    assert parse_terms(str(terms)) == terms


@pytest.mark.parametrize(
    "text",
    ["", "soon", "30 fois", "1000 jours", "45 jours fin de semaine", "50 % 30 jours 30 jours", "30 j le 32"],
)
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"terms|expected"):
        parse_terms(text)


@pytest.mark.parametrize(
    ("issued_on", "text", "due_on"),
    [
        (date(2023, 1, 15), "45 jours fin de mois", date(2023, 3, 31)),
        (date(2023, 1, 15), "fin de mois 45 jours", date(2023, 3, 17)),
        (date(2024, 1, 15), "45 jours fin de mois", date(2024, 2, 29)),
        (date(2024, 1, 15), "fin de mois 45 jours", date(2024, 3, 16)),
        (date(2026, 1, 31), "30 jours fin de mois", date(2026, 3, 31)),
        (date(2026, 1, 31), "fin de mois 30 jours", date(2026, 3, 2)),
        (date(2026, 1, 15), "30 jours fin de mois le 10", date(2026, 3, 10)),
        (date(2026, 11, 15), "30 jours fin de mois le 10", date(2027, 1, 10)),
        (date(2026, 1, 15), "30 jours le 10", date(2026, 3, 10)),
        (date(2026, 1, 9), "30 jours le 10", date(2026, 2, 10)),
        (date(2026, 1, 30), "0 jours le 31", date(2026, 1, 31)),
        (date(2026, 2, 1), "0 jours le 31", date(2026, 2, 28)),
        (date(2026, 12, 31), "0 jours le 1", date(2027, 1, 1)),
    ],
)
def test_due_dates(issued_on: date, text: str, due_on: date) -> None:
    terms = parse_terms(text)
    assert isinstance(terms, PaymentTerms)
    assert due_date(issued_on, terms) == due_on


@pytest.mark.parametrize(
    "text",
    [
        "50 % à 30 jours, 50 % à 60 jours",
        "50% 30 jours; 50% 60 jours",
        "50 % à 30 jours et 50 % à 60 jours",
        "50 % net 30 days / 50 % net 60 days",
    ],
)
def test_instalments_are_read_and_the_last_takes_the_rest(text: str) -> None:
    terms = parse_terms(text)
    assert terms == Instalments(((Decimal(50), net_days(30)), (Decimal(50), net_days(60))))
    assert parse_terms(str(terms)) == terms
    assert instalments(date(2026, 1, 1), Decimal("100.01"), "EUR", terms) == [
        (date(2026, 1, 31), Decimal("50.01")),
        (date(2026, 3, 2), Decimal("50.00")),
    ]


def test_instalments_make_up_the_total_or_are_refused() -> None:
    thirds = parse_terms("33,33 % 30 jours; 33,33 % 60 jours; 33,34 % 90 jours")
    parts = instalments(date(2026, 1, 1), Decimal("1000.00"), "EUR", thirds)
    assert sum(amount for _, amount in parts) == Decimal("1000.00")
    with pytest.raises(ValueError, match="cannot be divided"):
        instalments(date(2026, 1, 1), Decimal("0.01"), "EUR", thirds)
    with pytest.raises(ValueError, match="make 90 %"):
        parse_terms("50 % 30 jours; 40 % 60 jours")


@pytest.mark.parametrize(
    ("due_on", "country", "buyer", "periodic", "article"),
    [
        (date(2026, 3, 16), "FR", Buyer.COMPANY, False, None),  # 60 days
        (date(2026, 3, 31), "FR", Buyer.COMPANY, False, None),  # 45 days, then end of month
        (date(2026, 4, 1), "FR", Buyer.COMPANY, False, "L441-10"),
        (date(2026, 3, 2), "FR", Buyer.COMPANY, True, "periodic"),
        (date(2026, 2, 14), "FR", Buyer.PUBLIC, False, None),
        (date(2026, 2, 15), "FR", Buyer.PUBLIC, False, "R2192-10"),
        (date(2026, 3, 7), "FR", Buyer.PUBLIC_HEALTH, False, "R2192-11"),
        (date(2026, 3, 16), "FR", Buyer.PUBLIC_ENTERPRISE, False, None),
        (date(2026, 3, 17), "DE", Buyer.COMPANY, False, "2011/7/EU, art. 3(5)"),
        (date(2027, 3, 17), "US", Buyer.COMPANY, False, None),
    ],
)
def test_the_legal_cap_is_a_warning_with_its_article(
    due_on: date, country: str, buyer: Buyer, periodic: bool, article: str | None
) -> None:
    found = too_long(date(2026, 1, 15), due_on, country, buyer, periodic=periodic)
    assert (found is None) if article is None else (found is not None and article in str(found))
