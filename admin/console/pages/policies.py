"""Dunning policies: what is in use, and one ladder on its time axis."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from activities.rendering.formats import Formats
from activities.store.policies import get_policy
from admin.api.paths import decoded
from admin.console.door import company_visit
from admin.console.ladder import drawing_of
from admin.queries.policies import EDITIONS, editions_of, policies_in_use
from admin.queries.policy_trials import latest_trials
from admin.queries.reading import snapshot
from admin.queries.registers import get_policy_page
from models.errors import NotFound
from models.tables.words import ApiRole

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
        can_try = at.visit.may(ApiRole.MANAGER)
        trials = latest_trials(session, at.company_id, key) if can_try else []
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
        can_try=can_try,
        trials=trials,
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
