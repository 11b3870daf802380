"""The addresses that providers are given, and what comes to each."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from models.tables.words import Provider, ReceiptKind

SENDGRID_EVENTS: Final = "/webhooks/sendgrid"
SENDGRID_MAIL: Final = "/webhooks/sendgrid/inbound"
TWILIO_STATUS: Final = "/webhooks/twilio"
TWILIO_TEXTS: Final = "/webhooks/twilio/inbound"

COMMUNICATION: Final = "communication"
"""Name of our id: in SendGrid's custom arguments, and in the query of Twilio's callback address."""

_PLACES: Final = MappingProxyType(
    {
        SENDGRID_EVENTS: (Provider.SENDGRID.value, ReceiptKind.EVENTS.value),
        SENDGRID_MAIL: (Provider.SENDGRID.value, ReceiptKind.INBOUND_MAIL.value),
        TWILIO_STATUS: (Provider.TWILIO.value, ReceiptKind.STATUS.value),
        TWILIO_TEXTS: (Provider.TWILIO.value, ReceiptKind.INBOUND_SMS.value),
    }
)


def place_of(path: str) -> tuple[str, str] | None:
    """Provider and kind of what is posted to a path; None where it is no webhook."""
    return _PLACES.get(SENDGRID_MAIL if path.startswith(f"{SENDGRID_MAIL}/") else path)


def status_callback(public_url: str | None, communication_id: UUID) -> str | None:
    """Where Twilio is to tell what became of a message; None where providers cannot reach us."""
    if public_url is None:
        return None
    return f"{public_url}{TWILIO_STATUS}?{urlencode({COMMUNICATION: str(communication_id)})}"
