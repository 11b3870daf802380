"""A line in the log for each request: operation, status, how long; never a path, which may name people."""

from __future__ import annotations

import logging
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from activities.logs import fields

log = logging.getLogger("relance.api")


class RequestLog:
    """ASGI middleware: logs each answered request, failures of ours as warnings."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and log what became of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = perf_counter(), 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, watched)
        route = scope.get("route")
        log.log(
            logging.WARNING if status >= 500 else logging.INFO,
            "request %s",
            status,
            extra=fields(
                method=scope["method"],
                operation=getattr(route, "operation_id", None),
                status=status,
                ms=round(1000 * (perf_counter() - began)),
            ),
        )
