"""Contacts made, messages, and tasks for people."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "contact_made",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("tone", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("composed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("composed_on", sa.Date(), nullable=False),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("on_day", sa.Date(), nullable=True),
        sa.Column("approval_task_id", sa.Uuid(), nullable=True),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("contact_person_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("sending_fingerprint", sa.String(), nullable=True),
        sa.Column("facts_hash", sa.String(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('email', 'sms', 'phone', 'letter', 'decision')", name="contact_made_channel_check"
        ),
        sa.CheckConstraint("role IN ('accounting', 'buyer', 'executive')", name="contact_made_role_check"),
        sa.CheckConstraint(
            "status IN ('draft', 'approved', 'sending', 'sent', 'uncertain', 'failed', 'withheld', "
            "'withdrawn', 'stale', 'by_hand', 'opening')",
            name="contact_made_status_check",
        ),
        sa.CheckConstraint(
            "tone IN ('statement', 'courteous', 'firm', 'notice')", name="contact_made_tone_check"
        ),
        sa.ForeignKeyConstraint(
            ["contact_person_id"], ["contact.id"], name="contact_made_contact_person_id_fkey"
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="contact_made_customer_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="contact_made_pkey"),
    )
    op.create_index("contact_made_approval_task_id_idx", "contact_made", ["approval_task_id"], unique=False)
    op.create_index("contact_made_customer_id_idx", "contact_made", ["customer_id"], unique=False)
    op.create_index(
        "contact_made_waiting_idx",
        "contact_made",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("status IN ('draft', 'approved', 'sending', 'uncertain', 'withheld')"),
    )
    op.create_table(
        "contact_item",
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("offset_days", sa.Integer(), nullable=False),
        sa.Column("tone", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("folded", sa.Boolean(), nullable=False),
        sa.Column("concluded", sa.Boolean(), nullable=False),
        sa.Column("concluded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("on_day", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('email', 'sms', 'phone', 'letter', 'decision')", name="contact_item_channel_check"
        ),
        sa.CheckConstraint(
            "tone IN ('statement', 'courteous', 'firm', 'notice')", name="contact_item_tone_check"
        ),
        sa.CheckConstraint(
            "NOT concluded OR (concluded_at IS NOT NULL AND on_day IS NOT NULL)",
            name="contact_item_concluded_check",
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact_made.id"], name="contact_item_contact_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="contact_item_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("contact_id", "invoice_id", name="contact_item_pkey"),
    )
    op.create_index("contact_item_invoice_id_idx", "contact_item", ["invoice_id"], unique=False)
    op.create_index(
        "contact_item_step_key",
        "contact_item",
        ["invoice_id", "step"],
        unique=True,
        postgresql_where=sa.text("concluded"),
    )
    op.create_table(
        "content",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="content_pkey"),
    )
    op.create_table(
        "communication",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("recipient_contact_id", sa.Uuid(), nullable=True),
        sa.Column("to_address", sa.String(), nullable=False),
        sa.Column("cc", JSONB(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("balance_quoted", JSONB(), nullable=False),
        sa.Column("policy_key", sa.String(), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sending_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sender_run", sa.String(), nullable=True),
        sa.Column("purpose_key", sa.String(), nullable=True),
        sa.CheckConstraint("audience IN ('debtor', 'internal')", name="communication_audience_check"),
        sa.CheckConstraint(
            "status IN ('planned', 'sending', 'sent', 'uncertain', 'failed', 'withheld', 'withdrawn')",
            name="communication_status_check",
        ),
        sa.CheckConstraint("attempts >= 0", name="communication_attempts_check"),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="communication_company_id_fkey"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact_made.id"], name="communication_contact_id_fkey"),
        sa.ForeignKeyConstraint(["content_hash"], ["content.hash"], name="communication_content_hash_fkey"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="communication_customer_id_fkey"),
        sa.ForeignKeyConstraint(
            ["recipient_contact_id"], ["contact.id"], name="communication_recipient_contact_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="communication_pkey"),
        sa.UniqueConstraint("purpose_key", name="communication_purpose_key_key"),
    )
    op.create_index("communication_company_id_idx", "communication", ["company_id"], unique=False)
    op.create_index("communication_contact_id_idx", "communication", ["contact_id"], unique=False)
    op.create_index("communication_content_hash_idx", "communication", ["content_hash"], unique=False)
    op.create_index(
        "communication_customer_id_planned_at_idx",
        "communication",
        ["customer_id", "planned_at"],
        unique=False,
    )
    op.create_index(
        "communication_provider_provider_id_idx", "communication", ["provider", "provider_id"], unique=False
    )
    op.create_index(
        "communication_unsettled_idx",
        "communication",
        ["planned_at"],
        unique=False,
        postgresql_where=sa.text("status IN ('planned', 'sending', 'uncertain')"),
    )
    op.create_table(
        "communication_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("communication_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("provider_event_id", sa.String(), nullable=True),
        sa.Column("detail", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["communication_id"], ["communication.id"], name="communication_event_communication_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="communication_event_pkey"),
        sa.UniqueConstraint("provider_event_id", name="communication_event_provider_event_id_key"),
    )
    op.create_index(
        "communication_event_communication_id_idx", "communication_event", ["communication_id"], unique=False
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("communication_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("assignee_email", sa.String(), nullable=True),
        sa.Column("step", sa.String(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="task_closed_check"),
        sa.CheckConstraint("status IN ('open', 'done', 'withdrawn')", name="task_status_check"),
        sa.ForeignKeyConstraint(
            ["communication_id"], ["communication.id"], name="task_communication_id_fkey"
        ),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="task_company_id_fkey"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact_made.id"], name="task_contact_id_fkey"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="task_customer_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="task_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="task_pkey"),
        sa.UniqueConstraint("key", name="task_key_key"),
    )
    op.create_index("task_communication_id_idx", "task", ["communication_id"], unique=False)
    op.create_index("task_company_id_idx", "task", ["company_id"], unique=False)
    op.create_index("task_contact_id_idx", "task", ["contact_id"], unique=False)
    op.create_index("task_invoice_id_idx", "task", ["invoice_id"], unique=False)
    op.create_index(
        "task_open_customer_idx",
        "task",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "task_open_due_idx",
        "task",
        ["company_id", "due_on", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    # A contact and its approval task name each other: the check waits for the end of the transaction.
    op.create_foreign_key(
        "contact_made_approval_task_id_fkey",
        "contact_made",
        "task",
        ["approval_task_id"],
        ["id"],
        initially="DEFERRED",
        deferrable=True,
    )
