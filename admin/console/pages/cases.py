"""The portfolio as a list that is searched, and one case: where it stands, why, and what comes next."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from admin.api.paths import decoded
from admin.console.acts.cases import ACTS, offered
from admin.console.acts.subjects import WITHDRAWN_BY
from admin.console.door import company_visit
from admin.queries.case import case_of_number, get_case, preview_case
from admin.queries.cases import CaseFilter, list_cases
from admin.queries.reading import snapshot
from admin.queries.search import SHORTEST
from admin.queries.standing import facts_standing

PAGE: Final = 50


def case_list(request: Request) -> Response:
    """List open cases, the largest first, or those that hold what is searched for."""
    at = company_visit(request)
    q = request.query_params.get("q", "").strip()[:100]
    wanted = CaseFilter(
        company=at.ref,
        q=q if len(q) >= SHORTEST else None,
        sort="-outstanding",
        limit=PAGE,
        after=request.query_params.get("after") or None,
    )
    with snapshot(at.api.engine) as session:
        page = list_cases(session, at.visit.user.holder, wanted, at.api.clock.now())
    return at.page.show("cases.html", page=page, q=wanted.q or "")


def case_page(request: Request) -> Response:
    """Show one case."""
    at = company_visit(request)
    number = decoded(request.path_params["number"])
    now = at.api.clock.now()
    with snapshot(at.api.engine) as session:
        case = get_case(session, at.company_id, at.ref, number, at.api.settings, now)
        foreseen = preview_case(session, at.company_id, at.ref, number, at.api.settings, now)
        facts = facts_standing(session, case_of_number(session, at.company_id, at.ref, number), now)
    return at.page.show(
        "case.html",
        case=case,
        foreseen=foreseen,
        facts=facts,
        acts=offered(case),
        withdrawals={kind: ACTS[name] for kind, name in WITHDRAWN_BY.items()},
        may=at.visit.may,
    )
