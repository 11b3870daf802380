"""Events of messages: found by our id or the provider's, kept once, whatever comes twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from activities.store.sql import run
from models.tables.words import Provider
from rules.delivery import Happened

KEPT: Final = timedelta(days=30)
"""How long what was told of unknown messages is kept."""

COPY, PROVIDER_ID = "copy", "provider_id"
"""Where an event's detail says whose copy it is about, and what the provider calls the message."""

_KNOWN: Final = """
    SELECT id, customer_id, status, to_address, provider, provider_id
      FROM communication
     WHERE id = ANY (%(ids)s::uuid[])
        OR (provider = %(provider)s AND provider_id = ANY (%(provider_ids)s::text[]))
"""
_KEEP: Final = """
    INSERT INTO communication_event (id, communication_id, at, kind, provider_event_id, detail, received_at)
    SELECT gen_random_uuid(), e.message, e.at, e.word, e.event_id, e.detail, e.received_at
      FROM jsonb_to_recordset(%(rows)s::jsonb)
           AS e(message uuid, at timestamptz, word text, event_id text, detail jsonb, received_at timestamptz)
     ORDER BY e.event_id
    ON CONFLICT (provider_event_id) DO NOTHING
    RETURNING provider_event_id
"""
_KEEP_UNKNOWN: Final = """
    INSERT INTO unknown_event
           (provider_event_id, provider, kind, at, received_at, provider_id, communication, detail)
    SELECT e.event_id, %(provider)s, e.word, e.at, e.received_at, e.provider_id, e.communication, e.detail
      FROM jsonb_to_recordset(%(rows)s::jsonb)
           AS e(event_id text, word text, at timestamptz, received_at timestamptz, provider_id text,
                communication text, detail jsonb)
     ORDER BY e.event_id
    ON CONFLICT (provider_event_id) DO NOTHING
    RETURNING provider_event_id
"""
_TOLD: Final = """
    SELECT kind, at, detail FROM communication_event WHERE communication_id = %(message)s ORDER BY at, id
"""
_PROOF: Final = """
    SELECT detail ->> 'provider_id' AS provider_id
      FROM communication_event
     WHERE communication_id = %(message)s
     ORDER BY detail ->> 'provider_id'
     LIMIT 1
"""
_FORGET: Final = """
    DELETE FROM unknown_event
     WHERE provider_event_id = ANY (ARRAY(
               SELECT provider_event_id FROM unknown_event
                WHERE received_at < %(before)s LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
"""


@dataclass(frozen=True, slots=True)
class Told:
    """One event as a provider told it; `at` is business time.

    `communication` is our id as it was told, `provider_id` the provider's; `candidates` are what the message
    may have been called when it was taken, shortest first. `recipient` is whom the event is about, `detail`
    its reasons, without that address.
    """

    event_id: str
    word: str
    at: datetime
    communication: str | None = None
    provider_id: str | None = None
    candidates: tuple[str, ...] = ()
    recipient: str | None = field(default=None, repr=False)
    detail: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class KnownMessage:
    """The message an event is about, as it was when it was looked up."""

    id: UUID
    customer_id: UUID | None
    status: str
    to_address: str
    provider: str | None
    provider_id: str | None


@dataclass(frozen=True, slots=True)
class Attributed:
    """An event with the message it is about. `copy` is set where it is about somebody who got a copy."""

    message: KnownMessage
    told: Told
    copy: str | None

    @property
    def detail(self) -> dict[str, Any]:
        """What is kept of it."""
        more = {PROVIDER_ID: self.told.provider_id, COPY: self.copy}
        return self.told.detail | {name: value for name, value in more.items() if value is not None}

    @property
    def happened(self) -> Happened:
        """As the rules take it."""
        return happened(self.told.word, self.told.at, self.detail)


def happened(word: str, at: datetime, detail: dict[str, Any]) -> Happened:
    """An event as the rules take it."""
    return Happened(
        word=word,
        at=at,
        type=detail.get("type"),
        status=detail.get("status"),
        code=detail.get("code"),
        reason=detail.get("reason"),
        copy=detail.get(COPY),
    )


def attribute(
    session: Session, provider: Provider, told: Sequence[Told]
) -> tuple[list[Attributed], list[Told]]:
    """Find whose events these are: by our id, else by the provider's. The second list is nobody's."""
    ours = {event.event_id: _our_id(event.communication) for event in told}
    rows = run(
        session,
        _KNOWN,
        provider=provider.value,
        ids=[each for each in ours.values() if each is not None],
        provider_ids=sorted({each for event in told for each in event.candidates}),
    )
    messages = [KnownMessage(*row) for row in rows]
    by_id = {message.id: message for message in messages}
    by_provider = {
        message.provider_id: message
        for message in messages
        if message.provider == provider and message.provider_id
    }
    known, unknown = [], []
    for event in told:
        our_id = ours[event.event_id]
        found = by_id.get(our_id) if our_id is not None else None
        if found is None:
            # The longest that fits: an id that is the beginning of another one is not it.
            fitting = (by_provider[each] for each in reversed(event.candidates) if each in by_provider)
            found = next(fitting, None)
        if found is None:
            unknown.append(event)
        else:
            known.append(Attributed(found, event, _copy(found, event.recipient)))
    return known, unknown


def keep_events(session: Session, events: Iterable[Attributed], received_at: datetime) -> set[str]:
    """Keep events; the ids of those that were new. `received_at` is business time."""
    rows = [
        {
            "message": str(event.message.id),
            "at": event.told.at.isoformat(),
            "word": event.told.word,
            "event_id": event.told.event_id,
            "detail": event.detail,
            "received_at": received_at.isoformat(),
        }
        for event in events
    ]
    return set(run(session, _KEEP, rows=json.dumps(rows)).scalars()) if rows else set()


def keep_unknown(
    session: Session, provider: Provider, events: Iterable[Told], received_at: datetime
) -> set[str]:
    """Keep events of messages the ledger does not know; the ids of those that were new."""
    rows = [
        {
            "event_id": event.event_id,
            "word": event.word,
            "at": event.at.isoformat(),
            "received_at": received_at.isoformat(),
            "provider_id": event.provider_id,
            "communication": event.communication,
            "detail": event.detail,
        }
        for event in events
    ]
    if not rows:
        return set()
    return set(run(session, _KEEP_UNKNOWN, provider=provider.value, rows=json.dumps(rows)).scalars())


def events_of(session: Session, message_id: UUID) -> list[Happened]:
    """What was told of a message so far."""
    return [happened(*row) for row in run(session, _TOLD, message=message_id)]


def proof_of(session: Session, message_id: UUID) -> tuple[bool, str | None]:
    """Whether a provider told anything of a message, and what it calls it."""
    row = run(session, _PROOF, message=message_id).first()
    return row is not None, row.provider_id if row else None


def forget_unknown(session: Session, now: datetime, limit: int = 1000) -> int:
    """Delete up to `limit` unknown events told longer than `KEPT` before `now`, business time; how many."""
    return run(session, _FORGET, before=now - KEPT, limit=limit).rowcount


def _our_id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _copy(message: KnownMessage, recipient: str | None) -> str | None:
    if recipient is None or recipient.casefold() == message.to_address.casefold():
        return None
    return recipient.casefold()
