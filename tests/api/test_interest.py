"""Interest and reference rates over HTTP: each line as it is reckoned, a missing rate refused by name."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlmodel import col, select

from activities.store.engine import transaction
from models.ids import CaseSignal
from models.tables import AuditEvent, Company, Customer, Invoice
from tests.api.conftest import Door
from tests.api.pages import CASE, CUSTOMER, field_of, got, ok
from tests.fixtures.ledger import NOW

pytestmark = pytest.mark.integration

RATES = "/v1/rates"


def owing(door: Door, number: str, total: str, due_on: date, currency: str = "EUR") -> None:
    """Make an invoice of the book what the test is about."""
    with transaction(door.book.engine) as session:
        invoice = session.get_one(Invoice, door.book.invoices[number])
        invoice.total, invoice.due_on, invoice.currency = Decimal(total), due_on, currency


def settings(door: Door, country: str = "FR", **customer: Any) -> None:
    """Where the two parties are, and what else is known of the customer."""
    with transaction(door.book.engine) as session:
        session.get_one(Company, door.book.company_id).country = country
        row = session.get_one(Customer, door.book.customer_id)
        row.country = country
        for name, value in customer.items():
            setattr(row, name, value)


def test_half_years_each_at_their_rate_line_by_line(door: Door) -> None:
    owing(door, "F-1", "1234.56", date(2025, 11, 30))
    told = got(door, f"{CASE}/interest?until=2026-08-31", role="viewer")
    (item,) = told["invoices"]
    assert (item["interest"], item["fixed_sum"], told["fixed_sum_currency"]) == ("113.13", "40.00", "EUR")
    assert (told["law"], told["interest_mode"], item["days_late"]) == ("FR", "announced", 274)
    assert (told["source"], told["totals"]) == ("Code de commerce L441-10 II, D441-5", {"EUR": "113.13"})
    assert [
        (line["first"], line["last"], line["days"], line["base"], line["percent"], line["interest"])
        for line in item["lines"]
    ] == [
        ("2025-12-01", "2025-12-31", 31, "1234.56", "12.15", "12.7396"),
        ("2026-01-01", "2026-06-30", 181, "1234.56", "12.15", "74.3831"),
        ("2026-07-01", "2026-08-31", 62, "1234.56", "12.40", "26.0036"),
    ]
    assert (item["refused"], told["warning"], told["agreed_rate"]) == (None, None, None)


def test_today_at_the_customers_place_and_not_late_is_nothing(door: Door) -> None:
    owing(door, "F-1", "100", date(2026, 3, 10))
    told = got(door, f"{CASE}/interest")
    assert (told["until"], told["law"], told["invoices"], told["totals"]) == ("2026-03-10", "FR", [], {})


def test_what_was_paid_lessens_it_from_the_day_after_and_what_went_back_never_did(door: Door) -> None:
    owing(door, "F-1", "1100", date(2026, 1, 31))
    settings(door, late_rate=Decimal("36.5"))
    for event, amount, day in (("p-1", "400", date(2026, 2, 10)), ("p-2", "300", date(2026, 2, 15))):
        door.book.tell(CaseSignal.PAYMENT_RECEIVED, "F-1", amount=amount, event_id=event, received_on=day)
    door.book.tell(CaseSignal.PAYMENT_REVERSED, "F-1", event_id="back", payment_event_id="p-2")
    # What is credited was never owed, however late the credit note came.
    door.book.tell(CaseSignal.CREDIT_NOTE_ISSUED, "F-1", amount="100", event_id="c-1")
    told = got(door, f"{CASE}/interest?until=2026-02-20")
    (item,) = told["invoices"]
    assert [(line["days"], line["base"], line["interest"]) for line in item["lines"]] == [
        (10, "1000.00", "10.0000"),
        (10, "600.00", "6.0000"),
    ]
    assert (item["interest"], item["principal_left"], told["agreed_rate"]) == ("16.00", "600.00", "36.50")


def test_a_rate_nobody_knows_is_refused_by_name_and_leaves_the_total_out(door: Door) -> None:
    owing(door, "F-1", "100", date(2025, 12, 31))
    owing(door, "F-2", "100", date(2027, 3, 1))
    (item,) = got(door, f"{CUSTOMER}/interest?until=2027-02-01", role="viewer")["invoices"]
    assert (item["invoice"], item["interest"], item["fixed_sum"]) == ("F-1", None, "40.00")
    assert item["refused"] == (
        "the ECB's main refinancing rate for the first half of 2027 is not known (series ecb)"
    )
    assert got(door, f"{CUSTOMER}/interest?until=2027-02-01")["totals"] == {}

    door.clock.at = NOW.replace(year=2027)
    body = {"series": "ecb", "half_year": "2027-1", "percent": "2.40", "source": "ECB"}
    ok(door.ask("POST", RATES, body, key=door.key("manager", None, name="everywhere")), 201)
    told = got(door, f"{CUSTOMER}/interest?until=2027-02-01")
    (item,) = told["invoices"]
    # 181 days at 12.15 %, 184 at 12.40 %, 32 at 12.40 %.
    assert (item["refused"], item["interest"], told["totals"]) == (None, "13.36", {"EUR": "13.36"})
    assert item["lines"][-1]["percent"] == "12.40"


def test_parties_whose_law_is_the_contracts_get_no_sum(door: Door) -> None:
    owing(door, "F-1", "100", date(2026, 1, 31))
    settings(door, "US")
    told = got(door, f"{CASE}/interest")
    assert (told["law"], told["source"], told["invoices"]) == (None, None, [])


def test_the_totals_of_a_customer_by_currency(door: Door) -> None:
    owing(door, "F-1", "10000", date(2026, 1, 31))
    owing(door, "F-2", "5000", date(2026, 1, 31), "USD")
    told = got(door, f"{CUSTOMER}/interest?until=2026-02-28")
    # 28 days at 12.15 %; the fixed sum is in euros, whatever the invoice is in.
    assert told["totals"] == {"EUR": "93.21", "USD": "46.60"}
    assert [item["fixed_sum"] for item in told["invoices"]] == ["40.00", "40.00"]
    assert told["fixed_sum_currency"] == "EUR"


def test_an_agreed_rate_under_the_floor_is_refused_with_its_article_and_both_numbers(door: Door) -> None:
    answer = door.ask("PATCH", CUSTOMER, {"late_rate": "5"})
    assert field_of(answer) == "body.late_rate"
    assert answer.json()["errors"][0]["rule"] == (
        "5.00 % a year is under 3 times the French legal interest rate, 7.86 % in 2026-1: "
        "it cannot be agreed (Code de commerce L441-10 II, D441-5)"
    )
    assert field_of(door.ask("PATCH", "/v1/companies/acme", {"late_rate": "7.85"})) == "body.late_rate"
    ok(door.ask("PATCH", CUSTOMER, {"late_rate": "7.86"}))
    # The floor moves twice a year: what was lawful then is reckoned still, with a word of warning.
    owing(door, "F-1", "100", date(2024, 1, 1))
    told = got(door, f"{CASE}/interest?until=2024-06-30")
    assert (told["agreed_rate"], "15.21 % in 2024-1" in told["warning"]) == ("7.86", True)
    (item,) = told["invoices"]
    assert {line["percent"] for line in item["lines"]} == {"7.86"}


def test_a_floor_that_is_not_known_yet_refuses_nothing_and_warns_by_the_latest(door: Door) -> None:
    door.clock.at = NOW.replace(month=9)
    ok(door.ask("PATCH", CUSTOMER, {"late_rate": "5"}))
    told = got(door, f"{CASE}/interest")
    assert "7.86 % in 2026-1" in told["warning"]


def test_the_rate_of_a_public_buyer_is_the_laws(door: Door) -> None:
    owing(door, "F-1", "1000", date(2025, 8, 31))
    ok(door.ask("PATCH", "/v1/companies/acme", {"late_rate": "15"}))
    ok(door.ask("PATCH", CUSTOMER, {"segment": "public"}))
    told = got(door, f"{CASE}/interest?until=2026-08-31")
    (item,) = told["invoices"]
    assert (told["law"], told["agreed_rate"]) == ("FR-public", None)
    assert [(line["days"], line["percent"]) for line in item["lines"]] == [(365, "10.15")], "frozen"
    answer = door.ask("PATCH", CUSTOMER, {"late_rate": "15"})
    assert "fixes the rate" in answer.json()["detail"]


def test_rates_are_listed_with_their_source_and_the_last_one_entered_counts(door: Door) -> None:
    shown = got(door, RATES, role="viewer")["items"]
    assert {
        "series": "ecb",
        "half_year": "2026-2",
        "percent": "2.40",
        "source": "European Central Bank, main refinancing operations, the rate on 1 January and on 1 July",
    } in shown
    assert {row["series"] for row in shown} == {"ecb", "fr_legal", "de_base"}, "others are entered"

    everywhere = door.key("manager", None, name="everywhere")
    body = {"series": "boe", "half_year": "2025-1", "percent": "4.75", "source": "Bank of England"}
    assert ok(door.ask("POST", RATES, body, key=everywhere), 201) == body
    ok(door.ask("POST", RATES, {**body, "percent": "4.50"}, key=everywhere), 201)
    (row,) = [row for row in got(door, RATES)["items"] if row["series"] == "boe"]
    assert row == {**body, "percent": "4.50"}
    with transaction(door.book.engine) as session:
        audit = session.exec(
            select(AuditEvent.detail).where(AuditEvent.what == "enter_rate").order_by(col(AuditEvent.id))
        ).all()
    assert [(detail["before"], detail["percent"]) for detail in audit] == [(None, "4.75"), ("4.7500", "4.50")]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"series": "libor"}, "body.series"),
        ({"half_year": "2025"}, "body.half_year"),
        ({"half_year": "2025-3"}, "body.half_year"),
        ({"percent": "4,75"}, "body.percent"),
        ({"percent": "4.75001"}, "body.percent"),
        ({"percent": "400"}, "body.percent"),
        ({"percent": "nan"}, "body.percent"),
        ({"source": " "}, "body.source"),
    ],
)
def test_a_rate_that_cannot_be_is_refused_with_its_field(
    door: Door, wrong: dict[str, str], field: str
) -> None:
    body = {"series": "boe", "half_year": "2025-1", "percent": "4.75", "source": "Bank of England"} | wrong
    everywhere = door.key("manager", None, name="everywhere")
    assert field_of(door.ask("POST", RATES, body, key=everywhere)) == field


def test_a_half_year_to_come_is_refused_and_so_is_a_day_that_is_none(door: Door) -> None:
    everywhere = door.key("manager", None, name="everywhere")
    body = {"series": "ecb", "half_year": "2027-1", "percent": "2.40", "source": "ECB"}
    answer = door.ask("POST", RATES, body, key=everywhere)
    assert answer.status_code == 422
    assert "not fixed yet" in answer.json()["detail"]
    assert door.ask("GET", f"{CASE}/interest?until=tomorrow").status_code == 422
    assert door.ask("GET", "/v1/companies/acme/cases/F-404/interest").status_code == 404


def test_a_company_that_says_so_has_payments_go_to_interest_first(door: Door) -> None:
    owing(door, "F-1", "1000", date(2026, 1, 31))
    settings(door, late_rate=Decimal("36.5"))
    door.book.tell(
        CaseSignal.PAYMENT_RECEIVED, "F-1", amount="400", event_id="p-1", received_on=date(2026, 2, 10)
    )
    path = f"{CASE}/interest?until=2026-02-20"
    told = got(door, path)
    assert (told["payments_go_first_to"], told["invoices"][0]["interest"]) == ("principal", "16.00")
    assert got(door, f"{path}&first_to=interest")["invoices"][0]["interest"] == "16.10"
    assert ok(door.ask("PATCH", "/v1/companies/acme", {"imputation": "interest"}))["imputation"] == "interest"
    told = got(door, path)
    (item,) = told["invoices"]
    assert (told["payments_go_first_to"], item["interest"]) == ("interest", "16.10")
    assert (item["paid_to_interest"], item["principal_left"]) == ("10.00", "610.00")
    assert [(line["days"], line["base"]) for line in item["lines"]] == [(10, "1000.00"), (10, "610.00")]


def test_the_law_that_was_agreed_goes_before_that_of_the_countries(door: Door) -> None:
    owing(door, "F-1", "1000", date(2026, 1, 31))
    with transaction(door.book.engine) as session:
        session.get_one(Customer, door.book.customer_id).country = "CH"
    assert got(door, f"{CASE}/interest")["law"] is None
    assert ok(door.ask("PATCH", CUSTOMER, {"late_law": "FR"}))["late_law"] == "FR"
    told = got(door, f"{CASE}/interest?until=2026-02-28")
    # 28 days at 12.15 %.
    assert (told["law"], told["totals"]) == ("FR", {"EUR": "9.32"})
    assert field_of(door.ask("PATCH", CUSTOMER, {"late_law": "CH"})) == "body.late_law"
