"""Reading a provider's answer: which outcome a status means, how long to wait, which words may be kept."""

from __future__ import annotations

import json
import re
import socket
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from activities.channels.outcomes import NotSent, Rejected, Uncertain

LONGEST_WAIT = timedelta(days=1)
_LONGEST_REASON = 300


class NotConnectedError(Exception):
    """No connection was made (refused, unknown name, timeout, TLS, proxy): nothing of a request was written.

    Deliberately no `OSError`: the HTTP libraries would take it for a failure during the exchange, and wrap it
    so that the two cannot be told apart any more.
    """


class NoAnswerError(Exception):
    """A connection was made, so the request may have been read, but no status came back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with its headers (names in lower case) and as much of the body as came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Answer:
        """An answer from header pairs in any case."""
        return cls(status, {name.lower(): str(value) for name, value in headers}, body)

    @property
    def accepted(self) -> bool:
        """Whether the status says that the provider has taken the message."""
        return 200 <= self.status < 300

    def fields(self) -> dict[str, Any]:
        """The JSON object of the body; empty when there is none."""
        try:
            decoded = json.loads(self.body)
        except ValueError:
            return {}
        return decoded if isinstance(decoded, dict) else {}

    def refusal(self, message: str, code: str | None = None) -> NotSent | Rejected | Uncertain:
        """The outcome of an answer that is not a yes.

        `message` is the provider's own text ("" if there is none), `code` its own code. Only 429 and the
        other 4xx are certain: behind a 5xx or a redirection the message may have been taken.
        """
        reason = message or _phrase(self.status)
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return NotSent(reason, retry_after(self.headers))
        if 400 <= self.status < 500:
            return Rejected(reason, code or str(self.status))
        return Uncertain(f"HTTP {self.status}: {reason}")


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """How long the provider asks to wait; `headers` have names in lower case.

    `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), else SendGrid's `X-RateLimit-Reset` (seconds
    since 1970). Instants are measured against the answer's own `Date`, so no clock of ours takes part.
    """
    asked = headers.get("retry-after", "").strip()
    if _is_number(asked):
        return _bounded(int(asked) if len(asked) < 9 else LONGEST_WAIT.total_seconds())
    until = _instant(asked)
    reset = headers.get("x-ratelimit-reset", "").strip()
    if until is None and _is_number(reset) and len(reset) < 12:
        until = datetime.fromtimestamp(int(reset), UTC)
    answered = _instant(headers.get("date", ""))
    if until is None or answered is None:
        return None
    return _bounded((until - answered).total_seconds())


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _bounded(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(seconds, 0), LONGEST_WAIT.total_seconds()))


def _instant(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP {status}"


def root_cause(error: BaseException) -> str:
    """A short name of what went wrong below the libraries' own exceptions.

    Their texts are left out: they quote addresses, headers and whole requests.
    """
    seen: set[int] = set()
    deepest = error
    while id(deepest) not in seen:
        seen.add(id(deepest))
        inner = [getattr(deepest, "reason", None), deepest.__cause__, *deepest.args]
        deepest = next(
            (item for item in inner if isinstance(item, BaseException) and id(item) not in seen), deepest
        )
    if isinstance(deepest, TimeoutError):
        return "timed out"
    if isinstance(deepest, ssl.SSLCertVerificationError):
        return f"certificate not trusted ({getattr(deepest, 'verify_message', 'unknown')})"
    if isinstance(deepest, ssl.SSLError):
        return f"TLS failed ({getattr(deepest, 'reason', None) or 'unknown'})"
    if isinstance(deepest, socket.gaierror):
        return "host name not found"
    if isinstance(deepest, OSError) and deepest.strerror:
        return deepest.strerror.lower()
    return type(deepest).__name__


def presentable(text: object, recipients: Iterable[str] = ()) -> str:
    """A provider's text in one line of at most 300 characters, with the recipients struck out."""
    shown = " ".join(str(text or "").split())
    for recipient in sorted(filter(None, recipients), key=len, reverse=True):
        shown = re.sub(re.escape(recipient), "(recipient)", shown, flags=re.IGNORECASE)
    return shown if len(shown) <= _LONGEST_REASON else shown[: _LONGEST_REASON - 1] + "…"


def checked_url(url: str, name: str) -> str:
    """A base address without its last slash. Raises `ValueError` when it is no `http(s)://host[:port]`."""
    parts = urlsplit(url.strip())
    # Reading the port is what raises on one that is no number.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError(f"{name} must be an http or https address")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"{name} takes neither credentials nor a query")
    return url.strip().rstrip("/")


def checked_secret(secret: str, name: str) -> str:
    """A credential without the white space a file or a shell left around it.

    Raises `ValueError`, without quoting it, when it is empty or could not stand in a header: the HTTP
    libraries would quote it in their own error.
    """
    stripped = secret.strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise ValueError(f"{name} is empty or has characters that no credential has")
    return stripped


def checked_timeout(seconds: float) -> float:
    """Seconds. Raises `ValueError` unless positive: no timeout at all would outlast the activity's."""
    if not seconds > 0:
        raise ValueError("the timeout must be a positive number of seconds")
    return seconds
