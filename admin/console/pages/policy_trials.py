"""A changed policy: tried out on a part of the portfolio at once, on all of it by workers, then published."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from activities.store.engine import transaction
from activities.store.policies import publish
from activities.store.trials import ask_trial, running_trial, stop_trial
from admin.api.masters.policies import EditionRefused
from admin.api.paths import decoded
from admin.console.door import CompanyVisit, Forbidden, company_visit, form_of
from admin.console.render import url
from admin.console.sheets import AT_ONCE, Row, send_sheet
from admin.console.trying import (
    Tried,
    as_typed,
    current_edition,
    days_of,
    read_text,
    show_tried,
    tried_mark,
)
from admin.console.words import kind, word
from admin.queries.dry_run import Busy, dry_run
from admin.queries.places import company_calendar
from admin.queries.policy_trials import MovedFilter, Trial, customers_moved, get_trial
from admin.queries.reading import snapshot
from models.errors import WrongState
from models.tables.words import ApiRole, TrialState

_SLOW: Final = timedelta(minutes=3)
"""A trial that has not moved for so long is waiting for a worker."""


def dry_run_form(request: Request) -> Response:
    """Show the newest text, to be changed."""
    at = company_visit(request, ApiRole.MANAGER)
    current = current_edition(at, decoded(request.path_params["key"]))
    return show_tried(at, current, current.toml)


def try_out(request: Request) -> Response:
    """Compare what would come under a changed text with what comes now; nothing is written."""
    at = company_visit(request, ApiRole.MANAGER)
    fields = form_of(request, at.visit.token)
    current = current_edition(at, decoded(request.path_params["key"]))
    text = as_typed(fields.get("toml", ""))
    days = days_of(fields)
    try:
        candidate = read_text(text, current.key, at.visit.user.language)
    except EditionRefused as error:
        return show_tried(at, current, text, days, faults=error.faults)
    now = at.api.clock.now()
    fingerprint = at.api.settings.sending_fingerprint
    try:
        found = dry_run(at.api.engine, at.company_id, candidate, days, now, fingerprint)
    except Busy:
        return show_tried(at, current, text, days, problem="policies.dry.busy", status=503)
    return show_tried(at, current, text, days, tried=Tried(candidate, found))


def publish_edition(request: Request) -> Response:
    """Publish the text that was tried out as the next edition, by the function the API uses."""
    at = company_visit(request, ApiRole.MANAGER)
    fields = form_of(request, at.visit.token)
    if at.visit.user.holder.companies is not None:
        raise Forbidden("policies.publish.everywhere")
    current = current_edition(at, decoded(request.path_params["key"]))
    text, seen = as_typed(fields.get("toml", "")), fields.get("seen", "")
    try:
        candidate = read_text(text, current.key, at.visit.user.language)
    except EditionRefused as error:
        return show_tried(at, current, text, faults=error.faults)
    if not hmac.compare_digest(
        fields.get("tried", "").encode(), tried_mark(at, current.key, seen, text).encode()
    ):
        return show_tried(at, current, text, problem="policies.dry.untried", status=422)
    now = at.api.clock.now()
    try:
        with transaction(at.api.engine) as session:
            version, new = publish(session, candidate, text, now, at.visit.who)
            if new and version != int(seen) + 1:
                raise WrongState("another edition was published meanwhile")
            # As by the API: it is the installation's, not one company's.
            at.visit.audit(session, "publish_policy", None, policy=current.key, version=version, new=new)
    except WrongState:
        return show_tried(
            at, current_edition(at, current.key), text, problem="policies.dry.overtaken", status=409
        )
    said = "policies.published" if new else "policies.published.again"
    at.tell(word(at.visit.user.language, said, version=version))
    return RedirectResponse(url(at.ref, "policies", current.key), 303)


def ask_whole(request: Request) -> Response:
    """Have workers try a text on every customer; while another is tried, lead there."""
    at = company_visit(request, ApiRole.MANAGER)
    fields = form_of(request, at.visit.token)
    current = current_edition(at, decoded(request.path_params["key"]))
    text, days = as_typed(fields.get("toml", "")), days_of(fields)
    try:
        read_text(text, current.key, at.visit.user.language)
    except EditionRefused as error:
        return show_tried(at, current, text, days, faults=error.faults)
    now = at.api.clock.now()
    try:
        with transaction(at.api.engine) as session:
            row, notes = ask_trial(session, at.company_id, current.key, text, days, now, at.visit.who)
            if notes:
                at.audit(session, "try_policy", trial=str(row.id), policy=current.key)
    except WrongState:
        with transaction(at.api.engine) as session:
            running = running_trial(session, at.company_id)
        if running is None:
            # It came to its end in between: the text is still there to be asked again.
            return show_tried(at, current, text, days, problem="policies.dry.busy", status=503)
        at.tell(word(at.visit.user.language, "policies.trial.other"))
        return RedirectResponse(url(at.ref, "policies", running.policy_key, "trials", running.id), 303)
    at.api.courier.deliver(notes)
    return RedirectResponse(url(at.ref, "policies", current.key, "trials", row.id), 303)


def trial_page(request: Request) -> Response:
    """Show how far a trial is; once it is over, what it found, and the form that publishes."""
    at = company_visit(request, ApiRole.MANAGER)
    trial, text = _trial(request, at)
    current = current_edition(at, trial.policy)
    if trial.found is None:
        slow = at.api.clock.now() - trial.moved_at > _SLOW
        return at.page.show("trial.html", policy=current, trial=trial, slow=slow)
    try:
        candidate = read_text(text, current.key, at.visit.user.language)
    except EditionRefused as error:
        return show_tried(at, current, text, trial.days, faults=error.faults)
    with snapshot(at.api.engine) as session:
        asked_on = company_calendar(session, at.company_id).local_day(trial.asked_at)
    return show_tried(at, current, text, trial.days, tried=Tried(candidate, trial.found, trial, asked_on))


def stop_whole(request: Request) -> Response:
    """End a trial where it is."""
    at = company_visit(request, ApiRole.MANAGER)
    form_of(request, at.visit.token)
    trial, _ = _trial(request, at)
    with transaction(at.api.engine) as session:
        stop_trial(session, at.company_id, trial.id, at.api.clock.now())
        if trial.state is TrialState.RUNNING:
            at.audit(session, "stop_policy_trial", trial=str(trial.id), policy=trial.policy)
    return RedirectResponse(url(at.ref, "policies", trial.policy, "trials", trial.id), 303)


def trial_export(request: Request) -> Response:
    """Hand out every customer that a trial found newly contacted, or no longer, as a table."""
    at = company_visit(request, ApiRole.MANAGER)
    trial, _ = _trial(request, at)
    language = at.visit.user.language
    head = [
        word(language, key)
        for key in (
            *("sheet.customer", "sheet.customer_name", "policies.trial.sheet.change"),
            *("policies.first", "policies.col.step", "policies.trial.sheet.channel"),
        )
    ]
    with snapshot(at.api.engine) as session:
        day = company_calendar(session, at.company_id).local_day(trial.asked_at)
    name = f"{word(language, 'policies.trial.sheet.file')}-{at.ref}-{trial.policy}-{day}"
    return send_sheet(request.path_params["form"], name, language, head, _rows(at, trial, language))


def _trial(request: Request, at: CompanyVisit) -> tuple[Trial, str]:
    key, trial_id = decoded(request.path_params["key"]), request.path_params["trial_id"]
    with snapshot(at.api.engine) as session:
        return get_trial(session, at.company_id, key, trial_id)


def _rows(at: CompanyVisit, trial: Trial, language: str) -> Iterator[Row]:
    with snapshot(at.api.engine) as session:
        for newly, key in ((True, "policies.newly.one"), (False, "policies.no_longer.one")):
            wanted = MovedFilter(newly=newly).model_copy(update={"limit": AT_ONCE})
            change = word(language, key)
            while True:
                page = customers_moved(session, trial.id, wanted)
                for each in page.items:
                    yield (
                        each.customer,
                        each.name,
                        change,
                        each.on,
                        kind(language, "step", each.step),
                        kind(language, "channel", each.channel),
                    )
                if page.next is None:
                    break
                wanted = wanted.model_copy(update={"after": page.next})
