"""Credits that a payment earned: a discount, charges of banks, a small rest. They fall with their payment."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Tie a credit to its payment, and let it end."""
    op.add_column("credit_note", sa.Column("payment_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("credit_note_payment_id_fkey", "credit_note", "payment", ["payment_id"], ["id"])
    op.create_index(
        "ix_credit_note_payment_id",
        "credit_note",
        ["payment_id"],
        postgresql_where=sa.text("payment_id IS NOT NULL"),
    )
    op.add_column("credit_note", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
