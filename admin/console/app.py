"""The console as an application within the API's process: routes, headers, errors as pages."""

from __future__ import annotations

import logging
from typing import Final
from uuid import uuid4

import psycopg
from pydantic import ValidationError
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from activities.discreet import told
from admin.api.context import Api
from admin.console import pages
from admin.console.door import COOKIE, Forbidden, SignInFirst, is_secure, visit_of
from admin.console.plain import plain_page
from admin.console.render import ROOT, url
from admin.console.words import word
from models.errors import NotFound, RelanceError

log = logging.getLogger("relance.console")

HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        b"object-src 'none'; frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)
"""On every answer that has no policy of its own: nothing runs, or is loaded, that is not ours."""


_AWAY: Final = (OperationalError, psycopg.OperationalError, PoolTimeout)
_NOT_TAKEN: Final = (DataError, psycopg.DataError, ValidationError)


class SecurityHeaders:
    """ASGI middleware: the headers above; over TLS, the promise to stay there; pages are not kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and add to what is answered."""
        secure = scope["type"] == "http" and is_secure(Request(scope))

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                there = {name for name, _ in headers}
                headers += [pair for pair in HEADERS if pair[0] not in there]
                if b"cache-control" not in there:
                    headers.append((b"cache-control", b"no-store"))
                if secure:
                    headers.append((b"strict-transport-security", b"max-age=31536000"))
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, sealed)


class KeptFiles(StaticFiles):
    """Our own files, whose addresses change with their bytes."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """As the file has it, to be kept for a year."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


def console_of(api: Api) -> Starlette:
    """The console of an installation, to be mounted at `/console`."""
    app = Starlette(
        routes=[
            Mount("/static", KeptFiles(directory=ROOT / "static"), name="static"),
            *(
                Route(path, endpoint, methods=[method], name=endpoint.__name__)
                for method, path, endpoint in pages.ROUTES
            ),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={
            SignInFirst: _sign_in_first,
            Forbidden: _forbidden,
            NotFound: _not_found,
            RelanceError: _refused,
            HTTPException: _http,
            **dict.fromkeys(_AWAY, _ledger_away),
            **dict.fromkeys(_NOT_TAKEN, _not_taken),
            Exception: _unforeseen,
        },
    )
    app.state.api = api
    return app


def _sign_in_first(request: Request, error: Exception) -> Response:
    ended = isinstance(error, SignInFirst) and error.ended
    wanted = request.url.path if request.method == "GET" else ""
    response = RedirectResponse(url("sign-in", to=wanted, ended="1" if ended else ""), 303)
    if ended:
        response.delete_cookie(COOKIE, path="/console")
    return response


def _forbidden(request: Request, error: Exception) -> Response:
    return _page(request, 403, error.key if isinstance(error, Forbidden) else "error.403")


def _not_found(request: Request, _error: Exception) -> Response:
    return _page(request, 404, "error.404")


def _http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return _page(request, status, "error.404" if status in (404, 405) else "error.403")


def _refused(request: Request, error: Exception) -> Response:
    """What the ledger refuses and no form shows: its own sentence."""
    return _page(request, 422, None, str(error))


def _not_taken(request: Request, error: Exception) -> Response:
    """What no form of ours sends: a NUL, which the ledger cannot hold; a filter nobody offers."""
    log.warning("a request is not taken: %s", told(error))
    return _page(request, 422, "error.422")


def _ledger_away(request: Request, error: Exception) -> Response:
    log.warning("the ledger does not answer: %s", told(error))
    return _page(request, 503, "error.503")


def _unforeseen(request: Request, error: Exception) -> Response:
    reference = str(uuid4())
    log.error("a page failed, reference %s: %s", reference, told(error))
    return _page(request, 500, "error.500", reference=reference)


def _page(request: Request, status: int, key: str | None, text: str = "", **values: str) -> Response:
    """An error as a page, in the language of whoever asks, or the browser's."""
    try:
        page = visit_of(request).page
    except (SignInFirst, *_AWAY):
        page = plain_page(request)
    said = word(page.language, key, **values) if key is not None else text
    # The address is nobody's page: the switch of languages leads to the first one.
    return page.show("error.html", status, text=said, path="")
