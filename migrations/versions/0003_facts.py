"""Facts from outside."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "fact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="fact_company_id_fkey"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fact_customer_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="fact_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="fact_pkey"),
        sa.UniqueConstraint("company_id", "event_id", name="fact_company_id_event_id_key"),
    )
    op.create_index("fact_customer_id_idx", "fact", ["customer_id"], unique=False)
    op.create_index("fact_invoice_id_idx", "fact", ["invoice_id"], unique=False)
    op.create_table(
        "payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(19, 4), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("reversed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reversed_on", sa.Date(), nullable=True),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="payment_currency_check"),
        sa.CheckConstraint("amount > 0", name="payment_amount_check"),
        sa.CheckConstraint("reversed_at IS NOT NULL OR reversed_on IS NULL", name="payment_reversed_check"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="payment_customer_id_fkey"),
        sa.ForeignKeyConstraint(["fact_id"], ["fact.id"], name="payment_fact_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="payment_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="payment_pkey"),
    )
    op.create_index("payment_customer_id_idx", "payment", ["customer_id"], unique=False)
    op.create_index("payment_fact_id_idx", "payment", ["fact_id"], unique=False)
    op.create_index("payment_invoice_id_idx", "payment", ["invoice_id"], unique=False)
    op.create_table(
        "credit_note",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("amount", sa.Numeric(19, 4), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="credit_note_currency_check"),
        sa.CheckConstraint("amount > 0", name="credit_note_amount_check"),
        sa.ForeignKeyConstraint(["fact_id"], ["fact.id"], name="credit_note_fact_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="credit_note_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="credit_note_pkey"),
    )
    op.create_index("credit_note_fact_id_idx", "credit_note", ["fact_id"], unique=False)
    op.create_index("credit_note_invoice_id_idx", "credit_note", ["invoice_id"], unique=False)
    op.create_table(
        "dispute",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(19, 4), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.Column("credited", sa.Numeric(19, 4), nullable=True),
        sa.CheckConstraint("amount > 0", name="dispute_amount_check"),
        sa.CheckConstraint(
            "credited IS NULL OR (credited > 0 AND resolved_at IS NOT NULL)", name="dispute_credited_check"
        ),
        sa.ForeignKeyConstraint(["fact_id"], ["fact.id"], name="dispute_fact_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="dispute_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="dispute_pkey"),
        sa.UniqueConstraint("fact_id", name="dispute_fact_id_key"),
    )
    op.create_index("dispute_invoice_id_idx", "dispute", ["invoice_id"], unique=False)
    op.create_table(
        "payment_claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["fact_id"], ["fact.id"], name="payment_claim_fact_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="payment_claim_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="payment_claim_pkey"),
        sa.UniqueConstraint("fact_id", name="payment_claim_fact_id_key"),
    )
    op.create_index("payment_claim_invoice_id_idx", "payment_claim", ["invoice_id"], unique=False)
    op.create_table(
        "payment_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["fact_id"], ["fact.id"], name="payment_plan_fact_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="payment_plan_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="payment_plan_pkey"),
        sa.UniqueConstraint("fact_id", name="payment_plan_fact_id_key"),
    )
    op.create_index(
        "payment_plan_in_force_key",
        "payment_plan",
        ["invoice_id"],
        unique=True,
        postgresql_where=sa.text("cancelled_at IS NULL"),
    )
    op.create_index("payment_plan_invoice_id_idx", "payment_plan", ["invoice_id"], unique=False)
    op.create_table(
        "instalment",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(19, 4), nullable=False),
        sa.CheckConstraint("amount > 0", name="instalment_amount_check"),
        sa.CheckConstraint("place >= 1", name="instalment_place_check"),
        sa.ForeignKeyConstraint(["plan_id"], ["payment_plan.id"], name="instalment_plan_id_fkey"),
        sa.PrimaryKeyConstraint("plan_id", "place", name="instalment_pkey"),
    )
    op.create_table(
        "delivery_hold",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pauses_ladder", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="delivery_hold_customer_id_fkey"),
        sa.ForeignKeyConstraint(["fact_id"], ["fact.id"], name="delivery_hold_fact_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="delivery_hold_pkey"),
        sa.UniqueConstraint("fact_id", name="delivery_hold_fact_id_key"),
    )
    op.create_index("delivery_hold_customer_id_idx", "delivery_hold", ["customer_id"], unique=False)
    op.create_table(
        "delivery_hold_invoice",
        sa.Column("hold_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["hold_id"], ["delivery_hold.id"], name="delivery_hold_invoice_hold_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="delivery_hold_invoice_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("hold_id", "invoice_id", name="delivery_hold_invoice_pkey"),
    )
    op.create_index(
        "delivery_hold_invoice_invoice_id_idx", "delivery_hold_invoice", ["invoice_id"], unique=False
    )
    op.create_table(
        "pause",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["fact_id"], ["fact.id"], name="pause_fact_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="pause_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="pause_pkey"),
        sa.UniqueConstraint("invoice_id", "key", name="pause_invoice_id_key_key"),
    )
    op.create_index("pause_fact_id_idx", "pause", ["fact_id"], unique=False)
    op.create_index("pause_invoice_id_idx", "pause", ["invoice_id"], unique=False)
