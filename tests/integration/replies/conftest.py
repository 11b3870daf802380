"""An installation whose customers answer, without Temporal: posts are worked on as a worker does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.inbound.inbox import Inbox
from activities.inbound.work import Work
from activities.store.engine import transaction
from activities.store.receipts import keep_receipt
from admin.sandbox import SandboxServer
from models.ids import reply_address
from models.tables import Communication, Reply, WebhookReceipt
from models.tables.words import Provider, ReceiptKind
from tests.fixtures.mails import CONTENT_TYPE, mail, raw_post
from tests.integration.sending.desk import Desk, Notes, settings_for

DOMAIN = "reponses.acme.example"


@dataclass
class Letterbox:
    """What comes in at a desk."""

    desk: Desk

    @property
    def inbox(self) -> Inbox:
        """Who works on posts."""
        return Inbox(Work(self.desk.engine, self.desk.clock, Notes(), self.desk.settings))

    def post(self, body: bytes, *, content_type: str = CONTENT_TYPE, **headers: str) -> None:
        """One post of Inbound Parse, worked on."""
        self._take(
            ReceiptKind.INBOUND_MAIL, Provider.SENDGRID, body, {"content-type": content_type, **headers}
        )

    def mail(
        self, text: str = "Bonjour, c'est payé.", *, to: str = "compta@acme.example", **more: Any
    ) -> None:
        """One mail."""
        self.post(raw_post(mail(text, to=to, **more), to=to))

    def text(self, body: str, *, sid: str = "SM1", sender: str = "+33612345678", **more: str) -> None:
        """One text message."""
        form = {
            "MessageSid": sid,
            "From": sender,
            "To": "+33700000001",
            "Body": body,
            "NumMedia": "0",
            **more,
        }
        self._take(ReceiptKind.INBOUND_SMS, Provider.TWILIO, urlencode(form).encode(), {})

    def _take(self, kind: ReceiptKind, provider: Provider, body: bytes, headers: dict[str, str]) -> None:
        with transaction(self.desk.engine) as session:
            keep_receipt(
                session,
                provider=provider,
                kind=kind,
                body=body,
                received_at=self.desk.clock.now(),
                arrived_at=self.desk.clock.wall(),
                headers=headers,
            )
        self.inbox.drain()

    def replies(self) -> list[Reply]:
        """Everything that was kept, oldest first."""
        with transaction(self.desk.engine) as session:
            return list(session.exec(select(Reply).order_by(col(Reply.received_at), col(Reply.id))))

    def receipts(self) -> list[WebhookReceipt]:
        """Every post."""
        with transaction(self.desk.engine) as session:
            return list(session.exec(select(WebhookReceipt).order_by(col(WebhookReceipt.id))))

    def reminder(self, number: str = "F-1") -> Communication:
        """The first reminder about an invoice, sent."""
        self.desk.invoice(number)
        message = self.desk.due()
        assert self.desk.send(message).outcome == "sent"
        self.desk.notes()
        return self.desk.message(message)

    def address_of(self, message: UUID) -> str:
        """Where answers to a message go."""
        return reply_address(DOMAIN, message)


@pytest.fixture
def letterbox(engine: Engine) -> Iterator[Letterbox]:
    """Tuesday 10 March 2026, 10:00 in Paris; answers come to addresses of our own."""
    with SandboxServer() as sandbox:
        yield Letterbox(Desk(engine, sandbox, settings_for(sandbox.url, inbound_domain=DOMAIN)))
