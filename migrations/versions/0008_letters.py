"""Letters: where a customer's go, and what became of each registered posting."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of postings; add the customer's postal address."""
    op.add_column("customer", sa.Column("address", sa.String(), nullable=True))
    op.create_table(
        "letter_posting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("tracking_number", sa.String(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("posted_by", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('delivered', 'refused', 'unclaimed', 'returned')",
            name="letter_posting_outcome_check",
        ),
        sa.CheckConstraint("(outcome IS NULL) = (received_on IS NULL)", name="letter_posting_settled_check"),
        sa.CheckConstraint("received_on >= posted_on", name="letter_posting_order_check"),
        sa.ForeignKeyConstraint(["contact_id"], ["contact_made.id"], name="letter_posting_contact_id_fkey"),
        sa.ForeignKeyConstraint(["task_id"], ["task.id"], name="letter_posting_task_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="letter_posting_pkey"),
        sa.UniqueConstraint("task_id", name="letter_posting_task_id_key"),
    )
    op.create_index("letter_posting_contact_id_idx", "letter_posting", ["contact_id"], unique=False)
