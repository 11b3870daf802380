"""SMS by Twilio's Messages API, version 2010-04-01."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from activities.channels._answers import (
    Answer,
    NoAnswerError,
    NotConnectedError,
    checked_secret,
    checked_timeout,
    checked_url,
    presentable,
)
from activities.channels._requests_wire import OneShotAdapter
from activities.channels.outcomes import NotSent, Outcome, Rejected, Sent, Uncertain
from models.tables.words import UnreachableCause
from rules.delivery import UNREACHABLE_NUMBER

PROVIDER = "twilio"
MAX_VALIDITY = 36_000
OUR_CREDENTIALS = "20003"
# Our clock and Twilio's need not agree to the second, and Twilio writes whole seconds.
CLOCK_SLACK = timedelta(minutes=2)
# The newest messages to one number. A customer gets a few a month.
LOOKUP_LIMIT = 200

# At INFO Twilio's client, and at DEBUG urllib3, write the numbers we ask about into the log.
logging.getLogger("twilio.http_client").setLevel(logging.WARNING)
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Sms:
    """One SMS; `to_number` is E.164.

    `sender` (a number or an alphanumeric name) goes before the configured sender and service.
    `validity_seconds` is how long it may queue before it is dropped: low, or it leaves at night.
    `status_callback` is where Twilio reports delivery; an opaque id can travel in its query.
    """

    to_number: str
    body: str = field(repr=False)
    sender: str | None = None
    validity_seconds: int | None = None
    status_callback: str | None = None


class LookupFailedError(Exception):
    """Twilio's message list could not be read: it says nothing about the message looked for."""


@dataclass(frozen=True, slots=True)
class _Line:
    client: Client
    adapter: OneShotAdapter


class TwilioSms:
    """Sends SMS and finds what was sent. Safe to use from any thread: each one gets a client of its own.

    `messaging_service_sid`, when set, chooses the sender instead of `sender`. `base_url` aims elsewhere than
    at Twilio (the sandbox). `timeout` is in seconds, for connecting and again for each wait on the line.
    Raises `ValueError` for credentials or an address that cannot be such.
    """

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        *,
        sender: str | None,
        messaging_service_sid: str | None,
        base_url: str | None = None,
        timeout: float = 10,
    ) -> None:
        self._account = checked_secret(account_sid, "the Twilio account SID")
        self._token = SecretStr(checked_secret(auth_token, "the Twilio auth token"))
        self._sender = sender or None
        self._service = messaging_service_sid or None
        self._base_url = checked_url(base_url, "the Twilio base address") if base_url else None
        self._timeout = checked_timeout(timeout)
        self._local = threading.local()

    def __repr__(self) -> str:
        return (
            f"TwilioSms(sender={self._sender!r}, messaging_service_sid={self._service!r},"
            f" base_url={self._base_url!r}, timeout={self._timeout:g})"
        )

    def send(self, sms: Sms) -> Outcome:
        """Hand one SMS over, once. Whatever the world does is the outcome, never an exception.

        Only a cancellation of the thread may be raised, and only when nothing was offered yet.
        """
        sender = sms.sender or (None if self._service else self._sender)
        if sender is None and self._service is None:
            return Rejected("no sender is configured for SMS: not offered", None)
        asked: dict[str, Any] = {
            "to": sms.to_number,
            "body": sms.body,
            **({"from_": sender} if sender else {"messaging_service_sid": self._service}),
        }
        if sms.validity_seconds is not None:
            asked["validity_period"] = min(sms.validity_seconds, MAX_VALIDITY)
        if sms.status_callback is not None:
            asked["status_callback"] = sms.status_callback
        line = self._line()
        line.adapter.forget()
        try:
            message = line.client.messages.create(**asked)
        except NotConnectedError as error:
            return NotSent(f"no connection to Twilio: {error}", None)
        except NoAnswerError as error:
            return Uncertain(f"no answer from Twilio: {error}")
        except Exception as error:
            answer = line.adapter.answer
            if answer is None and line.adapter.offered:
                # Temporal raises a cancellation in the middle of anything.
                return Uncertain(f"interrupted: {type(error).__name__}")
            if answer is None and isinstance(error, TypeError | ValueError):
                return Rejected(f"the message cannot be written: {type(error).__name__}", None)
            if answer is None:
                raise
            if answer.accepted:
                # The yes came; only its body cannot be read.
                return Sent(PROVIDER, None)
            return self._refusal(answer, sms)
        sid = message.sid
        return Sent(PROVIDER, sid if isinstance(sid, str) and sid else None)

    def find(self, to: str, sent_since: datetime, body: str, known: Collection[str] = ()) -> str | None:
        """The SID of an SMS Twilio took, with this text, for this number, not before an instant.

        `sent_since` is an aware instant of real time (not business time); two minutes of slack are given to
        the clocks. Evidence for an uncertain SMS: an SID proves that it was taken, whatever became of it
        since. `known` are SIDs of other messages: the same text may have gone to this number before.
        `None` proves nothing within the minute after sending: a request may still be on its way.

        Raises `LookupFailedError` when the list cannot be read, `ValueError` for a naive instant.
        """
        if sent_since.tzinfo is None:
            raise ValueError("sent_since must be an aware instant")
        earliest = sent_since.astimezone(UTC) - CLOCK_SLACK
        line = self._line()
        line.adapter.forget()
        try:
            # Not filtered by the date of sending: a queued message has none yet, and would be missed.
            listed = line.client.messages.list(to=to, limit=LOOKUP_LIMIT, page_size=LOOKUP_LIMIT)
        except (NotConnectedError, NoAnswerError) as error:
            raise LookupFailedError(f"no answer from Twilio: {error}") from error
        except Exception as error:
            answer = line.adapter.answer
            status = f"HTTP {answer.status}" if answer else type(error).__name__
            raise LookupFailedError(f"Twilio's message list cannot be read: {status}") from None
        wanted = body.strip()
        for message in listed:
            created = message.date_created
            if (
                isinstance(created, datetime)
                and created >= earliest
                and str(message.sid) not in known
                and str(message.direction or "").startswith("outbound")
                # A trial account puts a sentence of Twilio's before ours.
                and str(message.body or "").strip().endswith(wanted)
            ):
                return str(message.sid)
        return None

    def _refusal(self, answer: Answer, sms: Sms) -> Outcome:
        fields = answer.fields()
        # Twilio's classic errors have a message, its newer ones (RFC 9457) a title and a detail.
        names = ("message",) if fields.get("message") else ("title", "detail")
        text = ": ".join(str(fields[name]) for name in names if fields.get(name))
        text = text.replace(self._token.get_secret_value(), "(secret)")
        code = str(fields["code"]) if fields.get("code") else None
        if code == OUR_CREDENTIALS or answer.status == 401:
            text = f"our Twilio credentials are refused: {text}"
        outcome = answer.refusal(presentable(text, (sms.to_number,)), code)
        cause = UNREACHABLE_NUMBER.get(code or "")
        if isinstance(outcome, Rejected) and cause is not None:
            return replace(outcome, unreachable=((sms.to_number, UnreachableCause(cause)),))
        return outcome

    def _line(self) -> _Line:
        line: _Line | None = getattr(self._local, "line", None)
        if line is None:
            adapter = OneShotAdapter()
            http = TwilioHttpClient(timeout=self._timeout)
            adapter.install(http.session)
            client = Client(self._account, self._token.get_secret_value(), http_client=http)
            if self._base_url is not None:
                client.api.base_url = self._base_url
                # TWILIO_REGION or TWILIO_EDGE in the environment would rewrite the host.
                client.region = client.edge = None
            line = self._local.line = _Line(client, adapter)
        return line
