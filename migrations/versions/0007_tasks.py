"""Calls and what came of them, numbers found wrong, absences and who stands in."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and the columns beside them."""
    op.add_column("task", sa.Column("meant_for", sa.String(), nullable=True))
    op.add_column("task", sa.Column("call_back_on", sa.Date(), nullable=True))
    op.create_index(
        "task_open_assignee_idx",
        "task",
        ["assignee_email"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.add_column("contact", sa.Column("phone_invalid_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contact", sa.Column("phone_invalid_reason", sa.String(), nullable=True))
    op.create_table(
        "call_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('promise', 'claimed_paid', 'paid', 'dispute', 'reached', 'no_answer', 'voicemail', "
            "'call_back', 'wrong_number', 'send_copy', 'contact_changed')",
            name="call_attempt_outcome_check",
        ),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="call_attempt_task_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="call_attempt_pkey"),
    )
    op.create_index("call_attempt_task_id_idx", "call_attempt", ["task_id"], unique=False)
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("staff_email", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("deputy_email", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("first_day <= last_day", name="absence_days_check"),
        sa.CheckConstraint("deputy_email <> staff_email", name="absence_deputy_check"),
        sa.PrimaryKeyConstraint("id", name="absence_pkey"),
    )
    op.create_index(
        "absence_in_force_key",
        "absence",
        ["staff_email", "first_day"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
