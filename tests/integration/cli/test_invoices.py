"""`relance invoices` and `relance payment-terms`, as a person runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.debtors import COMPANY
from tests.integration.cli.place import Installation
from tests.unit.intake.documents import ubl
from tests.unit.intake.files import BALANCE, fec, sale

pytestmark = pytest.mark.integration


def test_files_of_any_kind_are_taken_by_one_command(place: Installation, tmp_path: Path) -> None:
    assert place.here("companies", str(place.companies)).status == 0
    balance, books, invoice = (tmp_path / name for name in ("balance.csv", "books.txt", "invoice.xml"))
    balance.write_bytes(BALANCE.encode("cp1252"))
    books.write_text(fec(sale(1, "C-9", "FA-9", "120,00", "100,00", "20,00")), encoding="iso8859-15")
    invoice.write_bytes(ubl(seller="552100554", buyer="812345678"))

    dry = place.here("invoices", str(balance), "-c", COMPANY, "--dry-run")
    assert dry.status == 1
    assert "balance.csv (csv): 3 invoices: 2 new (nothing is entered), 0 known" in dry.out
    assert "number=N° facture" in dry.out
    assert "line 6: due_on: 30/02/2026 is not in the calendar" in dry.out

    none = place.here("invoices", str(books), "-c", COMPANY, "--no-start")
    assert (none.status, "no payment terms" in none.out) == (1, True)
    terms = place.here("payment-terms", COMPANY, "45 jours fin de mois")
    assert terms.out.endswith(f"{COMPANY}: payment terms: 45 days, then end of month\n")

    told = place.here(
        *("invoices", str(balance), str(books), str(invoice), "-c", COMPANY, "--customer", "C-101"),
        *("--no-start", "--format", "json"),
    )
    assert told.status == 1
    assert '"new": 2' in told.out
    assert '"new": 1' in told.out
    assert "invoice.xml: FA-1 of C-101: in the ledger, its case starts" in told.out
    again = place.here("invoices", str(books), "-c", COMPANY, "--full", "--no-start", "--format", "json")
    report = json.loads(again.out)
    assert (again.status, report["unchanged"], report["missing"]["count"]) == (0, 1, 3)


def test_what_cannot_be_used_is_said_plainly(place: Installation, tmp_path: Path) -> None:
    assert place.here("companies", str(place.companies)).status == 0
    statement = tmp_path / "releve.sta"
    statement.write_bytes(b":20:STARTUMS\r\n:25:DE/1\r\n")
    for words, part, status in (
        ((str(statement), "-c", COMPANY), "a bank's statement (CFONB or MT940)", 1),
        ((str(tmp_path / "none.csv"), "-c", COMPANY), "none.csv: No such file", 1),
        ((str(statement), "-c", "nobody"), "no company 'nobody'", 2),
        ((str(statement), "-c", COMPANY, "-m", "Solde"), "expected FIELD=HEADER", 2),
        ((str(statement), "-c", COMPANY, "--currency", "FRF"), "no current ISO 4217 code", 2),
    ):
        told = place.here("invoices", *words)
        assert told.status == status, told
        assert part in told.err
    wrong = place.here("payment-terms", COMPANY, "bientôt")
    assert (wrong.status, "terms: payment terms not understood" in wrong.err) == (2, True)
