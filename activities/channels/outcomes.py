"""What became of a message handed to a provider.

Neither SendGrid nor Twilio takes an idempotency key, so what matters is how sure we are. `NotSent` may be
tried again, `Sent` and `Rejected` are final, `Uncertain` is resolved by evidence or by a person and never
by a second send.

No reason holds a secret, nor the address or number of a recipient of the message.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from models.tables.words import UnreachableCause


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it.

    `provider_id` is the name it gave the message (SendGrid's `X-Message-Id`, with which the `sg_message_id`
    of its events begins; Twilio's message SID). It is `None` when the answer said yes but broke off, or
    was not understood: the message has left all the same.
    """

    provider: str
    provider_id: str | None


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certainly not taken, and may be tried again: no connection could be made, or the provider said 429.

    `retry_after` is how long the provider asks to wait, at most a day; `None` when it does not say.
    """

    reason: str
    retry_after: timedelta | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Certainly not taken, and sending it again would change nothing.

    `code` is Twilio's error code or, where there is none, the HTTP status; `None` when it was never offered.
    `unreachable` are the recipients it was refused for, each with what the provider says of it; none where
    something else has to be mended.
    """

    reason: str
    code: str | None
    unreachable: tuple[tuple[str, UnreachableCause], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Uncertain:
    """The request may have been taken: written, at least in part, and not clearly answered."""

    reason: str


Outcome = Sent | NotSent | Rejected | Uncertain
