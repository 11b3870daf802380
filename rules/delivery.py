"""What became of a message after its provider took it, from events that come late, twice and out of order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Delivery(StrEnum):
    """How far a message is known to have come."""

    ACCEPTED = "accepted"
    """The provider has it."""
    DEFERRED = "deferred"
    """The other side asked to wait; the provider tries again."""
    HANDED_OVER = "handed_over"
    """The carrier has it."""
    DELIVERED = "delivered"
    BLOCKED = "blocked"
    """Turned away for a reason that is not the address: a filter, a full mailbox, a phone that is off."""
    DROPPED = "dropped"
    """The provider did not try: an earlier message had bounced, or was complained about."""
    UNDELIVERED = "undelivered"
    """The number does not take it."""
    BOUNCED = "bounced"
    """The address does not exist."""

    @property
    def is_final(self) -> bool:
        """Whether nothing more is expected; a later event can still say otherwise."""
        return self not in (Delivery.ACCEPTED, Delivery.DEFERRED, Delivery.HANDED_OVER)

    @property
    def never_reached(self) -> bool:
        """Whether nobody can have read it."""
        return self.is_final and self is not Delivery.DELIVERED


_RANK: Final = MappingProxyType({delivery: place for place, delivery in enumerate(Delivery)})

_WORDS: Final = MappingProxyType(
    {
        # SendGrid, Event Webhook Reference.
        "processed": Delivery.ACCEPTED,
        "deferred": Delivery.DEFERRED,
        "delivered": Delivery.DELIVERED,
        # Whoever complains of a message has got it.
        "spamreport": Delivery.DELIVERED,
        "unsubscribe": Delivery.DELIVERED,
        "group_unsubscribe": Delivery.DELIVERED,
        # Twilio, Message status values.
        "accepted": Delivery.ACCEPTED,
        "scheduled": Delivery.ACCEPTED,
        "queued": Delivery.ACCEPTED,
        "sending": Delivery.ACCEPTED,
        "sent": Delivery.HANDED_OVER,
        "read": Delivery.DELIVERED,
        "canceled": Delivery.UNDELIVERED,
    }
)

UNREACHABLE_NUMBER: Final = MappingProxyType(
    {
        "21211": "invalid_number",
        "21610": "opted_out",
        "21614": "landline",
        "21635": "landline",
        "30004": "opted_out",
        "30005": "invalid_number",
        "30006": "landline",
    }
)
"""Twilio's error codes that are about the number itself. Others (30003, a phone that is off; 30007, a filter)
say nothing against it."""

DROPPED_FOR_ADDRESS: Final = MappingProxyType(
    {
        "bounced address": "dropped",
        "invalid": "dropped",
        "spam reporting address": "spam_report",
        "unsubscribed address": "unsubscribed",
    }
)
"""Why SendGrid does not even try, by how its reason begins (Event Webhook Reference). Others, as spam content
or a quota, say nothing against the address."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a message. `word` is the provider's own; the others are its reasons.

    `copy` is the address of who got a copy, where it is about that one and not about the addressee.
    """

    word: str
    at: datetime
    type: str | None = None
    status: str | None = None
    code: str | None = None
    reason: str | None = None
    copy: str | None = None


def delivery_of(event: Happened) -> Delivery | None:
    """How far the message had come at this event; None where the word says nothing of that."""
    if event.word == "bounce":
        # "blocked" and 4.x.x are about this message or this hour, not about the address.
        soft = event.type == "blocked" or (event.status or "").startswith("4")
        return Delivery.BLOCKED if soft else Delivery.BOUNCED
    if event.word == "dropped":
        return Delivery.DROPPED if dropped_for(event.reason) else Delivery.BLOCKED
    if event.word in ("undelivered", "failed"):
        return Delivery.UNDELIVERED if event.code in UNREACHABLE_NUMBER else Delivery.BLOCKED
    return _WORDS.get(event.word)


def dropped_for(reason: str | None) -> str | None:
    """What SendGrid's reason not to try says against the address; None where it says nothing."""
    told = (reason or "").casefold()
    return next((cause for start, cause in DROPPED_FOR_ADDRESS.items() if told.startswith(start)), None)


def standing(events: Iterable[Happened], copy: str | None = None) -> Delivery | None:
    """How far a message has come, in whatever order its events are told; None before the first.

    The last final word counts, by the provider's clock; at the same moment, the worse one. Until there is
    one, the furthest. `copy` names who got a copy, to ask about that one instead of the addressee.
    """
    found = [
        (event.at, delivery)
        for event in events
        if event.copy == copy and (delivery := delivery_of(event)) is not None
    ]
    final = [(at, _RANK[delivery], delivery) for at, delivery in found if delivery.is_final]
    if final:
        return max(final)[2]
    return max((delivery for _, delivery in found), key=_RANK.__getitem__, default=None)
