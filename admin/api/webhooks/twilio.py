"""Twilio's status callbacks."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from activities.inbound.places import TWILIO_STATUS
from admin.api.context import ApiContext
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
    body, query = receiving.signed_by_twilio(api, *_WHO, request, signature, "MessageStatus")
    return receiving.kept(api, *_WHO, body, query=query)
