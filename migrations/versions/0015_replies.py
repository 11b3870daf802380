"""What customers write back, how long that pauses their cases, and whose an address or a number is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of replies, the company's days of pause, and the indexes that senders are found by."""
    op.create_table(
        "reply",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sign", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("matched_by", sa.String(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("suggested_customer_id", sa.Uuid(), nullable=True),
        sa.Column("communication_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("sender_name", sa.String(), nullable=True),
        sa.Column("answer_to", sa.String(), nullable=True),
        sa.Column("recipient", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("whole", sa.String(), nullable=False),
        sa.Column("fault", sa.String(), nullable=True),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("files_left_out", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=True),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=True),
        sa.Column("pause_until", sa.Date(), nullable=True),
        sa.Column("pause_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("channel IN ('email', 'sms')", name="reply_channel_check"),
        sa.CheckConstraint(
            "kind IN ('answer', 'automatic', 'bounce', 'opt_out', 'own')", name="reply_kind_check"
        ),
        sa.CheckConstraint("state IN ('matched', 'unmatched', 'dismissed')", name="reply_state_check"),
        sa.CheckConstraint(
            "matched_by IN ('token', 'thread', 'sender', 'person')", name="reply_matched_by_check"
        ),
        sa.CheckConstraint("(state = 'matched') = (customer_id IS NOT NULL)", name="reply_matched_check"),
        sa.CheckConstraint("customer_id IS NULL OR company_id IS NOT NULL", name="reply_of_company_check"),
        sa.CheckConstraint("pause_ended_at IS NULL OR pause_until IS NOT NULL", name="reply_pause_check"),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="reply_company_id_fkey"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="reply_customer_id_fkey"),
        sa.ForeignKeyConstraint(
            ["suggested_customer_id"], ["customer.id"], name="reply_suggested_customer_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["communication_id"], ["communication.id"], name="reply_communication_id_fkey"
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name="reply_contact_id_fkey"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="reply_task_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="reply_pkey"),
        sa.UniqueConstraint("dedupe_key", name="reply_dedupe_key_key"),
    )
    op.create_index("reply_communication_id_idx", "reply", ["communication_id"])
    op.create_index("reply_task_id_idx", "reply", ["task_id"])
    op.create_index("reply_company_id_received_at_id_idx", "reply", ["company_id", "received_at", "id"])
    op.create_index("reply_customer_id_received_at_id_idx", "reply", ["customer_id", "received_at", "id"])
    op.create_index(
        "reply_pausing_idx",
        "reply",
        ["customer_id"],
        postgresql_where=sa.text("pause_until IS NOT NULL"),
    )
    op.create_index(
        "reply_unmatched_idx",
        "reply",
        ["company_id", "received_at"],
        postgresql_where=sa.text("state = 'unmatched'"),
    )
    op.add_column("company", sa.Column("reply_pause_days", sa.Integer(), nullable=True))
    op.create_check_constraint(
        "company_reply_pause_days_check", "company", "reply_pause_days BETWEEN 0 AND 60"
    )
    op.create_index("contact_email_idx", "contact", [sa.text("lower(email)")])
    op.create_index("contact_domain_idx", "contact", [sa.text("lower(split_part(email, '@', 2))")])
    op.create_index("contact_phone_idx", "contact", ["phone"])
    op.create_index(
        "communication_sms_to_idx",
        "communication",
        ["to_address", "planned_at"],
        postgresql_where=sa.text("channel = 'sms'"),
    )
