"""What is let off a payment: discount for paying early, small rests, charges that banks keep."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add an invoice's discount, and what a company lets go."""
    op.add_column("invoice", sa.Column("discount_percent", sa.Numeric(5, 2), nullable=True))
    op.add_column("invoice", sa.Column("discount_until", sa.Date(), nullable=True))
    op.create_check_constraint(
        "invoice_discount_percent_check", "invoice", "discount_percent > 0 AND discount_percent < 100"
    )
    op.create_check_constraint(
        "invoice_discount_check", "invoice", "(discount_percent IS NULL) = (discount_until IS NULL)"
    )
    for name in ("write_off_up_to", "bank_charges_up_to"):
        op.add_column("company", sa.Column(name, sa.Numeric(19, 4), nullable=True))
        op.create_check_constraint(f"company_{name}_check", "company", f"{name} >= 0")
