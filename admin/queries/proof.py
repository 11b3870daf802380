"""The proof of one message: what it said, to whom, on what grounds, and all that its provider told of it.

Everything is read in one snapshot. The stored bytes are hashed again: what was altered proves nothing.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Uuid, and_, cast, or_, select
from sqlmodel import Session, col

from activities.envelope import MEDIA_TYPE, Envelope, fetch, fetch_files, stored_bytes
from activities.store.message_events import events_of
from activities.store.sql import run
from admin.queries.contacts import ItemOfContact, items_of
from admin.queries.models import Answer
from models.errors import NotFound
from models.tables import (
    CaseEvent,
    Communication,
    CommunicationEvent,
    Company,
    ContactMade,
    Content,
    Customer,
)
from rules.calendar import Channel
from rules.delivery import standing

# What a person recorded goes first: it may correct what the provider told.
_POSTINGS: Final = """
    SELECT coalesce(p.tracking_number, r.number) AS number,
           coalesce(p.posted_on, r.deposited_on) AS posted_on, p.posted_by,
           coalesce(p.outcome, r.outcome) AS outcome, coalesce(p.received_on, r.ended_on) AS ended_on,
           r.product, r.content_id AS provider_letter, r.handed_at, r.id AS mail
      FROM task t
      LEFT JOIN letter_posting p ON p.task_id = t.id
      LEFT JOIN registered_mail r ON r.task_id = t.id AND r.state = 'handed'
     WHERE t.contact_id = %(contact)s AND t.kind = 'registered_letter'
       AND (p.id IS NOT NULL OR r.id IS NOT NULL)
     ORDER BY t.opened_at, t.id
"""
_RECEIPTS: Final = """
    SELECT e.name, e.content_hash, c.media_type
      FROM registered_receipt e
      JOIN registered_mail r ON r.id = e.mail_id
      JOIN content c ON c.hash = e.content_hash
     WHERE e.mail_id = ANY (%(mails)s::uuid[])
     ORDER BY r.staged_at, e.received_at, e.name
"""
_UNSAFE: Final = re.compile(r"[^\w.()+ -]+")


class ProofEvent(Answer):
    """What the provider said, when it happened by its clock, and when it was told."""

    at: datetime
    received_at: datetime
    kind: Annotated[str, Field(examples=["delivered"])]
    provider_event_id: str | None
    detail: dict[str, Any]


class ProofLine(Answer):
    """A line of the journal about the message: our own hand in it."""

    at: datetime
    who: str
    what: Annotated[str, Field(examples=["message_sent"])]
    why: str | None


class ProofPosting(Answer):
    """A posting of a letter by registered mail: its number and days, by whom, and what became of it.

    `product` and `provider_letter` (the provider's name for it) are of one that a provider was given.
    """

    number: Annotated[str | None, Field(examples=["1A 234 567 8901 2"])]
    posted_on: date | None
    posted_by: str | None
    outcome: Annotated[str | None, Field(examples=["delivered"])]
    ended_on: date | None
    product: Annotated[str | None, Field(examples=["LRAR"])]
    provider_letter: str | None
    handed_at: datetime | None


class ProofFile(Answer):
    """One file of the archive. `sha256` in hexadecimal, `size` in bytes."""

    name: Annotated[str, Field(examples=["message.txt"])]
    media_type: str
    size: int
    sha256: str


class Proof(Answer):
    """One message, with everything that shows what it said and what became of it.

    `content_hash` is the SHA-256 under which the message was stored before it left, `content_hash_now` that
    of the bytes as they are. `balance_quoted` is the sum asked for by currency, `files` are the archive's.
    """

    id: UUID
    company: str
    company_name: str
    customer: Annotated[str | None, Field(description="Absent for word to our own people")]
    customer_name: str | None
    kind: str
    step: str | None
    channel: str
    audience: str
    language: str
    subject: str | None
    from_address: str | None
    reply_to_address: str | None
    to_address: str
    to_name: str | None
    cc: list[str]
    status: Annotated[str, Field(examples=["sent"])]
    delivery: Annotated[
        str | None, Field(examples=["delivered"], description="How far it is known to have come")
    ]
    error: str | None
    attempts: int
    planned_at: datetime
    sending_at: datetime | None
    sent_at: datetime | None
    provider: str | None
    provider_id: str | None
    policy: Annotated[str | None, Field(examples=["standard@1"])]
    balance_quoted: dict[str, str]
    invoices: list[ItemOfContact]
    content_hash: str
    content_hash_now: str
    events: list[ProofEvent]
    postings: Annotated[list[ProofPosting], Field(description="Of a letter, the first one first")]
    journal: list[ProofLine]
    files: list[ProofFile]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A proof with the bytes of its files, in the order of `proof.files`, and the creditor's language."""

    proof: Proof
    bodies: tuple[bytes, ...]
    language: str


def get_proof(session: Session, company_id: UUID, message_id: UUID) -> Evidence:
    """The proof of a message.

    Raises:
        NotFound: the company has none of that id, or its bytes are not those that were stored.
    """
    message = session.get(Communication, message_id)
    if message is None or message.company_id != company_id:
        raise NotFound(f"no communication {message_id}")
    stored = session.get_one(Content, message.content_hash).body
    envelope = fetch(session, message.content_hash)
    postings, receipts = _postings(session, message)
    files = [*_files(session, envelope, stored), *receipts]
    company = session.get_one(Company, message.company_id)
    customer = session.get_one(Customer, message.customer_id) if message.customer_id else None
    contact = session.get(ContactMade, message.contact_id) if message.contact_id else None
    delivery = standing(events_of(session, message_id))
    proof = Proof(
        **message.model_dump(include=set(Proof.model_fields)),
        company=company.ref,
        company_name=company.legal_name or company.name,
        customer=customer.ref if customer else None,
        customer_name=customer.name if customer else None,
        step=contact.step if contact else None,
        from_address=envelope.from_address,
        reply_to_address=envelope.reply_to_address,
        to_name=envelope.to_name,
        delivery=delivery.value if delivery else None,
        policy=f"{message.policy_key}@{message.policy_version}" if message.policy_key else None,
        invoices=items_of(session, [contact.id])[contact.id] if contact else [],
        content_hash_now=hashlib.sha256(stored).hexdigest(),
        events=_events(session, message_id),
        postings=postings,
        journal=_journal(session, message),
        files=[file for file, _ in files],
    )
    return Evidence(proof, tuple(body for _, body in files), company.language)


def company_of(session: Session, message_id: UUID) -> UUID:
    """The company a message is of; NotFound otherwise."""
    message = session.get(Communication, message_id)
    if message is None:
        raise NotFound(f"no communication {message_id}")
    return message.company_id


def described(name: str, media_type: str, body: bytes) -> ProofFile:
    """A file of the archive, with its hash."""
    return ProofFile(
        name=name, media_type=media_type, size=len(body), sha256=hashlib.sha256(body).hexdigest()
    )


def _files(session: Session, envelope: Envelope, stored: bytes) -> list[tuple[ProofFile, bytes]]:
    parts = [("message.json", MEDIA_TYPE, stored), ("message.txt", "text/plain", envelope.text.encode())]
    if envelope.html is not None:
        parts.append(("message.html", "text/html", envelope.html.encode()))
    for place, file in enumerate(fetch_files(session, envelope), start=1):
        parts.append((f"attachments/{place:02}-{_safe(file.name)}", file.media_type, file.content))
    return [(described(*part), part[2]) for part in parts]


def _safe(name: str) -> str:
    """A name no archive program could take for a path."""
    return _UNSAFE.sub("_", re.split(r"[\\/]", name)[-1]).strip(". ")[:100] or "file"


def _events(session: Session, message_id: UUID) -> list[ProofEvent]:
    rows = session.connection().execute(
        select(
            col(CommunicationEvent.at),
            col(CommunicationEvent.received_at),
            col(CommunicationEvent.kind),
            col(CommunicationEvent.provider_event_id),
            col(CommunicationEvent.detail),
        )
        .where(col(CommunicationEvent.communication_id) == message_id)
        .order_by(col(CommunicationEvent.at), col(CommunicationEvent.id))
    )
    return [ProofEvent.model_validate(row) for row in rows]


def _postings(
    session: Session, message: Communication
) -> tuple[list[ProofPosting], list[tuple[ProofFile, bytes]]]:
    """How often a letter was posted, and the documents that the provider gave back, in that order."""
    if message.channel != Channel.LETTER:
        return [], []
    rows = run(session, _POSTINGS, contact=message.contact_id).all()
    receipts = run(session, _RECEIPTS, mails=[row.mail for row in rows if row.mail is not None])
    files = []
    for place, row in enumerate(receipts, start=1):
        part = (
            f"receipts/{place:02}-{_safe(row.name)}",
            row.media_type,
            stored_bytes(session, row.content_hash),
        )
        files.append((described(*part), part[2]))
    return [ProofPosting.model_validate(row) for row in rows], files


def _journal(session: Session, message: Communication) -> list[ProofLine]:
    rows = session.connection().execute(
        select(col(CaseEvent.at), col(CaseEvent.who), col(CaseEvent.what), col(CaseEvent.why))
        .where(
            # Word about a company has no customer: then the company's own lines are looked through.
            col(CaseEvent.customer_id) == message.customer_id
            if message.customer_id
            else and_(col(CaseEvent.company_id) == message.company_id, col(CaseEvent.customer_id).is_(None)),
            or_(
                col(CaseEvent.what).startswith("message_", autoescape=True),
                col(CaseEvent.what).startswith("registered_letter_", autoescape=True),
            ),
            cast(col(CaseEvent.detail)["communication"].astext, Uuid) == message.id,
        )
        .order_by(col(CaseEvent.id))
    )
    return [ProofLine.model_validate(row) for row in rows]
