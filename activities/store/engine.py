"""The engine and its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlmodel import Session

APPLICATION: Final = "relance"
STATEMENT_TIMEOUT_S: Final = 30
LOCK_TIMEOUT_S: Final = 10
IDLE_IN_TRANSACTION_TIMEOUT_S: Final = 60
CONNECT_TIMEOUT_S: Final = 10


def database_url(url: str | URL) -> URL:
    """The URL with the driver we use: `postgres://` and `postgresql://` mean psycopg 3."""
    parsed = make_url(url)
    if parsed.drivername in ("postgres", "postgresql"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    return parsed


def make_engine(url: str | URL, pool_size: int = 5, application_name: str = APPLICATION) -> Engine:
    """An engine on the ledger.

    Connections speak UTC and give up on their own: a statement after 30 s, a wait for a lock after 10 s, a
    transaction left idle after 60 s. That is shorter than any activity's timeout, so that a retry never
    meets its own predecessor still holding a lock.

    Args:
        url: PostgreSQL URL.
        pool_size: connections kept, sized with the worker's slots; as many again may open for a moment.
        application_name: what `pg_stat_activity` shows.
    """
    options = " ".join(
        f"-c {name}={value}"
        for name, value in {
            "timezone": "UTC",
            "statement_timeout": f"{STATEMENT_TIMEOUT_S}s",
            "lock_timeout": f"{LOCK_TIMEOUT_S}s",
            "idle_in_transaction_session_timeout": f"{IDLE_IN_TRANSACTION_TIMEOUT_S}s",
        }.items()
    )
    return create_engine(
        database_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        # An error would carry the values of its statement, names and addresses among them, into logs.
        hide_parameters=True,
        connect_args={
            "application_name": application_name,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": options,
        },
    )


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One session, one transaction: committed at the end, rolled back when anything is raised.

    Rows stay readable after the commit.
    """
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session
