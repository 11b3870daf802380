"""One message: its envelope, its text as sent, its files."""

from __future__ import annotations

from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from admin.api.context import ApiContext
from admin.api.problems import responses
from admin.api.reads.answers import answer
from admin.api.reads.parts import SAFE, SHOWN, binary, shown
from admin.api.security import ViewerOf
from admin.proof import archive, file_name
from admin.queries.communications import MessagePage, attachment_of, get_message, text_of
from admin.queries.proof import Proof, get_proof
from admin.queries.reading import snapshot

router = APIRouter(prefix="/v1/companies/{company}/communications/{message_id}", tags=["communications"])

MessageId = Annotated[UUID, Path(description="The communication's id")]

ZIP: Final = "application/zip"


@router.get("", operation_id="get_communication", response_model=MessagePage, responses=responses(403, 404))
def communication(access: ViewerOf, message_id: MessageId, api: ApiContext) -> Response:
    """Look at one message: who got it, what it quoted, under which policy, what became of it."""
    with snapshot(api.engine) as session:
        return answer(get_message(session, access.company_id, access.company_ref, message_id))


@router.get(
    "/content",
    operation_id="get_communication_content",
    response_class=Response,
    responses=responses(403, 404) | binary("The text, byte for byte as stored", "text/html", "text/plain"),
)
def content(
    access: ViewerOf,
    message_id: MessageId,
    api: ApiContext,
    part: Annotated[
        Literal["html", "text"] | None, Query(description="The HTML part where there is one, if left out")
    ] = None,
) -> Response:
    """Read a message as it was sent, in a form that runs nothing."""
    with snapshot(api.engine) as session:
        html = None if part is None else part == "html"
        return shown(text_of(session, access.company_id, message_id, html=html), inline=True)


@router.get(
    "/attachments/{index}",
    operation_id="get_communication_attachment",
    response_class=Response,
    responses=responses(403, 404) | binary("The file, byte for byte as stored", "*/*"),
)
def attachment(
    access: ViewerOf,
    message_id: MessageId,
    index: Annotated[int, Path(ge=0, le=999, description="Its place among the files, from 0")],
    api: ApiContext,
) -> Response:
    """Read a file that went with a message."""
    with snapshot(api.engine) as session:
        file = attachment_of(session, access.company_id, message_id, index)
    return shown(file, inline=file.media_type in SHOWN)


@router.get(
    "/proof",
    operation_id="get_communication_proof",
    response_model=Proof,
    responses=responses(403, 404)
    | {200: {"description": "The proof, or the archive", "content": {ZIP: {"schema": {"type": "string"}}}}},
)
def proof(
    access: ViewerOf,
    message_id: MessageId,
    api: ApiContext,
    form: Annotated[
        Literal["json", "zip"],
        Query(alias="format", description="`zip` for the archive: bytes, events, a page to read, a manifest"),
    ] = "json",
) -> Response:
    """Prove a message: its bytes with their hash, recipient, balance, policy, provider and every event."""
    with snapshot(api.engine) as session:
        evidence = get_proof(session, access.company_id, message_id)
    if form == "json":
        return answer(evidence.proof)
    headers = {**SAFE, "Content-Disposition": f'attachment; filename="{file_name(evidence.proof)}"'}
    return Response(archive(evidence), headers=headers, media_type=ZIP)
