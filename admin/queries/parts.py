"""Columns as a list reads them, and as a page's one statement answers them in JSON: written once for both.

A page of one case or one customer is one statement, whatever belongs to it: the load's own
(`activities.store.load`) with more parts, one key each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from rules.money import round_money


def of_model(model: type[BaseModel], table: str, without: Iterable[str] = ()) -> dict[str, str]:
    """The columns of a table (or alias) that a model's fields are named after, by field."""
    return {name: f"{table}.{name}" for name in model.model_fields if name not in set(without)}


def columns_of(columns: Mapping[str, str]) -> str:
    """SQL: these columns, by their names."""
    return ", ".join(f"{column} AS {name}" for name, column in columns.items())


def objects(columns: Mapping[str, str]) -> str:
    """SQL: these columns as a JSON object."""
    pairs = ", ".join(f"'{name}', {column}" for name, column in columns.items())
    return f"json_build_object({pairs})"


def day(text: str | None) -> date | None:
    """A day as JSON has it."""
    return None if text is None else date.fromisoformat(text)


def exact(told: Mapping[str, Any], currency: str, *names: str) -> dict[str, Any]:
    """A row with its amounts at the currency's decimals."""
    amounts: dict[str, Decimal] = {
        name: round_money(told[name], currency) for name in names if told[name] is not None
    }
    return {**told, **amounts}
