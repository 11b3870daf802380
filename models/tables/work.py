"""Tasks for people, the journal of cases, and what the installation itself keeps."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import Instant, Table, check, one_of
from models.tables.words import CallOutcome, NoteTo, TaskStatus


class Task(Table, table=True):
    """Something a person is asked to do. `key` is its idempotency key; `kind` is one of `TaskKind`.

    One without a customer is about the company as a whole.

    `meant_for` is set while somebody stands in for who was asked. `call_back_on` is the day agreed for a
    call: its three business days count from then. A call `falls_to` who follows the customer once its day has
    passed: until then it is offered to a colleague who knows whom to call. A sales
    representative says until `answer_by` whether a step may leave; their veto holds it up to `veto_until`.
    """

    __tablename__ = "task"
    __table_args__ = (
        one_of("status", TaskStatus),
        check("answer_by", "kind <> 'sales_veto' OR answer_by IS NOT NULL"),
        check("closed", "(status = 'open') = (closed_at IS NULL)"),
        Index("task_open_due_idx", "company_id", "due_on", "id", postgresql_where=text("status = 'open'")),
        Index(
            "task_open_kind_idx",
            *("company_id", "kind", "due_on", "id"),
            postgresql_where=text("status = 'open'"),
        ),
        Index("task_open_customer_idx", "customer_id", postgresql_where=text("status = 'open'")),
        Index(
            "task_reps_asked_idx",
            *("customer_id", "opened_on"),
            postgresql_where=text("kind = 'sales_veto'"),
        ),
        Index(
            "task_open_offered_idx",
            "due_on",
            postgresql_where=text("status = 'open' AND falls_to IS NOT NULL"),
        ),
        Index("task_open_assignee_idx", "assignee_email", postgresql_where=text("status = 'open'")),
    )

    id: UUID = Field(primary_key=True)
    company_id: UUID = Field(foreign_key="company.id", index=True)
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    invoice_id: UUID | None = Field(default=None, foreign_key="invoice.id", index=True)
    contact_id: UUID | None = Field(default=None, foreign_key="contact_made.id", index=True)
    communication_id: UUID | None = Field(default=None, foreign_key="communication.id", index=True)
    kind: str
    key: str = Field(unique=True)
    title: str
    body: str = ""
    assignee_email: str | None = None
    step: str | None = None
    opened_at: datetime = Field(sa_type=Instant)
    opened_on: date
    due_on: date | None = None
    status: str = TaskStatus.OPEN
    outcome: str | None = None
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    closed_by: str | None = None
    escalated_at: datetime | None = Field(default=None, sa_type=Instant)
    meant_for: str | None = None
    call_back_on: date | None = None
    falls_to: str | None = None
    answer_by: date | None = None
    veto_until: date | None = None


class CallAttempt(Table, table=True):
    """One call made for a task, whatever came of it. `by` is who called."""

    __tablename__ = "call_attempt"
    __table_args__ = (one_of("outcome", CallOutcome),)

    id: UUID = Field(primary_key=True)
    task_id: UUID = Field(foreign_key="task.id", index=True)
    at: datetime = Field(sa_type=Instant)
    outcome: str
    cause: str | None = None
    by: str
    note: str | None = None


class Absence(Table, table=True):
    """One of our own people is away, both days included; the deputy gets what falls due meanwhile."""

    __tablename__ = "absence"
    __table_args__ = (
        check("days", "first_day <= last_day"),
        check("deputy", "deputy_email <> staff_email"),
        Index(
            "absence_in_force_key",
            "staff_email",
            "first_day",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    staff_email: str
    first_day: date
    last_day: date
    deputy_email: str
    recorded_at: datetime = Field(sa_type=Instant)
    recorded_by: str
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class CaseEvent(Table, table=True):
    """The journal: who did what, when, why. A trigger refuses any change to what is written."""

    __tablename__ = "case_event"
    __table_args__ = (
        Index(None, "invoice_id", "id"),
        Index(None, "customer_id", "id"),
        Index(None, "company_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(),))
    invoice_id: UUID | None = Field(default=None, foreign_key="invoice.id")
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    company_id: UUID = Field(foreign_key="company.id")
    at: datetime = Field(sa_type=Instant)
    who: str
    what: str
    why: str | None = None
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)


class PolicyRow(Table, table=True):
    """One edition of a dunning policy, as its TOML text. A trigger refuses any change: add a version.

    `published_by` is who published it, NULL for an edition that came with the product.
    """

    __tablename__ = "policy"
    __table_args__ = (check("version", "version >= 1"),)

    key: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    title: str
    toml: str
    hash: str
    created_at: datetime = Field(sa_type=Instant)
    published_by: str | None = None


class AuditEvent(Table, table=True):
    """An act on the installation, or through the API on a company: who did what. Append-only."""

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "company_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(),))
    company_id: UUID | None = Field(default=None, foreign_key="company.id")
    at: datetime = Field(sa_type=Instant)
    who: str
    what: str
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)


class IdempotencyRecord(Table, table=True):
    """The answer given under an `Idempotency-Key`: the same request again gets it again, and changes nothing.

    `fingerprint` is a hash of method, path and body.
    """

    __tablename__ = "idempotency_record"
    __table_args__ = (Index(None, "created_at"),)

    api_key_id: UUID = Field(primary_key=True, foreign_key="api_key.id")
    key: str = Field(primary_key=True)
    fingerprint: str
    status: int
    body: str
    created_at: datetime = Field(sa_type=Instant)


class Installation(Table, table=True):
    """What this installation keeps about itself: the clock's offset, the last sending mode."""

    __tablename__ = "installation"

    key: str = Field(primary_key=True)
    value: str


class OutboxNote(Table, table=True):
    """A signal that must reach a workflow; deleted once delivered.

    `key` is the id of the invoice, customer, company, bank file or trial; notes go out by `order_at`, then
    `id`. Until `claimed_until`, one relay has it.
    """

    __tablename__ = "outbox_note"
    __table_args__ = (
        one_of("workflow", NoteTo),
        check("attempts", "attempts >= 0"),
        Index(None, "order_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(),))
    workflow: str
    key: UUID
    signal: str
    payload: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    with_start: bool = True
    order_at: datetime = Field(sa_type=Instant)
    created_at: datetime = Field(sa_type=Instant)
    attempts: int = 0
    last_error: str | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=Instant)
