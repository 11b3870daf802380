"""Handing one message to its provider, as it was stored."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from activities.channels.outcomes import Outcome, Rejected
from activities.channels.sendgrid_email import Attachment, Email
from activities.channels.twilio_sms import Sms
from activities.envelope import Envelope
from activities.inbound.places import status_callback
from activities.providers import Providers
from activities.settings import Settings
from rules.calendar import Channel


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that is ours to hand over."""

    message_id: UUID
    envelope: Envelope
    custom_args: dict[str, str]
    validity_seconds: int | None
    files: tuple[Attachment, ...]


def hand_over(taken: Taken, settings: Settings, providers: Providers) -> Outcome:
    """Call the provider of a message, once; what became of it, whatever that is."""
    envelope = taken.envelope
    if envelope.channel == Channel.SMS:
        if providers.sms is None:
            return Rejected("no SMS provider is set up (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)", None)
        return providers.sms.send(
            Sms(
                to_number=envelope.to_address,
                body=envelope.text,
                sender=providers.sms_sender,
                validity_seconds=taken.validity_seconds,
                status_callback=status_callback(settings.public_url, taken.message_id),
            )
        )
    if providers.email is None:
        return Rejected("no e-mail provider is set up (SENDGRID_API_KEY)", None)
    return providers.email.send(
        Email(
            from_address=envelope.from_address or "",
            from_name=envelope.from_name or "",
            to_address=envelope.to_address,
            to_name=envelope.to_name,
            reply_to_address=envelope.reply_to_address or envelope.from_address or "",
            reply_to_name=envelope.reply_to_name or envelope.from_name or "",
            cc=envelope.cc,
            subject=envelope.subject or "",
            text=envelope.text,
            html=envelope.html,
            custom_args=taken.custom_args,
            attachments=taken.files,
        )
    )
