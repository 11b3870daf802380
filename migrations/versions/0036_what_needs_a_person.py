"""The morning counts by indexes which lines of the bank want a person, and which messages came back."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes."""
    op.create_index(
        "bank_line_to_allocate_idx",
        "bank_line",
        ["company_id", "booked_on", "id"],
        postgresql_where=sa.text("state = 'proposed' OR state = 'unallocated' AND customer_id IS NULL"),
    )
    op.create_index(
        "communication_event_returned_idx",
        "communication_event",
        ["received_at"],
        postgresql_where=sa.text("kind IN ('bounce', 'dropped', 'undelivered', 'failed')"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_index("communication_event_returned_idx", table_name="communication_event")
    op.drop_index("bank_line_to_allocate_idx", table_name="bank_line")
