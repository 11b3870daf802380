"""Reasons in French: why a step comes on its day, why a case waits, why something was withdrawn.

The rules say them in English, and so they stay in the ledger and in Temporal. `tests/console/test_reasons.py`
holds that whatever the rules can say has its French here.
"""

from __future__ import annotations

import re
from typing import Final

from activities.rendering.formats import one_line
from admin.console.words.holidays import WEEKDAYS, holiday
from admin.console.words.phrases import (
    Naming,
    Special,
    by_clause,
    capital,
    count,
    known,
    phrases,
    step,
    whole,
)
from admin.console.words.said_of_cases import CASE, MONEY
from admin.console.words.said_of_messages import CHANGES, MESSAGES
from admin.console.words.said_words import BY_NAME, FIELDS, LESS, OBSTACLES, PAUSES, STOPS

_FREE: Final = re.compile(r"[a-z][a-z0-9_]*")


def _closed_day(text: str) -> str:
    found = re.fullmatch(r"in the closure from (\S+) to (\S+)", text)
    if found:
        inside = whole(_CLOSURE, text, str)
        return text if inside is None else inside
    weekday = WEEKDAYS.get(text)
    return f"est un {weekday}" if weekday else f"est férié ({holiday(text)})"


def _fields(text: str) -> str:
    return ", ".join(FIELDS.get(name, name.replace("_", " ")) for name in text.split(", "))


_SPECIAL: Final[Special] = {
    "closed": (r".+?", _closed_day),
    "stop": ("|".join(STOPS), STOPS.get),
    "obstacle": ("|".join(OBSTACLES), OBSTACLES.get),
    "fields": (r"[a-z_]+(?:, [a-z_]+)*", _fields),
    "less": ("|".join(LESS), LESS.get),
    "platform": ("|".join(sorted(BY_NAME, key=len, reverse=True)), BY_NAME.get),
    "calls": (_FREE.pattern, lambda text: known("outcome", text)),
    "was": (r".+", lambda text: french_reason(text, capitalised=False) or text),
    "switch": (r"[a-z]+", lambda text: text),
}

_CLOSURE: Final = phrases(
    [("in the closure from {day} to {day2}", "tombe dans la fermeture du {day} au {day2}")]
)

PHRASES: Final = phrases([*CASE, *MONEY, *MESSAGES, *CHANGES], _SPECIAL)
_PAUSE_WHY: Final = phrases(MONEY, _SPECIAL)
_STEP: Final = re.compile(r", then ([a-z][a-z0-9_]{0,39}) ")


def french_reason(text: str, who: Naming = str, *, capitalised: bool = True) -> str | None:
    """A reason in French; None where it, or a part of it, is none of ours.

    Args:
        text: as the ledger has it.
        who: how somebody is called.
        capitalised: whether it begins a sentence.
    """
    told = one_line(text)
    said = _paused(told, who) if told.startswith(_PAUSED) else by_clause(PHRASES, told, who)
    if said is None:
        said = PAUSES.get(told.replace("_", " "))
    return capital(said) if said is not None and capitalised else said


_PAUSED: Final = "paused by "


def _paused(text: str, who: Naming) -> str | None:
    """`paused by promise (…); dispute (…), then reminder_2 14 days after the due date`.

    The reason of a pause may be anybody's words, so each is read up to the first bracket that one of ours
    fills.
    """
    held, at = [], len(_PAUSED)
    while True:
        found = _interval(text, at, who)
        if found is None:
            return None
        told, at = found
        held.append(told)
        if text.startswith("; ", at):
            at += 2
            continue
        break
    paused = f"en pause, {' et '.join(held)}"
    if at == len(text):
        return paused
    coming = _STEP.match(text, at)
    if coming is None:
        return None
    why = by_clause(PHRASES, text[coming.end() :], who)
    return None if why is None else f"{paused}. Ensuite, {step(coming[1])}, {why}"


def _interval(text: str, at: int, who: Naming) -> tuple[str, int] | None:
    begins = text.find(" (", at)
    while begins >= 0:
        ends = text.find(")", begins)
        while ends >= 0:
            after = text[ends + 1 :]
            if not after or after.startswith("; ") or _STEP.match(after):
                why = by_clause(_PAUSE_WHY, text[begins + 2 : ends], who)
                if why is not None:
                    reason = text[at:begins]
                    return f"{PAUSES.get(reason, f'« {reason} »')} ({why})", ends + 1
            ends = text.find(")", ends + 1)
        begins = text.find(" (", begins + 1)
    return None


def business_days(number: int) -> str:
    """So many business days."""
    return count(number, "jour ouvré", "jours ouvrés")
