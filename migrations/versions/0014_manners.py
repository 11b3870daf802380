"""Providers' manners: who may send how fast, how an SMS is billed; bank details changed by two people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add the allowances, the parts of an SMS, the asked changes of bank details, and notes to a company."""
    op.create_table(
        "provider_allowance",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("free_at", INSTANT, nullable=False),
        sa.Column("queue_until", INSTANT, nullable=False),
        sa.Column("blocked_until", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("provider", "sender", name="provider_allowance_pkey"),
    )
    op.add_column("communication", sa.Column("turn_at", INSTANT, nullable=True))
    op.add_column("communication", sa.Column("sms_encoding", sa.String(), nullable=True))
    op.add_column("communication", sa.Column("sms_parts", sa.Integer(), nullable=True))
    op.create_check_constraint(
        "communication_sms_encoding_check", "communication", "sms_encoding IN ('gsm7', 'ucs2')"
    )
    op.create_check_constraint(
        "communication_sms_parts_check",
        "communication",
        "(sms_encoding IS NULL) = (sms_parts IS NULL) AND sms_parts >= 1",
    )
    _bank_details()


def _bank_details() -> None:
    op.add_column("company", sa.Column("payment_details_changed_on", sa.Date(), nullable=True))
    op.create_table(
        "payment_details_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("before", JSONB(), nullable=False),
        sa.Column("after", JSONB(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", INSTANT, nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("effective_at", INSTANT, nullable=False),
        sa.Column("applied_at", INSTANT, nullable=True),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.Column("cancelled_at", INSTANT, nullable=True),
        sa.CheckConstraint(
            "status IN ('asked', 'approved', 'applied', 'cancelled')",
            name="payment_details_change_status_check",
        ),
        sa.CheckConstraint(
            "effective_at >= asked_at + interval '24 hours'", name="payment_details_change_delay_check"
        ),
        sa.CheckConstraint("approved_by <> asked_by", name="payment_details_change_two_people_check"),
        sa.CheckConstraint(
            "(approved_by IS NULL) = (approved_at IS NULL)", name="payment_details_change_approved_check"
        ),
        sa.CheckConstraint(
            "(status = 'applied') = (applied_at IS NOT NULL)"
            " AND (applied_at IS NULL OR (approved_at IS NOT NULL AND applied_at >= effective_at))",
            name="payment_details_change_applied_check",
        ),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)",
            name="payment_details_change_cancelled_check",
        ),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name="payment_details_change_company_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="payment_details_change_pkey"),
    )
    op.create_index(
        "payment_details_change_pending_key",
        "payment_details_change",
        ["company_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('asked', 'approved')"),
    )
    op.create_index(
        "payment_details_change_company_id_asked_at_idx", "payment_details_change", ["company_id", "asked_at"]
    )
    # Word to managers about a company belongs to no customer; what a debtor reads always does.
    op.alter_column("communication", "customer_id", nullable=True)
    op.create_check_constraint(
        "communication_customer_check", "communication", "customer_id IS NOT NULL OR audience = 'internal'"
    )
    op.create_index(
        "communication_of_company_idx",
        "communication",
        ["company_id", "planned_at"],
        postgresql_where=sa.text("customer_id IS NULL"),
    )
    op.drop_constraint("outbox_note_workflow_check", "outbox_note")
    op.create_check_constraint(
        "outbox_note_workflow_check", "outbox_note", "workflow IN ('case', 'outreach', 'notices')"
    )
