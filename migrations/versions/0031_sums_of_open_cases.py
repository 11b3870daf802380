"""Sums of open cases and counts of what has left are read from an index alone; an amount is found by one."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add indexes of open cases and of totals; let the one of what has left say that it has."""
    op.create_index("invoice_company_id_total_idx", "invoice", ["company_id", "total"])
    op.create_index(
        "dunning_case_open_company_summed_idx",
        "dunning_case",
        ["company_id"],
        postgresql_include=[
            *("invoice_id", "customer_id", "due_on", "currency", "outstanding", "disputed"),
            *("state", "next_step", "policy_key", "policy_version"),
        ],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    _index_of_what_left("status = 'sent'")


def downgrade() -> None:
    """As it was."""
    _index_of_what_left("sent_at IS NOT NULL")
    op.drop_index("dunning_case_open_company_summed_idx", table_name="dunning_case")
    op.drop_index("invoice_company_id_total_idx", table_name="invoice")


def _index_of_what_left(left: str) -> None:
    op.drop_index("communication_left_idx", table_name="communication")
    op.create_index(
        "communication_left_idx",
        "communication",
        ["company_id", "sent_at"],
        postgresql_where=sa.text(f"audience = 'debtor' AND {left}"),
    )
