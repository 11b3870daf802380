"""Messages nobody is sure of: looked up at the provider, settled by what it told, or put to a person.

Part of every worker's sweep. Several may run at once: lookups are claimed with SKIP LOCKED, the rest is done
under the customer's lock and finds a settled message settled.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from activities import watch
from activities.channels import LookupFailedError
from activities.discreet import told
from activities.envelope import fetch
from activities.evidence import At, locked_message, settle_from_events
from activities.inbound.events import take
from activities.inbound.work import Work
from activities.providers import SmsSender
from activities.store.engine import transaction
from activities.store.lookup import lock_customer
from activities.store.message_events import Told, forget_unknown
from activities.store.sql import run
from models.tables.words import CommunicationStatus, Provider

log = logging.getLogger(__name__)

LOOKUPS: Final = 10
"""SMS looked up in one round: each is a call of the provider's."""

SETTLED_AT_ONCE: Final = 100

# Asked after a minute (before, a request may still be on its way), then after twice as long each time.
_LOOKUP: Final = """
    UPDATE communication m
       SET evidence_sought_at = %(now)s
     WHERE m.id = ANY (ARRAY(
               SELECT id FROM communication
                WHERE status = 'uncertain' AND channel = 'sms'
                  AND sending_at <= %(now)s::timestamptz - interval '1 minute'
                  AND sending_at > %(now)s::timestamptz - interval '1 day'
                  AND (evidence_sought_at IS NULL
                       OR %(now)s::timestamptz - evidence_sought_at >= evidence_sought_at - sending_at)
                ORDER BY sending_at
                LIMIT %(limit)s
                  FOR UPDATE SKIP LOCKED))
    RETURNING m.id, m.customer_id, m.to_address, m.content_hash, m.sending_at
"""
_SIDS: Final = """
    SELECT provider_id FROM communication
     WHERE customer_id = %(customer)s AND channel = 'sms' AND provider_id IS NOT NULL
"""
_DUE: Final = """
    SELECT m.id, m.customer_id
      FROM communication m
     WHERE m.status = 'uncertain'
       AND (EXISTS (SELECT FROM communication_event e WHERE e.communication_id = m.id)
            OR m.customer_id IS NOT NULL AND coalesce(m.sending_at, m.planned_at) <= %(before)s
               AND NOT EXISTS (SELECT FROM task t WHERE t.key = 'uncertain/' || m.id))
     ORDER BY m.planned_at
     LIMIT %(limit)s
"""
# An SMS is told of by the provider's own id where no callback address of ours went with it.
_MATCHED: Final = """
    SELECT u.provider_event_id, u.kind, u.at, u.provider_id, u.detail
      FROM unknown_event u
     WHERE u.provider = 'twilio' AND u.received_at > %(now)s::timestamptz - interval '1 day'
       AND EXISTS (SELECT FROM communication m
                    WHERE m.provider = u.provider AND m.provider_id = u.provider_id)
     ORDER BY u.received_at
     LIMIT %(limit)s
"""
_NO_LONGER_UNKNOWN: Final = "DELETE FROM unknown_event WHERE provider_event_id = ANY (%(ids)s::text[])"


@dataclass(frozen=True, slots=True)
class Cleared:
    """What one round did: messages found to have left, and people asked."""

    proved: int = 0
    asked: int = 0


class Doubts:
    """Clears up what is uncertain."""

    def __init__(self, work: Work, sms: SmsSender | None) -> None:
        self._work = work
        self._sms = sms

    def once(self) -> Cleared:
        """One round; its size is bounded, the next goes on."""
        self._match_again()
        proved = self._look_up()
        settled, asked = self._settle()
        with transaction(self._work.engine) as session:
            forget_unknown(session, self._work.clock.now())
        return Cleared(proved + settled, asked)

    def _look_up(self) -> int:
        """Ask Twilio whether it has what we are not sure of; how many it has."""
        if self._sms is None:
            return 0
        with transaction(self._work.engine) as session:
            rows = run(session, _LOOKUP, now=self._work.clock.now(), limit=LOOKUPS).all()
            texts = {row.id: fetch(session, row.content_hash).text for row in rows}
        proved = 0
        for row in rows:
            since = self._work.clock.temporal(row.sending_at)
            try:
                sid = self._sms.find(row.to_address, since, texts[row.id], self._known(row.customer_id))
            except LookupFailedError as error:
                log.warning("uncertain SMS cannot be looked up now: %s", error)
                break
            if sid is not None:
                proved += self._prove(row, sid)
        return proved

    def _known(self, customer_id: UUID) -> set[str]:
        """SIDs that belong to other messages of a customer, the one just found among them."""
        with transaction(self._work.engine) as session:
            return set(run(session, _SIDS, customer=customer_id).scalars())

    def _prove(self, row: Any, sid: str) -> bool:
        with transaction(self._work.engine) as session:
            at = self._at(session, row.customer_id, row.id)
            if at.message.status != CommunicationStatus.UNCERTAIN:
                return False
            notes = at.taken(Provider.TWILIO, sid, "Twilio's list has it")
        watch.doubt_cleared("found")
        self._work.courier.deliver(notes)
        return True

    def _settle(self) -> tuple[int, int]:
        """Settle what was told of meanwhile; ask a person about what has waited long enough."""
        now = self._work.clock.now()
        before = now - timedelta(seconds=self._work.settings.evidence_seconds)
        with transaction(self._work.engine) as session:
            due = run(session, _DUE, before=before, limit=SETTLED_AT_ONCE).all()
        settled = asked = 0
        for row in due:
            try:
                certain = self._settle_one(row.id, row.customer_id, now)
            except Exception as error:
                # One that fails never stops the others; the next round tries it again.
                log.warning("an uncertain message waits: %s", told(error))
                continue
            settled, asked = settled + certain, asked + (not certain)
        return settled, asked

    def _settle_one(self, message_id: UUID, customer_id: UUID | None, now: datetime) -> bool:
        fingerprint = self._work.settings.sending_fingerprint
        if customer_id is None:
            # Word to our own people: nobody is asked about it, but what proves it counts.
            with transaction(self._work.engine) as session:
                return settle_from_events(session, message_id, now, fingerprint)[0]
        with transaction(self._work.engine) as session:
            at = self._at(session, customer_id, message_id)
            if at.message.status != CommunicationStatus.UNCERTAIN:
                return True
            certain, notes = settle_from_events(session, message_id, now, fingerprint)
            if not certain:
                at.ask_whether_it_left()
        watch.doubt_cleared("told" if certain else "asked")
        self._work.courier.deliver(notes)
        return certain

    def _at(self, session: Session, customer_id: UUID, message_id: UUID) -> At:
        customer = lock_customer(session, customer_id)
        message = locked_message(session, message_id)
        fingerprint = self._work.settings.sending_fingerprint
        return At(session, customer, message, self._work.clock.now(), fingerprint)

    def _match_again(self) -> None:
        """What was told of a message before we knew its name is told again now."""
        now = self._work.clock.now()
        with transaction(self._work.engine) as session:
            rows = run(session, _MATCHED, now=now, limit=SETTLED_AT_ONCE).all()
        if not rows:
            return
        events = [
            Told(
                event_id=row.provider_event_id,
                word=row.kind,
                at=row.at,
                provider_id=row.provider_id,
                candidates=(row.provider_id,),
                detail=row.detail,
            )
            for row in rows
        ]
        take(self._work, Provider.TWILIO, events, now)
        with transaction(self._work.engine) as session:
            run(session, _NO_LONGER_UNKNOWN, ids=[row.provider_event_id for row in rows])
