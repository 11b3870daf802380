"""What customers write back."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import Instant, Table, check, one_of
from models.tables.words import MatchedBy, ReplyState
from rules.calendar import Channel
from rules.replies import ReplyKind


class Reply(Table, table=True):
    """One mail or text message that came in. What it says stays here: never in Temporal, a log or a metric.

    `text` is the newest part, `whole` all of it; files are kept under their hash, in `content`. `sign` is
    what its kind was known by. While no customer is known, `suggested_customer_id` is who it may be from;
    without a company, nobody can tell whose it is. `pause_until` is the local day at whose start its pause
    ends by itself, `pause_ended_at` when somebody had read it. `dedupe_key` is the same for the same message
    told twice.
    """

    __tablename__ = "reply"
    __table_args__ = (
        one_of("channel", (Channel.EMAIL.value, Channel.SMS.value)),
        one_of("kind", ReplyKind),
        one_of("state", ReplyState),
        one_of("matched_by", MatchedBy),
        check("matched", "(state = 'matched') = (customer_id IS NOT NULL)"),
        check("of_company", "customer_id IS NULL OR company_id IS NOT NULL"),
        check("pause", "pause_ended_at IS NULL OR pause_until IS NOT NULL"),
        Index(None, "company_id", "received_at", "id"),
        Index(None, "customer_id", "received_at", "id"),
        Index("reply_pausing_idx", "customer_id", postgresql_where=text("pause_until IS NOT NULL")),
        Index(
            "reply_unmatched_idx", "company_id", "received_at", postgresql_where=text("state = 'unmatched'")
        ),
    )

    id: UUID = Field(primary_key=True)
    channel: str
    kind: str
    sign: str | None = None
    state: str
    matched_by: str | None = None
    company_id: UUID | None = Field(default=None, foreign_key="company.id")
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    suggested_customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    communication_id: UUID | None = Field(default=None, foreign_key="communication.id", index=True)
    contact_id: UUID | None = Field(default=None, foreign_key="contact.id")
    received_at: datetime = Field(sa_type=Instant)
    sender: str
    sender_name: str | None = None
    answer_to: str | None = None
    recipient: str | None = None
    subject: str | None = None
    text: str
    whole: str
    fault: str | None = None
    files: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    files_left_out: int = 0
    message_id: str | None = None
    dedupe_key: str = Field(unique=True)
    task_id: UUID | None = Field(default=None, foreign_key="task.id", index=True)
    pause_until: date | None = None
    pause_ended_at: datetime | None = Field(default=None, sa_type=Instant)
    settled_by: str | None = None
    settled_at: datetime | None = Field(default=None, sa_type=Instant)
