"""Bank files, their lines and accounts; a payment names the bank line it came by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep files and lines; let notes start imports."""
    op.create_table(
        "bank_account",
        sa.Column("company_id", sa.Uuid(), sa.ForeignKey("company.id"), primary_key=True),
        sa.Column("account", sa.String(), primary_key=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("known_until", sa.Date(), nullable=True),
        sa.Column("closing", sa.Numeric(19, 4), nullable=True),
    )
    op.create_table(
        "bank_file",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("company_id", sa.Uuid(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("content_hash", sa.String(), sa.ForeignKey("content.hash"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refusal", sa.String(), nullable=True),
        sa.Column("report", postgresql.JSONB(), nullable=False),
        sa.UniqueConstraint("company_id", "content_hash", name="bank_file_company_id_content_hash_key"),
        sa.CheckConstraint(
            "state IN ('received', 'stored', 'done', 'refused')", name="bank_file_state_check"
        ),
        sa.CheckConstraint("(state = 'refused') = (refusal IS NOT NULL)", name="bank_file_refused_check"),
    )
    op.create_index(
        "bank_file_company_id_received_at_id_idx", "bank_file", ["company_id", "received_at", "id"]
    )
    op.create_table(
        "bank_line",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("company_id", sa.Uuid(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("file_id", sa.Uuid(), sa.ForeignKey("bank_file.id"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("line_key", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("account_iban", sa.String(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("value_on", sa.Date(), nullable=True),
        sa.Column("amount", sa.Numeric(19, 4), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("bank_ref", sa.String(), nullable=True),
        sa.Column("end_to_end_id", sa.String(), nullable=True),
        sa.Column("structured_ref", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("payer_name", sa.String(), nullable=True),
        sa.Column("payer_iban", sa.String(), nullable=True),
        sa.Column("is_return", sa.Boolean(), nullable=False),
        sa.Column("return_reason", sa.String(), nullable=True),
        sa.Column("returned_key", sa.String(), nullable=True),
        sa.Column("batch", sa.String(), nullable=True),
        sa.Column("is_batch", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.UniqueConstraint("company_id", "line_key", name="bank_line_company_id_line_key_key"),
        sa.CheckConstraint("direction IN ('in', 'out')", name="bank_line_direction_check"),
        sa.CheckConstraint(
            "state IN ('new', 'booked', 'proposed', 'unallocated', 'ignored', 'returned')",
            name="bank_line_state_check",
        ),
        sa.CheckConstraint("amount > 0", name="bank_line_amount_check"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="bank_line_currency_check"),
    )
    op.create_index("bank_line_company_id_identity_idx", "bank_line", ["company_id", "identity"])
    op.create_index("bank_line_file_id_place_idx", "bank_line", ["file_id", "place"])
    op.create_index(
        "bank_line_open_idx",
        "bank_line",
        ["company_id", "booked_on", "id"],
        postgresql_where=sa.text("state IN ('new', 'proposed', 'unallocated')"),
    )
    op.create_index(
        "bank_line_end_to_end_idx",
        "bank_line",
        ["company_id", "end_to_end_id"],
        postgresql_where=sa.text("end_to_end_id IS NOT NULL"),
    )
    op.add_column("payment", sa.Column("bank_line_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("payment_bank_line_id_fkey", "payment", "bank_line", ["bank_line_id"], ["id"])
    op.create_index("payment_bank_line_id_idx", "payment", ["bank_line_id"])
    op.drop_constraint("outbox_note_workflow_check", "outbox_note")
    op.create_check_constraint(
        "outbox_note_workflow_check",
        "outbox_note",
        "workflow IN ('case', 'outreach', 'notices', 'bank_import')",
    )
