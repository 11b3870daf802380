"""Path segments whole: an invoice number may hold a slash, which comes percent-encoded (`FA%2F1`).

Servers decode the path before it is routed, so that `FA%2F1` would look like two segments. Here the raw
path is split first, and a slash inside a segment travels as a private character until `decoded` puts it
back.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import unquote
from uuid import UUID

from fastapi import Path
from starlette.types import ASGIApp, Receive, Scope, Send

_SLASH = "\ue02f"


class WholeSegments:
    """ASGI middleware: routes see each segment of the raw path as one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Rewrite the path of an HTTP request, and pass it on."""
        if scope["type"] == "http" and b"%2f" in scope.get("raw_path", b"").lower():
            raw: str = scope["raw_path"].decode("ascii", "replace").partition("?")[0]
            segments = (unquote(segment).replace("/", _SLASH) for segment in raw.split("/"))
            scope["path"] = "/".join(segments)
        await self._app(scope, receive, send)


def decoded(segment: str) -> str:
    """A path parameter as its sender wrote it."""
    return segment.replace(_SLASH, "/")


InvoiceNumber = Annotated[
    str,
    Path(description="Invoice number; a `/` in it as `%2F`", max_length=200, examples=["FA-1001"]),
]
CustomerRef = Annotated[
    str,
    Path(description="The customer's reference; a `/` in it as `%2F`", max_length=200, examples=["C-101"]),
]
EventRef = Annotated[
    str,
    Path(
        description="Event id of the earlier fact, as it was answered; a `/` in it as `%2F`",
        max_length=200,
        examples=["bank-2026-04-02-17"],
    ),
]
TaskId = Annotated[UUID, Path(description="The task's id", examples=["0b1f6f0e-6a55-4c39-8f0c-2f1f9f3c6a10"])]
ContactId = Annotated[
    UUID, Path(description="The contact's id", examples=["7c0d6f9a-0a59-4a53-9b3f-0f4f9f3c6a11"])
]
