"""Which SQL statements an engine runs, whoever sends them: the ORM, or plain SQL by the driver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, event


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The statements of the transactions that begin in the block, each as it is sent, on one line."""
    seen: list[str] = []

    class Noting(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            seen.append(" ".join(str(query).split()))
            return super().execute(query, *arguments, **options)

        def executemany(self, query: Any, *arguments: Any, **options: Any) -> Any:
            seen.append(" ".join(str(query).split()))
            return super().executemany(query, *arguments, **options)

    def taken(connection: Any, *_: object) -> None:
        connection.cursor_factory = Noting

    def given_back(connection: Any, *_: object) -> None:
        if connection is not None:
            connection.cursor_factory = psycopg.Cursor

    event.listen(engine, "checkout", taken)
    event.listen(engine, "checkin", given_back)
    try:
        yield seen
    finally:
        event.remove(engine, "checkout", taken)
        event.remove(engine, "checkin", given_back)
