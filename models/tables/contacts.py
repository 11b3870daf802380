"""Contacts made with customers, the messages they took, and what became of those."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import Instant, Table, check, one_of
from models.tables.words import Audience, CommunicationStatus, ContactStatus, LetterOutcome, SmsEncoding
from rules.calendar import Channel
from rules.facts import Role, Tone


class ContactMade(Table, table=True):
    """One contact with a customer, over every invoice it was about.

    `on_day` is the local day it counts as made; `facts_hash` and `ledger_seq` say from what it was
    composed; `sending_fingerprint` names the sending switch that withheld it. `bank_max_age_days` is how
    old, in the creditor's business days, the bank data may be when it leaves (NULL: it does not matter).
    """

    __tablename__ = "contact_made"
    __table_args__ = (
        one_of("status", ContactStatus),
        one_of("channel", Channel),
        one_of("tone", Tone),
        one_of("role", Role),
        # A contact and its approval task name each other: the check waits for the end of the transaction.
        ForeignKeyConstraint(
            ["approval_task_id"],
            ["task.id"],
            use_alter=True,
            deferrable=True,
            initially="DEFERRED",
            name="contact_made_approval_task_id_fkey",
        ),
        # A customer's contacts, the latest of which is asked for by itself.
        Index(None, "customer_id", "on_day", "composed_at"),
        Index(
            "contact_made_waiting_idx",
            "customer_id",
            postgresql_where=text("status IN ('draft', 'approved', 'sending', 'uncertain', 'withheld')"),
        ),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID = Field(foreign_key="customer.id")
    step: str
    channel: str
    tone: str
    status: str
    composed_at: datetime = Field(sa_type=Instant)
    composed_on: date
    concluded_at: datetime | None = Field(default=None, sa_type=Instant)
    on_day: date | None = None
    approval_task_id: UUID | None = Field(default=None, index=True)
    ledger_seq: int = Field(sa_type=BigInteger)
    role: str | None = None
    contact_person_id: UUID | None = Field(default=None, foreign_key="contact.id")
    reason: str | None = None
    sending_fingerprint: str | None = None
    facts_hash: str
    bank_max_age_days: int | None = None


class ContactItem(Table, table=True):
    """One invoice's part in a contact: the step its ladder takes. Concluded, no other can take that step."""

    __tablename__ = "contact_item"
    __table_args__ = (
        one_of("channel", Channel),
        one_of("tone", Tone),
        check("concluded", "NOT concluded OR (concluded_at IS NOT NULL AND on_day IS NOT NULL)"),
        Index("contact_item_step_key", "invoice_id", "step", unique=True, postgresql_where=text("concluded")),
    )

    contact_id: UUID = Field(primary_key=True, foreign_key="contact_made.id")
    invoice_id: UUID = Field(primary_key=True, foreign_key="invoice.id", index=True)
    step: str
    offset_days: int
    tone: str
    channel: str
    folded: bool = False
    concluded: bool = False
    concluded_at: datetime | None = Field(default=None, sa_type=Instant)
    on_day: date | None = None


class Content(Table, table=True):
    """Rendered bytes, kept under their hash: what a message said, as proof."""

    __tablename__ = "content"

    hash: str = Field(primary_key=True)
    media_type: str
    body: bytes = Field(sa_type=LargeBinary)


class Communication(Table, table=True):
    """One message. `sender_run` says who moved it to `sending`, so that a crash can be told from a race.

    `purpose_key` is the idempotency key of messages outside contacts: `thank-you/<customer>/<day>`. Without
    a customer, it is word to our own people about the company. `turn_at` is its place in the queue of its
    provider, by the database's clock (`ProviderAllowance`). `sms_encoding` and `sms_parts` say how an SMS is
    billed.
    `evidence_sought_at` is when the provider was last asked about it, while it is uncertain.
    """

    __tablename__ = "communication"
    __table_args__ = (
        one_of("status", CommunicationStatus),
        one_of("audience", Audience),
        one_of("sms_encoding", SmsEncoding),
        check("attempts", "attempts >= 0"),
        check("sms_parts", "(sms_encoding IS NULL) = (sms_parts IS NULL) AND sms_parts >= 1"),
        check("customer", "customer_id IS NOT NULL OR audience = 'internal'"),
        Index(
            "communication_of_company_idx",
            "company_id",
            "planned_at",
            postgresql_where=text("customer_id IS NULL"),
        ),
        Index(
            "communication_unsettled_idx",
            "planned_at",
            postgresql_where=text("status IN ('planned', 'sending', 'uncertain')"),
        ),
        Index(
            "communication_left_idx",
            *("company_id", "sent_at"),
            postgresql_where=text("audience = 'debtor' AND status = 'sent'"),
        ),
        Index(
            "communication_not_left_idx",
            *("company_id", "planned_at"),
            postgresql_where=text("audience = 'debtor' AND status IN ('failed', 'uncertain', 'withheld')"),
        ),
        Index(None, "provider", "provider_id"),
        Index(None, "customer_id", "planned_at"),
        Index(
            "communication_sms_to_idx", "to_address", "planned_at", postgresql_where=text("channel = 'sms'")
        ),
    )

    id: UUID = Field(primary_key=True)
    contact_id: UUID | None = Field(default=None, foreign_key="contact_made.id", index=True)
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    company_id: UUID = Field(foreign_key="company.id", index=True)
    kind: str
    audience: str
    channel: str
    recipient_contact_id: UUID | None = Field(default=None, foreign_key="contact.id")
    to_address: str
    cc: list[str] = Field(default_factory=list, sa_type=JSONB)
    language: str
    subject: str | None = None
    content_hash: str = Field(foreign_key="content.hash", index=True)
    status: str
    ledger_seq: int = Field(sa_type=BigInteger)
    balance_quoted: dict[str, str] = Field(default_factory=dict, sa_type=JSONB)
    policy_key: str | None = None
    policy_version: int | None = None
    provider: str | None = None
    provider_id: str | None = None
    planned_at: datetime = Field(sa_type=Instant)
    sending_at: datetime | None = Field(default=None, sa_type=Instant)
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    error: str | None = None
    attempts: int = 0
    sender_run: str | None = None
    evidence_sought_at: datetime | None = Field(default=None, sa_type=Instant)
    purpose_key: str | None = Field(default=None, unique=True)
    turn_at: datetime | None = Field(default=None, sa_type=Instant)
    sms_encoding: str | None = None
    sms_parts: int | None = None


class ProviderAllowance(Table, table=True):
    """How fast one sender may use one provider, shared by all workers. Instants are of the database's clock.

    `free_at` is the earliest instant of the next call, `queue_until` the end of the places given out to those
    who wait, `blocked_until` what the provider itself asked for (429 with Retry-After).
    """

    __tablename__ = "provider_allowance"

    provider: str = Field(primary_key=True)
    sender: str = Field(primary_key=True)
    free_at: datetime = Field(sa_type=Instant)
    queue_until: datetime = Field(sa_type=Instant)
    blocked_until: datetime | None = Field(default=None, sa_type=Instant)


class CommunicationEvent(Table, table=True):
    """What a provider said of a message; the same event told twice is kept once.

    `at` is when it happened, by the provider's clock, `received_at` when it was told; both business time.
    """

    __tablename__ = "communication_event"
    __table_args__ = (
        Index(
            "communication_event_returned_idx",
            "received_at",
            postgresql_where=text("kind IN ('bounce', 'dropped', 'undelivered', 'failed')"),
        ),
    )

    id: UUID = Field(primary_key=True)
    communication_id: UUID = Field(foreign_key="communication.id", index=True)
    at: datetime = Field(sa_type=Instant)
    kind: str
    provider_event_id: str | None = Field(default=None, unique=True)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    received_at: datetime = Field(sa_type=Instant)


class LetterPosting(Table, table=True):
    """One registered posting of a letter, as people told it: its number and day, then what became of it.

    A letter that came back may be posted again: each posting has a task of its own. `received_on` is the day
    of the receipt, of the refusal, or of the return.
    """

    __tablename__ = "letter_posting"
    __table_args__ = (
        one_of("outcome", LetterOutcome),
        check("settled", "(outcome IS NULL) = (received_on IS NULL)"),
        check("order", "received_on >= posted_on"),
    )

    id: UUID = Field(primary_key=True)
    contact_id: UUID = Field(foreign_key="contact_made.id", index=True)
    task_id: UUID = Field(foreign_key="task.id", unique=True)
    tracking_number: str
    posted_on: date
    posted_by: str
    recorded_at: datetime = Field(sa_type=Instant)
    received_on: date | None = None
    outcome: str | None = None
    settled_by: str | None = None
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
