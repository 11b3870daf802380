"""One message as it was sent, and its files; shown, never run (docs/decisions/0042)."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from admin.api.reads.parts import SHOWN, shown
from admin.console.door import company_visit
from admin.queries.communications import attachment_of, get_message, text_of
from admin.queries.reading import snapshot

_PDF: Final = "application/pdf"
_FRAMED: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"


def message_page(request: Request) -> Response:
    """Show a message: to whom, what became of it, and what its reader sees."""
    at = company_visit(request)
    message_id = request.path_params["message_id"]
    with snapshot(at.api.engine) as session:
        message = get_message(session, at.company_id, at.ref, message_id)
        text = text_of(session, at.company_id, message_id, html=False)
        read = text_of(session, at.company_id, message_id, html=None)
    return at.page.show(
        "message.html",
        message=message,
        text=text.body.decode(errors="replace"),
        framed=read.media_type.startswith("text/html"),
    )


def message_html(request: Request) -> Response:
    """Give an e-mail's HTML to the frame of our own page; nothing in it runs, nothing is fetched."""
    at = company_visit(request)
    with snapshot(at.api.engine) as session:
        part = text_of(session, at.company_id, request.path_params["message_id"], html=True)
    answer = shown(part, inline=True)
    answer.headers["Content-Security-Policy"] += "; frame-ancestors 'self'"
    return answer


def message_file(request: Request) -> Response:
    """Give a file of a message, in a form that runs nothing; our own page may frame it."""
    at = company_visit(request)
    with snapshot(at.api.engine) as session:
        file = attachment_of(
            session, at.company_id, request.path_params["message_id"], request.path_params["index"]
        )
    answer = shown(file, inline=file.media_type in SHOWN)
    if file.media_type == _PDF:
        # Browsers show no PDF in a sandbox; their viewer is one of its own.
        answer.headers["Content-Security-Policy"] = _FRAMED
    return answer
