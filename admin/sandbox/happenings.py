"""What a provider tells of a message, in its own words: SendGrid's events, Twilio's status callbacks.

Field names and values: SendGrid, "Event Webhook Reference"; Twilio, "Track the Message Status of Outbound
Messages". Events that come of reading (open, click) are never made: tracking is off in what we send.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from admin.sandbox.fates import Fate, FateSpec
from admin.sandbox.models import SandboxMessage
from admin.sandbox.twilio_sms import API_VERSION

_REASONS = {
    Fate.BOUNCE: "550 5.1.1 The email account that you tried to reach does not exist.",
    Fate.BLOCKED: "451 4.7.1 Greylisting in action, please come back later",
    Fate.DROPPED: "Bounced Address",
    Fate.DEFERRED: "451 4.2.1 The mailbox is temporarily unavailable",
}
_CODES = {Fate.UNDELIVERED: 30005, Fate.FAILED: 30008}

MAIL_STORIES: dict[Fate, tuple[Fate | None, ...]] = {
    # None stands for "processed", which is no end.
    Fate.DELIVERED: (None, Fate.DELIVERED),
    Fate.SILENT: (),
    Fate.DEFERRED: (None, Fate.DEFERRED, Fate.DELIVERED),
    Fate.BOUNCE: (None, Fate.BOUNCE),
    Fate.BLOCKED: (None, Fate.BLOCKED),
    Fate.DROPPED: (Fate.DROPPED,),
    Fate.SPAM: (None, Fate.DELIVERED, Fate.SPAM),
    Fate.UNSUBSCRIBE: (None, Fate.DELIVERED, Fate.UNSUBSCRIBE),
}
SMS_STORIES: dict[Fate, tuple[str, ...]] = {
    Fate.DELIVERED: ("queued", "sent", "delivered"),
    Fate.SILENT: (),
    Fate.UNDELIVERED: ("queued", "sent", "undelivered"),
    Fate.FAILED: ("queued", "failed"),
}


def mail_events(
    message: SandboxMessage, recipient: str, fate: FateSpec, at: datetime, *, last_only: bool = False
) -> list[dict[str, Any]]:
    """The events of one recipient of an e-mail, in order.

    Copies have events of their own, with the same message id and custom arguments and another ``email``.

    Args:
        message: the e-mail as it was taken.
        recipient: one of its addresses.
        fate: what becomes of it.
        at: when, aware; SendGrid tells whole seconds.
        last_only: only the event with which that fate ends.
    """
    story = MAIL_STORIES[fate.fate]
    return [_mail_event(message, recipient, what, fate, at) for what in (story[-1:] if last_only else story)]


def _mail_event(
    message: SandboxMessage, recipient: str, what: Fate | None, fate: FateSpec, at: datetime
) -> dict[str, Any]:
    name = {None: "processed", Fate.BLOCKED: "bounce", Fate.SPAM: "spamreport"}.get(what) or str(what)
    event: dict[str, Any] = {
        # Custom arguments stand beside the event's own fields, which win.
        **message.custom_args,
        "email": recipient,
        "timestamp": int(at.timestamp()),
        "event": name,
        "sg_event_id": _event_id(name),
        "sg_message_id": f"{message.provider_id}.recvd-5f54b5d587-pczjm-1-67BADEEA-6.0",
        "smtp-id": f"<{message.provider_id}@geopod-ismtpd-3>",
    }
    if message.categories:
        event["category"] = list(message.categories)
    return event | dict(_mail_details(what, fate))


def _mail_details(what: Fate | None, fate: FateSpec) -> Iterator[tuple[str, Any]]:
    """The fields that only some events have."""
    reason = (fate.reason if what is fate.fate else None) or (_REASONS.get(what) if what else None)
    if what is Fate.DELIVERED:
        yield from {"response": "250 2.0.0 OK", "ip": "192.0.2.1", "tls": 1}.items()
    elif what is Fate.DEFERRED:
        yield from {"response": reason, "attempt": "1", "ip": "192.0.2.1", "tls": 1}.items()
    elif what is Fate.DROPPED:
        yield "reason", reason
    elif what in (Fate.BOUNCE, Fate.BLOCKED):
        words = (reason or "").split()
        status = words[1] if len(words) > 1 and words[1][:2] in ("4.", "5.") else None
        yield from {"reason": reason, "type": "blocked" if what is Fate.BLOCKED else "bounce"}.items()
        # A real bounce without an enhanced status code comes without the field.
        if status is not None:
            yield "status", status
        kind = "Invalid Address" if what is Fate.BOUNCE else "Reputation"
        yield from {"bounce_classification": kind, "ip": "192.0.2.1", "tls": 1}.items()


def _event_id(name: str) -> str:
    text = f"{name}-0-{secrets.token_hex(12)}-0"
    return base64.urlsafe_b64encode(text.encode("ascii")).decode("ascii").rstrip("=")


def sms_statuses(
    message: SandboxMessage, fate: FateSpec, at: datetime, *, last_only: bool = False
) -> Sequence[dict[str, str]]:
    """The forms posted to an SMS's ``StatusCallback``, in order; arguments as for `mail_events`."""
    story = SMS_STORIES[fate.fate]
    return [_sms_status(message, status, fate, at) for status in (story[-1:] if last_only else story)]


def _sms_status(message: SandboxMessage, status: str, fate: FateSpec, at: datetime) -> dict[str, str]:
    form = {
        "AccountSid": message.account or "",
        "ApiVersion": API_VERSION,
        "From": message.sender.address if message.sender else "",
        "MessageSid": message.provider_id,
        "MessageStatus": status,
        "SmsSid": message.provider_id,
        "SmsStatus": status,
        "To": message.to[0].address if message.to else "",
    }
    if message.messaging_service:
        form["MessagingServiceSid"] = message.messaging_service
    if status in ("undelivered", "failed"):
        form["ErrorCode"] = str(fate.code or _CODES[fate.fate])
    if status in ("delivered", "undelivered"):
        form["RawDlrDoneDate"] = f"{at.astimezone(UTC):%y%m%d%H%M}"
    return form
