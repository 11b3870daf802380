"""Desks in front of a sandbox provider, and installations of processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from admin.sandbox import SandboxServer
from tests.fixtures.local_stack import OURS
from tests.fixtures.nursery import Nursery
from tests.fixtures.postgres import Server
from tests.integration.cli.place import Installation, installation
from tests.integration.sending.desk import Desk, settings_for


@pytest.fixture
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def desk(engine: Engine, sandbox: SandboxServer) -> Desk:
    return Desk(engine, sandbox, settings_for(sandbox.url))


@pytest.fixture
def place(
    postgres_server: Server,
    ledger_template: str,
    nursery: Nursery,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Installation]:
    """An installation of this test's own, without workers."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        if not name.startswith("RELANCE_TEST_"):
            monkeypatch.delenv(name)
    with installation(postgres_server, ledger_template, nursery, tmp_path) as found:
        yield found
