"""What payments go to first, of a company; the law on late payment that was agreed, of a customer."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two settings."""
    op.add_column("company", sa.Column("imputation", sa.String(), nullable=True))
    op.create_check_constraint(
        "company_imputation_check", "company", "imputation IN ('principal', 'interest')"
    )
    op.add_column("customer", sa.Column("late_law", sa.String(), nullable=True))
    op.create_check_constraint(
        "customer_late_law_check",
        "customer",
        "late_law IN ('FR', 'FR-public', 'EU', 'DE', 'BE', 'ES', 'IT', 'NL', 'IE', 'UK')",
    )
