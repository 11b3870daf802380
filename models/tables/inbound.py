"""What providers tell us: each post as it came, and what it said of messages that are not ours."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import Instant, Table, check, one_of
from models.tables.words import Provider, ReceiptKind, ReceiptState


class WebhookReceipt(Table, table=True):
    """A post that a provider signed, kept as it came until it is worked on.

    `body` is byte for byte what was signed, `query` what stood after the `?`, `headers` those that are needed
    to read the body. `received_at` is business time; `arrived_at` and the others are this machine's.
    `digest` is the same for the same post told twice. Until `claimed_until`, one worker has it, or nobody
    tries it again.
    """

    __tablename__ = "webhook_receipt"
    __table_args__ = (
        one_of("provider", Provider),
        one_of("kind", ReceiptKind),
        one_of("state", ReceiptState),
        check("attempts", "attempts >= 0"),
        check("settled", "(state = 'new') = (settled_at IS NULL)"),
        Index("webhook_receipt_new_idx", "id", postgresql_where=text("state = 'new'")),
        Index("webhook_receipt_refused_idx", "settled_at", postgresql_where=text("state = 'refused'")),
        Index(None, "settled_at"),
        Index(None, "provider", "arrived_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(),))
    provider: str
    kind: str
    digest: str = Field(unique=True)
    headers: dict[str, str] = Field(default_factory=dict, sa_type=JSONB)
    query: str = ""
    body: bytes = Field(sa_type=LargeBinary)
    received_at: datetime = Field(sa_type=Instant)
    arrived_at: datetime = Field(sa_type=Instant)
    state: str = ReceiptState.NEW
    attempts: int = 0
    last_error: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=Instant)
    settled_at: datetime | None = Field(default=None, sa_type=Instant)


class UnknownEvent(Table, table=True):
    """What a provider said of a message the ledger does not know (yet), without the address it names.

    `communication` is our own id as it was told, `provider_id` the provider's. It is matched again for a day,
    since an event may come before the answer that names the message.
    """

    __tablename__ = "unknown_event"
    __table_args__ = (
        one_of("provider", Provider),
        Index(None, "provider", "provider_id"),
        Index(None, "received_at"),
    )

    provider_event_id: str = Field(primary_key=True)
    provider: str
    kind: str
    at: datetime = Field(sa_type=Instant)
    received_at: datetime = Field(sa_type=Instant)
    provider_id: str | None = None
    communication: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
