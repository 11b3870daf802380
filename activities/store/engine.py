"""The engine and its transactions."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection
from sqlmodel import Session

APPLICATION: Final = "relance"
STATEMENT_TIMEOUT_S: Final = 30
LOCK_TIMEOUT_S: Final = 10
IDLE_IN_TRANSACTION_TIMEOUT_S: Final = 60
CONNECT_TIMEOUT_S: Final = 10
TRUSTED_IDLE_S: Final = 5.0
STILL_THERE: Final = "SELECT 1"
"""What a connection is asked after a rest in the pool."""
_IDLE_SINCE: Final = "idle_since"
_COMMITTED: Final = "once_committed"


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
    engine = create_engine(
        database_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        # An error would carry the values of its statement, names and addresses among them, into logs.
        hide_parameters=True,
        connect_args={
            "application_name": application_name,
            "connect_timeout": CONNECT_TIMEOUT_S,
            "options": options,
        },
    )
    event.listen(engine, "checkin", _note_idle)
    event.listen(engine, "checkout", _refuse_dead)
    return engine


def _note_idle(connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:  # noqa: ARG001 (an event's signature)
    record.info[_IDLE_SINCE] = time.monotonic()


def _refuse_dead(
    connection: DBAPIConnection,
    record: ConnectionPoolEntry,
    proxy: PoolProxiedConnection,  # noqa: ARG001 (an event's signature)
) -> None:
    """Find out whether a connection from the pool still stands: the pool takes another if it does not.

    A server that goes, or ends a session, says so on the socket; so a connection that was in use a moment ago
    and has nothing to tell is taken as it is, which saves every transaction a trip to the server. After a
    longer rest the other end may have vanished without a word: it is asked.

    Raises:
        DisconnectionError: it does not answer.
    """
    rested = time.monotonic() - record.info.get(_IDLE_SINCE, -TRUSTED_IDLE_S)
    driver: Any = connection
    if rested < TRUSTED_IDLE_S and _silent(driver.fileno()):
        return
    try:
        driver.rollback()
        driver.execute(STILL_THERE)
        # A rollback would make the driver forget what it has prepared.
        driver.commit()
    except psycopg.Error as error:
        raise DisconnectionError("the connection did not survive its rest in the pool") from error


def _silent(socket: int) -> bool:
    """Whether nothing waits to be read: no farewell, no end of file."""
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return not poll.poll(0)


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One session, one transaction: committed at the end, rolled back when anything is raised.

    Rows stay readable after the commit.
    """
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session
    for tell in session.info.pop(_COMMITTED, ()):
        tell()


@contextmanager
def trial(engine: Engine) -> Iterator[Session]:
    """One session, one transaction that is undone at the end: to find out what a change would do."""
    with Session(engine, expire_on_commit=False) as session:
        try:
            yield session
        finally:
            session.rollback()


@contextmanager
def glance(engine: Engine) -> Iterator[Session]:
    """A session for what is asked in one statement: it sees one instant by itself, without a transaction.

    A transaction that nobody commits is rolled back, and with that the driver forgets every statement that
    the server has a plan of: whatever comes next on that connection would be planned anew.
    """
    with Session(engine, expire_on_commit=False) as session:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        yield session


def once_committed(session: Session, tell: Callable[[], None]) -> None:
    """Have `tell` called when the session's `transaction` is committed; never, if it is not."""
    session.info.setdefault(_COMMITTED, []).append(tell)
