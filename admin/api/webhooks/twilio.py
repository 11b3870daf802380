"""Twilio's status callbacks."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from activities.inbound.places import TWILIO_STATUS
from activities.inbound.signatures import doubt_twilio
from admin.api.context import ApiContext
from admin.api.limits import BODY
from admin.api.problems import responses
from admin.api.webhooks import receiving
from models.tables.words import Provider, ReceiptKind

router = APIRouter(tags=["webhooks"])

_WHO: Final = (Provider.TWILIO, ReceiptKind.STATUS)

_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "additionalProperties": {"type": "string"}},
                "example": {
                    "MessageSid": "SM0123456789abcdef0123456789abcdef",
                    "MessageStatus": "undelivered",
                    "ErrorCode": "30006",
                    "To": "+33612345678",
                },
            }
        },
    }
}


@router.post(
    TWILIO_STATUS,
    operation_id="receive_twilio_status",
    status_code=204,
    response_class=Response,
    responses=responses(400, 403, 413),
    openapi_extra=_BODY,
)
def status(
    request: Request,
    api: ApiContext,
    signature: Annotated[str | None, Header(alias="X-Twilio-Signature")] = None,
) -> Response:
    """Take Twilio's word on what became of an SMS. For Twilio alone, which signs it."""
    token, public = api.settings.twilio_auth_token, api.settings.public_url
    if token is None or public is None:
        missing = "TWILIO_AUTH_TOKEN" if token is None else "RELANCE_PUBLIC_URL"
        raise receiving.not_set_up(*_WHO, missing)
    body: bytes = request.scope[BODY]
    query: str = request.scope["query_string"].decode("ascii", "replace")
    # What Twilio was told to call, and signs: behind a proxy, the request's own address is another.
    url = public + TWILIO_STATUS + (f"?{query}" if query else "")
    fields = parse_qsl(body.decode("utf-8", "surrogateescape"), keep_blank_values=True)
    doubt = doubt_twilio(token.get_secret_value(), signature, url, fields)
    if doubt is not None:
        raise receiving.refuse(*_WHO, doubt)
    told = dict(fields)
    if not (told.get("MessageSid") or told.get("SmsSid")) or not told.get("MessageStatus"):
        raise receiving.malformed(*_WHO, "MessageSid and MessageStatus are required")
    return receiving.kept(api, *_WHO, body, query=query)
