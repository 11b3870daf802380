"""Suspensions, each customer's turn after one, and closures: days on which nothing leaves."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Keep suspensions, turns and closures; let a case say which suspension holds it."""
    op.create_table(
        "suspension",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("company_id", sa.Uuid(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=True),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "scope IN ('company', 'customer', 'channel', 'policy')", name="suspension_scope_check"
        ),
        sa.CheckConstraint(
            "(scope = 'customer') = (customer_id IS NOT NULL) "
            "AND (scope IN ('channel', 'policy')) = (target IS NOT NULL)",
            name="suspension_target_check",
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="suspension_ended_check"),
    )
    op.create_index(
        "suspension_in_force_idx", "suspension", ["company_id"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "suspension_turn",
        sa.Column("suspension_id", sa.BigInteger(), sa.ForeignKey("suspension.id"), primary_key=True),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), primary_key=True),
        sa.Column("day", sa.Date(), nullable=False),
    )
    op.create_index("suspension_turn_customer_id_day_idx", "suspension_turn", ["customer_id", "day"])
    op.add_column("company", sa.Column("resume_per_day", sa.Integer(), nullable=True))
    op.create_check_constraint(
        "company_resume_per_day_check", "company", "resume_per_day BETWEEN 1 AND 1000000"
    )
    op.add_column("dunning_case", sa.Column("suspension_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "dunning_case_suspension_id_fkey", "dunning_case", "suspension", ["suspension_id"], ["id"]
    )
    op.create_index(
        "dunning_case_open_suspension_idx",
        "dunning_case",
        ["suspension_id", "next_at", "invoice_id"],
        postgresql_where=sa.text("closed_at IS NULL AND suspension_id IS NOT NULL"),
    )
    op.create_table(
        "closure",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("company_id", sa.Uuid(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("yearly", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("told_up_to", sa.Uuid(), nullable=True),
        sa.CheckConstraint("first_day <= last_day", name="closure_days_check"),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name="closure_ended_check"),
    )
    op.create_index(
        "closure_in_force_idx", "closure", ["company_id"], postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_index(
        "closure_telling_idx", "closure", ["id"], postgresql_where=sa.text("told_up_to IS NOT NULL")
    )
