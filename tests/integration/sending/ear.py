"""What providers tell of the desk's messages, in their own words, as a worker hears it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from sqlmodel import col, select

from activities.doubts import Cleared, Doubts
from activities.inbound.inbox import Inbox
from activities.inbound.places import status_callback
from activities.inbound.work import Work
from activities.providers import Providers, SmsSender
from activities.settings import Settings
from activities.store.engine import transaction
from activities.store.receipts import keep_receipt
from models.tables import CommunicationEvent, UnknownEvent, WebhookReceipt
from models.tables.words import Provider, ReceiptKind
from tests.fixtures.signing import PUBLIC, public_key
from tests.integration.sending.desk import Desk, Notes

EVIDENCE = {"sendgrid_webhook_public_key": public_key(), "public_url": PUBLIC}
"""Settings of an installation that providers can reach."""


@dataclass
class Ear:
    """The inbox of one worker."""

    desk: Desk
    settings: Settings
    inbox: Inbox = field(init=False)

    def __post_init__(self) -> None:
        self.work = Work(self.desk.engine, self.desk.clock, Notes(), self.settings)
        self.inbox = Inbox(self.work)

    def keep(self, provider: Provider, kind: ReceiptKind, body: bytes, query: str = "") -> int | None:
        """A post as the API keeps it."""
        with transaction(self.desk.engine) as session:
            return keep_receipt(
                session,
                provider=provider,
                kind=kind,
                body=body,
                query=query,
                received_at=self.desk.clock.now(),
                arrived_at=self.desk.clock.wall(),
            )

    def sendgrid(self, events: Sequence[dict[str, Any]]) -> None:
        """One post of events, worked on."""
        self.keep(Provider.SENDGRID, ReceiptKind.EVENTS, json.dumps(events).encode())
        self.inbox.drain()

    def event(self, message: UUID, word: str, after: float = 60, **more: Any) -> dict[str, Any]:
        """An event of a message as SendGrid writes it, `after` seconds from now."""
        row = self.desk.message(message)
        told = {
            "event": word,
            "email": row.to_address,
            "timestamp": int(self.real(after).timestamp()),
            "sg_event_id": uuid4().hex,
            "sg_message_id": f"{row.provider_id or 'wire'}.recvd-5f4-1",
            "communication": str(message),
            "customer": str(row.customer_id),
        }
        return {name: value for name, value in (told | more).items() if value is not None}

    def real(self, after: float = 0) -> datetime:
        """The machine's time, which providers have; business time stands elsewhere."""
        return self.desk.clock.wall() + timedelta(seconds=after)

    def twilio(self, sid: str, word: str, message: UUID | None = None, **more: str) -> None:
        """One status callback, worked on."""
        query = (status_callback(PUBLIC, message) or "").partition("?")[2] if message else ""
        body = urlencode({"MessageSid": sid, "MessageStatus": word, **more}).encode()
        self.keep(Provider.TWILIO, ReceiptKind.STATUS, body, query)
        self.inbox.drain()

    def sweep(self, sms: SmsSender | None = None) -> Cleared:
        """One round of a worker's look at what is uncertain."""
        return Doubts(self.work, sms or Providers.of(self.settings).sms).once()

    def kept(self, message: UUID) -> list[str]:
        """The events of a message, by time."""
        with transaction(self.desk.engine) as session:
            return list(
                session.exec(
                    select(CommunicationEvent.kind)
                    .where(CommunicationEvent.communication_id == message)
                    .order_by(col(CommunicationEvent.at), col(CommunicationEvent.kind))
                )
            )

    def unknown(self) -> list[str]:
        """Events of messages nobody knows."""
        with transaction(self.desk.engine) as session:
            return sorted(session.exec(select(UnknownEvent.kind)))

    def receipts(self) -> list[tuple[str, int, str | None]]:
        """State, attempts and last error of each post."""
        with transaction(self.desk.engine) as session:
            rows = session.exec(select(WebhookReceipt).order_by(col(WebhookReceipt.id)))
            return [(row.state, row.attempts, row.last_error) for row in rows]
