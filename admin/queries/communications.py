"""One message: its envelope, what became of it, and its content as it was sent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlmodel import Session, col

from activities.envelope import Envelope, fetch
from activities.store.message_events import events_of
from admin.queries.contacts import ItemOfContact, content_path, items_of
from admin.queries.models import Answer
from models.errors import NotFound
from models.tables import Communication, CommunicationEvent, ContactMade, Content, Customer
from rules.delivery import standing


class DeliveryEvent(Answer):
    """What a provider said of a message: when it happened by its clock, and when it was told."""

    at: datetime
    received_at: datetime
    kind: Annotated[str, Field(examples=["delivered"])]
    detail: dict[str, Any]


class AttachmentRow(Answer):
    """A file of a message. `size` in bytes."""

    name: str
    media_type: str
    size: int
    content: Annotated[str, Field(description="Path of its bytes")]


class MessagePage(Answer):
    """A message: who got it, what it quoted, what became of it.

    `balance_quoted` is the sum asked for by currency; `content_hash` the SHA-256 of what is stored.
    """

    id: UUID
    customer: Annotated[str | None, Field(description="Absent for word to our own people about the company")]
    customer_name: str | None
    contact_id: UUID | None
    step: str | None
    kind: str
    audience: str
    channel: str
    language: str
    from_address: str | None
    from_name: str | None
    reply_to_address: str | None
    to_address: str
    to_name: str | None
    cc: list[str]
    subject: str | None
    status: Annotated[str, Field(examples=["sent"])]
    delivery: Annotated[
        str | None, Field(examples=["delivered"], description="How far its provider says it has come")
    ]
    error: str | None
    attempts: int
    planned_at: datetime
    sending_at: datetime | None
    sent_at: datetime | None
    provider: str | None
    provider_id: str | None
    policy: Annotated[str | None, Field(examples=["standard@1"])]
    sms_encoding: Annotated[str | None, Field(description="gsm7, or ucs2 with half the room a part")]
    sms_parts: Annotated[int | None, Field(description="Parts an SMS is billed as")]
    balance_quoted: dict[str, str]
    invoices: list[ItemOfContact]
    events: list[DeliveryEvent]
    content_hash: str
    content: Annotated[str, Field(description="Path of its text, as sent")]
    attachments: list[AttachmentRow]


@dataclass(frozen=True, slots=True)
class Part:
    """Stored bytes to show."""

    body: bytes
    media_type: str
    name: str
    hash: str


def get_message(session: Session, company_id: UUID, company: str, message_id: UUID) -> MessagePage:
    """One message; NotFound when the company has none of that id."""
    message = _row(session, company_id, message_id)
    customer = session.get_one(Customer, message.customer_id) if message.customer_id else None
    envelope = fetch(session, message.content_hash)
    contact = session.get(ContactMade, message.contact_id) if message.contact_id else None
    delivery = standing(events_of(session, message_id))
    events = session.connection().execute(
        select(
            col(CommunicationEvent.at),
            col(CommunicationEvent.received_at),
            col(CommunicationEvent.kind),
            col(CommunicationEvent.detail),
        )
        .where(col(CommunicationEvent.communication_id) == message_id)
        .order_by(col(CommunicationEvent.at), col(CommunicationEvent.id))
    )
    path = content_path(company, message_id)
    policy = f"{message.policy_key}@{message.policy_version}" if message.policy_key else None
    return MessagePage(
        **message.model_dump(include=set(MessagePage.model_fields)),
        customer=customer.ref if customer else None,
        customer_name=customer.name if customer else None,
        step=contact.step if contact else None,
        from_address=envelope.from_address,
        from_name=envelope.from_name,
        reply_to_address=envelope.reply_to_address,
        to_name=envelope.to_name,
        policy=policy,
        delivery=delivery.value if delivery else None,
        invoices=items_of(session, [contact.id])[contact.id] if contact else [],
        events=[DeliveryEvent.model_validate(event) for event in events],
        content=path,
        attachments=[
            AttachmentRow(
                name=file.name,
                media_type=file.media_type,
                size=file.size,
                content=f"{path.removesuffix('/content')}/attachments/{place}",
            )
            for place, file in enumerate(envelope.attachments)
        ],
    )


def text_of(session: Session, company_id: UUID, message_id: UUID, *, html: bool | None) -> Part:
    """The text of a message: its HTML part where it has one, else its plain part, unless one is asked for.

    Raises:
        NotFound: the company has no such message, or it has no such part.
    """
    message, envelope = _stored(session, company_id, message_id)
    if html or (html is None and envelope.html is not None):
        if envelope.html is None:
            raise NotFound(f"communication {message_id} has no HTML part")
        body, media_type = envelope.html, "text/html; charset=utf-8"
    else:
        body, media_type = envelope.text, "text/plain; charset=utf-8"
    suffix = "html" if media_type.startswith("text/html") else "txt"
    return Part(body.encode(), media_type, f"{message.kind}.{suffix}", message.content_hash)


def attachment_of(session: Session, company_id: UUID, message_id: UUID, index: int) -> Part:
    """A file of a message, by its place from 0.

    Raises:
        NotFound: the company has no such message, it has no such file, or its bytes were altered.
    """
    _, envelope = _stored(session, company_id, message_id)
    if not 0 <= index < len(envelope.attachments):
        raise NotFound(f"communication {message_id} has no attachment {index}")
    file = envelope.attachments[index]
    content = session.get(Content, file.hash)
    if content is None or hashlib.sha256(content.body).hexdigest() != file.hash:
        raise NotFound(f"content {file.hash} is not there as it was stored")
    return Part(content.body, file.media_type, file.name, file.hash)


def _stored(session: Session, company_id: UUID, message_id: UUID) -> tuple[Communication, Envelope]:
    message = _row(session, company_id, message_id)
    return message, fetch(session, message.content_hash)


def _row(session: Session, company_id: UUID, message_id: UUID) -> Communication:
    message = session.get(Communication, message_id)
    if message is None or message.company_id != company_id:
        raise NotFound(f"no communication {message_id}")
    return message
