"""When a message may be handed over: in the turn of its sender, and not when its hours are about to close."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from activities.providers import Providers
from activities.settings import Settings
from activities.store.allowance import Allowance
from activities.store.records import MessageRecord
from models.tables.words import Audience
from rules.calendar import BusinessCalendar, Channel

MOMENT_S: Final = 1.0
"""A turn that comes within this time is waited for in the attempt itself."""

CALL: Final = timedelta(seconds=20)
"""What is taken off an SMS's validity for the time a call may take: as long as Twilio is waited for."""

LAST_CALL: Final = CALL + timedelta(seconds=10)
"""No SMS is handed over later than this before its hours close: Twilio wants a validity above 5 seconds."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not its turn yet: it stays planned. `turn` is the time until then, `asked` until it is tried again."""

    turn: timedelta
    asked: timedelta


def allowance_of(channel: Channel, settings: Settings, providers: Providers) -> Allowance:
    """Whose calls are counted together: SendGrid counts an account, Twilio a number or a service."""
    if channel is Channel.SMS:
        sender = providers.sms_sender or settings.twilio_messaging_service_sid or "account"
        return Allowance("twilio", sender, settings.sms_per_second)
    return Allowance("sendgrid", "account", settings.email_per_second)


def closes_in(message: MessageRecord, calendar: BusinessCalendar, now: datetime) -> timedelta | None:
    """How long the hours of a message last; None where it knows none, or they are over."""
    if message.audience != Audience.DEBTOR:
        return None
    closes_at = calendar.closes_at(Channel(message.channel), now)
    return None if closes_at is None else closes_at - now


def within(hours: timedelta | None, wait: timedelta) -> timedelta:
    """A wait that ends when the hours do: what has not left by then is composed again for another day."""
    return wait if hours is None else min(wait, hours)


def validity(hours: timedelta | None) -> int | None:
    """Seconds an SMS may be queued at the provider: until its hours close, however long the call takes."""
    return None if hours is None else int((hours - CALL).total_seconds())
