"""Tasks: the list, and one with all that is needed to do it; a call's whole sheet while the phone rings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from admin.console.completing import Problem
from admin.console.completing import complete as tell
from admin.console.door import CompanyVisit, company_visit, form_of
from admin.console.render import url
from admin.queries.contacts import MessageRow, list_messages
from admin.queries.customer import CustomerPage, find_customer
from admin.queries.reading import Paging, snapshot
from admin.queries.replies import ReplyFilter, ReplyRow, list_replies
from admin.queries.tasks import TaskFilter, get_task, list_tasks
from admin.queries.timeline import TimelineEntry, customer_timeline
from admin.queries.today import CALLS
from models.tables.words import ApiRole, DisputeCause, TaskKind
from models.work import outcomes_of

PAGE: Final = 50
MESSAGES, REPLIES, ENTRIES = 5, 3, 8
"""What a call's sheet shows of the latest; the customer's page has more."""
_WITHOUT_PEOPLE: Final = ("contact_changed",)
"""Outcomes that take a new person: told on the customer's page of the API and the command line."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What whoever calls wants in view: what left, what was answered, what was told; the latest first."""

    messages: list[MessageRow]
    replies: list[ReplyRow]
    entries: list[TimelineEntry]


def task_list(request: Request) -> Response:
    """List the open tasks of a company, the first to do first; everybody's, or one's own."""
    at = company_visit(request)
    mine = request.query_params.get("who", "") == "me"
    kind = request.query_params.get("kind", "")
    wanted = TaskFilter(
        company=at.ref,
        limit=PAGE,
        after=request.query_params.get("after") or None,
        assignee=at.visit.user.email if mine else None,
        kind=TaskKind(kind) if kind in list(TaskKind) else None,
    )
    with snapshot(at.api.engine) as session:
        page = list_tasks(session, at.visit.user.holder, wanted, at.api.clock.now())
    return at.page.show("tasks.html", page=page, mine=mine, wanted=wanted)


def task_page(request: Request) -> Response:
    """Show one task; an approval has a page of its own."""
    at = company_visit(request)
    return _show(at, request.path_params["task_id"])


def complete(request: Request) -> Response:
    """Take what came of it, then go back to the morning; what cannot be stays on the form."""
    at = company_visit(request, ApiRole.COLLECTOR)
    fields = form_of(request, at.visit.token)
    done = tell(at, request.path_params["task_id"], fields)
    if isinstance(done, Problem):
        return _show(at, request.path_params["task_id"], done, fields)
    at.tell(done)
    return RedirectResponse(url(at.ref, "today"), 303)


def _show(
    at: CompanyVisit,
    task_id: UUID,
    problem: Problem | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    customer: CustomerPage | None = None
    sheet: Sheet | None = None
    now = at.api.clock.now()
    with snapshot(at.api.engine, of_one=True) as session:
        task = get_task(session, at.company_id, task_id, now)
        if task.kind == TaskKind.APPROVAL:
            return RedirectResponse(url(at.ref, "approvals", task_id), 303)
        if task.customer is not None:
            customer, known, _ = find_customer(
                session, at.company_id, at.ref, task.customer, at.api.settings, now
            )
            if task.kind in CALLS:
                sheet = Sheet(
                    list_messages(session, at.ref, known.id, Paging(limit=MESSAGES)).items,
                    list_replies(
                        session, at.company_id, ReplyFilter(customer=task.customer, limit=REPLIES)
                    ).items,
                    customer_timeline(session, known.id, known.calendar, Paging(limit=ENTRIES)).items,
                )
    return at.page.show(
        "task.html",
        422 if problem else 200,
        task=task,
        customer=customer,
        sheet=sheet,
        outcomes=[rule for rule in outcomes_of(task.kind) if rule.word not in _WITHOUT_PEOPLE],
        causes=list(DisputeCause),
        can_act=at.visit.may(ApiRole.COLLECTOR),
        problem=problem,
        typed=typed or {},
    )
