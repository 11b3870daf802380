"""How much a request may carry. The body is read once, up to its limit, and kept for the fingerprint."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from activities import watch
from activities.inbound.places import place_of
from admin.api.context import Api
from admin.api.problems import problem
from admin.api.webhooks.door import brings_mail, doubt_mail

MAX_BODY = 1_048_576
"""Bytes: a plan of a thousand instalments takes a tenth of it, SendGrid's largest post of events three
quarters."""

MAX_MAIL = 10 * 1024 * 1024
"""Bytes of a mail that is brought: what comes after them is let go by, and said to be missing."""

MAX_FILE = 64 * 1024 * 1024
"""Bytes of a file that somebody with a key brings; larger ones come by the command line."""

BODY = "relance.body"
TRUNCATED = "relance.truncated"


class BoundedBody:
    """ASGI middleware: refuses a body above `MAX_BODY` with 413, however it announces itself.

    Mail that is believed is taken up to `MAX_MAIL` instead, and cut there: refused, it would be lost. A file
    may have up to `MAX_FILE`.
    """

    def __init__(self, app: ASGIApp, api: Api) -> None:
        self._app = app
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body of an HTTP request, and pass both on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MAX_FILE if _brings_file(scope) else MAX_BODY
        is_mail = brings_mail(scope) and doubt_mail(scope, self._api.settings) is None
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            part: bytes = message.get("body", b"")
            size += len(part)
            if is_mail and size > MAX_MAIL:
                part = part[: max(0, len(part) - (size - MAX_MAIL))]
                scope[TRUNCATED] = True
            elif not is_mail and size > most:
                place = place_of(scope["path"])
                if place is not None:
                    watch.post_came(*place, "oversized")
                refusal = problem(
                    413,
                    f"the body is over {most} bytes; nothing was changed",
                    headers={"Connection": "close"},
                )
                await refusal(scope, receive, send)
                return
            parts.append(part)
            if not message.get("more_body", False):
                break
        body = b"".join(parts)
        # In place: the route found further in is written into it, and the log outside reads it there.
        scope[BODY] = body
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, again, send)


def _brings_file(scope: Scope) -> bool:
    """Whether this is a file for a company, by its path; without key or session it is not worth reading."""
    path: str = scope["path"]
    if scope["method"] != "POST":
        return False
    if path.startswith("/console/") and path.endswith("/imports"):
        return any(name == b"cookie" and b"relance_session=" in told for name, told in scope["headers"])
    return (
        path.startswith("/v1/companies/")
        and path.endswith(("/bank-files", "/invoice-imports"))
        and any(name == b"authorization" for name, _ in scope["headers"])
    )
