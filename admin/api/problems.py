"""Errors as problem details (RFC 9457): each names the field and the rule, and what can be done."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import uuid4

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from activities.discreet import told
from models.errors import Conflict, InvalidFact, NotFound, RelanceError, Unreachable, WrongState

log = logging.getLogger("relance.api")

MEDIA_TYPE: Final = "application/problem+json"

_STATUS: Final[Mapping[type[RelanceError], tuple[int, str, str]]] = {
    NotFound: (404, "not-found", "Not found"),
    InvalidFact: (422, "invalid", "The request cannot be true as told"),
    WrongState: (409, "wrong-state", "Past the point where this can be done"),
    Conflict: (409, "conflict", "Known already, with other facts"),
    Unreachable: (503, "unreachable", "A server we need does not answer"),
}
TITLES: Final = {
    400: ("bad-request", "The request cannot be read"),
    401: ("unauthorised", "No valid API key"),
    403: ("forbidden", "The key's role does not allow this"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "This path does not take this method"),
    409: ("conflict", "Conflict"),
    413: ("too-large", "The body is too large"),
    415: ("unsupported-media-type", "The body is not JSON"),
    422: ("invalid", "The request breaks a rule"),
    500: ("internal", "Something failed here; nothing was changed"),
    503: ("unreachable", "A server we need does not answer"),
}

_FIELD: Final = re.compile(r"(?P<name>[a-z][a-z_]*)(?: (?P<place>[1-9][0-9]*))?: ")

_BEGIN_A_RULE: Final = frozenset({"conflict", "missing"})


class FieldError(BaseModel):
    """One broken rule. `field` is where, as `body.amount` or `query.limit`."""

    field: str
    rule: str


class Problem(BaseModel):
    """What went wrong. `type` is stable, for programs; `detail` is one sentence, for people."""

    type: Annotated[str, Field(examples=["urn:relance:problem:invalid"])]
    title: str
    status: int
    detail: str
    errors: list[FieldError] = Field(default_factory=list)
    instance: str | None = None


class ProblemError(Exception):
    """A problem to answer with, where none of the named errors fits."""

    def __init__(self, status: int, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers = status, kind, detail, headers


def problem(
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    title: str | None = None,
    errors: Sequence[FieldError] = (),
    instance: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer that tells a problem."""
    usual = TITLES.get(status, ("error", "Error"))
    document = Problem(
        type=f"urn:relance:problem:{kind or usual[0]}",
        title=title or usual[1],
        status=status,
        detail=detail,
        errors=list(errors),
        instance=instance,
    )
    return JSONResponse(
        document.model_dump(exclude_none=True), status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems an operation may answer with, for its OpenAPI entry."""
    return {
        status: {"model": Problem, "description": TITLES[status][1]} for status in (*statuses, 401, 422, 503)
    }


def known_already(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """The answer, for an operation's OpenAPI entry, to something told again with the same facts."""
    return {200: {"model": model, "description": "It was known with these facts; nothing changed"}}


def install(app: FastAPI) -> None:
    """Make every error of the application a problem document."""

    @app.exception_handler(RelanceError)
    async def known(_request: Request, error: RelanceError) -> JSONResponse:
        kinds = [(kind, named) for kind, named in _STATUS.items() if isinstance(error, kind)]
        status, name, title = kinds[0][1] if kinds else (500, "internal", TITLES[500][1])
        errors = [_field_of(line) for line in str(error).splitlines()] if status == 422 else []
        headers = {"Retry-After": "5"} if status == 503 else None
        return problem(status, str(error), kind=name, title=title, errors=errors, headers=headers)

    @app.exception_handler(ProblemError)
    async def named(_request: Request, error: ProblemError) -> JSONResponse:
        return problem(error.status, error.detail, kind=error.kind, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        faults = error.errors()
        if any(fault["type"] == "json_invalid" for fault in faults):
            return problem(400, f"the body is no valid JSON: {faults[0].get('ctx', {}).get('error', '')}")
        errors = [
            FieldError(field=".".join(str(part) for part in fault["loc"]), rule=str(fault["msg"]))
            for fault in faults
        ]
        return problem(422, "; ".join(f"{e.field}: {e.rule}" for e in errors[:5]), errors=errors)

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, str(error.detail), headers=error.headers)

    # The driver's own errors come from COPY and from the imports, which ask it directly.
    @app.exception_handler(OperationalError)
    @app.exception_handler(psycopg.OperationalError)
    @app.exception_handler(PoolTimeout)
    async def ledger_away(_request: Request, error: Exception) -> JSONResponse:
        log.warning("the ledger does not answer: %s", told(error))
        return problem(503, "the ledger does not answer; nothing was changed", headers={"Retry-After": "5"})

    @app.exception_handler(DataError)
    @app.exception_handler(psycopg.DataError)
    async def unstorable(_request: Request, _error: Exception) -> JSONResponse:
        return problem(422, "a value is out of the range that can be stored; nothing was changed")

    @app.exception_handler(Exception)
    async def unforeseen(_request: Request, error: Exception) -> JSONResponse:
        reference = str(uuid4())
        log.error("request failed, reference %s: %s", reference, told(error))
        return problem(
            500, f"give the reference {reference} to the operator", instance=f"urn:uuid:{reference}"
        )


def _field_of(line: str) -> FieldError:
    """`amount: required` names a field and a rule; a sentence without a field is about the whole.

    `instalments 2: due_on: …` is the second one's day: `body.instalments.1.due_on`, as fields are told
    that were refused before they came here.
    """
    parts = ["body"]
    while (found := _FIELD.match(line)) is not None and found["name"] not in _BEGIN_A_RULE:
        parts += [found["name"], *([str(int(found["place"]) - 1)] if found["place"] else [])]
        line = line[found.end() :]
    return FieldError(field=".".join(parts), rule=line)
