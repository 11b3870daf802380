"""Which SQL statements an engine runs, whoever sends them: the ORM, or plain SQL by the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import Engine

from activities.store.engine import STILL_THERE


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """What is sent meanwhile to the engine's database by this process, each statement on one line."""
    seen: list[str] = []

    def noting(send: Callable[..., Any]) -> Callable[..., Any]:
        def noted(cursor: psycopg.Cursor[Any], query: Any, *arguments: Any, **options: Any) -> Any:
            text = query.decode() if isinstance(query, bytes) else str(query)
            # How long a connection rested in the pool is chance.
            if cursor.connection.info.dbname == engine.url.database and text != STILL_THERE:
                seen.append(" ".join(text.split()))
            return send(cursor, query, *arguments, **options)

        return noted

    with (
        patch.object(psycopg.Cursor, "execute", noting(psycopg.Cursor.execute)),
        patch.object(psycopg.Cursor, "executemany", noting(psycopg.Cursor.executemany)),
    ):
        yield seen
