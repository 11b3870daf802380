"""A changed policy is tried on the whole portfolio, and what was found is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the trials, and notes that start them."""
    op.create_table(
        "policy_trial",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("policy_key", sa.String(), nullable=False),
        sa.Column("toml", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("reached", sa.Uuid()),
        sa.Column("sums", postgresql.JSONB(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="policy_trial_pkey"),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="policy_trial_company_id_fkey"),
        sa.CheckConstraint("state IN ('running', 'done', 'stopped')", name="policy_trial_state_check"),
        sa.CheckConstraint("days > 0", name="policy_trial_days_check"),
        sa.CheckConstraint("(state = 'running') = (finished_at IS NULL)", name="policy_trial_finished_check"),
    )
    op.create_index(
        "policy_trial_company_id_asked_at_id_idx", "policy_trial", ["company_id", "asked_at", "id"]
    )
    op.create_index(
        "policy_trial_running_idx",
        "policy_trial",
        ["company_id"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "policy_trial_customer",
        sa.Column("trial_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("newly", sa.Boolean(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("trial_id", "customer_id", name="policy_trial_customer_pkey"),
        sa.ForeignKeyConstraint(
            ["trial_id"], ["policy_trial.id"], name="policy_trial_customer_trial_id_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name="policy_trial_customer_customer_id_fkey"
        ),
    )
    op.create_index(
        "policy_trial_customer_trial_id_newly_on_day_customer_id_idx",
        "policy_trial_customer",
        ["trial_id", "newly", "on_day", "customer_id"],
    )
    _notes("'case', 'outreach', 'notices', 'bank_import', 'policy_trial'")


def downgrade() -> None:
    """As it was."""
    op.execute("DELETE FROM outbox_note WHERE workflow = 'policy_trial'")
    _notes("'case', 'outreach', 'notices', 'bank_import'")
    op.drop_table("policy_trial_customer")
    op.drop_table("policy_trial")


def _notes(words: str) -> None:
    op.drop_constraint("outbox_note_workflow_check", "outbox_note")
    op.create_check_constraint("outbox_note_workflow_check", "outbox_note", f"workflow IN ({words})")
