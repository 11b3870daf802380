"""A test whose time-skipping server lost a task is run once more; any other failure counts at once."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import cast

import pytest
from temporalio.testing import WorkflowEnvironment

from tests.workflows import lost
from tests.workflows.lost import LostTaskError, unless_lost

ROOT = Path(__file__).resolve().parents[2]
CONFTEST = """
from tests.conftest import (
    pytest_runtest_logreport, pytest_runtest_makereport, pytest_runtest_protocol, pytest_terminal_summary
)
"""
TESTS = """
from pathlib import Path
from tests.workflows.lost import LostTaskError

def times(name):
    seen = Path(__file__).with_name(name)
    seen.write_text(seen.read_text() + "." if seen.exists() else ".")
    return len(seen.read_text())

def test_lost_once():
    if times("once") == 1:
        raise LostTaskError("F-1")

def test_lost_twice():
    times("twice")
    raise LostTaskError("F-2")

def test_wrong():
    times("wrong")
    assert False
"""


def test_it_is_run_once_more_and_said(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {ROOT}\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:schemathesis", "-c", "pytest.ini", "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert done.stdout.count("run again, as the time-skipping server had lost a task") == 2
    assert {name: len((tmp_path / name).read_text()) for name in ("once", "twice", "wrong")} == {
        "once": 2,
        "twice": 2,
        "wrong": 1,
    }


async def test_an_answer_is_waited_for_unless_a_task_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    is_lost = False
    looked = asyncio.Event()

    async def look(env: WorkflowEnvironment, workflow: str) -> bool:
        looked.set()
        return is_lost

    monkeypatch.setattr(lost, "LOOKED_EVERY", 0.01)
    monkeypatch.setattr(lost, "_is_lost", look)
    env = cast(WorkflowEnvironment, None)

    async def slow() -> str:
        await looked.wait()
        return "at last"

    assert await unless_lost(slow(), env, ["invoice/acme/F-1"]) == "at last"
    is_lost = True
    with pytest.raises(LostTaskError, match="F-1"):
        await unless_lost(asyncio.Event().wait(), env, ["invoice/acme/F-1"])
