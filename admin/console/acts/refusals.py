"""Why something is not taken, in the reader's language: the ledger and the API say it in English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

from activities.rendering.formats import Formats
from admin.console.acts.forms import Act
from admin.console.completing import Problem
from admin.console.words import word

_RULES: Final[Sequence[tuple[str, str]]] = (
    (r"row (?P<row>\d+): a day and an amount are required", "row"),
    (r"instalments (?P<row>\d+): due_on: \S+ has passed", "row.passed"),
    (r"instalments (?P<row>\d+): due_on: \S+ does not follow (?P<day>[\d-]+)", "row.order"),
    (r"add up to (?P<sum>\S+), (?P<owed>\S+) (?P<currency>[A-Z]{3}) is owed", "sum"),
    (r"is no day", "day"),
    (r"is no amount", "amount"),
    (r"has more than the (?P<n>\d) decimals|no more than \d+ (?:decimal places|digits)", "decimals"),
    (r"greater than 0", "positive"),
    (r"lies in the future", "future"),
    (r"has passed", "passed"),
    (r"is not after today", "until"),
    (r"is not between 1990", "far"),
    (r"nothing is left to (?:promise|dispute)", "paid"),
    (r"is more than the (?P<limit>\S+) in dispute", "credited"),
    (r"lies before the issue date", "before_issue"),
    (r"lies before the payment of", "before_payment"),
    (r"is not paused by a person", "not_paused"),
    (r"all of them are paid", "hold_paid"),
    (r"email or phone: one of them", "reach"),
    (r"one of them is required|give at least one field", "nothing"),
    (r"no invoice '|has no invoice", "invoice"),
    (r"belongs to another customer|cannot replace itself|replaces another one", "replaced"),
    (r"e-mail address", "email"),
    (r"telephone number|no such number", "phone"),
    (r"was recorded before, as another", "other"),
    (r"out of use: take it into use", "out_of_use"),
    (r"a manager clears that", "wish"),
    (
        r"already|has no dispute|no payment plan in force|has no payment to reverse|has no delivery hold",
        "already",
    ),
    (r"is over since|is in use$|contact is not stopped", "already"),
    (r"valid integer|less than or equal|greater than or equal", "number"),
    (
        r"at most \d+ (?:characters|lines|items)|too long|control character|cannot be (?:stored|printed)",
        "text",
    ),
    (r"choose one of the list|Input should be '|no policy|no version", "choice"),
    (r"required", "required"),
    (r"^number$", "number"),
    (r"^left$", "left"),
)


def at_field(act: Act, text: str) -> Problem:
    """A refusal of the ledger, at the field of the form that it names first."""
    name, colon, _ = text.partition(": ")
    bare = name.partition(" ")[0]
    names = {field.name for field in act.fields}
    return Problem(bare, text) if colon and bare in names else Problem("", text)


def in_words(language: str, problem: Problem) -> tuple[str, bool]:
    """What to say of it, and whether that is the reader's language; English words stay as they are."""
    for pattern, key in _RULES:
        found = re.search(pattern, problem.text)
        if found is not None:
            told = {name: _said(language, value or "") for name, value in found.groupdict().items()}
            return word(language, f"act.bad.{key}", **told), True
    return problem.text.removeprefix(f"{problem.field}: "), language == "en"


def _said(language: str, value: str) -> str:
    try:
        return Formats(language).short_day(date.fromisoformat(value))
    except ValueError:
        return value.replace(".", ",") if language == "fr" and re.fullmatch(r"\d+\.\d+", value) else value
