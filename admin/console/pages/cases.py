"""The portfolio as a list that is searched, filtered, sorted and taken away; and one case."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from admin.api.paths import decoded
from admin.console.acts.cases import ACTS, offered
from admin.console.acts.subjects import WITHDRAWN_BY
from admin.console.door import CompanyVisit, company_visit
from admin.console.portfolio import Selection, selection_of
from admin.console.sheets import AT_ONCE, Row, send_sheet
from admin.console.words import kind, word
from admin.queries.case import find_case
from admin.queries.cases import CaseRow, list_cases
from admin.queries.cases_counted import count_cases, words_of_customers
from admin.queries.places import company_calendar
from admin.queries.reading import snapshot
from admin.queries.standing import facts_standing
from models.tables.words import ApiRole


def case_list(request: Request) -> Response:
    """List cases, the largest first, with what the list can be narrowed to."""
    at = company_visit(request)
    wanted = selection_of(at.ref, request.query_params)
    after = request.query_params.get("after") or None
    holder, now = at.visit.user.holder, at.api.clock.now()
    with snapshot(at.api.engine) as session:
        today = company_calendar(session, at.company_id).local_day(now)
        asked = wanted.filter(today, after=after)
        page = list_cases(session, holder, asked, now)
        # Of a later page it would be the same again.
        counts = None if after else count_cases(session, holder, at.company_id, asked, today)
        collectors, segments = words_of_customers(session, at.company_id)
    return at.page.show(
        "cases.html",
        page=page,
        wanted=wanted,
        q=wanted.words.get("q", ""),
        after=after,
        counts=counts,
        facets=wanted.facets(counts, collectors, segments),
        collectors=collectors,
        ticked=bool(request.query_params.get("tick")),
        can_act=at.visit.may(ApiRole.COLLECTOR),
        problem=None,
        typed={},
        today=today,
    )


def case_export(request: Request) -> Response:
    """Hand out the whole list as a table, filters and order kept."""
    at = company_visit(request)
    wanted = selection_of(at.ref, request.query_params)
    language = at.visit.user.language
    with snapshot(at.api.engine) as session:
        today = company_calendar(session, at.company_id).local_day(at.api.clock.now())
    name = f"{word(language, 'sheet.file')}-{at.ref}-{today}"
    return send_sheet(request.path_params["form"], name, language, _head(language), _rows(at, wanted, today))


_COLUMNS: Final = (
    *("invoice", "order", "customer", "customer_name", "collector", "currency", "total", "outstanding"),
    *("disputed", "due", "late", "state", "stage", "next", "next_on", "paused_by", "policy", "closed"),
)


def _head(language: str) -> list[str]:
    return [word(language, f"sheet.{column}") for column in _COLUMNS]


def _rows(at: CompanyVisit, wanted: Selection, today: date) -> Iterator[Row]:
    """Every case of a list, as one snapshot has them, some thousands in memory at a time."""
    now = at.api.clock.now()
    asked = wanted.filter(today).model_copy(update={"limit": AT_ONCE})
    with snapshot(at.api.engine) as session:
        while True:
            page = list_cases(session, at.visit.user.holder, asked, now)
            for row in page.items:
                yield _row(row, at.visit.user.language)
            if page.next is None:
                return
            asked = asked.model_copy(update={"after": page.next})


def _row(row: CaseRow, language: str) -> Row:
    return (
        row.invoice,
        row.order_ref,
        row.customer,
        row.customer_name,
        row.collector,
        row.currency,
        row.total,
        row.outstanding,
        row.disputed,
        row.due_on,
        row.days_late,
        kind(language, "state", row.state),
        kind(language, "step", row.stage),
        kind(language, "step", row.next_step) if row.next_step else None,
        row.next_on,
        kind(language, "paused", row.paused_by) if row.paused_by else None,
        row.policy,
        row.closed_at.date() if row.closed_at else None,
    )


def case_page(request: Request) -> Response:
    """Show one case."""
    at = company_visit(request)
    number = decoded(request.path_params["number"])
    now = at.api.clock.now()
    with snapshot(at.api.engine, of_one=True) as session:
        case, foreseen, found = find_case(session, at.company_id, at.ref, number, at.api.settings, now)
        facts = facts_standing(session, found, now)
    return at.page.show(
        "case.html",
        case=case,
        foreseen=foreseen,
        facts=facts,
        acts=offered(case),
        withdrawals={kind: ACTS[name] for kind, name in WITHDRAWN_BY.items()},
        may=at.visit.may,
    )
