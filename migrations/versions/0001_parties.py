"""Who is owed, who owes, and who works on it."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "company",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("legal_name", sa.String(), nullable=True),
        sa.Column("registration", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("payee", sa.String(), nullable=True),
        sa.Column("iban", sa.String(), nullable=True),
        sa.Column("bic", sa.String(), nullable=True),
        sa.Column("payment_link", sa.String(), nullable=True),
        sa.Column("gap_days", sa.Integer(), nullable=False),
        sa.Column("bank_known_until", sa.Date(), nullable=True),
        sa.Column("logistics_email", sa.String(), nullable=True),
        sa.Column("signatory_name", sa.String(), nullable=True),
        sa.Column("signatory_email", sa.String(), nullable=True),
        sa.Column("signatory_phone", sa.String(), nullable=True),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name="company_country_check"),
        sa.CheckConstraint("gap_days BETWEEN 1 AND 60", name="company_gap_days_check"),
        sa.PrimaryKeyConstraint("id", name="company_pkey"),
        sa.UniqueConstraint("ref", name="company_ref_key"),
    )
    op.create_table(
        "customer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("segment", sa.String(), nullable=True),
        sa.Column("risk", sa.String(), nullable=True),
        sa.Column("collector_email", sa.String(), nullable=True),
        sa.Column("sales_rep_email", sa.String(), nullable=True),
        sa.Column("policy", sa.String(), nullable=True),
        sa.Column("ledger_seq", sa.BigInteger(), nullable=False),
        sa.Column("insolvency_on", sa.Date(), nullable=True),
        sa.Column("do_not_contact_since", sa.Date(), nullable=True),
        sa.Column("lawyer_since", sa.Date(), nullable=True),
        sa.CheckConstraint("country ~ '^[A-Z]{2}$'", name="customer_country_check"),
        sa.CheckConstraint("ledger_seq >= 0", name="customer_ledger_seq_check"),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="customer_company_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="customer_pkey"),
        sa.UniqueConstraint("company_id", "ref", name="customer_company_id_ref_key"),
    )
    op.create_table(
        "app_user",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("title", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="app_user_company_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="app_user_pkey"),
        sa.UniqueConstraint("email", name="app_user_email_key"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("company_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["company_id"], ["company.id"], name="api_key_company_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="api_key_pkey"),
        sa.UniqueConstraint("secret_hash", name="api_key_secret_hash_key"),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("function", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("phone_kind", sa.String(), nullable=True),
        sa.Column("hours", sa.String(), nullable=True),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invalid_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invalid_reason", sa.String(), nullable=True),
        sa.CheckConstraint("phone_kind IN ('mobile', 'fixed', 'other')", name="contact_phone_kind_check"),
        sa.CheckConstraint("role IN ('accounting', 'buyer', 'executive')", name="contact_role_check"),
        sa.CheckConstraint(
            "email IS NOT NULL OR phone IS NOT NULL OR name IS NOT NULL", name="contact_reachable_check"
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="contact_customer_id_fkey"),
        sa.PrimaryKeyConstraint("id", name="contact_pkey"),
        sa.UniqueConstraint(
            "customer_id",
            "role",
            "email",
            "phone",
            name="contact_customer_id_role_email_phone_key",
            postgresql_nulls_not_distinct=True,
        ),
    )
