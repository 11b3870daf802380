"""What comes next for a case, in one sentence: said once something was told of it."""

from __future__ import annotations

from activities.rendering.formats import Formats
from admin.console.words import kind, word
from admin.queries.case import CasePage


def what_follows(case: CasePage, language: str) -> str:
    """The sentence, of what the rules decide on what is true now."""
    coming, state = case.decision.next, case.decision.state
    if case.closed_at is not None:
        return word(language, "next.closed", invoice=case.invoice)
    if coming is None or state not in ("waiting", "due"):
        return word(language, "next.none", invoice=case.invoice, state=kind(language, "state", state))
    step, day = kind(language, "step", coming.step), Formats(language).short_day(coming.on)
    return word(language, "next.step", invoice=case.invoice, step=step, day=day)
