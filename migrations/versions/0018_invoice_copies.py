"""The file an invoice came as, kept with it."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Name an invoice's copy by its content."""
    op.add_column("invoice", sa.Column("copy_hash", sa.String(), nullable=True))
    op.add_column("invoice", sa.Column("copy_name", sa.String(), nullable=True))
    op.add_column("invoice", sa.Column("copy_size", sa.Integer(), nullable=True))
    op.create_foreign_key("invoice_copy_hash_fkey", "invoice", "content", ["copy_hash"], ["hash"])
    op.create_check_constraint(
        "invoice_copy_check",
        "invoice",
        "(copy_hash IS NULL) = (copy_name IS NULL) AND (copy_hash IS NULL) = (copy_size IS NULL)",
    )
