"""Column types and table base shared by every table of the ledger."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import CheckConstraint, DateTime, Dialect, MetaData, Numeric
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

NAMES = {
    "pk": "%(table_name)s_pkey",
    "fk": "%(table_name)s_%(column_0_name)s_fkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}
"""How constraints and indexes are named: as PostgreSQL itself would."""


class Table(SQLModel):
    """Base of all tables.

    There are no relationships on purpose: a query says what it loads, so nothing is loaded behind its
    back. The unit of work therefore does not order inserts: flush a parent row before its children.
    """

    metadata = MetaData(naming_convention=NAMES)


class Instant(TypeDecorator[datetime]):
    """A moment: `timestamptz`, aware UTC in Python; a naive datetime is refused instead of guessed."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's interface)
        """Return the value in UTC.

        Raises:
            ValueError: the datetime is naive.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime refused: {value.isoformat()} has no zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's interface)
        """Return the moment in UTC whatever zone the connection speaks."""
        return None if value is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An amount, `NUMERIC(19,4)`: wide enough for the currency with the most decimals (4)."""

    impl = Numeric(19, 4)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 (SQLAlchemy's interface)
        """Return the value; a float is refused, because it is not exact.

        Raises:
            ValueError: the amount is not a finite Decimal.
        """
        if value is None:
            return None
        given: object = value
        if not isinstance(given, Decimal) or not given.is_finite():
            raise ValueError(f"an amount is a finite Decimal, not {given!r}")
        return given


def one_of(column: str, words: type[StrEnum] | tuple[str, ...]) -> CheckConstraint:
    """A CHECK that `column` holds one of `words` (or NULL where the column allows it)."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def check(name: str, condition: str) -> CheckConstraint:
    """A named CHECK."""
    return CheckConstraint(condition, name=name)
