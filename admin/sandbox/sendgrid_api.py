"""``POST /v3/mail/send`` as SendGrid answers it."""

import hmac
import json
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from admin.sandbox import sendgrid_mail
from admin.sandbox.desk import Desk, answer_of, raw_request, read_body
from admin.sandbox.models import FaultRule, Provider
from admin.sandbox.sendgrid_mail import Problem, problem

_REASONS = {
    400: "Bad Request",
    401: "The provided authorization grant is invalid, expired, or revoked",
    403: "The from address does not match a verified Sender Identity. Mail cannot be sent until this error is"
    " resolved.",
    404: "Not Found",
    413: "Payload Too Large: the total size of your message must be under 30 MB.",
    415: "Unsupported Media Type: the content type must be application/json.",
    429: "too many requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_TOO_MANY = 429


def router(desk: Desk, key: str | None) -> APIRouter:
    """The endpoint; ``key`` is the API key it takes (``None``: any that is not empty)."""
    routes = APIRouter()

    @routes.post("/v3/mail/send", include_in_schema=False)
    async def send_mail(request: Request) -> Response:
        body = await read_body(request, sendgrid_mail.MAX_BYTES)
        if body is None:
            return _refusal(413)
        raw = raw_request(request, body)
        decoded = None
        problems: list[Problem] | None = None
        try:
            decoded = json.loads(body)
        except ValueError:
            problems = [problem("Bad Request")]
        drafts = sendgrid_mail.read(decoded, datetime.now(UTC))

        if not _authorized(request, key):
            refusal: Response | None = _refusal(401)
        elif request.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            refusal = _refusal(415)
        else:
            problems = problems or sendgrid_mail.check(decoded)
            refusal = JSONResponse({"errors": problems}, 400) if problems else None
        if refusal is not None:
            desk.keep(drafts, raw, answer_of(refusal), accepted=False)
            return refusal

        only_checked = _only_checked(decoded)
        message_id = drafts[0].message.provider_id

        def success() -> Response:
            return Response(status_code=200 if only_checked else 202, headers={"X-Message-Id": message_id})

        return await desk.send(
            request,
            Provider.SENDGRID,
            drafts,
            raw,
            success=success,
            failure=_fault,
            accepts=not only_checked,
        )

    return routes


def _authorized(request: Request, key: str | None) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    given = given.strip()
    if scheme.lower() != "bearer" or not given:
        return False
    return key is None or hmac.compare_digest(given.encode(), key.encode())


def _only_checked(body: object) -> bool:
    """SendGrid's own sandbox mode: the request is checked, answered 200, and nothing leaves."""
    settings = body.get("mail_settings") if isinstance(body, dict) else None
    mode = settings.get("sandbox_mode") if isinstance(settings, dict) else None
    return isinstance(mode, dict) and mode.get("enable") is True


def _refusal(status: int) -> Response:
    return JSONResponse({"errors": [problem(_REASONS.get(status, "Error"))]}, status)


def _fault(rule: FaultRule) -> Response:
    response = _refusal(rule.status)
    if rule.status == _TOO_MANY:
        reset = int(datetime.now(UTC).timestamp()) + (rule.retry_after or 1)
        response.headers["X-RateLimit-Limit"] = "600"
        response.headers["X-RateLimit-Remaining"] = "0"
        response.headers["X-RateLimit-Reset"] = str(reset)
    return response
