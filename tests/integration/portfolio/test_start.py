"""`relance import` as a whole: its status, what it says, and what it takes."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from temporalio.client import Client

from admin.portfolio import start
from models.errors import Unreachable
from tests.fixtures.memory import PRINT_PEAK_MIB
from tests.unit.portfolio.files import SOUND, write

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
LIMIT_MIB = 300
SMALL, LARGE = 4_000, 24_000


@pytest.fixture
def ledger(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """This test's ledger, as the environment names it."""
    monkeypatch.setenv("RELANCE_DATABASE_URL", ledger_url)
    return ledger_url


def notes(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM outbox_note")).scalar_one())


def test_the_ledger_is_filled_and_cases_wait_when_told_not_to_start(
    ledger: str, engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "p.csv", [{}, {"invoice": "F-2"}])
    companies = ROOT / "samples" / "companies.toml"
    assert start.run(path, start=False, companies=companies) == 0
    assert "2 rows: 2 new invoices (0 paid already), 0 known" in capsys.readouterr().err
    assert notes(engine) == 2
    assert start.run(path, start=False) == 0
    assert "0 new invoices (0 paid already), 2 known" in capsys.readouterr().err
    assert notes(engine) == 2


def test_rejected_rows_give_status_1(ledger: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "p.csv", [{"amount": "NaN"}, {"invoice": "F-2"}])
    rejects = tmp_path / "elsewhere.csv"
    assert start.run(path, start=False, rejects=rejects) == 1
    told = capsys.readouterr().err
    assert "line 2: amount: not a finite number" in told
    assert rejects.exists()


def test_a_temporal_that_does_not_answer_leaves_the_notes_to_a_worker(
    ledger: str,
    engine: Engine,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def away() -> Client:
        raise Unreachable("connection refused\nand more")

    monkeypatch.setattr(start, "connect", away)
    assert start.run(write(tmp_path / "p.csv", [{}])) == 2
    told = capsys.readouterr().err
    assert "Temporal does not answer (connection refused)" in told
    assert "1 note waits in the ledger" in told
    assert notes(engine) == 1


def test_what_cannot_be_done_is_said_in_a_line(
    ledger: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start.run(tmp_path / "no.csv", start=False) == 2
    assert "No such file" in capsys.readouterr().err
    assert start.run_companies(tmp_path / "no.toml") == 2
    assert "No such file" in capsys.readouterr().err
    monkeypatch.setenv("RELANCE_DATABASE_URL", "postgresql://nobody:secret@127.0.0.1:1/none")
    assert start.run(tmp_path / "no.csv", start=False) == 2
    told = capsys.readouterr().err
    assert told.startswith("relance: the ledger does not answer: ")
    assert "secret" not in told


def test_ctrl_c_says_how_to_go_on(
    ledger: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "load_portfolio", stopped)
    assert start.run(write(tmp_path / "p.csv", [{}])) == 130
    assert "run the same command again" in capsys.readouterr().err


@pytest.mark.slow
def test_memory_grows_little_with_the_rows(ledger: str, engine: Engine, tmp_path: Path) -> None:
    """The peak resident memory of a whole process; `python -m bench import` takes it at 100,000 rows."""
    small, large = (_peak_mib(tmp_path / f"{rows}.csv", rows) for rows in (SMALL, LARGE))
    assert notes(engine) == LARGE
    assert large < LIMIT_MIB
    # What tells doubled numbers apart, some 13 MiB; the rows themselves, kept, would be far more.
    assert large - small < 20, f"{small:.0f} MiB at {SMALL:,} rows, {large:.0f} at {LARGE:,}"


def _peak_mib(path: Path, rows: int) -> float:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow((*SOUND, "accounting_email", "accounting_phone"))
        for n in range(rows):
            row = [*(SOUND | {"invoice": f"F-{n}", "customer": f"C-{n // 5}"}).values()]
            table.writerow([*row, f"compta@client{n // 5}.fr", f"06{12_000_000 + n // 5:08}"])
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from admin.portfolio.start import run\n"
        "status = run(Path(sys.argv[1]), start=False)\n"
        "print(status)\n" + PRINT_PEAK_MIB
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    status, peak_mib = map(float, run.stdout.split())
    assert status == 0, run.stderr[-2000:]
    return peak_mib
