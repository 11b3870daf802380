"""Fixtures for commands, workers and stacks as processes, which must all be gone at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.fixtures.local_stack import DEADLINE_S, OURS, at_work
from tests.fixtures.nursery import Nursery
from tests.fixtures.postgres import Server
from tests.integration.cli.place import Installation, installation


@pytest.fixture(autouse=True)
def no_settings_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the environment of whoever runs the tests reaches a command."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        if not name.startswith("RELANCE_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path: Path) -> Iterator[None]:
    """No process that names this test's folder, or works in it, outlives the test."""
    yield
    _, alive = psutil.wait_procs(at_work(tmp_path), timeout=DEADLINE_S)
    told = [str(process) for process in alive]
    for process in alive:
        process.kill()
    assert not told, told


@pytest.fixture
def place(
    postgres_server: Server, ledger_template: str, nursery: Nursery, tmp_path: Path
) -> Iterator[Installation]:
    """An installation of this test's own, without workers."""
    with installation(postgres_server, ledger_template, nursery, tmp_path) as found:
        yield found
