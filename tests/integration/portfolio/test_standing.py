"""`relance next`: what every open case of the ledger does next."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner, Result

from activities.clock import Clock
from admin.cli import app
from admin.portfolio.load import load_portfolio
from admin.portfolio.start import ledger_policies
from admin.standing import COLUMNS
from tests.unit.portfolio.files import write

pytestmark = pytest.mark.integration

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
"""A Monday, 08:00 in Paris."""

ROWS = [
    {"invoice": "LATER", "due_on": "2026-03-20"},
    {"invoice": "[b]", "last_step": "reminder_1", "last_contacted_on": "2026-02-20"},
    {"invoice": "PROMISED", "customer": "C-2", "paid": "200.00", "promised_on": "2026-03-06"},
    {"invoice": "PAID", "customer": "C-2", "settled_on": "2026-02-27"},
    {"invoice": "RE-1", "customer": "C-3", "company": "OTHER", "country": "RE"},
]


@pytest.fixture
def ledger(ledger_url: str, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A ledger with these invoices, which the environment names."""
    monkeypatch.setenv("RELANCE_DATABASE_URL", ledger_url)
    path = write(tmp_path / "p.csv", ROWS)
    load_portfolio(engine, path, now=NOW, policies=ledger_policies(engine, Clock()))
    return engine


def next_(*words: str) -> Result:
    return CliRunner().invoke(app, ["next", *words], env={"COLUMNS": "250"})


def test_each_open_case_says_its_next_step_earliest_first(ledger: Engine) -> None:
    found = next_("--format", "json")
    assert found.exit_code == 0, found.output
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    assert all(tuple(row) == COLUMNS for row in rows)
    told = [(row["invoice"], row["last_step"], row["state"], row["step"], row["at"]) for row in rows]
    assert told == [
        ("RE-1", None, "due", "reminder_2", "2026-03-02T11:00:00+04:00"),
        ("[b]", "reminder_1", "waiting", "reminder_2", "2026-03-02T09:30:00+01:00"),
        ("LATER", None, "waiting", "pre_reminder", "2026-03-17T09:30:00+01:00"),
        ("PROMISED", None, "paused", None, None),
    ]
    assert rows[3] | {"why": ""} == {
        "company": "ACME",
        "customer": "C-2",
        "invoice": "PROMISED",
        "outstanding": "1000.00",
        "currency": "EUR",
        "policy": "standard@1",
        "last_step": None,
        "state": "paused",
        "step": None,
        "channel": None,
        "at": None,
        "wakes_at": "2026-03-09T09:30:00+01:00",
        "why": "",
    }
    assert "checked on 2026-03-09" in rows[3]["why"]


def test_one_company_as_csv(ledger: Engine) -> None:
    found = list(csv.DictReader(io.StringIO(next_("--company", "OTHER", "--format", "csv").stdout)))
    assert [(row["company"], row["invoice"]) for row in found] == [("OTHER", "RE-1")]
    refused = next_("--company", "NONE")
    assert (refused.exit_code, refused.stderr) == (2, "relance: no company 'NONE'\n")


def test_a_table_shows_names_as_they_are_and_what_was_not_looked_at(ledger: Engine) -> None:
    with ledger.begin() as connection:
        connection.execute(
            text(
                "UPDATE dunning_case SET decided_at = NULL, next_at = NULL, next_step = NULL, next_why = NULL"
                " WHERE invoice_id = (SELECT id FROM invoice WHERE number = 'LATER')"
            )
        )
    told = next_().stdout
    assert "[b]" in told
    assert "2026-03-02 09:30" in told
    assert "not yet looked at: its first review decides" in told
    assert "PAID" not in told


def test_an_empty_ledger_says_so(ledger: Engine) -> None:
    with ledger.begin() as connection:
        connection.execute(text("UPDATE dunning_case SET closed_at = now()"))
    assert "No case is open." in next_().stdout
