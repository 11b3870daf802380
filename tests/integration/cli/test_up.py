"""`relance up`: the whole stack from one command, what stops it, what it survives, what it leaves alone."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from admin.sandbox import SandboxMessage
from admin.stack.datafolder import DataFolder, read_json
from admin.stack.postgres import LocalPostgres
from admin.stack.up import prepare_ledger
from tests.fixtures.local_stack import (
    FRANCE,
    Ledger,
    Program,
    Told,
    at_work,
    child_pids,
    environment,
    listed,
    program,
    python,
    runs_of,
    spoken_secrets,
    status_of,
    ten_o_clock,
    until,
)
from tests.integration.cli.debtors import COMPANIES, COMPANY, Debtor, personal_data, write_portfolio

# One after the other (`--dist loadfile`): started at one instant, two stacks would choose the same ports.
pytestmark = [pytest.mark.integration, pytest.mark.slow]

READY = "Ctrl-C stops; starting again resumes."


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@contextmanager
def up(folder: DataFolder, **more: str) -> Iterator[Program]:
    """A stack that has said that it is up; stopped with Ctrl-C, cleanly, at the end."""
    variables = environment(RELANCE_SWEEP_SECONDS="0.5", **more)
    log = folder.root.with_name("up.log")
    with program("-m", "admin", "up", "--data-dir", str(folder.root), variables=variables, log=log) as stack:
        stack.until(READY)
        yield stack
        assert stack.stop(signal.SIGINT) == 0, stack.text
        assert at_work(folder.root) == []


def relance(folder: DataFolder, *words: str, **more: str) -> Told:
    return python("-m", "admin", *words, variables=environment(RELANCE_DATA_DIR=str(folder.root), **more))


def at_ten(folder: DataFolder) -> None:
    """Make the folder's ledger, whose business time is 10:00."""
    folder.prepare()
    with LocalPostgres(folder.postgres) as postgres:
        prepare_ledger(postgres.url(), ten_o_clock)


def load(folder: DataFolder, *debtors: Debtor) -> None:
    companies = folder.root / "companies.toml"
    companies.write_text(COMPANIES, "utf-8")
    today = FRANCE.first_business_day(FRANCE.local_day(datetime.now(UTC)))
    file = write_portfolio(folder.root / "portfolio.csv", debtors, today)
    told = python(
        *("starter.py", str(file), "--companies", str(companies)),
        variables=environment(RELANCE_DATA_DIR=str(folder.root)),
    )
    assert told.status == 0, told


def shown(text: str) -> dict[str, str]:
    """The addresses that it printed, by name."""
    return dict(re.findall(r"^(Temporal UI|Sandbox inbox)\s+(http://\S+)$", text, re.MULTILINE))


def variables_of(folder: DataFolder) -> dict[str, str]:
    known = read_json(folder.run / "stack.json")
    assert known is not None
    return {name: str(value) for name, value in known.items()}


def inbox(url: str) -> list[SandboxMessage]:
    """Everything the sandbox got, in order."""
    answer = httpx.get(f"{url}/api/messages", params={"order": "oldest", "limit": 1000}, timeout=30)
    return [SandboxMessage.model_validate(message) for message in answer.json()["messages"]]


def arrived(url: str, count: int) -> None:
    """Wait until the sandbox has so many messages."""
    until(lambda: len(inbox(url)) >= count, f"{count} messages at the sandbox")


def answered(address: str, debtor: Debtor) -> None:
    """Wait until the debtor's case knows of its first reminder."""
    until(
        lambda: status_of(address, COMPANY, debtor.invoice).done == ("reminder_1",),
        f"{debtor.invoice}: reminder_1 done",
    )


def delivered(folder: DataFolder) -> None:
    """Wait until the sandbox has told the API, and the ledger knows, that the message was delivered."""
    ledger = Ledger(variables_of(folder)["RELANCE_DATABASE_URL"])
    try:
        kinds = "SELECT kind FROM communication_event ORDER BY kind"
        until(lambda: [kind for (kind,) in ledger.rows(kinds)] == ["delivered", "processed"], "delivered")
    finally:
        ledger.engine.dispose()


def discreet(folder: DataFolder) -> None:
    """No log holds the database's password, nor names a debtor."""
    url = variables_of(folder)["RELANCE_DATABASE_URL"]
    for path in (*folder.logs.iterdir(), folder.root.with_name("up.log")):
        written = path.read_text("utf-8", errors="replace")
        assert not spoken_secrets(written, url), path
        assert not personal_data(written), path


def test_it_comes_up_stops_cleanly_and_resumes(folder: DataFolder) -> None:
    at_ten(folder)
    one = Debtor(1)
    with up(folder) as stack:
        addresses = shown(stack.text)
        assert set(addresses) == {"Temporal UI", "Sandbox inbox"}
        for address in addresses.values():
            assert httpx.get(address, timeout=30, follow_redirects=True).status_code == 200
        assert str(folder.root) in stack.text
        pids = child_pids(folder.root)
        assert set(pids) == {"postgres", "temporal", "sandbox", "worker", "api"}

        second = relance(folder, "up")
        assert second.status == 1
        assert len(second.err.splitlines()) == 1
        assert f"is in use by another stack (process {stack.pid})" in second.err
        assert "--data-dir" in second.err

        os.kill(pids["worker"], signal.SIGKILL)
        stack.until("worker is ready again")
        assert "worker was killed by SIGKILL" in stack.text
        after = child_pids(folder.root)
        assert after["worker"] != pids["worker"]
        assert {**after, "worker": 0} == {**pids, "worker": 0}

        load(folder, one)
        arrived(addresses["Sandbox inbox"], 1)
        address = variables_of(folder)["TEMPORAL_ADDRESS"]
        answered(address, one)
        delivered(folder)
        run = listed(address, 1)

    with up(folder) as stack:
        assert shown(stack.text) == addresses
        assert variables_of(folder)["TEMPORAL_ADDRESS"] == address
        assert len(inbox(addresses["Sandbox inbox"])) == 1
        assert runs_of(address) == run
        assert status_of(address, COMPANY, one.invoice).done == ("reminder_1",)
        told = relance(folder, "doctor")
        assert told.status == 0, told
    discreet(folder)
    # What it left behind says where a ledger was; that it is down is said plainly.
    told = relance(folder, "tasks")
    assert told.status == 2
    assert len(told.err.splitlines()) == 1, told.err


def test_a_ledger_that_is_given_is_used_and_no_postgres_started(folder: DataFolder, ledger_url: str) -> None:
    with up(folder, RELANCE_DATABASE_URL=ledger_url, RELANCE_SENDING="off") as stack:
        assert set(child_pids(folder.root)) == {"temporal", "sandbox", "worker", "api"}
        assert "postgres" not in stack.text
        assert not (folder.postgres / "data").exists()
        told = relance(folder, "doctor")
        assert told.status == 0, told
        # The same from another window that names the ledger itself.
        told = relance(folder, "doctor", RELANCE_DATABASE_URL=ledger_url)
        assert told.status == 0, told
    ledger = Ledger(ledger_url)
    try:
        assert ledger.rows("SELECT detail->>'to' FROM audit_event") == [("off",)]
    finally:
        ledger.engine.dispose()
    assert not spoken_secrets(folder.root.with_name("up.log").read_text("utf-8"), ledger_url)


def test_a_stack_that_cannot_start_says_why_in_a_line(folder: DataFolder) -> None:
    told = relance(folder, "up", RELANCE_DATABASE_URL="postgresql://relance:pAsSwOrD@127.0.0.1:1/relance")
    assert told.status in {1, 2}, told
    assert len(told.err.splitlines()) == 1, told.err
    assert "ledger" in told.err
    assert "pAsSwOrD" not in told.err + told.out
    told = relance(folder, "up", RELANCE_SENDING="maybe")
    assert told.status in {1, 2}, told
    assert "RELANCE_SENDING" in told.err
    assert "Traceback" not in told.err + told.out
