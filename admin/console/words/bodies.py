"""What a task says below its title, in French, line by line; where to act is the console, not a command.

Lines that somebody else wrote (a reply, a note) stay as they are.
"""

from __future__ import annotations

import re
from typing import Final

from admin.console.words import kind
from admin.console.words.phrases import (
    Naming,
    Phrase,
    Special,
    count,
    day,
    known,
    money,
    phrases,
    whole,
)
from admin.console.words.reasons import french_reason
from admin.console.words.said_of_tasks import BODIES, REMARKS, REPLIES
from admin.console.words.titles import RATES
from models.tables.words import TaskKind

WRITTEN: Final = frozenset({TaskKind.REPLY, TaskKind.DISPUTE, TaskKind.SEND_COPY, TaskKind.PHONE_CALL})
"""Kinds whose further lines are somebody's own words, or a sheet in the company's language."""

_ENDS: Final = {
    "delivered": "reçue",
    "refused": "refusée",
    "unclaimed": "non réclamée",
    "returned": "revenue",
}


def _why(text: str) -> str | None:
    return french_reason(text)


def _remark(text: str) -> str | None:
    return whole(_REMARKS, text, str)


def _known(text: str) -> str:
    return "aucun jour" if text == "None" else f"jusqu’au {day(text)}"


def _held(text: str) -> str:
    """`2 contacts about 3 invoices (1,200.00 EUR, 80.00 USD)`."""
    contacts, invoices = re.findall(r"(\d+) (?:contact|invoice)", text)
    sums = ", ".join(money(each) for each in text.partition("(")[2].rstrip(")").split(", "))
    about = count(int(invoices), "facture", "factures")
    return f"{count(int(contacts), 'contact', 'contacts')} pour {about} ({sums})"


def _mark(text: str) -> str | None:
    return known("mark", text)


def _about(text: str) -> str:
    """A step's name, or a message's."""
    return known("step", text) or kind("fr", "template", text)


_SPECIAL: Final[Special] = {
    "why": (r".+", _why),
    "mark": (r"[a-z ]+", _mark),
    "end": ("|".join(_ENDS), _ENDS.get),
    "about": (r"[a-z][a-z0-9_]*", _about),
    "remark": (r"The formal notice .+", _remark),
    "series": ("|".join(map(re.escape, RATES)), RATES.get),
    "half": ("first|second", {"first": "1er", "second": "2e"}.get),
    "known": (r"None|\d{4}-\d\d-\d\d", _known),
    "held": (r"\d+ contacts? about \d+ invoices? \(.+\)", _held),
}

_REMARKS: Final[tuple[Phrase, ...]] = phrases(REMARKS, {"end": _SPECIAL["end"]})
_BODIES: Final = phrases(BODIES, _SPECIAL)
_REPLIES: Final = phrases(REPLIES, _SPECIAL)


def french_body(text: str, task: str, who: Naming = str) -> list[tuple[str, bool]]:
    """The lines of a task's text, each with whether it is English that nobody translated."""
    table = _REPLIES if task == TaskKind.REPLY else () if task == TaskKind.PHONE_CALL else _BODIES
    lines = []
    for line in text.split("\n"):
        said = whole(table, line, who) if line.strip() else ""
        lines.append((line, bool(line.strip()) and task not in WRITTEN) if said is None else (said, False))
    return lines
