"""What customers wrote: the list, one whole, its files."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from activities.store.engine import glance
from admin.api.context import ApiContext
from admin.api.paging import Page
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.reads.parts import SHOWN, binary, shown
from admin.api.security import ManagerEverywhere, ViewerOf
from admin.queries.reading import Paging, snapshot
from admin.queries.replies import ReplyFilter, ReplyPage, ReplyRow, get_reply, list_replies, reply_file
from models.tables.words import ReplyState

router = APIRouter(tags=["replies"])

ReplyId = Annotated[
    UUID, Path(description="The reply's id", examples=["3d2f6f0e-6a55-4c39-8f0c-2f1f9f3c6a13"])
]


@router.get(
    "/v1/replies",
    operation_id="list_unclaimed_replies",
    response_model=Page[ReplyRow],
    responses=responses(403),
)
def unclaimed(_holder: ManagerEverywhere, paging: Annotated[Paging, Query()], api: ApiContext) -> Response:
    """List the replies of which nobody knows the company. This takes a manager's key for every company."""
    wanted = ReplyFilter(limit=paging.limit, after=paging.after, state=ReplyState.UNMATCHED)
    with glance(api.engine) as session:
        return answer(list_replies(session, None, wanted))


@router.get(
    "/v1/companies/{company}/replies",
    operation_id="list_replies",
    response_model=Page[ReplyRow],
    responses=responses(403, 404),
)
def replies(access: ViewerOf, wanted: Annotated[ReplyFilter, Query()], api: ApiContext) -> Response:
    """List what customers wrote, newest first; `state=unmatched` for those nobody knows the sender of."""
    with glance(api.engine) as session:
        return answer(list_replies(session, access.company_id, wanted))


@router.get(
    "/v1/companies/{company}/replies/{reply_id}",
    operation_id="get_reply",
    response_model=ReplyPage,
    responses=responses(403, 404),
)
def reply(access: ViewerOf, reply_id: ReplyId, api: ApiContext) -> Response:
    """Look at one reply: its newest part, the whole of it, its files, what it answers."""
    with glance(api.engine) as session:
        return answer(get_reply(session, access.company_id, access.company_ref, reply_id))


@router.get(
    "/v1/companies/{company}/replies/{reply_id}/files/{index}",
    operation_id="get_reply_file",
    response_class=Response,
    responses=responses(403, 404) | binary("The file, byte for byte as it came", "*/*"),
)
def file(
    access: ViewerOf,
    reply_id: ReplyId,
    index: Annotated[int, Path(ge=0, le=999, description="Its place among the files, from 0")],
    api: ApiContext,
) -> Response:
    """Read a file that came with a reply. A stranger sent it: other than a page or a picture, it is saved."""
    with snapshot(api.engine) as session:
        part = reply_file(session, access.company_id, reply_id, index)
    return shown(part, inline=part.media_type in SHOWN)
