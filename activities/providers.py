"""The providers a worker sends through, built from settings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from activities.channels.file_drop import FileDrop
from activities.channels.outcomes import Outcome
from activities.channels.registered import RegisteredMail, RegisteredMailError
from activities.channels.sendgrid_email import Email, SendGridEmail
from activities.channels.twilio_sms import Sms, TwilioSms
from activities.settings import Sending, Settings
from models.errors import RelanceError


class SettingMissing(RelanceError):
    """A setting without which nothing may leave."""


class EmailSender(Protocol):
    """Hands an e-mail to its provider, once."""

    def send(self, email: Email) -> Outcome:
        """What became of it; never raises for what the provider answers."""
        ...


class SmsSender(Protocol):
    """Hands an SMS to its provider, once."""

    def send(self, sms: Sms) -> Outcome:
        """What became of it; never raises for what the provider answers."""
        ...

    def find(self, to: str, sent_since: datetime, body: str, known: Collection[str] = ()) -> str | None:
        """The provider's id of an SMS with this text to this number that is none of the `known` ones."""
        ...


@dataclass(frozen=True, slots=True)
class Providers:
    """None where a channel is not set up: what needs it is then refused by name, and a person asked."""

    email: EmailSender | None = None
    sms: SmsSender | None = None
    sms_sender: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Providers:
        """The real clients.

        Raises:
            SettingMissing: messages are to leave, but there is no SENDGRID_API_KEY, or Twilio is half set up.
        """
        email: EmailSender | None = None
        if settings.sendgrid_api_key is not None:
            email = SendGridEmail(
                settings.sendgrid_api_key.get_secret_value(),
                host=settings.sendgrid_host,
                timeout=settings.sendgrid_timeout,
            )
        elif settings.sending is not Sending.OFF:
            raise SettingMissing("SENDGRID_API_KEY is not set, and RELANCE_SENDING is not off")
        sms: SmsSender | None = None
        if settings.twilio_account_sid and settings.twilio_auth_token:
            if not settings.twilio_from and not settings.twilio_messaging_service_sid:
                raise SettingMissing("set TWILIO_FROM or TWILIO_MESSAGING_SERVICE_SID: who sends the SMS?")
            sms = TwilioSms(
                settings.twilio_account_sid,
                settings.twilio_auth_token.get_secret_value(),
                sender=settings.twilio_from,
                messaging_service_sid=settings.twilio_messaging_service_sid,
                base_url=settings.twilio_base_url,
                timeout=settings.twilio_timeout,
            )
        return cls(email, sms, settings.twilio_from)


def registered_mail(settings: Settings) -> RegisteredMail | None:
    """Whoever carries registered letters; None where people post them.

    Raises:
        SettingMissing: the folder of RELANCE_REGISTERED_DROP cannot be used.
    """
    if settings.registered_drop is None:
        return None
    try:
        return FileDrop(settings.registered_drop)
    except RegisteredMailError as error:
        raise SettingMissing(f"RELANCE_REGISTERED_DROP: {error}") from None
