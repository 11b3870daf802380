"""What providers tell us: their posts as they came, and events of messages the ledger does not know."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; say of each event when it was told, of each message when it was last asked about."""
    op.create_table(
        "webhook_receipt",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("headers", JSONB(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("provider IN ('sendgrid', 'twilio')", name="webhook_receipt_provider_check"),
        sa.CheckConstraint(
            "kind IN ('events', 'status', 'inbound_mail', 'inbound_sms')", name="webhook_receipt_kind_check"
        ),
        sa.CheckConstraint("state IN ('new', 'done', 'refused')", name="webhook_receipt_state_check"),
        sa.CheckConstraint("attempts >= 0", name="webhook_receipt_attempts_check"),
        sa.CheckConstraint("(state = 'new') = (settled_at IS NULL)", name="webhook_receipt_settled_check"),
        sa.PrimaryKeyConstraint("id", name="webhook_receipt_pkey"),
        sa.UniqueConstraint("digest", name="webhook_receipt_digest_key"),
    )
    op.create_index(
        "webhook_receipt_new_idx", "webhook_receipt", ["id"], postgresql_where=sa.text("state = 'new'")
    )
    op.create_index(
        "webhook_receipt_refused_idx",
        "webhook_receipt",
        ["settled_at"],
        postgresql_where=sa.text("state = 'refused'"),
    )
    op.create_index("webhook_receipt_settled_at_idx", "webhook_receipt", ["settled_at"])
    op.create_index("webhook_receipt_provider_arrived_at_idx", "webhook_receipt", ["provider", "arrived_at"])
    op.create_table(
        "unknown_event",
        sa.Column("provider_event_id", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("communication", sa.String(), nullable=True),
        sa.Column("detail", JSONB(), nullable=False),
        sa.CheckConstraint("provider IN ('sendgrid', 'twilio')", name="unknown_event_provider_check"),
        sa.PrimaryKeyConstraint("provider_event_id", name="unknown_event_pkey"),
    )
    op.create_index("unknown_event_provider_provider_id_idx", "unknown_event", ["provider", "provider_id"])
    op.create_index("unknown_event_received_at_idx", "unknown_event", ["received_at"])
    op.add_column("communication", sa.Column("evidence_sought_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("communication_event", sa.Column("received_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE communication_event SET received_at = at")
    op.alter_column("communication_event", "received_at", nullable=False)
