"""What customers write back: mail from SendGrid's Inbound Parse, text messages from Twilio."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Request
from fastapi.responses import Response

from activities import watch
from activities.inbound.places import SENDGRID_MAIL, TWILIO_TEXTS
from activities.inbound.replies import CUT
from admin.api.context import Api, ApiContext
from admin.api.limits import BODY, TRUNCATED
from admin.api.problems import ProblemError, responses
from admin.api.reads.parts import binary
from admin.api.webhooks import receiving
from admin.api.webhooks.door import doubt_mail
from models.tables.words import Provider, ReceiptKind

router = APIRouter(tags=["webhooks"])

_MAIL: Final = (Provider.SENDGRID, ReceiptKind.INBOUND_MAIL)
_TEXT: Final = (Provider.TWILIO, ReceiptKind.INBOUND_SMS)

_MAIL_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "email": {"type": "string", "description": "The raw message, where that is chosen"},
                        "headers": {"type": "string"},
                        "from": {"type": "string"},
                        "to": {"type": "string"},
                        "subject": {"type": "string"},
                        "text": {"type": "string"},
                        "html": {"type": "string"},
                        "envelope": {"type": "string", "description": "JSON: `to`, `from`"},
                        "charsets": {"type": "string", "description": "JSON: charset by field"},
                        "attachment-info": {"type": "string", "description": "JSON: facts by file"},
                    },
                }
            }
        },
    }
}
_TEXT_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {"type": "object", "additionalProperties": {"type": "string"}},
                "example": {
                    "MessageSid": "SM0123456789abcdef0123456789abcdef",
                    "From": "+33612345678",
                    "To": "+33700000001",
                    "Body": "Virement fait ce matin",
                    "NumMedia": "0",
                },
            }
        },
    }
}


@router.post(
    SENDGRID_MAIL,
    operation_id="receive_sendgrid_mail",
    status_code=204,
    response_class=Response,
    responses=responses(400, 403),
    openapi_extra=_MAIL_BODY,
)
def mail(request: Request, api: ApiContext) -> Response:
    """Take a mail from SendGrid's Inbound Parse, which brings a secret as its password."""
    return _take_mail(request, api)


@router.post(
    f"{SENDGRID_MAIL}/{{secret}}",
    operation_id="receive_sendgrid_mail_by_address",
    status_code=204,
    response_class=Response,
    responses=responses(400, 403),
    openapi_extra=_MAIL_BODY,
)
def mail_by_address(request: Request, secret: str, api: ApiContext) -> Response:  # noqa: ARG001 (checked with the request, below)
    """Take a mail from SendGrid's Inbound Parse, which brings a secret in the address it was given."""
    return _take_mail(request, api)


def _take_mail(request: Request, api: Api) -> Response:
    if not api.settings.inbound_secrets:
        raise receiving.not_set_up(*_MAIL, "RELANCE_INBOUND_SECRET")
    doubt = doubt_mail(request.scope, api.settings)
    if doubt is not None:
        watch.post_came(*_MAIL, doubt.value)
        raise ProblemError(
            401,
            "unauthorised",
            "a secret is required, as the password or the end of the address; nothing was kept",
            {"WWW-Authenticate": "Basic"},
        )
    content_type = request.headers.get("content-type", "")
    if not content_type.lower().startswith("multipart/form-data"):
        raise receiving.malformed(*_MAIL, "the body is no multipart/form-data")
    headers = {"content-type": content_type[:500]}
    if request.scope.get(TRUNCATED):
        # Refused, it would be gone: SendGrid tries nothing again that was refused, and tells nobody.
        headers[CUT] = "true"
    return receiving.kept(api, *_MAIL, request.scope[BODY], headers=headers)


@router.post(
    TWILIO_TEXTS,
    operation_id="receive_twilio_text",
    response_class=Response,
    responses=responses(400, 403, 413) | binary("An empty TwiML document: nothing is answered", "text/xml"),
    openapi_extra=_TEXT_BODY,
)
def text(
    request: Request,
    api: ApiContext,
    signature: Annotated[str | None, Header(alias="X-Twilio-Signature")] = None,
) -> Response:
    """Take a text message that somebody sent to one of our numbers. For Twilio alone, which signs it."""
    body, query = receiving.signed_by_twilio(api, *_TEXT, request, signature, "From")
    answer = receiving.kept(api, *_TEXT, body, query=query)
    # Nothing is answered to the sender: an empty TwiML document says so.
    return Response("<Response/>", media_type="text/xml", background=answer.background)
