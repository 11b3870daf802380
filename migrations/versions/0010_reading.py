"""What lists are read by: the case's own company, due date and currency; orders; search by trigrams."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    """Copy what a list needs of the invoice to its case, and index each order a list can have."""
    # Trusted since PostgreSQL 13: the owner of the database may add it.
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.add_column("dunning_case", sa.Column("company_id", sa.Uuid(), nullable=True))
    op.add_column("dunning_case", sa.Column("due_on", sa.Date(), nullable=True))
    op.add_column("dunning_case", sa.Column("currency", sa.String(), nullable=True))
    op.execute(
        "UPDATE dunning_case SET company_id = invoice.company_id, due_on = invoice.due_on, "
        "currency = invoice.currency FROM invoice WHERE invoice.id = dunning_case.invoice_id"
    )
    for column in ("company_id", "due_on", "currency"):
        op.alter_column("dunning_case", column, nullable=False)
    op.create_foreign_key("dunning_case_company_id_fkey", "dunning_case", "company", ["company_id"], ["id"])
    op.drop_index("dunning_case_open_customer_idx", table_name="dunning_case")
    op.create_index(
        "dunning_case_open_customer_idx",
        "dunning_case",
        ["customer_id", "due_on", "invoice_id"],
        postgresql_where=OPEN,
    )
    for key in ("next_at", "due_on", "outstanding"):
        op.create_index(
            f"dunning_case_open_company_{key}_idx",
            "dunning_case",
            ["company_id", key, "invoice_id"],
            postgresql_where=OPEN,
        )
    for word, key, condition in (
        ("state", "next_at", OPEN),
        ("stage", "due_on", OPEN),
        ("paused_by", "next_at", sa.text("closed_at IS NULL AND paused_by IS NOT NULL")),
    ):
        op.create_index(
            f"dunning_case_open_company_{word}_idx",
            "dunning_case",
            ["company_id", word, key, "invoice_id"],
            postgresql_where=condition,
        )
    op.create_index(
        "dunning_case_closed_company_idx",
        "dunning_case",
        ["company_id", "closed_at", "invoice_id"],
        postgresql_where=sa.text("closed_at IS NOT NULL"),
    )
    op.create_index("customer_company_id_collector_email_idx", "customer", ["company_id", "collector_email"])
    for table, columns in (("invoice", ("number", "order_ref")), ("customer", ("name", "ref"))):
        op.create_index(
            f"{table}_search_idx",
            table,
            list(columns),
            postgresql_using="gin",
            postgresql_ops=dict.fromkeys(columns, "gin_trgm_ops"),
        )
    op.drop_index("case_event_customer_id_idx", table_name="case_event")
    op.create_index("case_event_customer_id_id_idx", "case_event", ["customer_id", "id"])
