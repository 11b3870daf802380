"""Open cases are counted in the order of an index; a company's segments are found by one."""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Order the index that sums and counts are read from by what is counted."""
    op.create_index("customer_company_id_segment_idx", "customer", ["company_id", "segment"])
    op.create_index(
        "dunning_case_open_company_counted_idx",
        "dunning_case",
        ["company_id", "state", "next_step", "currency", sa.text("(disputed > 0)"), "due_on"],
        postgresql_include=[
            *("invoice_id", "customer_id", "outstanding", "disputed", "policy_key", "policy_version"),
        ],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.drop_index("dunning_case_open_company_summed_idx", table_name="dunning_case")


def downgrade() -> None:
    """As it was."""
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
    op.drop_index("dunning_case_open_company_counted_idx", table_name="dunning_case")
    op.drop_index("customer_company_id_segment_idx", table_name="customer")
