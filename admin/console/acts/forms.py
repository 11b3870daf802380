"""The forms of acts: their fields, and what was typed into them, read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Final

from pydantic import ValidationError

from admin.api.context import Api
from admin.api.security import Access
from admin.console.acts.trying import Tried
from admin.console.completing import Problem, amount_of
from models.errors import InvalidFact
from models.tables.words import ApiRole

MOST_ROWS: Final = 24
"""Instalments that a form can take; longer plans come through the API."""
MOST_TEXT: Final = 1000


class Kind(StrEnum):
    """How a field is typed."""

    AMOUNT = "amount"
    DAY = "day"
    TEXT = "text"
    LONG = "long"
    CHOICE = "choice"
    TICK = "tick"
    ROWS = "rows"
    INVOICES = "invoices"
    LINES = "lines"
    COLLEAGUE = "colleague"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. `name` is the API's; `words` the group that names the choices."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """An act on its way to the function that the API answers with."""

    access: Access
    api: Api
    changes: Tried
    of: str
    """What earlier thing it is about: an event id, a contact, a suspension; empty where it is about none."""
    told: Mapping[str, Any]
    customer: str
    invoice: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that people tell. `operation` is the API's name for it, in the audit trail too."""

    name: str
    operation: str
    fields: tuple[Field, ...]
    tell: Callable[[Asked], object]
    role: ApiRole = ApiRole.COLLECTOR
    of: bool = False
    """It is about an earlier thing that must be named."""
    undone_by: str | None = None
    """The act that takes it back while no message has left because of it."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a form said: the values for the API, or why they cannot be read."""

    told: Mapping[str, Any]
    problem: Problem | None = None


def read(act: Act, typed: Mapping[str, str], language: str) -> Read:
    """The values of a form, by the names of the API; what is empty is left out."""
    told: dict[str, Any] = {}
    for field in act.fields:
        text = typed.get(field.name, "").strip()
        try:
            value = _value(field, text, typed, language)
        except InvalidFact as error:
            return Read(told, Problem(field.name, str(error)))
        if value is None and field.required:
            return Read(told, Problem(field.name, "required"))
        if value is not None:
            told[field.name] = value
    return Read(told)


def _value(field: Field, text: str, typed: Mapping[str, str], language: str) -> object:  # noqa: C901, RUF100
    if "\x00" in text:
        raise InvalidFact("holds a character that cannot be stored")
    if field.kind is Kind.ROWS:
        return instalments_of(typed, language) or None
    if field.kind is Kind.INVOICES:
        return [name.removeprefix("invoice:") for name in typed if name.startswith("invoice:")] or None
    if not text:
        return None
    if field.kind is Kind.AMOUNT:
        return amount_of(text, language)
    if field.kind is Kind.DAY:
        return _day(text)
    if field.kind is Kind.TICK:
        return True
    if field.kind is Kind.LINES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    if field.kind is Kind.CHOICE and field.choices and text not in field.choices:
        raise InvalidFact("choose one of the list")
    return text


def instalments_of(typed: Mapping[str, str], language: str) -> list[dict[str, Any]]:
    """The rows of a plan that hold something, in the order of the form.

    Raises:
        InvalidFact: a row without its day or its amount, or one that cannot be read; the text names it.
    """
    found = []
    for place in range(1, MOST_ROWS + 1):
        day, amount = (typed.get(f"{name}_{place}", "").strip() for name in ("due_on", "amount"))
        if not day and not amount:
            continue
        if not day or not amount:
            raise InvalidFact(f"row {place}: a day and an amount are required")
        try:
            found.append({"due_on": _day(day), "amount": amount_of(amount, language)})
        except InvalidFact as error:
            raise InvalidFact(f"row {place}: {error}") from None
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidFact(f"{text!r} is no day") from None


def kept(act: Act, typed: Mapping[str, str]) -> dict[str, str]:
    """What a preview carries on, so that nothing typed is lost between the pages."""
    names = {field.name for field in act.fields} | {"of", "form", "withdraw"}
    rows = tuple(f"{name}_{place}" for name in ("due_on", "amount") for place in range(1, MOST_ROWS + 1))
    return {
        name: text
        for name, text in typed.items()
        if (name in names or name in rows or name.startswith("invoice:")) and text.strip()
    }


def at_field(act: Act, text: str) -> Problem:
    """A refusal of the ledger, at the field of the form that it names first."""
    name, _, rule = text.partition(": ")
    bare = name.partition(" ")[0]
    if not rule or bare not in {field.name for field in act.fields}:
        return Problem("", text)
    # Of a plan, the row stays with it: `instalments 2`.
    return Problem(bare, rule if name == bare else text)


def of_validation(error: ValidationError) -> Problem:
    """What a body of the API says is wrong with it, at the field of the form."""
    first = error.errors()[0]
    place = first["loc"]
    name = str(place[0]) if place else ""
    text = str(first["msg"]).removeprefix("Value error, ")
    return Problem(
        name, f"row {int(place[1]) + 1}: {text}" if len(place) > 1 and isinstance(place[1], int) else text
    )
