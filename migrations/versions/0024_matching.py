"""What a bank line may pay: keys of invoice numbers, payers known before, proposals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_KEYS = {
    "runs": "btrim(regexp_replace(regexp_replace(number, '[^0-9]+', '.', 'g'), "
    "'(^|\\.)0+(?=[0-9])', '\\1', 'g'), '.')",
    "digits": "regexp_replace(regexp_replace(number, '[^0-9]+', '', 'g'), '^0+(?=[0-9])', '')",
    "whole": "regexp_replace(upper(number), '[^A-Z0-9]+', '', 'g')",
}


def upgrade() -> None:
    """Index the keys, keep payers, and what a line may pay."""
    for name, key in _KEYS.items():
        op.create_index(f"invoice_number_{name}_idx", "invoice", ["company_id", sa.text(f"({key})")])
    op.create_table(
        "known_payer",
        sa.Column("company_id", sa.Uuid(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('iban', 'name')", name="known_payer_kind_check"),
        sa.PrimaryKeyConstraint("company_id", "kind", "key", "customer_id", name="known_payer_pkey"),
    )
    op.create_index("known_payer_customer_id_idx", "known_payer", ["customer_id"])
    op.add_column(
        "bank_line", sa.Column("customer_id", sa.Uuid(), sa.ForeignKey("customer.id"), nullable=True)
    )
    op.create_index("bank_line_customer_id_idx", "bank_line", ["customer_id"])
    op.add_column("bank_line", sa.Column("proposals", JSONB(), nullable=True))
