"""`relance interest` and `relance rates`: a computation to check by hand, rates entered once published."""

from __future__ import annotations

import json

import pytest

from rules.interest import half_name, half_year
from tests.integration.cli.debtors import COMPANIES, COMPANY, Debtor
from tests.integration.cli.place import Installation

pytestmark = pytest.mark.integration

LATE = Debtor(1)


def test_a_computation_is_printed_line_by_line_and_refused_where_a_rate_is_missing(
    place: Installation,
) -> None:
    assert place.here("import", str(place.portfolio(LATE)), "--no-start").status == 0
    refused = place.here("interest", LATE.invoice, "-c", COMPANY, "--until", "2100-01-01")
    assert refused.status == 1
    assert "refused: the ECB's main refinancing rate for the first half of" in refused.out
    assert "fixed sum for recovery costs: 40.00 EUR" in refused.out, "it needs no rate"

    companies = place.folder / "claiming.toml"
    companies.write_text(COMPANIES + 'late_rate = 36.5\ninterest = "claimed"\n', "utf-8")
    assert place.here("companies", str(companies)).status == 0
    told = place.here("interest", LATE.invoice, "-c", COMPANY)
    assert told.status == 0
    assert "the agreed rate, 36.50 % a year" in told.out
    assert "payments go to principal first; in letters: claimed" in told.out
    # Six days at a tenth of a percent a day on 1,200.00.
    (line,) = [line.split() for line in told.out.splitlines() if line.endswith("7.2000")]
    assert line[1:] == [str(place.today), "6", "1,200.00", "36.50", "7.2000"]
    assert "interest 7.20 EUR; principal left 1,200.00" in told.out
    customer = LATE.row(place.today)["customer"]
    asked = place.here("interest", "--customer", customer, "-c", COMPANY, "--format", "json")
    page = json.loads(asked.out)
    assert (page["totals"], len(page["invoices"])) == ({"EUR": "7.20"}, 1)

    assert place.here("interest", "-c", COMPANY).status == 2, "an invoice or a customer"
    unknown = place.here("interest", "QZ-404", "-c", COMPANY)
    assert (unknown.status, "QZ-404" in unknown.err) == (2, True)


def test_rates_are_shown_entered_corrected_and_refused(place: Installation) -> None:
    shown = place.here("rates").out
    assert "ecb       2026-2     2.40 %  European Central Bank" in shown
    assert "boe" not in shown
    added = place.here("rates", "add", "boe", "2025-1", "4.75", "--source", "Bank of England")
    assert added.out == "the Bank of England's rate, 2025-1: 4.75 %\n"
    again = place.here("rates", "add", "boe", "2025-1", "4.50", "--source", "Bank of England")
    assert "4.50 % (it was 4.75 %)" in again.out
    assert "boe       2025-1     4.50 %  Bank of England" in place.here("rates").out
    for words, part in (
        (("libor", "2025-1", "4.75"), "no series 'libor'"),
        (("boe", "2025-3", "4.75"), "not a half-year"),
        (("boe", "2025-1", "4,75"), "not a rate"),
        (("boe", "2100-1", "4.75"), "not fixed yet"),
    ):
        refused = place.here("rates", "add", *words, "--source", "somebody")
        assert (refused.status, part in refused.err) == (2, True), refused
    kept = place.ledger.value("SELECT count(*) FROM audit_event WHERE what = 'reference_rate'")
    assert kept == 2


def test_a_companies_file_with_a_rate_under_the_floor_is_refused_whole(place: Installation) -> None:
    half = half_name(half_year(place.today))
    assert place.here("rates", "add", "fr_legal", half, "2.62", "--source", "an order").status == 0
    companies = place.folder / "under.toml"
    companies.write_text(COMPANIES + 'late_rate = "7.85"\n', "utf-8")
    refused = place.here("companies", str(companies))
    assert refused.status == 2
    assert "company quartz: late_rate: 7.85 % a year is under 3 times" in refused.err
    assert f"7.86 % in {half}" in refused.err
    assert place.ledger.value("SELECT count(*) FROM company") == 0
    companies.write_text(COMPANIES + 'late_rate = "7.86"\n', "utf-8")
    assert place.here("companies", str(companies)).status == 0
