"""Letters that wait for a person: the list, and one as it will leave beside what changed since."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from admin.console.completing import Problem, complete
from admin.console.door import CompanyVisit, company_visit, form_of
from admin.console.render import url
from admin.queries.case import get_case
from admin.queries.communications import get_message
from admin.queries.contacts import list_approvals
from admin.queries.reading import Paging, snapshot
from admin.queries.tasks import get_task
from models.errors import NotFound
from models.tables.words import ApiRole, TaskKind

_DECISIONS: Final = ("approved", "refused")
_LOOKED_AT: Final = 20


def approval_list(request: Request) -> Response:
    """List them, the first to decide first."""
    at = company_visit(request)
    wanted = Paging(after=request.query_params.get("after") or None)
    with snapshot(at.api.engine) as session:
        page = list_approvals(session, at.company_id, at.ref, wanted)
    return at.page.show("approvals.html", page=page)


def approval_page(request: Request) -> Response:
    """Show one, with the very bytes that will leave."""
    at = company_visit(request)
    return _show(at, request.path_params["task_id"])


def decide(request: Request) -> Response:
    """Approve or refuse it."""
    at = company_visit(request, ApiRole.MANAGER)
    fields = form_of(request, at.visit.token)
    if fields.get("outcome") not in _DECISIONS:
        raise NotFound("no such decision")
    if fields["outcome"] == "refused" and len(fields.get("note", "").strip()) < 3:
        return _show(at, request.path_params["task_id"], Problem("note", "3"))
    done = complete(at, request.path_params["task_id"], fields)
    if isinstance(done, Problem):
        return _show(at, request.path_params["task_id"], done)
    at.tell(done)
    return RedirectResponse(url(at.ref, "today"), 303)


def _show(at: CompanyVisit, task_id: UUID, problem: Problem | None = None) -> Response:
    now = at.api.clock.now()
    with snapshot(at.api.engine, of_one=True) as session:
        task = get_task(session, at.company_id, task_id, now)
        if task.kind != TaskKind.APPROVAL:
            raise NotFound(f"no approval {task_id}")
        messages = [
            (message, get_message(session, at.company_id, at.ref, message.id)) for message in task.messages
        ]
        changed = [
            (item.invoice, entry)
            for item in task.invoices[:_LOOKED_AT]
            for entry in get_case(
                session, at.company_id, at.ref, item.invoice, at.api.settings, now
            ).timeline.items
            if entry.at > task.opened_at
        ]
    return at.page.show(
        "approval.html",
        422 if problem else 200,
        task=task,
        messages=messages,
        changed=sorted(changed, key=lambda pair: pair[1].at, reverse=True),
        can_decide=at.visit.may(ApiRole.MANAGER),
        problem=problem,
    )
