"""E-mail by SendGrid's v3 API (`POST /v3/mail/send`)."""

from __future__ import annotations

import base64
import logging
import re
import threading
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final

import sendgrid
from pydantic import SecretStr
from sendgrid.helpers import mail as helpers
from sendgrid.helpers.mail.exceptions import ApiKeyIncludedException

from activities.channels._answers import (
    Answer,
    NoAnswerError,
    NotConnectedError,
    checked_secret,
    checked_timeout,
    checked_url,
    presentable,
)
from activities.channels._urllib_wire import OneShotClient, TooLargeError, Wire
from activities.channels.outcomes import NotSent, Outcome, Rejected, Sent, Uncertain
from models.tables.words import UnreachableCause

PROVIDER = "sendgrid"
_NO_ADDRESS: Final = "Does not contain a valid address"
_PLACE: Final = re.compile(r"personalizations\.0\.(?P<kind>to|cc)\.(?P<place>[0-9]{1,4})\.email")
DEFAULT_HOST = "https://api.sendgrid.com"
# "Under 30 MB" (v3 Mail Send, limitations), attachments in base64 included. Between 30 million bytes and
# this the service decides, and its 413 is as final.
MAX_BYTES = 30 * 1024 * 1024

# At DEBUG this library writes our key and every message into the log.
logging.getLogger("python_http_client").setLevel(logging.INFO)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of an e-mail; `name` is the one its reader sees."""

    name: str
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Email:
    """One e-mail to one person, with copies.

    `custom_args` come back with every event of the message: opaque ids only, 10,000 bytes at most.
    A copy to `to_address` or to the same person twice is dropped, as SendGrid refuses duplicates.
    """

    from_address: str
    from_name: str
    to_address: str
    to_name: str | None
    reply_to_address: str
    reply_to_name: str | None
    cc: tuple[str, ...]
    subject: str
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)
    custom_args: dict[str, str] = field(default_factory=dict)
    attachments: tuple[Attachment, ...] = ()

    @property
    def copies(self) -> tuple[str, ...]:
        """The addresses of `cc` that are not yet among the recipients, whatever their case."""
        first: dict[str, str] = {}
        for address in map(str.strip, self.cc):
            first.setdefault(address.casefold(), address)
        return tuple(
            address for key, address in first.items() if key and key != self.to_address.strip().casefold()
        )


class SendGridEmail:
    """Sends e-mails. Safe to use from any thread: each one gets a client of its own.

    `timeout` is in seconds, for connecting and again for each wait on the line.
    Raises `ValueError` for a key or a host that cannot be one.
    """

    def __init__(self, api_key: str, host: str = DEFAULT_HOST, timeout: float = 15) -> None:
        self._key = SecretStr(checked_secret(api_key, "the SendGrid API key"))
        self._host = checked_url(host, "the SendGrid host")
        self._timeout = checked_timeout(timeout)
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"SendGridEmail(host={self._host!r}, timeout={self._timeout:g})"

    def send(self, email: Email) -> Outcome:
        """Hand one e-mail over, once. Whatever the world does is the outcome, never an exception.

        Only a cancellation of the thread may be raised, and only when nothing was offered yet.
        """
        client, wire = self._line()
        wire.offered = False
        try:
            response = client.send(_compose(email))
        except NotConnectedError as error:
            return NotSent(f"no connection to SendGrid: {error}", None)
        except NoAnswerError as error:
            return Uncertain(f"no answer from SendGrid: {error}")
        except TooLargeError:
            return Rejected("over 30 MB with its attachments: SendGrid takes no such message", "413")
        except ApiKeyIncludedException:
            return Rejected("the text holds what looks like a SendGrid API key: not offered", None)
        except Exception as error:
            # Temporal raises a cancellation in the middle of anything.
            if wire.offered:
                return Uncertain(f"interrupted: {type(error).__name__}")
            if isinstance(error, TypeError | ValueError):
                return Rejected(f"the message cannot be written: {type(error).__name__}", None)
            raise
        answer = Answer(response.status_code, response.headers, response.body)
        if answer.accepted:
            return Sent(PROVIDER, answer.headers.get("x-message-id") or None)
        outcome = answer.refusal(self._message(answer, (email.to_address, *email.cc)))
        if isinstance(outcome, Rejected) and answer.status == HTTPStatus.BAD_REQUEST:
            return replace(outcome, unreachable=_no_addresses(answer, email))
        return outcome

    def _message(self, answer: Answer, recipients: tuple[str, ...]) -> str:
        texts = [
            f"{item.get('message') or ''}" + (f" ({item['field']})" if item.get("field") else "")
            for item in _errors(answer)
        ]
        text = "; ".join(texts).replace(self._key.get_secret_value(), "(secret)")
        if answer.status == 401:
            text = f"our SendGrid API key is refused: {text}"
        return presentable(text, recipients)

    def _line(self) -> tuple[sendgrid.SendGridAPIClient, Wire]:
        line: tuple[sendgrid.SendGridAPIClient, Wire] | None = getattr(self._local, "line", None)
        if line is None:
            wire = Wire(MAX_BYTES)
            client = sendgrid.SendGridAPIClient(self._key.get_secret_value(), host=self._host)
            client.client = OneShotClient(
                self._host, client.client.request_headers, wire, timeout=self._timeout
            )
            line = self._local.line = (client, wire)
        return line


def _errors(answer: Answer) -> list[dict[str, Any]]:
    errors = answer.fields().get("errors")
    return [item for item in errors if isinstance(item, dict)] if isinstance(errors, list) else []


def _no_addresses(answer: Answer, email: Email) -> tuple[tuple[str, UnreachableCause], ...]:
    """The recipients that SendGrid takes for no addresses: it names their place in the request.

    Where it complains of anything else besides, that has to be mended first and nothing is said of them.
    """
    recipients = {"to": (email.to_address,), "cc": email.copies}
    found = []
    for item in _errors(answer):
        place = _PLACE.fullmatch(str(item.get("field") or ""))
        named = recipients[place["kind"]][int(place["place"]) :][:1] if place else ()
        if not named or not str(item.get("message") or "").startswith(_NO_ADDRESS):
            return ()
        found.append((named[0], UnreachableCause.INVALID_ADDRESS))
    return tuple(found)


def _compose(email: Email) -> helpers.Mail:
    composed = helpers.Mail(
        from_email=helpers.From(email.from_address, _name(email.from_name)),
        to_emails=helpers.To(email.to_address, _name(email.to_name)),
        subject=helpers.Subject(email.subject),
        plain_text_content=helpers.PlainTextContent(email.text),
        html_content=helpers.HtmlContent(email.html) if email.html else None,
    )
    composed.reply_to = helpers.ReplyTo(email.reply_to_address, _name(email.reply_to_name))
    for address in email.copies:
        composed.add_cc(helpers.Cc(address))
    for name, value in email.custom_args.items():
        composed.add_custom_arg(helpers.CustomArg(name, value))
    # The helper puts each attachment before the ones it has.
    for attachment in reversed(email.attachments):
        composed.add_attachment(_attach(attachment))
    # A dunning letter is no marketing: no counted links, no picture that reports reading, no way to
    # unsubscribe from a debt.
    composed.tracking_settings = helpers.TrackingSettings(
        click_tracking=helpers.ClickTracking(enable=False, enable_text=False),
        open_tracking=helpers.OpenTracking(enable=False),
        subscription_tracking=helpers.SubscriptionTracking(enable=False),
    )
    return composed


def _name(name: str | None) -> str | None:
    """A name as SendGrid takes it: commas and semicolons part addresses there, and it refuses them."""
    return None if name is None else " ".join(re.sub("[;,]", " ", name).split())


def _attach(attachment: Attachment) -> helpers.Attachment:
    # SendGrid refuses a type with parameters, such as "text/csv; charset=utf-8".
    media_type = attachment.media_type.partition(";")[0].strip()
    return helpers.Attachment(
        helpers.FileContent(base64.b64encode(attachment.content).decode("ascii")),
        helpers.FileName(attachment.name),
        helpers.FileType(media_type),
        helpers.Disposition("attachment"),
    )
