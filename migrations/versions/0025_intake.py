"""Files of invoices: the columns people chose, by layout, and payment terms of companies and customers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the terms, and the table of mappings."""
    for table in ("company", "customer"):
        op.add_column(table, sa.Column("payment_terms", sa.String(), nullable=True))
    op.create_table(
        "intake_mapping",
        sa.Column("company_id", sa.Uuid(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("layout", sa.String(), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chosen_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("company_id", "layout", name="intake_mapping_pkey"),
    )
