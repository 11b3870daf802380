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
from sqlalchemy import Engine
from sqlmodel import Session

from activities.store.sql import run
from admin.api.paging import Cursor, Limit, cursor, position
from models.errors import InvalidFact

Read: TypeAlias = Callable[[str], object]
Told: TypeAlias = dict[str, Any]
"""A row: its values by column."""
Build: TypeAlias = Callable[[str, int], str]
"""Writes the statement of a page in the list's order: what must hold, how many rows. Its columns `sort_key`
and `sort_id` place a row."""

_PLANNED: Final = """
    SELECT set_config('plan_cache_mode', 'force_custom_plan', TRUE),
           set_config('max_parallel_workers_per_gather', '0', TRUE)
"""


class Paging(BaseModel):
    """Which page of a list."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = 50
    after: Cursor = None


@contextmanager
def snapshot(engine: Engine, *, of_one: bool = False) -> Iterator[Session]:
    """A session that sees the ledger as of one instant through several statements, and cannot write.

    Its statements are planned for what was asked. A plan kept for any collector, week or text would walk all
    cases to meet the few of a rare one. None has helpers: starting them takes longer than what they save.

    Args:
        engine: of the ledger.
        of_one: all is about one case, customer or task, found by its key: the same plan does for each, and
            making it anew would take longer than following it.
    """
    with Session(engine, expire_on_commit=False) as session, session.begin():
        session.connection(
            execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        if not of_one:
            run(session, _PLANNED)
        yield session


def rows_of(session: Session, sql: str, **parameters: Any) -> list[Told]:
    """The rows a statement answers; parameters and errors as `run` has them."""
    found = run(session, sql, **parameters)
    names = tuple(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of a list: by `key`, then by `id`, both in the same direction.

    Both are columns, as SQL writes them. With `nullable`, rows without a key come last in either direction.
    `read` makes a key of its text.
    """

    name: str
    key: str
    id: str
    read: Read
    descending: bool = False
    nullable: bool = False
    read_id: Read = UUID

    @property
    def columns(self) -> str:
        """SQL: what places a row."""
        return f"{self.key} AS sort_key, {self.id} AS sort_id"

    def by(self, key: str | None = None, row_id: str | None = None) -> str:
        """SQL: what to order by, `key` and `row_id` being other names for the columns."""
        way = "DESC" if self.descending else "ASC"
        return f"{key or self.key} {way}, {row_id or self.id} {way}"

    def beyond(self, at: Sequence[Any] | None) -> str:
        """SQL: the rows with a key, after the one placed `at`."""
        known = f"{self.key} IS NOT NULL" if self.nullable else "TRUE"
        if at is None:
            return known
        return f"{known} AND ({self.key}, {self.id}) {self._after} (%(at_key)s, %(at_id)s)"

    def keyless(self, at: Sequence[Any] | None) -> str:
        """SQL: the rows without a key, after the one placed `at`."""
        none = f"{self.key} IS NULL"
        if at is None or at[0] is not None:
            return none
        return f"{none} AND {self.id} {self._after} %(at_id)s"

    @property
    def _after(self) -> str:
        return "<" if self.descending else ">"

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

    def cut(self, rows: list[Told], limit: int) -> tuple[list[Told], str | None]:
        """The page of `rows`, of which one more than `limit` were read, and the cursor of the next.

        The rows lose what places them.
        """
        page, following = rows[:limit], None
        if len(rows) > limit:
            following = cursor(self.name, (page[-1]["sort_key"], page[-1]["sort_id"]))
        for row in page:
            del row["sort_key"], row["sort_id"]
        return page, following


def read_page(
    session: Session, order: Order, paging: Paging, build: Build, **parameters: Any
) -> tuple[list[Told], str | None]:
    """The rows of one page, and the cursor of the next one, if there is any.

    Args:
        session: the transaction.
        order: of the list.
        paging: which page.
        build: writes the statement.
        parameters: of the statement.

    Raises:
        InvalidFact: `paging.after` is no cursor of this list in this order.
    """
    at = order.placed(paging.after)
    if at is not None:
        parameters |= {"at_key": at[0], "at_id": at[1]}
    rows: list[Told] = []
    # The number of rows stands in the text: a plan made for any number would be made for a tenth of the list.
    if at is None or at[0] is not None:
        rows += rows_of(session, build(order.beyond(at), paging.limit + 1), **parameters)
    if order.nullable and len(rows) <= paging.limit:
        # An index holds rows without a key side by side, in the order of their ids.
        rows += rows_of(session, build(order.keyless(at), paging.limit + 1), **parameters)
    return order.cut(rows[: paging.limit + 1], paging.limit)


def pattern(text: str) -> str:
    """A LIKE pattern for texts that hold `text`, whatever it holds itself."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def as_recorded(address: str) -> tuple[str, ...]:
    """An e-mail address as it was typed, and in small letters: one of them is how it was recorded."""
    return tuple(dict.fromkeys((address, address.lower())))


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("an instant has a zone")
    return at


INSTANT: Final[Read] = _instant
DAY: Final[Read] = date.fromisoformat
AMOUNT: Final[Read] = Decimal
NUMBER: Final[Read] = int
