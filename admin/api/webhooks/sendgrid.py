"""SendGrid's signed event webhook."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from activities.inbound.places import SENDGRID_EVENTS
from activities.inbound.signatures import doubt_sendgrid, sendgrid_key
from admin.api.context import ApiContext
from admin.api.limits import BODY
from admin.api.problems import responses
from admin.api.webhooks import receiving
from models.tables.words import Provider, ReceiptKind

router = APIRouter(tags=["webhooks"])

_WHO: Final = (Provider.SENDGRID, ReceiptKind.EVENTS)

_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "items": {"type": "object"}},
                "example": [
                    {
                        "event": "delivered",
                        "email": "compta@client.example",
                        "timestamp": 1773133200,
                        "sg_event_id": "ZGVsaXZlcmVkLTAtMTIz",
                        "sg_message_id": "14c5d75ce93.recvd-5f4-1",
                        "communication": "0b1f6f0e-6a55-4c39-8f0c-2f1f9f3c6a10",
                    }
                ],
            }
        },
    }
}


@router.post(
    SENDGRID_EVENTS,
    operation_id="receive_sendgrid_events",
    status_code=204,
    response_class=Response,
    responses=responses(400, 403, 413),
    openapi_extra=_BODY,
)
def events(
    request: Request,
    api: ApiContext,
    signature: Annotated[str | None, Header(alias="X-Twilio-Email-Event-Webhook-Signature")] = None,
    timestamp: Annotated[str | None, Header(alias="X-Twilio-Email-Event-Webhook-Timestamp")] = None,
) -> Response:
    """Take SendGrid's events of e-mails: delivered, bounced and the like. For SendGrid alone, which signs."""
    key = api.settings.sendgrid_webhook_public_key
    if key is None:
        raise receiving.not_set_up(*_WHO, "SENDGRID_WEBHOOK_PUBLIC_KEY")
    body: bytes = request.scope[BODY]
    fresh = timedelta(seconds=api.settings.webhook_fresh_seconds)
    # This machine's time: SendGrid knows nothing of business time.
    doubt = doubt_sendgrid(sendgrid_key(key), signature, timestamp, body, api.clock.wall(), fresh)
    if doubt is not None:
        raise receiving.refuse(*_WHO, doubt)
    if not _is_array(body):
        raise receiving.malformed(*_WHO, "the body is no JSON array")
    return receiving.kept(api, *_WHO, body)


def _is_array(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), list)
    except (ValueError, RecursionError):
        return False
