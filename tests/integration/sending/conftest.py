"""A desk in front of a sandbox provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from admin.sandbox import SandboxServer
from tests.integration.sending.desk import Desk, settings_for
from tests.integration.sending.ear import EVIDENCE, Ear


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(running_sandbox: SandboxServer) -> Iterator[SandboxServer]:
    """The one sandbox, as good as new."""
    yield running_sandbox
    running_sandbox.clear_faults()
    running_sandbox.store.clear()


@pytest.fixture
def ear(desk: Desk) -> Ear:
    """The same desk, in an installation that its providers can reach."""
    desk.settings = settings_for(desk.sandbox.url, **EVIDENCE)
    return Ear(desk, desk.settings)


@pytest.fixture
def desk(engine: Engine, sandbox: SandboxServer) -> Desk:
    return Desk(engine, sandbox, settings_for(sandbox.url))
