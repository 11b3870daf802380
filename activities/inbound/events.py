"""What follows from events of messages: most are only kept; a few prove, or undo, that a message arrived.

The many are kept by one statement a post. The few take their customer's lock, and what they change is one
transaction with the event itself: told again, it is a duplicate, and changes nothing.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities import evidence, watch
from activities.discreet import told as told_of
from activities.inbound.work import Work
from activities.returned import came_back
from activities.store.engine import transaction
from activities.store.lookup import lock_customer
from activities.store.message_events import (
    Attributed,
    KnownMessage,
    Told,
    attribute,
    keep_events,
    keep_unknown,
)
from activities.store.reachability import mark_unreachable
from models.errors import RelanceError
from models.tables.words import CommunicationStatus, Provider, UnreachableCause
from rules.delivery import UNREACHABLE_NUMBER, Delivery, delivery_of, dropped_for

log = logging.getLogger(__name__)

_SETTLED: Final = (CommunicationStatus.SENT, CommunicationStatus.SENDING)

_COMPLAINTS: Final = {
    "spamreport": UnreachableCause.SPAM_REPORT,
    "unsubscribe": UnreachableCause.UNSUBSCRIBED,
    "group_unsubscribe": UnreachableCause.UNSUBSCRIBED,
}


class StillOnItsWay(RelanceError):
    """A worker has the message in hand: what came back of it is told again in a moment."""


def take(work: Work, provider: Provider, told: Sequence[Told], received_at: datetime) -> None:
    """Keep the events of one post, and do what follows from them.

    Args:
        work: the world.
        provider: who told.
        told: the events, in any order.
        received_at: business time.

    Raises:
        Exception: what went wrong for one customer, after all the others were served; tell it again.
    """
    counts: Counter[str] = Counter()
    loud: dict[UUID | None, list[Attributed]] = defaultdict(list)
    with transaction(work.engine) as session:
        known, unknown = attribute(session, provider, told)
        quiet = [event for event in known if not _needs_hands(event)]
        kept = len(keep_events(session, quiet, received_at))
        strange = len(keep_unknown(session, provider, unknown, received_at))
    counts.update(kept=kept, duplicate=len(quiet) - kept, unknown=strange)
    for event in known:
        if _needs_hands(event):
            loud[event.message.customer_id].append(event)
    failure: Exception | None = None
    for customer_id, events in loud.items():
        try:
            with transaction(work.engine) as session:
                if customer_id is None:
                    notes = _of_our_own(work, session, provider, events, received_at)
                else:
                    notes = _under_lock(work, session, provider, customer_id, events, received_at)
            work.courier.deliver(notes)
        except Exception as error:
            log.warning("events of a customer wait: %s", told_of(error))
            failure = error
        else:
            counts["kept"] += len(events)
    watch.events_kept(provider, counts)
    if failure is not None:
        raise failure


def cause_of(event: Attributed) -> UnreachableCause | None:
    """What an event says against the address or number it went to; None where it says nothing."""
    if event.told.word in _COMPLAINTS:
        return _COMPLAINTS[event.told.word]
    delivery = delivery_of(event.happened)
    if delivery is Delivery.BOUNCED:
        return UnreachableCause.HARD_BOUNCE
    if delivery is Delivery.DROPPED:
        cause = dropped_for(event.happened.reason)
    else:
        cause = UNREACHABLE_NUMBER.get(event.happened.code or "")
    return UnreachableCause(cause) if cause else None


def _needs_hands(event: Attributed) -> bool:
    """Whether more is to be done than to keep it."""
    if event.message.status not in _SETTLED or _unnamed(event.message):
        return True
    delivery = delivery_of(event.happened)
    return event.told.word in _COMPLAINTS or (delivery is not None and delivery.never_reached)


def _unnamed(message: KnownMessage) -> bool:
    """Whether the provider's own id never reached us: its answer broke off."""
    return message.status == CommunicationStatus.SENT and message.provider_id is None


def _under_lock(
    work: Work,
    session: Session,
    provider: Provider,
    customer_id: UUID,
    events: Sequence[Attributed],
    received_at: datetime,
) -> list[int]:
    """Keep one customer's events with what follows; the notes to deliver after the commit."""
    customer = lock_customer(session, customer_id)
    now = work.clock.now()
    new = keep_events(session, events, received_at)
    notes: list[int] = []
    for message_id in dict.fromkeys(event.message.id for event in events):
        message = evidence.locked_message(session, message_id)
        mine = [event for event in events if event.message.id == message_id]
        fresh = [event for event in mine if event.told.event_id in new]
        if message.status == CommunicationStatus.SENDING:
            raise StillOnItsWay(f"communication {message_id} is being handed over")
        at = evidence.At(session, customer, message, now, work.settings.sending_fingerprint)
        notes += at.taken(provider, _name(mine), "the provider told what became of it")
        for event in fresh:
            cause = cause_of(event)
            if cause is not None:
                notes += mark_unreachable(
                    session,
                    communication_id=message_id,
                    cause=cause,
                    at=event.told.at,
                    detail=str(event.detail.get("reason") or event.detail.get("response") or "") or None,
                    now=now,
                    address=event.copy,
                )
        if any((found := delivery_of(event.happened)) and found.never_reached for event in fresh):
            notes += came_back(at)
    return notes


def _of_our_own(
    work: Work, session: Session, provider: Provider, events: Sequence[Attributed], received_at: datetime
) -> list[int]:
    """Keep what was told of word to our own people: it left, and that is all there is to follow."""
    keep_events(session, events, received_at)
    for message_id in dict.fromkeys(event.message.id for event in events):
        message = evidence.locked_message(session, message_id)
        if message.status == CommunicationStatus.SENDING:
            raise StillOnItsWay(f"communication {message_id} is being handed over")
        mine = [event for event in events if event.message.id == message_id]
        evidence.word_taken(session, message, provider, _name(mine), work.clock.now())
    return []


def _name(events: Sequence[Attributed]) -> str | None:
    return next((event.told.provider_id for event in events if event.told.provider_id), None)
