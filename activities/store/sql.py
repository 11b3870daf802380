"""Plain SQL inside a session's transaction, for what every message and every wake of a case asks.

The ORM builds a statement, looks it up in a cache, and makes tracked objects of the rows; its engine
describes each result anew: several times the work of the statement itself. Where a text is constant and the
rows are only read, it goes to the session's own driver connection as it stands, and the server keeps its
plan.
"""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound
from sqlmodel import Session


class Rows:
    """What a statement answered: named tuples, read from the driver when they are asked for.

    A name that stands twice among the columns names none of them.
    """

    __slots__ = ("_cursor",)

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        self._cursor = cursor

    def keys(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(column.name for column in self._cursor.description or ())

    def all(self) -> list[Any]:
        """Every row."""
        return self._cursor.fetchall()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._cursor)

    @property
    def rowcount(self) -> int:
        """How many rows were written, or answered."""
        return self._cursor.rowcount

    def scalars(self) -> list[Any]:
        """The first column of every row."""
        return [row[0] for row in self._cursor.fetchall()]

    def first(self) -> Any:
        """The first row, if there is one; the others are passed over."""
        rows = self._cursor.fetchall()
        return rows[0] if rows else None

    def scalar(self) -> Any:
        """The first column of the first row, if there is one."""
        row = self.first()
        return None if row is None else row[0]

    def one_or_none(self) -> Any:
        """The row, if there is one.

        Raises:
            MultipleResultsFound: there are several.
        """
        rows = self._cursor.fetchall()
        if len(rows) > 1:
            raise MultipleResultsFound(f"{len(rows)} rows where one was expected")
        return rows[0] if rows else None

    def one(self) -> Any:
        """The only row.

        Raises:
            NoResultFound: there is none.
            MultipleResultsFound: there are several.
        """
        row = self.one_or_none()
        if row is None:
            raise NoResultFound("no row where one was expected")
        return row

    def scalar_one(self) -> Any:
        """The first column of the only row; errors as `one`."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """The first column of the row, if there is one; errors as `one_or_none`."""
        row = self.one_or_none()
        return None if row is None else row[0]


def run(session: Session, sql: str, **parameters: Any) -> Rows:
    """Run one statement, with parameters written as psycopg takes them: `%(name)s`.

    What the session has in hand is written first, so the statement sees it. Objects the session has already
    read do not see what the statement writes: read them again.

    Raises:
        ValueError: a datetime is naive, which the server would guess a zone for.
        DBAPIError: the driver's error, as SQLAlchemy names it (`OperationalError`, `DataError`, ...).
    """
    for value in parameters.values():
        if isinstance(value, datetime):
            aware(value)
    session.flush()
    connection = session.connection()
    text, names = _numbered(sql)
    cursor = psycopg.RawCursor(_driver(connection), row_factory=_named)
    try:
        cursor.execute(text, [parameters[name] for name in names])
    except psycopg.Error as error:
        raise _told(connection, sql, error) from error
    return Rows(cursor)


_NAMED: Final = re.compile(r"%\((\w+)\)s|%%")


@lru_cache(maxsize=512)
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """The statement as the server takes it, with `$1` for its first parameter; the parameters' names.

    The driver does the same, but anew each time for a statement of more than 4,096 characters.
    """
    places: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        if found[1] is None:
            return "%"
        return f"${places.setdefault(found[1], len(places) + 1)}"

    text = _NAMED.sub(numbered, sql).encode()
    return text, tuple(places)


def _named(cursor: psycopg.Cursor[Any]) -> Callable[[Sequence[Any]], Any]:
    """psycopg's named tuples, but for columns of the same name, which those refuse."""
    result = cursor.pgresult
    if result is None or result.status != ExecStatus.TUPLES_OK:
        return tuple
    return _row_class(tuple(result.fname(place) for place in range(result.nfields)))


@lru_cache(maxsize=512)
def _row_class(names: tuple[bytes | None, ...]) -> Callable[[Iterable[Any]], Any]:
    known = [(name or b"").decode() for name in names]
    # An underscore is no name of a field: it gets one by its place.
    fields = ["_" if known.count(name) > 1 else name for name in known]
    kind: Any = namedtuple("Row", fields, rename=True)  # type: ignore[misc]
    make: Callable[[Iterable[Any]], Any] = kind._make
    return make


def _driver(connection: Connection) -> psycopg.Connection[tuple[Any, ...]]:
    driver: Any = connection.connection.driver_connection
    found: psycopg.Connection[tuple[Any, ...]] = driver
    return found


def driver(session: Session) -> psycopg.Connection[tuple[Any, ...]]:
    """The session's own connection, for a COPY within its transaction; what it holds is written first."""
    session.flush()
    return _driver(session.connection())


def _told(connection: Connection, sql: str, error: psycopg.Error) -> BaseException:
    """The driver's error as the engine would have told it: of its own kind, without the parameters.

    A connection that is gone leaves the pool, as it would have.
    """
    gone = _driver(connection).closed
    told = DBAPIError.instance(
        sql,
        {},
        error,
        psycopg.Error,
        hide_parameters=True,
        connection_invalidated=gone,
        dialect=connection.dialect,
    )
    if gone:
        connection.invalidate(error)
    return told


def aware(instant: datetime) -> datetime:
    """The instant, if it has a zone: without one, the server would guess.

    Raises:
        ValueError: it is naive.
    """
    if instant.tzinfo is None:
        raise ValueError(f"naive datetime refused: {instant.isoformat()} has no zone")
    return instant
