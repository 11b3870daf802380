"""Twilio's Message resource: its errors, its checks, and how it is written in JSON.

Codes and texts: Twilio's error dictionary; numbers that always fail: Twilio's "magic" test numbers.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import phonenumbers

from admin.sandbox.models import Address, Channel, Provider, SandboxMessage
from admin.sandbox.segments import segment

API_VERSION = "2010-04-01"
MAX_BODY = 1600
MAX_VALIDITY = 36_000

ERRORS: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    20503: (503, "Service Unavailable"),
    21211: (400, "Invalid 'To' Phone Number: {to}"),
    21212: (400, "Invalid From Number (caller ID): {sender}"),
    21408: (
        400,
        "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}",
    ),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        "The 'From' phone number {sender} is not a valid, SMS-capable inbound phone number for your account.",
    ),
    21609: (400, "Invalid 'StatusCallback' URL: {callback}"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21612: (
        400,
        "Message cannot be sent with the current combination of 'To' ({to}) and/or 'From' ({sender})"
        " parameters",
    ),
    21614: (400, "'To' number is not a valid mobile number: {to}"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
    21635: (400, "'To' number cannot be a landline: {to}"),
    30001: (429, "Queue overflow"),
    35118: (400, "The ValidityPeriod must be between 1 and 36000 seconds"),
}
_BY_STATUS = {401: 20003, 404: 20404, 429: 20429, 500: 20500, 503: 20503}
_MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +\-_&]{1,11}")
_SHORT_CODE = re.compile(r"\d{3,8}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error of Twilio's: HTTP status, code (``None``: none is known for that status) and text."""

    status: int
    code: int | None
    message: str

    def payload(self) -> dict[str, Any]:
        """The JSON the service answers with."""
        code = self.code or self.status
        more = f"https://www.twilio.com/docs/errors/{code}"
        return {"code": code, "message": self.message, "more_info": more, "status": self.status}


def refusal(code: int, form: dict[str, str] | None = None, status: int | None = None) -> Refusal:
    """A known error (or any code with its ``status``), its text completed from the form."""
    known_status, text = ERRORS.get(code, (400, "Error {code}"))
    given = form or {}
    to, sender, callback = (given.get(name, "") for name in ("To", "From", "StatusCallback"))
    message = text.format(to=to, sender=sender, callback=callback, code=code)
    return Refusal(status or known_status, code, message)


def refusal_for_status(status: int) -> Refusal:
    """The error Twilio gives with an HTTP status when nothing more precise is asked for."""
    code = _BY_STATUS.get(status)
    return refusal(code, status=status) if code else Refusal(status, None, f"HTTP {status}")


def check(form: dict[str, str]) -> Refusal | None:
    """What the service would refuse in a form; ``None`` when the message can go."""
    to, sender = form.get("To", ""), form.get("From", "")
    if not to:
        return refusal(21604, form)
    if to in _MAGIC_TO:
        return refusal(_MAGIC_TO[to], form)
    if not _possible(to):
        return refusal(21211, form)
    if not sender and not form.get("MessagingServiceSid"):
        return refusal(21603, form)
    if sender and not (_possible(sender) or _ALPHANUMERIC.fullmatch(sender) or _SHORT_CODE.fullmatch(sender)):
        return refusal(21212, form)
    if not form.get("Body"):
        return refusal(21602, form)
    if len(form["Body"]) > MAX_BODY:
        return refusal(21617, form)
    callback = form.get("StatusCallback")
    if callback and (urlsplit(callback).scheme not in ("http", "https") or not urlsplit(callback).netloc):
        return refusal(21609, form)
    validity = form.get("ValidityPeriod", "1")
    if not validity.isdigit() or not 1 <= int(validity) <= MAX_VALIDITY:
        return refusal(35118, form)
    return None


def _possible(number: str) -> bool:
    if not _E164.fullmatch(number):
        return False
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return False


def read(account: str, form: dict[str, str], received_at: datetime) -> SandboxMessage:
    """The message of a form, readable even when it is refused."""
    body = form.get("Body", "")
    cost = segment(body)
    callback = form.get("StatusCallback")
    validity = form.get("ValidityPeriod", "")
    return SandboxMessage(
        provider=Provider.TWILIO,
        channel=Channel.SMS,
        received_at=received_at,
        provider_id=f"SM{secrets.token_hex(16)}",
        account=account,
        sender=Address(address=form["From"]) if form.get("From") else None,
        to=(Address(address=form["To"]),) if form.get("To") else (),
        text=body,
        custom_args=dict(parse_qsl(urlsplit(callback).query)) if callback else {},
        messaging_service=form.get("MessagingServiceSid") or None,
        status_callback=callback,
        validity_period=int(validity) if validity.isdigit() else None,
        encoding=cost.encoding,
        segments=cost.segments,
    )


def resource(message: SandboxMessage, *, created: bool) -> dict[str, Any]:
    """The Message resource: ``created`` is the answer to the POST, before anything has left.

    A message sent through a Messaging Service has no sender and no segments yet at that moment.
    """
    through_service = message.messaging_service is not None
    waiting = "accepted" if through_service else "queued"
    sid, account = message.provider_id, message.account
    uri = f"/{API_VERSION}/Accounts/{account}/Messages/{sid}"
    at = format_datetime(message.received_at.astimezone(UTC).replace(microsecond=0))
    unassigned = created and through_service
    return {
        "account_sid": account,
        "api_version": API_VERSION,
        "body": message.text,
        "date_created": at,
        "date_sent": None if created else at,
        "date_updated": at,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": None if unassigned or message.sender is None else message.sender.address,
        "messaging_service_sid": message.messaging_service,
        "num_media": "0",
        "num_segments": "0" if unassigned else str(message.segments),
        "price": None,
        "price_unit": "USD",
        "sid": sid,
        "status": waiting if created else "sent",
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": message.to[0].address if message.to else None,
        "uri": f"{uri}.json",
    }


def sent_between(query: dict[str, str]) -> tuple[datetime | None, datetime | None]:
    """The bounds of ``DateSent`` (a UTC day), ``DateSent>`` and ``DateSent<`` (days or instants, included).

    Raises ``ValueError`` for anything that is neither a date nor an instant.
    """
    since, until = None, None
    for name in ("DateSent", "DateSent>", "DateSent<"):
        value = query.get(name)
        if not value:
            continue
        start = datetime.fromisoformat(value)
        start = start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)
        # Twilio's client writes a date as its midnight, so an equality can only mean the day.
        whole_day = name == "DateSent" or "T" not in value
        if whole_day:
            start = start.replace(hour=0, minute=0, second=0)
        if name != "DateSent<":
            since = start
        if name != "DateSent>":
            # Twilio keeps whole seconds: the last instant of the second, or of the day, is still inside.
            width = timedelta(days=1) if whole_day else timedelta(seconds=1)
            until = start + width - timedelta(microseconds=1)
    return since, until
