"""Reports of files and bank lines in French, read back from the English that the command and the API give."""

from __future__ import annotations

import re
from typing import Final

from activities.rendering.formats import one_line
from admin.console.words.phrases import Special, by_clause, capital, phrases
from admin.console.words.reasons import PHRASES
from admin.console.words.refusals import french_refusal
from admin.console.words.said_of_files import COLUMNS, FILES, WANTED

_WANTED: Final = "|".join(map(re.escape, WANTED))


def french_report(text: str, *, capitalised: bool = True) -> str | None:
    """A line of a report in French; None where it, or a part of it, is none of ours.

    Args:
        text: as a reader, a matcher or the ledger says it.
        capitalised: whether it begins a sentence.
    """
    told = one_line(text)
    said = by_clause((*PHRASES, *_FILES), told, str) or french_refusal(told)
    return capital(said) if said is not None and capitalised else said


def _inner(text: str) -> str | None:
    said = french_report(text, capitalised=False)
    return said and said[:1].lower() + said[1:]


def _wanted(text: str) -> str:
    return re.sub(_WANTED, lambda found: WANTED[found[0]], text).replace("; ", ", ")


_SPECIAL: Final[Special] = {
    "inner": (r".+", _inner),
    "column": ("|".join(COLUMNS), COLUMNS.get),
    "wanted": (rf"(?:{_WANTED})(?:; (?:{_WANTED}))*", _wanted),
    # A day that no calendar has.
    "never": (r"\d{4}-\d\d-\d\d", lambda text: "/".join(reversed(text.split("-")))),
    "quoted": (r"'[^']*'|\"[^\"]*\"", lambda text: text[1:-1]),
}
_FILES: Final = phrases(FILES, _SPECIAL)
