"""Plain SQL inside a session's transaction, for what every message and every wake of a case asks.

The ORM builds a statement, looks it up in a cache, and makes tracked objects of the rows: several times the
work of the statement itself. Where a text is constant and the rows are only read, it is sent as it stands,
and the server keeps its plan.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult
from sqlmodel import Session


def run(session: Session, sql: str, **parameters: Any) -> CursorResult[*tuple[Any, ...]]:
    """Run one statement, with parameters written as psycopg takes them: `%(name)s`.

    What the session has in hand is written first, so the statement sees it. Objects the session has already
    read do not see what the statement writes: read them again.

    Raises:
        ValueError: a datetime is naive, which the server would guess a zone for.
    """
    session.flush()
    return session.connection().exec_driver_sql(sql, _aware(parameters))


def run_each(session: Session, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Run one statement for each of `rows`, all on one trip to the server. Without rows, nothing is done."""
    if rows:
        session.flush()
        session.connection().exec_driver_sql(sql, [_aware(row) for row in rows])


def _aware(parameters: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in parameters.items():
        if isinstance(value, datetime) and value.tzinfo is None:
            raise ValueError(f"naive datetime refused: {name} {value.isoformat()} has no zone")
    return dict(parameters)
