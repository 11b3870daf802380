"""A changed policy's text as a form carries it: read, shown with what was found, and marked as tried."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from starlette.responses import Response

from activities.store.policies import get_policy, latest
from admin.api.masters.policies import MAX_TOML, EditionRefused, Fault, read_edition
from admin.console.completing import Problem
from admin.console.door import CompanyVisit
from admin.console.ladder import drawing_of
from admin.console.words import word
from admin.queries.dry_run import BOUNDS, HORIZONS, DryRun
from admin.queries.policy_trials import Trial
from admin.queries.reading import snapshot
from admin.queries.registers import PolicyPage, get_policy_page
from rules.differ import changes_of
from rules.policy import Policy

USUAL_DAYS: Final = 30


def days_of(fields: Mapping[str, str]) -> int:
    """How many days are looked at: one of those offered, else the usual number."""
    asked = fields.get("days", "")
    return int(asked) if asked in map(str, HORIZONS) else USUAL_DAYS


@dataclass(frozen=True, slots=True)
class Tried:
    """What a text came to: on a part of the portfolio, or by a trial on all of it as it was on a day."""

    candidate: Policy
    found: DryRun
    trial: Trial | None = None
    asked_on: date | None = None


def show_tried(
    at: CompanyVisit,
    current: PolicyPage,
    text: str,
    days: int = USUAL_DAYS,
    *,
    faults: Sequence[Fault] = (),
    problem: str | None = None,
    status: int = 200,
    tried: Tried | None = None,
) -> Response:
    """The form with what was typed; with it the reasons it was not taken, or what it came to."""
    language = at.visit.user.language
    changes = None
    if tried is not None:
        with snapshot(at.api.engine) as session:
            changes = changes_of(get_policy(session, current.key, current.version), tried.candidate)
    return at.page.show(
        "dry_run.html",
        422 if faults else status,
        policy=current,
        text=text,
        days=days,
        horizons=HORIZONS,
        faults=faults,
        problem=Problem("toml", word(language, problem)) if problem else None,
        candidate=tried.candidate if tried else None,
        found=tried.found if tried else None,
        trial=tried.trial if tried else None,
        asked_on=tried.asked_on if tried else None,
        most=BOUNDS.invoices,
        changes=changes,
        drawing=drawing_of(tried.candidate.steps) if tried else None,
        same=text == as_typed(current.toml),
        everywhere=at.visit.user.holder.companies is None,
        tried=tried_mark(at, current.key, str(current.version), text) if tried else "",
    )


def current_edition(at: CompanyVisit, key: str) -> PolicyPage:
    """The newest edition; NotFound when there is no such policy."""
    with snapshot(at.api.engine) as session:
        return get_policy_page(session, key, latest(session, key))


def read_text(text: str, key: str, language: str) -> Policy:
    """The policy that a text is; EditionRefused where it cannot be published."""
    if len(text) > MAX_TOML:
        raise EditionRefused((Fault(None, word(language, "policies.dry.long", n=MAX_TOML)),))
    return read_edition(text, key)


def as_typed(typed: str) -> str:
    """A text as files have it: forms send every end of a line as two characters."""
    return typed.replace("\r\n", "\n")


def tried_mark(at: CompanyVisit, key: str, seen: str, text: str) -> str:
    """Says that this session tried this very text on that edition: publishing asks for it."""
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    told = f"dry run\n{at.ref}\n{key}\n{seen}\n{digest}"
    return hmac.new(at.visit.token.encode(), told.encode(), hashlib.sha256).hexdigest()
