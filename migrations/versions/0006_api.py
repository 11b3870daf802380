"""Keys with roles, expiry and companies; answers kept under an idempotency key; audit by company."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the key table anew (nothing could write to it before) and add what the API keeps."""
    op.drop_table("api_key")
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("all_companies", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role IN ('viewer', 'collector', 'manager')", name="api_key_role_check"),
        sa.PrimaryKeyConstraint("id", name="api_key_pkey"),
        sa.UniqueConstraint("name", name="api_key_name_key"),
        sa.UniqueConstraint("secret_hash", name="api_key_secret_hash_key"),
    )
    op.create_table(
        "api_key_company",
        sa.Column("api_key_id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name="api_key_company_api_key_id_fkey"),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="api_key_company_company_id_fkey"),
        sa.PrimaryKeyConstraint("api_key_id", "company_id", name="api_key_company_pkey"),
    )
    op.create_index("api_key_company_company_id_idx", "api_key_company", ["company_id"], unique=False)
    op.create_table(
        "idempotency_record",
        sa.Column("api_key_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["api_key_id"], ["api_key.id"], name="idempotency_record_api_key_id_fkey"),
        sa.PrimaryKeyConstraint("api_key_id", "key", name="idempotency_record_pkey"),
    )
    op.create_index("idempotency_record_created_at_idx", "idempotency_record", ["created_at"], unique=False)
    op.add_column("audit_event", sa.Column("company_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("audit_event_company_id_fkey", "audit_event", "company", ["company_id"], ["id"])
    op.create_index("audit_event_company_id_id_idx", "audit_event", ["company_id", "id"], unique=False)
