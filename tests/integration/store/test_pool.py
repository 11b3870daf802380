"""A connection that died in the pool is not handed out, whether it was in use just now or long ago."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Engine, text

from activities.store import engine as engines
from activities.store.engine import make_engine, transaction

pytestmark = pytest.mark.integration


@pytest.fixture
def engine(ledger_url: str) -> Iterator[Engine]:
    """One whose pool nobody has used yet."""
    made = make_engine(ledger_url)
    yield made
    made.dispose()


@pytest.mark.parametrize("trusted", [3600.0, 0.0], ids=["in use just now", "after a long rest"])
def test_a_session_the_server_ended_is_replaced(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, trusted: float
) -> None:
    monkeypatch.setattr(engines, "TRUSTED_IDLE_S", trusted)
    ended = pid(engine)
    terminate(engine, ended)
    assert pid(engine) != ended


def test_a_connection_in_use_just_now_is_taken_without_asking(engine: Engine) -> None:
    seen = [pid(engine) for _ in range(5)]
    assert len(set(seen)) == 1


def test_a_rest_in_the_pool_costs_no_plan(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "TRUSTED_IDLE_S", 0.0)
    for _ in range(8):
        pid(engine)
    with transaction(engine) as session:
        planned = session.connection().scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    assert planned


def pid(engine: Engine) -> int:
    """The server's process behind the connection the pool gives out."""
    with transaction(engine) as session:
        return int(session.connection().scalar(text("SELECT pg_backend_pid()")) or 0)


def terminate(engine: Engine, pid: int) -> None:
    """End a session from outside the pool, and wait until it is gone."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as outside:
        outside.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
