"""A ledger that the tests of one module share, for lives that happen side by side."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from activities.store.engine import make_engine
from tests.fixtures.postgres import Server


@pytest.fixture(scope="module")
def shared_engine(postgres_server: Server, ledger_template: str) -> Iterator[Engine]:
    """An engine on a ledger of this module's own."""
    name = postgres_server.create(ledger_template)
    engine = make_engine(postgres_server.url_of(name))
    yield engine
    engine.dispose()
    postgres_server.drop(name)
