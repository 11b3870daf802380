"""Keyset pages: a cursor names the last row seen, so that no row is skipped or shown twice."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from models.errors import InvalidFact

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=200, description="Rows on a page")]
Cursor = Annotated[str | None, Query(alias="after", max_length=1000, description="`next` of the page before")]


class Page(BaseModel, Generic[T]):
    """Some rows, and where to read on; `next` is absent on the last page."""

    items: list[T]
    next: Annotated[str | None, Field(description="Give it as `after` to read on")] = None


def cursor(order: str, values: Sequence[object]) -> str:
    """A cursor after the row with these sort values, for lists in this `order`."""
    text = json.dumps([order, [_plain(value) for value in values]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position(given: str | None, order: str, length: int) -> list[Any] | None:
    """The sort values a cursor names, as JSON; None at the first page.

    Raises:
        InvalidFact: it is no cursor of ours, or one of a list in another order.
    """
    if given is None:
        return None
    wrong = InvalidFact("after: not a cursor of this list; begin again without it")
    try:
        named, values = json.loads(base64.urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except (binascii.Error, ValueError, TypeError):
        raise wrong from None
    if named != order or not isinstance(values, list) or len(values) != length:
        raise wrong
    return values


def _plain(value: object) -> object:
    return str(value) if isinstance(value, UUID | Decimal | date | datetime) else value
