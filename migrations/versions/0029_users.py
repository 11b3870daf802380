"""People who sign in to the console, their sessions, sign-ins that failed; indexes of what came and left."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the four tables and two indexes of the morning's page."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "console_user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("all_companies", sa.Boolean(), nullable=False),
        sa.Column("created_at", instant, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("disabled_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="console_user_pkey"),
        sa.UniqueConstraint("email", name="console_user_email_key"),
        sa.CheckConstraint("role IN ('viewer', 'collector', 'manager')", name="console_user_role_check"),
        sa.CheckConstraint("language IN ('fr', 'en')", name="console_user_language_check"),
        sa.CheckConstraint("email = lower(email)", name="console_user_email_check"),
    )
    op.create_table(
        "console_user_company",
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("console_user.id"), nullable=False),
        sa.Column("company_id", sa.Uuid(), sa.ForeignKey("company.id"), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "company_id", name="console_user_company_pkey"),
    )
    op.create_table(
        "console_session",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.Uuid(), sa.ForeignKey("console_user.id"), nullable=False),
        sa.Column("begun_at", instant, nullable=False),
        sa.Column("seen_at", instant, nullable=False),
        sa.Column("told", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name="console_session_pkey"),
    )
    op.create_index("console_session_user_id_idx", "console_session", ["user_id"])
    op.create_table(
        "sign_in_failure",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="sign_in_failure_pkey"),
    )
    op.create_index("sign_in_failure_email_at_idx", "sign_in_failure", ["email", "at"])
    op.create_index("sign_in_failure_address_at_idx", "sign_in_failure", ["address", "at"])
    op.create_index(
        "task_open_kind_idx",
        "task",
        ["company_id", "kind", "due_on", "id"],
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index("payment_recorded_at_idx", "payment", ["recorded_at"])
    op.create_index(
        "communication_left_idx",
        "communication",
        ["company_id", "sent_at"],
        postgresql_where=sa.text("audience = 'debtor' AND sent_at IS NOT NULL"),
    )
    op.create_index(
        "communication_not_left_idx",
        "communication",
        ["company_id", "planned_at"],
        postgresql_where=sa.text("audience = 'debtor' AND status IN ('failed', 'uncertain', 'withheld')"),
    )
