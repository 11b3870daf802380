"""Tasks: the list, one whole, letters that wait for an approval."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from admin.api.context import ApiContext
from admin.api.paging import Page
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.security import Viewer, ViewerOf
from admin.queries.contacts import Approval, list_approvals
from admin.queries.reading import Paging, snapshot
from admin.queries.tasks import TaskFilter, TaskPage, TaskRow, get_task, list_tasks

router = APIRouter(tags=["tasks"])


@router.get(
    "/v1/tasks", operation_id="list_tasks", response_model=Page[TaskRow], responses=responses(403, 404)
)
def tasks(holder: Viewer, wanted: Annotated[TaskFilter, Query()], api: ApiContext) -> Response:
    """List what people are asked to do, in every company the key opens."""
    with snapshot(api.engine) as session:
        return answer(list_tasks(session, holder, wanted, api.clock.now()))


@router.get(
    "/v1/companies/{company}/tasks/{task_id}",
    operation_id="get_task",
    response_model=TaskPage,
    responses=responses(403, 404),
)
def task(
    access: ViewerOf, task_id: Annotated[UUID, Path(description="The task's id")], api: ApiContext
) -> Response:
    """Look at one task: what to say or know, what it is about, what may be answered."""
    with snapshot(api.engine) as session:
        return answer(get_task(session, access.company_id, task_id, api.clock.now()))


@router.get(
    "/v1/companies/{company}/approvals",
    operation_id="list_approvals",
    response_model=Page[Approval],
    responses=responses(403, 404),
)
def approvals(access: ViewerOf, paging: Annotated[Paging, Query()], api: ApiContext) -> Response:
    """List the letters that wait for a person: to whom, about what, where their stored text is."""
    with snapshot(api.engine) as session:
        return answer(list_approvals(session, access.company_id, access.company_ref, paging))
