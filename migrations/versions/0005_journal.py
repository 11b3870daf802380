"""The journal, the audit trail, what the installation keeps, the outbox; and what is never changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and refuse changes to journals and policies."""
    op.create_table(
        "case_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=True),
        sa.Column("detail", JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="case_event_company_id_fkey"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="case_event_customer_id_fkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="case_event_invoice_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="case_event_pkey"),
    )
    op.create_index("case_event_company_id_id_idx", "case_event", ["company_id", "id"], unique=False)
    op.create_index("case_event_customer_id_idx", "case_event", ["customer_id"], unique=False)
    op.create_index("case_event_invoice_id_id_idx", "case_event", ["invoice_id", "id"], unique=False)
    op.create_table(
        "audit_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("detail", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="audit_event_pkey"),
    )
    op.create_table(
        "installation",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="installation_pkey"),
    )
    op.create_table(
        "outbox_note",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("workflow", sa.String(), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("signal", sa.String(), nullable=False),
        sa.Column("payload", JSONB(), nullable=False),
        sa.Column("with_start", sa.Boolean(), nullable=False),
        sa.Column("order_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("workflow IN ('case', 'outreach')", name="outbox_note_workflow_check"),
        sa.CheckConstraint("attempts >= 0", name="outbox_note_attempts_check"),
        sa.PrimaryKeyConstraint("id", name="outbox_note_pkey"),
    )
    op.create_index("outbox_note_order_at_id_idx", "outbox_note", ["order_at", "id"], unique=False)
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% on % refused: rows are only added', TG_OP, TG_TABLE_NAME
                USING ERRCODE = 'integrity_constraint_violation';
        END
        $$
        """
    )
    # By statement, so that a change is refused even where no row would match it.
    for table in ("case_event", "audit_event", "policy"):
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
