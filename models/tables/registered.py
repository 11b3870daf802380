"""Registered letters handed to a provider, and the documents it gave back."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from models.tables.columns import Instant, Table, check, one_of
from models.tables.words import LetterOutcome, RegisteredState


class RegisteredMailRow(Table, table=True):
    """One posting of a letter through a provider: of one task, hence of one `LetterPosting` at most.

    `content_id` is what the provider knows it by. What the provider tells is kept here also where nobody
    waits for it any more; `reason` says why a letter was taken back before it left.
    """

    __tablename__ = "registered_mail"
    __table_args__ = (
        one_of("state", RegisteredState),
        one_of("outcome", LetterOutcome),
        check("handed", "(state = 'handed') = (handed_at IS NOT NULL)"),
        check("taken_back", "(state = 'taken_back') = (reason IS NOT NULL)"),
        check("deposited", "(number IS NULL) = (deposited_on IS NULL)"),
        Index("registered_mail_staged_idx", "staged_at", postgresql_where=text("state = 'staged'")),
        check("ended", "(outcome IS NULL) = (ended_on IS NULL) AND (ended_on IS NULL OR number IS NOT NULL)"),
    )

    id: UUID = Field(primary_key=True)
    content_id: str = Field(unique=True)
    task_id: UUID = Field(foreign_key="task.id", unique=True)
    communication_id: UUID = Field(foreign_key="communication.id", index=True)
    pages_hash: str = Field(foreign_key="content.hash")
    product: str
    state: str = RegisteredState.STAGED
    reason: str | None = None
    staged_at: datetime = Field(sa_type=Instant)
    handed_at: datetime | None = Field(default=None, sa_type=Instant)
    number: str | None = None
    deposited_on: date | None = None
    outcome: str | None = None
    ended_on: date | None = None


class RegisteredReceipt(Table, table=True):
    """A document of the provider's about one letter: proof of deposit, acknowledgement of receipt."""

    __tablename__ = "registered_receipt"

    mail_id: UUID = Field(primary_key=True, foreign_key="registered_mail.id")
    content_hash: str = Field(primary_key=True, foreign_key="content.hash")
    name: str
    received_at: datetime = Field(sa_type=Instant)
