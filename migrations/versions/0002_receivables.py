"""Policies, invoices and their cases."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "policy",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("toml", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("version >= 1", name="policy_version_check"),
        sa.PrimaryKeyConstraint("key", "version", name="policy_pkey"),
    )
    op.create_table(
        "invoice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("total", sa.Numeric(19, 4), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("order_ref", sa.String(), nullable=True),
        sa.Column("policy", sa.String(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("replaced_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="invoice_currency_check"),
        sa.CheckConstraint("replaced_by_id <> id AND replaces_id <> id", name="invoice_replaced_check"),
        sa.CheckConstraint("total > 0", name="invoice_total_check"),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="invoice_company_id_fkey"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="invoice_customer_id_fkey"),
        sa.ForeignKeyConstraint(["replaced_by_id"], ["invoice.id"], name="invoice_replaced_by_id_fkey"),
        sa.ForeignKeyConstraint(["replaces_id"], ["invoice.id"], name="invoice_replaces_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="invoice_pkey"),
        sa.UniqueConstraint("company_id", "number", name="invoice_company_id_number_key"),
    )
    op.create_index(
        "invoice_company_id_due_on_id_idx", "invoice", ["company_id", "due_on", "id"], unique=False
    )
    op.create_index("invoice_customer_id_idx", "invoice", ["customer_id"], unique=False)
    op.create_table(
        "dunning_case",
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("policy_key", sa.String(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("next_step", sa.String(), nullable=True),
        sa.Column("next_channel", sa.String(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_why", sa.String(), nullable=True),
        sa.Column("paused_by", sa.String(), nullable=True),
        sa.Column("outstanding", sa.Numeric(19, 4), nullable=False),
        sa.Column("disputed", sa.Numeric(19, 4), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_seq", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closing_reason", sa.String(), nullable=True),
        sa.Column("closed_by_person", sa.String(), nullable=True),
        sa.CheckConstraint("disputed >= 0 AND disputed <= outstanding", name="dunning_case_disputed_check"),
        sa.CheckConstraint("outstanding >= 0", name="dunning_case_outstanding_check"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="dunning_case_customer_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="dunning_case_invoice_id_fkey"),
        sa.ForeignKeyConstraint(
            ["policy_key", "policy_version"],
            ["policy.key", "policy.version"],
            name="dunning_case_policy_key_fkey",
        ),
        sa.PrimaryKeyConstraint("invoice_id", name="dunning_case_pkey"),
    )
    op.create_index("dunning_case_customer_id_idx", "dunning_case", ["customer_id"], unique=False)
    op.create_index(
        "dunning_case_open_customer_idx",
        "dunning_case",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "dunning_case_open_next_at_idx",
        "dunning_case",
        ["next_at"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "dunning_case_policy_key_policy_version_idx",
        "dunning_case",
        ["policy_key", "policy_version"],
        unique=False,
    )
