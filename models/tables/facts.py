"""Facts from outside. Each row names the fact it was recorded under."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import Instant, Money, Table, check
from models.tables.receivables import CURRENCY


class FactRow(Table, table=True):
    """The registry that makes recording idempotent: one row per event of a company."""

    __tablename__ = "fact"
    __table_args__ = (UniqueConstraint("company_id", "event_id"),)

    id: UUID = Field(primary_key=True)
    company_id: UUID = Field(foreign_key="company.id")
    event_id: str
    kind: str
    invoice_id: UUID | None = Field(default=None, foreign_key="invoice.id", index=True)
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id", index=True)
    payload: dict[str, Any] = Field(sa_type=JSONB)
    recorded_at: datetime = Field(sa_type=Instant)
    recorded_by: str


class PaymentRow(Table, table=True):
    """Money received; without an invoice it is unallocated credit of the customer.

    `bank_line_id` is the bank line it came by; one line may pay several invoices.
    """

    __tablename__ = "payment"
    __table_args__ = (
        check("amount", "amount > 0"),
        check("currency", CURRENCY),
        check("reversed", "reversed_at IS NOT NULL OR reversed_on IS NULL"),
        Index(None, "recorded_at"),
    )

    id: UUID = Field(primary_key=True)
    fact_id: UUID = Field(foreign_key="fact.id", index=True)
    invoice_id: UUID | None = Field(default=None, foreign_key="invoice.id", index=True)
    customer_id: UUID = Field(foreign_key="customer.id", index=True)
    amount: Decimal = Field(sa_type=Money)
    currency: str
    received_on: date
    recorded_at: datetime = Field(sa_type=Instant)
    event_id: str
    reference: str | None = None
    reversed_at: datetime | None = Field(default=None, sa_type=Instant)
    reversed_on: date | None = None
    bank_line_id: UUID | None = Field(default=None, foreign_key="bank_line.id", index=True)


class CreditNoteRow(Table, table=True):
    """A credit granted on an invoice.

    One that a payment earned (a discount taken in time, a small rest let go) names it in `payment_id`, and is
    cancelled with it: then it never counted.
    """

    __tablename__ = "credit_note"
    __table_args__ = (
        check("amount", "amount > 0"),
        check("currency", CURRENCY),
        Index("ix_credit_note_payment_id", "payment_id", postgresql_where=text("payment_id IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    fact_id: UUID = Field(foreign_key="fact.id", index=True)
    invoice_id: UUID = Field(foreign_key="invoice.id", index=True)
    number: str | None = None
    amount: Decimal = Field(sa_type=Money)
    currency: str
    issued_on: date
    recorded_at: datetime = Field(sa_type=Instant)
    payment_id: UUID | None = Field(default=None, foreign_key="payment.id")
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)


class DisputeRow(Table, table=True):
    """An amount the customer contests; NULL is the whole invoice."""

    __tablename__ = "dispute"
    __table_args__ = (
        check("amount", "amount > 0"),
        check("credited", "credited IS NULL OR (credited > 0 AND resolved_at IS NOT NULL)"),
    )

    id: UUID = Field(primary_key=True)
    fact_id: UUID = Field(foreign_key="fact.id", unique=True)
    invoice_id: UUID = Field(foreign_key="invoice.id", index=True)
    amount: Decimal | None = Field(default=None, sa_type=Money)
    cause: str | None = None
    opened_at: datetime = Field(sa_type=Instant)
    resolved_at: datetime | None = Field(default=None, sa_type=Instant)
    resolution: str | None = None
    credited: Decimal | None = Field(default=None, sa_type=Money)


class ClaimRow(Table, table=True):
    """The customer says it has paid; the bank has not shown it yet."""

    __tablename__ = "payment_claim"

    id: UUID = Field(primary_key=True)
    fact_id: UUID = Field(foreign_key="fact.id", unique=True)
    invoice_id: UUID = Field(foreign_key="invoice.id", index=True)
    paid_on: date
    claimed_at: datetime = Field(sa_type=Instant)
    withdrawn_at: datetime | None = Field(default=None, sa_type=Instant)


class PlanRow(Table, table=True):
    """A payment plan; a promise to pay is a plan of one instalment. At most one is in force."""

    __tablename__ = "payment_plan"
    __table_args__ = (
        Index(
            "payment_plan_in_force_key",
            "invoice_id",
            unique=True,
            postgresql_where=text("cancelled_at IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    fact_id: UUID = Field(foreign_key="fact.id", unique=True)
    invoice_id: UUID = Field(foreign_key="invoice.id", index=True)
    agreed_at: datetime = Field(sa_type=Instant)
    cancelled_at: datetime | None = Field(default=None, sa_type=Instant)


class InstalmentRow(Table, table=True):
    """One promised payment of a plan; `place` counts from 1."""

    __tablename__ = "instalment"
    __table_args__ = (check("amount", "amount > 0"), check("place", "place >= 1"))

    plan_id: UUID = Field(primary_key=True, foreign_key="payment_plan.id")
    place: int = Field(primary_key=True)
    due_on: date
    amount: Decimal = Field(sa_type=Money)


class HoldRow(Table, table=True):
    """Deliveries to the customer stop until the named invoices are paid."""

    __tablename__ = "delivery_hold"

    id: UUID = Field(primary_key=True)
    fact_id: UUID = Field(foreign_key="fact.id", unique=True)
    customer_id: UUID = Field(foreign_key="customer.id", index=True)
    placed_at: datetime = Field(sa_type=Instant)
    released_at: datetime | None = Field(default=None, sa_type=Instant)
    pauses_ladder: bool = False


class HoldInvoiceRow(Table, table=True):
    """An invoice whose payment ends a delivery hold."""

    __tablename__ = "delivery_hold_invoice"

    hold_id: UUID = Field(primary_key=True, foreign_key="delivery_hold.id")
    invoice_id: UUID = Field(primary_key=True, foreign_key="invoice.id", index=True)


class PauseRow(Table, table=True):
    """A manual pause: no contact until the start of the local day `until`, or until resumed."""

    __tablename__ = "pause"
    __table_args__ = (UniqueConstraint("invoice_id", "key"),)

    id: UUID = Field(primary_key=True)
    fact_id: UUID = Field(foreign_key="fact.id", index=True)
    invoice_id: UUID = Field(foreign_key="invoice.id", index=True)
    key: str
    reason: str
    since: datetime = Field(sa_type=Instant)
    until: date | None = None
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
