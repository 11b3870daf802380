"""`python starter.py`: a portfolio goes in, its cases start, once, whatever is down meanwhile."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.fixtures.local_stack import ROOT, listed, runs_of, spoken_secrets
from tests.integration.cli.debtors import Debtor, write_portfolio
from tests.integration.cli.place import Installation

pytestmark = [pytest.mark.integration, pytest.mark.slow]

SAMPLE = ROOT / "samples" / "portfolio.csv"
SAMPLE_COMPANIES = ROOT / "samples" / "companies.toml"


def open_cases(place: Installation) -> set[str]:
    """Workflow ids of the cases that the ledger holds open."""
    rows = place.ledger.rows(
        "SELECT c.ref, i.number FROM dunning_case d JOIN invoice i ON i.id = d.invoice_id"
        " JOIN company c ON c.id = i.company_id WHERE d.closed_at IS NULL"
    )
    return {f"invoice/{company}/{number}" for company, number in rows}


def test_the_sample_starts_its_cases_once(place: Installation, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    told = place.starter(SAMPLE, "--companies", SAMPLE_COMPANIES, "--rejects", rejects)
    assert told.status == 0, told
    assert "0 rejected" in told.err
    assert not rejects.exists()
    rows = SAMPLE.read_text("utf-8").count("\n") - 1
    assert f"{rows} rows: {rows} new invoices" in told.err
    started = listed(place.address, open_cases(place))
    assert place.ledger.value("SELECT count(*) FROM outbox_note") == 0

    again = place.starter(SAMPLE, "--companies", SAMPLE_COMPANIES, "--rejects", rejects)
    assert again.status == 0, again
    assert f"{rows} rows: 0 new invoices (0 paid already), {rows} known" in again.err
    assert runs_of(place.address) == started


def test_a_bad_row_is_told_and_kept_aside_and_the_others_are_in(place: Installation) -> None:
    good, bad = Debtor(1), Debtor(2, amount="12,50")
    told = place.starter(place.portfolio(good, bad), "--companies", place.companies)
    assert told.status == 1, told
    assert "line 3: amount" in told.err
    with (place.folder / "portfolio.rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["invoice"] == bad.invoice
    assert row["amount"] == "12,50"
    assert [number for (number,) in place.ledger.rows("SELECT number FROM invoice")] == [good.invoice]

    # Mended, the rejects file is itself a portfolio.
    mended = place.folder / "portfolio.rejects.csv"
    mended.write_text(mended.read_text("utf-8-sig").replace('"12,50"', "12.50"), "utf-8")
    told = place.here("import", str(mended))
    assert told.status == 0, told
    listed(place.address, 2)


def test_what_it_did_not_start_a_worker_starts_and_a_case_is_started_once(place: Installation) -> None:
    one, two = Debtor(1), Debtor(2)
    told = place.here(
        *("import", str(place.portfolio(one)), "--companies", str(place.companies), "--no-start")
    )
    assert told.status == 0, told
    assert place.ledger.value("SELECT count(*) FROM outbox_note") == 1
    assert runs_of(place.address) == {}
    # Another process has the second note in hand, and dies with it: left alone until its lease is over.
    second = str(write_portfolio(place.folder / "two.csv", [two], place.today))
    told = place.here("import", second, "--no-start")
    assert told.status == 0, told
    lease = (
        "UPDATE outbox_note SET claimed_until = now() + make_interval(secs => :secs)"
        " WHERE key = (SELECT id FROM invoice WHERE number = :n)"
    )
    place.ledger.change(lease, n=two.invoice, secs=600)
    told = place.here("import", second)
    assert told.status == 0, told
    assert "still in the ledger" in told.err
    listed(place.address, {f"invoice/quartz/{one.invoice}"})
    place.ledger.change(lease, n=two.invoice, secs=0)
    with place.worker():
        place.sandbox.wait_for(2, 60)
        place.settled()
    listed(place.address, {f"invoice/quartz/{debtor.invoice}" for debtor in (one, two)})
    assert len(place.sandbox.messages()) == 2


def test_without_temporal_the_ledger_is_filled_and_the_next_run_goes_on(place: Installation) -> None:
    file = place.portfolio(Debtor(1), Debtor(2))
    place.temporal.stop()
    told = place.here("import", str(file), "--companies", str(place.companies))
    assert told.status == 2, told
    assert "Temporal does not answer" in told.err
    assert "2 notes wait in the ledger" in told.err
    assert "Traceback" not in told.err
    assert place.ledger.value("SELECT count(*) FROM invoice") == 2

    place.temporal.start()
    told = place.here("import", str(file))
    assert told.status == 0, told
    assert "0 new invoices" in told.err
    listed(place.address, 2)


@pytest.mark.parametrize("url", ["postgresql://relance:pAsSwOrD@127.0.0.1:1/relance", "nonsense:pAsSwOrD"])
def test_without_a_ledger_nothing_is_done_and_one_line_says_so(place: Installation, url: str) -> None:
    told = place.starter(SAMPLE, RELANCE_DATABASE_URL=url)
    assert told.status == 2, told
    assert len(told.err.splitlines()) == 1, told.err
    assert not spoken_secrets(told.err, place.ledger.url, "pAsSwOrD")


def test_a_wrong_setting_is_one_line(place: Installation) -> None:
    told = place.here("import", str(SAMPLE), RELANCE_SENDING="maybe")
    assert told.status == 2, told
    assert len(told.err.splitlines()) == 1, told.err
    assert "RELANCE_SENDING" in told.err
    assert place.ledger.value("SELECT count(*) FROM invoice") == 0
