"""Twilio's Messages: ``POST`` and ``GET`` of the list, ``GET`` of one, with their real JSON."""

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from admin.sandbox import twilio_sms
from admin.sandbox.desk import Desk, Draft, answer_of, raw_request, read_body
from admin.sandbox.models import Channel, FaultRule, FaultSpec, Provider, SandboxMessage
from admin.sandbox.store import MessageFilter
from admin.sandbox.twilio_sms import Refusal, refusal, refusal_for_status

MAX_BYTES = 1024 * 1024
PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000


def router(desk: Desk, account_sid: str | None, token: str | None) -> APIRouter:
    """The endpoints; ``account_sid`` and ``token`` are what they take (``None``: any not empty)."""
    routes = APIRouter(prefix=f"/{twilio_sms.API_VERSION}/Accounts/{{account}}", include_in_schema=False)

    @routes.post("/Messages.json")
    async def create_message(request: Request, account: str) -> Response:
        body = await read_body(request, MAX_BYTES)
        if body is None:
            return _answer(refusal_for_status(413))
        form = dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))
        message = twilio_sms.read(account, form, datetime.now(UTC))
        draft, raw = Draft(message), raw_request(request, body)
        refused = _check_credentials(request, account, account_sid, token) or twilio_sms.check(form)
        if refused is not None:
            response = _answer(refused)
            desk.keep([draft], raw, answer_of(response), accepted=False)
            return response

        desk.voice.know(account, _credentials(request)[1])

        def failure(rule: FaultRule) -> Response:
            return _fault(rule, form)

        def success() -> Response:
            return JSONResponse(twilio_sms.resource(message, created=True), 201)

        return await desk.send(request, Provider.TWILIO, [draft], raw, success=success, failure=failure)

    @routes.get("/Messages.json")
    async def list_messages(request: Request, account: str) -> Response:
        refused = _check_credentials(request, account, account_sid, token)
        if refused is not None:
            return _answer(refused)
        query = dict(request.query_params)
        try:
            since, until = twilio_sms.sent_between(query)
            size = min(max(int(query.get("PageSize", PAGE_SIZE)), 1), MAX_PAGE_SIZE)
            page = max(int(query.get("Page", 0)), 0)
        except ValueError as error:
            return _answer(Refusal(400, 20001, f"Invalid parameter: {error}"))
        # Rows written after the first page must not shift the next ones: they are cut off by the token.
        ceiling = query.get("PageToken", "").removeprefix("PA")
        wanted = MessageFilter(
            provider=Provider.TWILIO,
            account=account,
            accepted=True,
            recipient=query.get("To") or None,
            sender=query.get("From") or None,
            since=since,
            until=until,
            before_id=int(ceiling) if ceiling.isdigit() else None,
        )

        def success() -> Response:
            found = desk.store.find(wanted, newest_first=True, limit=size + 1, offset=page * size)
            return JSONResponse(_page(request, query, found, page, size))

        return await _read(request, [query.get("To", "")], success)

    @routes.get("/Messages/{sid}.json")
    async def fetch_message(request: Request, account: str, sid: str) -> Response:
        refused = _check_credentials(request, account, account_sid, token)
        if refused is not None:
            return _answer(refused)
        wanted = MessageFilter(channel=Channel.SMS, account=account, provider_id=sid, accepted=True)
        found = desk.store.find(wanted)
        if not found:
            text = f"The requested resource {request.url.path} was not found"
            return _answer(Refusal(404, 20404, text))

        def success() -> Response:
            return JSONResponse(twilio_sms.resource(found[0], created=False))

        return await _read(request, found[0].recipients, success)

    async def _read(request: Request, recipients: Sequence[str], success: Any) -> Response:
        return await desk.read(request, Provider.TWILIO, recipients, success=success, failure=_fault)

    return routes


def _page(
    request: Request, query: dict[str, str], found: list[SandboxMessage], page: int, size: int
) -> dict[str, Any]:
    shown = found[:size]
    path = request.url.path
    filters = {key: value for key, value in query.items() if key not in ("Page", "PageToken", "PageSize")}
    token = query.get("PageToken") or (f"PA{found[0].id + 1}" if found else None)

    def link(number: int) -> str:
        parts = {**filters, "PageSize": str(size), "Page": str(number)}
        if number and token:
            parts["PageToken"] = token
        return f"{path}?{urlencode(parts)}"

    return {
        "end": page * size + max(len(shown) - 1, 0),
        "first_page_uri": link(0),
        "messages": [twilio_sms.resource(message, created=False) for message in shown],
        "next_page_uri": link(page + 1) if len(found) > size else None,
        "page": page,
        "page_size": size,
        "previous_page_uri": link(page - 1) if page else None,
        "start": page * size,
        "uri": link(page),
    }


def _check_credentials(request: Request, account: str, sid: str | None, token: str | None) -> Refusal | None:
    user, password = _credentials(request)
    ok = bool(user and password)
    if sid is not None:
        ok = ok and hmac.compare_digest(user.encode(), sid.encode()) and account == sid
    if token is not None:
        ok = ok and hmac.compare_digest(password.encode(), token.encode())
    return None if ok else refusal(20003)


def _credentials(request: Request) -> tuple[str, str]:
    """User and password of HTTP's basic authentication; empty where there is none."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return user, password


def _fault(rule: FaultRule, form: dict[str, str] | None = None) -> Response:
    if rule.code is None:
        return _answer(refusal_for_status(rule.status))
    # A code decides the status it comes with, unless the rule names one of its own.
    named = rule.status != FaultSpec.model_fields["status"].default
    known = rule.code in twilio_sms.ERRORS
    return _answer(refusal(rule.code, form, rule.status if named or not known else None))


def _answer(refused: Refusal) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if refused.status == 401 else None
    return JSONResponse(refused.payload(), refused.status, headers)
