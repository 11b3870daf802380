"""The report of a cut-over, in each form. That it comes true is held by tests/workflows/test_cutover.py."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from admin.cli import app
from admin.portfolio.cutover_tables import COLUMNS
from tests.unit.portfolio.files import write

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = str(ROOT / "samples" / "cutover.csv")
COMPANIES = str(ROOT / "samples" / "companies.toml")


def cutover(path: str | Path, *more: str) -> Result:
    return CliRunner().invoke(
        app, ["cutover", str(path), "--today", "2026-03-02", *more], env={"COLUMNS": "250"}
    )


def as_json(path: str | Path, *more: str) -> tuple[list[dict[str, object]], dict[str, object]]:
    *rows, last = [json.loads(line) for line in cutover(path, "--format", "json", *more).stdout.splitlines()]
    return rows, last["summary"]


def test_one_object_an_invoice_then_the_summary() -> None:
    rows, summary = as_json(SAMPLE, "--companies", COMPANIES)
    assert all(tuple(row) == COLUMNS for row in rows)
    assert rows[1] == {
        "company": "LUMIERE",
        "customer": "C-2001",
        "customer_name": "Menuiserie Aubert",
        "invoice": "FA-2026-0144",
        "outstanding": "780.50",
        "currency": "EUR",
        "policy": "standard",
        "last_step": "pre_reminder",
        "last_contacted_on": "2026-02-23",
        "state": "waiting",
        "step": "reminder_1",
        "channel": "email",
        "role": "accounting",
        "to": "compta@menuiserie-aubert.example",
        "at": "2026-03-09T09:30:00+01:00",
        "announced_at": "2026-03-03T09:30:00+01:00",
        "together": ["FA-2026-0144"],
        "why": "5 days after the due date",
        "tasks": [],
        "warnings": [
            "announced for 2026-03-03, comes on 2026-03-09: the customer is contacted on 2026-03-02 about "
            "FA-2026-0101 (gap of 5 days)"
        ],
    }
    assert summary["invoices"] == 9
    assert summary["customers_contacted_on_the_first_day"] == 2
    assert summary["states"] == {"waiting": 6, "paused": 2, "below_minimum": 1}
    days = [tuple(day.values()) for day in _list(summary["days"])]
    assert days == [
        ("2026-03-02", 2, 2, {"sms": 2}, 1, 0, 1),
        ("2026-03-03", 0, 0, {}, 0, 1, 0),
        ("2026-03-09", 2, 2, {"email": 1, "phone": 1}, 0, 0, 0),
    ]
    assert [(fault["line"], fault["field"]) for fault in _list(summary["rejected"])] == [(11, "last_step")]


def _list(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


def test_a_refused_row_gives_status_1_and_is_told_once() -> None:
    found = cutover(SAMPLE)
    assert found.exit_code == 1
    assert "1 row would be refused" in found.stdout
    assert found.stderr == ""
    assert "(did you mean 'reminder_2'?)" in found.stdout
    found = cutover(SAMPLE, "--format", "csv")
    assert (found.exit_code, found.stderr.count("line 11: last_step")) == (1, 1)


def test_a_table_is_for_reading() -> None:
    told = cutover(SAMPLE, "--companies", COMPANIES).stdout
    for words in (
        "Look at these first",
        "Tasks that will open",
        "2026-03-09 broken_promise",
        "9 invoices of 8 customers; 2 customers are contacted on the first business day",
        "4 act on it, or ask somebody to",
        "below the minimum: not chased",
        "What leaves in the first 10 business days, if nobody pays, approves or mends anything",
    ):
        assert words in told, told


def test_a_csv_keeps_formulas_from_running_and_numbers_whole(tmp_path: Path) -> None:
    row = {"customer_name": "=1+2", "accounting_phone": "0612345678", "accounting_email": "a@b.fr"}
    late = {"last_step": "reminder_2", "last_contacted_on": "2026-02-20"}
    path = write(tmp_path / "p.csv", [row | late])
    (read,) = csv.DictReader(io.StringIO(cutover(path, "--format", "csv").stdout))
    assert tuple(read) == COLUMNS
    assert (read["customer_name"], read["to"]) == ("'=1+2", "+33612345678")
    assert (read["role"], read["channel"], read["at"]) == ("accounting", "sms", "2026-03-16T09:30:00+01:00")


def test_the_company_says_the_gap_and_who_signs(tmp_path: Path) -> None:
    told = [
        {
            "invoice": "F-1",
            "accounting_email": "a@b.fr",
            "last_step": "reminder_1",
            "last_contacted_on": "2026-02-27",
        },
        {"invoice": "F-2", "due_on": "2026-02-25"},
    ]
    path = write(tmp_path / "p.csv", told)
    rows, _ = as_json(path)
    assert [row["at"] for row in rows] == ["2026-03-04T09:30:00+01:00"] * 2
    assert [row["warnings"] for row in rows] == [["no collector: nobody signs, and nobody is asked"]] * 2
    companies = tmp_path / "companies.toml"
    companies.write_text(
        '[[company]]\nref = "ACME"\ngap_days = 12\nsignatory = { name = "M", email = "m@acme.fr" }\n', "utf-8"
    )
    rows, _ = as_json(path, "--companies", str(companies))
    assert [row["at"] for row in rows] == ["2026-03-11T09:30:00+01:00"] * 2
    assert [row["warnings"] for row in rows] == [[], []]


@pytest.mark.parametrize("order", [1, -1])
def test_addresses_are_taken_in_the_order_messages_take_them(tmp_path: Path, order: int) -> None:
    told = [{"accounting_email": "b@b.fr"}, {"invoice": "F-2", "accounting_email": "a@b.fr"}]
    rows, _ = as_json(write(tmp_path / "p.csv", told[::order]))
    assert [row["to"] for row in rows] == ["a@b.fr"] * 2


def test_a_row_that_is_refused_tells_nothing_of_its_customer(tmp_path: Path) -> None:
    """Its address and its contact do not come into the ledger."""
    wrong = {"segment": "public", "last_step": "reminder_3", "last_contacted_on": "2026-02-27"}
    told = [wrong | {"accounting_email": "a@b.fr"}, {"invoice": "F-2", "segment": "public"}]
    rows, summary = as_json(write(tmp_path / "p.csv", told))
    assert [(row["invoice"], row["role"]) for row in rows] == [("F-2", None)]
    assert len(_list(summary["rejected"])) == 1


def test_nothing_to_do_is_said(tmp_path: Path) -> None:
    rows, summary = as_json(write(tmp_path / "p.csv", [{"settled_on": "2026-02-20"}]))
    assert [(row["state"], row["at"], row["warnings"]) for row in rows] == [("closed", None, [])]
    assert (summary["days"], summary["states"]) == ([], {"closed": 1})


def test_what_cannot_be_used_gives_status_2(tmp_path: Path) -> None:
    assert cutover(tmp_path / "no.csv").exit_code == 2
    assert cutover(SAMPLE, "--companies", str(tmp_path / "no.toml")).exit_code == 2
