"""The commands as a shell sees them: lines, statuses, remarks, and how soon they are there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from admin.cli import app
from tests.unit.portfolio.files import write

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = str(ROOT / "samples" / "portfolio.csv")
DAY = ("--today", "2026-03-02")


def relance(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_preview_writes_one_object_a_line() -> None:
    result = relance("preview", SAMPLE, *DAY, "--format", "json")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(list(row) == ["invoice", "step", "channel", "planned", "at", "why"] for row in rows)
    assert rows[0] | {"why": ""} == {
        "invoice": "FA-2026-0311",
        "step": "pre_reminder",
        "channel": "email",
        "planned": "2026-02-27",
        "at": "2026-03-02T09:30:00+01:00",
        "why": "",
    }


def test_simulate_writes_one_object_a_contact_and_its_summary_apart() -> None:
    result = relance("simulate", SAMPLE, "--policy", "standard", "--format", "json", "--summary")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(list(row) == ["customer", "at", "channel", "step", "invoices", "also"] for row in rows)
    assert "Contacts by step" in result.stderr
    assert "12 invoices of 10 customers" in result.stderr


def test_tables_are_for_reading() -> None:
    preview = relance("preview", SAMPLE, *DAY)
    assert "FA-2026-0311" in preview.stdout
    assert "3 days before the due date" in preview.stdout
    simulated = relance("simulate", SAMPLE, "--policy", "standard")
    for words in ("Contacts by step", "Contacts by channel", "saved by writing once", "customers"):
        assert words in simulated.stdout


def test_rejected_rows_are_told_apart_and_give_status_1(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{"amount": '"1,00"'}, {"invoice": "F-2"}])
    result = relance("preview", str(path), *DAY, "--format", "json")
    assert result.exit_code == 1
    assert {json.loads(line)["invoice"] for line in result.stdout.splitlines()} == {"F-2"}
    assert result.stderr.splitlines() == [
        "line 2: amount: decimal comma found; write 1234.56 (1,00)",
        "1 row was rejected; the others are shown.",
    ]


def test_what_cannot_be_used_gives_status_2(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("company;invoice;customer\n", "utf-8")
    for arguments, reason in (
        (("preview", str(wrong)), "separated by semicolons"),
        (("preview", SAMPLE, "--policy", "nothing"), "no policy 'nothing'"),
        (("preview", SAMPLE, "--today", "02/03/2026"), "2026-03-31"),
        (("simulate", SAMPLE), "--policy"),
        (("simulate", str(tmp_path / "no.csv"), "--policy", "standard"), "No such file"),
    ):
        result = relance(*arguments)
        assert result.exit_code == 2, arguments
        assert reason in result.stderr, arguments
        assert result.stdout == ""


def test_help_teaches_with_an_example() -> None:
    for command in ("preview", "simulate", "import", "companies", "cutover", "next"):
        assert f"Example: relance {command} " in relance(command, "--help").stdout


@pytest.mark.parametrize("command", ["preview", "cutover"])
def test_what_the_rules_foresee_needs_neither_sql_nor_temporal(command: str) -> None:
    script = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from admin.cli import app\n"
        f"assert CliRunner().invoke(app, [{command!r}, {SAMPLE!r}, '--format', 'json']).exit_code == 0\n"
        "heavy = {'sqlalchemy', 'sqlmodel', 'psycopg', 'temporalio', 'fastapi', 'jinja2'}\n"
        "print(*sorted(heavy & set(sys.modules)))\n"
    )
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.split() == []


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    path = write(tmp_path / "p.csv", [{"invoice": f"F-{n}"} for n in range(3_000)])
    command = [sys.executable, "-m", "admin", "preview", str(path), *DAY, "--format", "json"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert json.loads(running.stdout.readline())["invoice"] == "F-0"
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(60) == 141
