"""Reading the ledger as of one instant, and lists page by page in a total order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Engine, Row, Select, and_, literal, tuple_
from sqlmodel import Session

from admin.api.paging import Cursor, Limit, cursor, position
from models.errors import InvalidFact

Read: TypeAlias = Callable[[str], object]
Build: TypeAlias = Callable[[ColumnElement[bool], tuple[ColumnElement[Any], ...], int], Select[Any]]
"""Makes the statement of a page: what must hold, in which order, how many rows. Its columns `sort_key` and
`sort_id` place a row."""


class Paging(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = 50
    after: Cursor = None


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """A session that sees the ledger as of one instant, and cannot write."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        session.connection(
            execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        yield session


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of a list: by `key`, then by `id`, both in the same direction.

    Both are columns. With `nullable`, rows without a key come last in either direction. `read` makes a key of
    its text.
    """

    name: str
    key: Any
    id: Any
    read: Read
    descending: bool = False
    nullable: bool = False
    read_id: Read = UUID

    @property
    def columns(self) -> tuple[ColumnElement[Any], ...]:
        """What to order by."""
        if self.descending:
            return self.key.desc(), self.id.desc()
        return self.key.asc(), self.id.asc()

    def beyond(self, at: Sequence[Any] | None) -> ColumnElement[bool]:
        """The rows with a key, after the one placed `at`."""
        known = self.key.is_not(None) if self.nullable else literal(True)
        if at is None:
            return known
        place = tuple_(literal(at[0], self.key.type), literal(at[1], self.id.type))
        row = tuple_(self.key, self.id)
        return and_(known, row < place if self.descending else row > place)

    def keyless(self, at: Sequence[Any] | None) -> ColumnElement[bool]:
        """The rows without a key, after the one placed `at`."""
        none: ColumnElement[bool] = self.key.is_(None)
        if at is None or at[0] is not None:
            return none
        last = literal(at[1], self.id.type)
        return and_(none, self.id < last if self.descending else self.id > last)

    def placed(self, after: str | None) -> list[Any] | None:
        """The place a cursor names.

        Raises:
            InvalidFact: it is no cursor of this list in this order.
        """
        at = position(after, self.name, 2)
        if at is None:
            return None
        key, row_id = at
        try:
            return [None if key is None and self.nullable else self.read(key), self.read_id(row_id)]
        except (ValueError, TypeError, AttributeError, InvalidOperation):
            raise InvalidFact("after: not a cursor of this list; begin again without it") from None

    def cut(self, rows: list[Row[Any]], limit: int) -> tuple[list[Row[Any]], str | None]:
        """The page of `rows`, of which one more than `limit` were read, and the cursor of the next."""
        page = rows[:limit]
        if len(rows) <= limit:
            return page, None
        return page, cursor(self.name, (page[-1].sort_key, page[-1].sort_id))


def read_page(
    session: Session, order: Order, after: str | None, limit: int, build: Build
) -> tuple[list[Row[Any]], str | None]:
    """The rows of one page, and the cursor of the next one, if there is any.

    Raises:
        InvalidFact: `after` is no cursor of this list in this order.
    """
    at = order.placed(after)
    rows: list[Row[Any]] = []
    if at is None or at[0] is not None:
        rows += session.connection().execute(build(order.beyond(at), order.columns, limit + 1))
    if order.nullable and len(rows) <= limit:
        # An index holds rows without a key side by side, in the order of their ids.
        rows += session.connection().execute(build(order.keyless(at), order.columns, limit + 1 - len(rows)))
    return order.cut(rows, limit)


def pattern(text: str) -> str:
    """A LIKE pattern for texts that hold `text`, whatever it holds itself."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def as_recorded(address: str) -> tuple[str, ...]:
    """An e-mail address as it was typed, and in small letters: one of them is how it was recorded."""
    return tuple(dict.fromkeys((address, address.lower())))


INSTANT: Final[Read] = datetime.fromisoformat
DAY: Final[Read] = date.fromisoformat
AMOUNT: Final[Read] = Decimal
NUMBER: Final[Read] = int
