"""What the ledger keeps in English, said in the reader's language; what is not known is marked as English.

Nothing that is stored changes by it. Whatever comes from data stays escaped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from activities.rendering.formats import one_line, typeset_french
from admin.console.words import CATALOGUES
from admin.console.words.bodies import french_body
from admin.console.words.journal import TYPED, told_in_french
from admin.console.words.phrases import called, capital
from admin.console.words.reasons import french_reason
from admin.console.words.refusals import french_refusal
from admin.console.words.reports import french_report
from admin.console.words.titles import french_title
from admin.queries.timeline import TimelineEntry
from models.tables.words import TaskKind

_COLON: Final = typeset_french(" : ")


@dataclass(frozen=True, slots=True)
class Speech:
    """Speaks to one reader; `staff` are our people's names by address."""

    language: str
    staff: Mapping[str, str]

    def by(self, who: str | None) -> str:
        """Who did something, by name where it is known."""
        return called(who, self.staff, self.language) if who else ""

    def said(self, text: str | None, *, typed: bool = False, begins: bool = True) -> str:
        """A reason.

        Args:
            text: as the ledger has it.
            typed: it may be somebody's own words, in whatever language.
            begins: it begins a sentence.
        """
        told = one_line(text or "")
        if self.language == "en" or not told:
            return told
        known = french_reason(told, self.by, capitalised=begins)
        return known if known is not None else told if typed else _english(told)

    def told(self, entry: TimelineEntry, currency: str | None = None) -> str:
        """A line of the journal; `currency` is that of its invoice's amounts."""
        if self.language == "en":
            return one_line(entry.text)
        told = told_in_french(entry.what, entry.detail, currency)
        if told is None:
            return _english(one_line(entry.text))
        told = one_line(told)
        why = self.said(entry.why, typed=entry.what in TYPED, begins=False)
        if not why:
            return told
        if why.startswith(told.lower()):
            # The reason of a pause says itself that there is one.
            return capital(why)
        # Joined as markup where a part of it is: then the rest is escaped here.
        return escape(told + _COLON) + why if isinstance(why, Markup) else told + _COLON + why

    def titled(self, title: str, kind: str) -> str:
        """A task's title."""
        told = one_line(title)
        if self.language == "en":
            return told
        said = french_title(told, self.by)
        # A call's sheet is written in the company's own language, title and all.
        return said or (told if kind == TaskKind.PHONE_CALL else _english(told))

    def bodied(self, text: str, kind: str) -> str:
        """What a task says below its title."""
        if self.language == "en":
            return text
        lines = french_body(text, kind, self.by)
        return Markup("\n").join(_english(line) if english else line for line, english in lines)

    def reported(self, text: str | None) -> str:
        """What a reader of files, or a matcher, says of a line or a file."""
        told = one_line(text or "")
        if self.language == "en" or not told:
            return told
        return french_report(told) or _english(told)

    def ended(self, outcome: str | None) -> str:
        """What came of a task: one of our words, or why it was withdrawn, or anybody's words."""
        name = CATALOGUES[self.language].get(f"outcome.{outcome or 'done'}")
        return name or self.said(outcome, typed=True)

    def refused(self, text: str) -> str:
        """Why something told was not taken."""
        if self.language == "en":
            return text
        return french_refusal(text) or _english(one_line(text))

    def marked(self, cause: str | None) -> str:
        """Why an address is not used."""
        return CATALOGUES[self.language].get(f"mark.{cause}") or self.said(cause, typed=True)


def _english(text: str) -> Markup:
    return Markup('<span lang="en">{}</span>').format(text)
