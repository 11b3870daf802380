"""Editions of policies that people published are told from those that come with the product."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add who published an edition; those there are came with the product."""
    op.add_column("policy", sa.Column("published_by", sa.String(), nullable=True))
