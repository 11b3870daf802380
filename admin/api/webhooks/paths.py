"""The addresses that providers are given, and what comes to each."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from models.tables.words import Provider, ReceiptKind

SENDGRID_EVENTS: Final = "/webhooks/sendgrid"
SENDGRID_MAIL: Final = "/webhooks/sendgrid/inbound"
TWILIO_STATUS: Final = "/webhooks/twilio"
TWILIO_TEXTS: Final = "/webhooks/twilio/inbound"

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
