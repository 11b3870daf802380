"""Dunning policies: what is in use, one ladder on its time axis, a changed text tried out, and published."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from activities.rendering.formats import Formats
from activities.store.engine import transaction
from activities.store.policies import get_policy, latest, publish
from admin.api.masters.policies import MAX_TOML, EditionRefused, Fault, read_edition
from admin.api.paths import decoded
from admin.console.completing import Problem
from admin.console.door import CompanyVisit, Forbidden, company_visit, form_of
from admin.console.ladder import drawing_of
from admin.console.render import url
from admin.console.words import word
from admin.queries.dry_run import BOUNDS, HORIZONS, Busy, DryRun, dry_run
from admin.queries.policies import EDITIONS, editions_of, policies_in_use
from admin.queries.reading import snapshot
from admin.queries.registers import PolicyPage, get_policy_page
from models.errors import NotFound, WrongState
from models.tables.words import ApiRole
from rules.differ import changes_of
from rules.policy import Policy

USUAL_DAYS: Final = 30
_NEWEST: Final = 2**31 - 1
_WRITTEN_OUT: Final = 10**15
"""A file may say 1E+9999: written out, that is a page of zeros."""


def policy_list(request: Request) -> Response:
    """List every policy at its newest edition, with the open cases that follow it."""
    at = company_visit(request)
    with snapshot(at.api.engine) as session:
        rows = policies_in_use(session, at.company_id)
    return at.page.show("policies.html", rows=rows, published_by=_who)


def policy_page(request: Request) -> Response:
    """Show one policy, at its newest edition or the one asked for."""
    at = company_visit(request)
    key = decoded(request.path_params["key"])
    with snapshot(at.api.engine) as session:
        editions = editions_of(session, at.company_id, key)
        newest = editions[0].version
        shown = get_policy_page(session, key, _version(request, newest))
        read = get_policy(session, key, shown.version)
    return at.page.show(
        "policy.html",
        policy=shown,
        newest=newest,
        editions=editions,
        more=len(editions) == EDITIONS,
        drawing=drawing_of(shown.steps),
        bank_max_age_days=read.bank_max_age_days,
        minimums=[
            f"{amount} {currency}"
            if amount > _WRITTEN_OUT
            else Formats(at.visit.user.language).money(amount, currency)
            for currency, amount in sorted(read.min_amount.items())
        ],
        can_try=at.visit.may(ApiRole.MANAGER),
        published_by=_who,
    )


def policy_file(request: Request) -> Response:
    """Give an edition's text as the file it was published from."""
    at = company_visit(request)
    key, version = decoded(request.path_params["key"]), request.path_params["version"]
    with snapshot(at.api.engine) as session:
        edition = get_policy_page(session, key, min(version, _NEWEST))
    name = f"{edition.key}-{edition.version}.toml"
    return Response(
        edition.toml,
        media_type="application/toml",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )


def dry_run_form(request: Request) -> Response:
    """Show the newest text, to be changed."""
    at = company_visit(request, ApiRole.MANAGER)
    current = _current(at, decoded(request.path_params["key"]))
    return _show(at, current, current.toml)


def try_out(request: Request) -> Response:
    """Compare what would come under a changed text with what comes now; nothing is written."""
    at = company_visit(request, ApiRole.MANAGER)
    fields = form_of(request, at.visit.token)
    current = _current(at, decoded(request.path_params["key"]))
    text = _text(fields.get("toml", ""))
    asked = fields.get("days", "")
    days = int(asked) if asked in map(str, HORIZONS) else USUAL_DAYS
    try:
        candidate = _read(text, current.key, at.visit.user.language)
    except EditionRefused as error:
        return _show(at, current, text, days, faults=error.faults)
    now = at.api.clock.now()
    fingerprint = at.api.settings.sending_fingerprint
    try:
        found = dry_run(at.api.engine, at.company_id, candidate, days, now, fingerprint)
    except Busy:
        return _show(at, current, text, days, problem="policies.dry.busy", status=503)
    return _show(at, current, text, days, candidate=candidate, found=found)


def publish_edition(request: Request) -> Response:
    """Publish the text that was tried out as the next edition, by the function the API uses."""
    at = company_visit(request, ApiRole.MANAGER)
    fields = form_of(request, at.visit.token)
    if at.visit.user.holder.companies is not None:
        raise Forbidden("policies.publish.everywhere")
    current = _current(at, decoded(request.path_params["key"]))
    text, seen = _text(fields.get("toml", "")), fields.get("seen", "")
    try:
        candidate = _read(text, current.key, at.visit.user.language)
    except EditionRefused as error:
        return _show(at, current, text, faults=error.faults)
    if not hmac.compare_digest(
        fields.get("tried", "").encode(), _tried(at, current.key, seen, text).encode()
    ):
        return _show(at, current, text, problem="policies.dry.untried", status=422)
    now = at.api.clock.now()
    try:
        with transaction(at.api.engine) as session:
            version, new = publish(session, candidate, text, now, at.visit.who)
            if new and version != int(seen) + 1:
                raise WrongState("another edition was published meanwhile")
            # As by the API: it is the installation's, not one company's.
            at.visit.audit(session, "publish_policy", None, policy=current.key, version=version, new=new)
    except WrongState:
        return _show(at, _current(at, current.key), text, problem="policies.dry.overtaken", status=409)
    said = "policies.published" if new else "policies.published.again"
    at.tell(word(at.visit.user.language, said, version=version))
    return RedirectResponse(url(at.ref, "policies", current.key), 303)


def _show(
    at: CompanyVisit,
    current: PolicyPage,
    text: str,
    days: int = USUAL_DAYS,
    *,
    faults: Sequence[Fault] = (),
    problem: str | None = None,
    status: int = 200,
    candidate: Policy | None = None,
    found: DryRun | None = None,
) -> Response:
    """The form with what was typed; under it the reasons it was not taken, or what was found."""
    language = at.visit.user.language
    before = None
    if candidate is not None:
        with snapshot(at.api.engine) as session:
            before = get_policy(session, current.key, current.version)
    return at.page.show(
        "dry_run.html",
        422 if faults else status,
        policy=current,
        text=text,
        days=days,
        horizons=HORIZONS,
        faults=faults,
        problem=Problem("toml", word(language, problem)) if problem else None,
        candidate=candidate,
        found=found,
        most=BOUNDS.invoices,
        changes=changes_of(before, candidate) if before and candidate else None,
        drawing=drawing_of(candidate.steps) if candidate else None,
        same=text == _text(current.toml),
        everywhere=at.visit.user.holder.companies is None,
        tried=_tried(at, current.key, str(current.version), text) if found else "",
    )


def _current(at: CompanyVisit, key: str) -> PolicyPage:
    """The newest edition; NotFound when there is no such policy."""
    with snapshot(at.api.engine) as session:
        return get_policy_page(session, key, latest(session, key))


def _read(text: str, key: str, language: str) -> Policy:
    if len(text) > MAX_TOML:
        raise EditionRefused((Fault(None, word(language, "policies.dry.long", n=MAX_TOML)),))
    return read_edition(text, key)


def _text(typed: str) -> str:
    """A text as files have it: forms send every end of a line as two characters."""
    return typed.replace("\r\n", "\n")


def _tried(at: CompanyVisit, key: str, seen: str, text: str) -> str:
    """Says that this session tried this very text on that edition: publishing asks for it."""
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    told = f"dry run\n{at.ref}\n{key}\n{seen}\n{digest}"
    return hmac.new(at.visit.token.encode(), told.encode(), hashlib.sha256).hexdigest()


def _version(request: Request, newest: int) -> int:
    asked = request.query_params.get("version", "")
    if not asked:
        return newest
    if not asked.isascii() or not asked.isdigit() or len(asked) > len(str(_NEWEST)) or int(asked) > _NEWEST:
        raise NotFound(f"no version {asked[:20]!r}")
    return int(asked)


def _who(published_by: str) -> str:
    """Whom an edition names, as the staff are named: by the address alone."""
    return published_by.removeprefix("console:")
