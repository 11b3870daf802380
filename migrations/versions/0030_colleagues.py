"""Colleagues who know a customer: their weekly digest, a call offered, a question before a step."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the day of the digest and the weeks made; who knows a contact, whose a call is later; vetoes."""
    op.add_column("company", sa.Column("digest_day", sa.Integer(), nullable=True))
    op.create_check_constraint("company_digest_day_check", "company", "digest_day BETWEEN 0 AND 7")
    op.create_table(
        "weekly_digest",
        sa.Column("company_id", sa.Uuid(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("week", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_to", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "week", name="weekly_digest_pkey"),
        sa.CheckConstraint("extract(isodow FROM week) = 1", name="weekly_digest_week_check"),
    )
    op.add_column("contact", sa.Column("known_by", sa.String(), nullable=True))
    op.add_column("task", sa.Column("falls_to", sa.String(), nullable=True))
    op.create_index(
        "task_open_offered_idx",
        "task",
        ["due_on"],
        postgresql_where=sa.text("status = 'open' AND falls_to IS NOT NULL"),
    )
    op.add_column("task", sa.Column("answer_by", sa.Date(), nullable=True))
    op.add_column("task", sa.Column("veto_until", sa.Date(), nullable=True))
    op.create_check_constraint(
        "task_answer_by_check", "task", "kind <> 'sales_veto' OR answer_by IS NOT NULL"
    )
    op.create_index(
        "task_reps_asked_idx",
        "task",
        ["customer_id", "opened_on"],
        postgresql_where=sa.text("kind = 'sales_veto'"),
    )
