"""Registered letters handed to a provider, and the documents it gave back."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep which letters a provider was given, what it told of them, and its receipts."""
    op.create_table(
        "registered_mail",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("content_id", sa.String(), nullable=False, unique=True),
        sa.Column("task_id", sa.Uuid(), sa.ForeignKey("task.id"), nullable=False, unique=True),
        sa.Column("communication_id", sa.Uuid(), sa.ForeignKey("communication.id"), nullable=False),
        sa.Column("pages_hash", sa.String(), sa.ForeignKey("content.hash"), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("staged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("deposited_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.CheckConstraint("state IN ('staged', 'handed', 'taken_back')", name="registered_mail_state_check"),
        sa.CheckConstraint(
            "outcome IN ('delivered', 'refused', 'unclaimed', 'returned')",
            name="registered_mail_outcome_check",
        ),
        sa.CheckConstraint(
            "(state = 'handed') = (handed_at IS NOT NULL)", name="registered_mail_handed_check"
        ),
        sa.CheckConstraint(
            "(state = 'taken_back') = (reason IS NOT NULL)", name="registered_mail_taken_back_check"
        ),
        sa.CheckConstraint(
            "(number IS NULL) = (deposited_on IS NULL)", name="registered_mail_deposited_check"
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (ended_on IS NULL) AND (ended_on IS NULL OR number IS NOT NULL)",
            name="registered_mail_ended_check",
        ),
    )
    op.create_index("registered_mail_communication_id_idx", "registered_mail", ["communication_id"])
    op.create_index(
        "registered_mail_staged_idx",
        "registered_mail",
        ["staged_at"],
        postgresql_where=sa.text("state = 'staged'"),
    )
    op.create_table(
        "registered_receipt",
        sa.Column("mail_id", sa.Uuid(), sa.ForeignKey("registered_mail.id"), primary_key=True),
        sa.Column("content_hash", sa.String(), sa.ForeignKey("content.hash"), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
