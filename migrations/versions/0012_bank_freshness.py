"""How far the bank is known and since when; what waits for it; a task about a company as a whole."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Since when a day that is recorded already is known: nobody wrote that down."""


def upgrade() -> None:
    """Keep each day that was stated; mark the cases that wait for one; let a task have no customer."""
    op.create_table(
        "bank_statement",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("company_id", sa.Uuid(), sa.ForeignKey("company.id"), nullable=False),
        sa.Column("known_until", sa.Date(), nullable=False),
        sa.Column("stated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stated_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("retracted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retracted_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(retracted_at IS NULL) = (retracted_by IS NULL)", name="bank_statement_retracted_check"
        ),
    )
    op.create_index(
        "bank_statement_company_id_known_until_idx", "bank_statement", ["company_id", "known_until"]
    )
    op.add_column("dunning_case", sa.Column("awaits_bank", sa.Date(), nullable=True))
    op.create_index(
        "dunning_case_open_company_awaits_bank_idx",
        "dunning_case",
        ["company_id", "awaits_bank", "next_at", "invoice_id"],
        postgresql_where=sa.text("closed_at IS NULL AND awaits_bank IS NOT NULL"),
    )
    op.add_column("contact_made", sa.Column("bank_max_age_days", sa.Integer(), nullable=True))
    op.alter_column("task", "customer_id", nullable=True)
    said = sa.text(
        "INSERT INTO bank_statement (company_id, known_until, stated_at, stated_by) "
        "SELECT id, bank_known_until, :at, 'migration' FROM company WHERE bank_known_until IS NOT NULL"
    )
    op.execute(said.bindparams(at=LONG_AGO))
    # Promises and claims used to wait, or not to wait, by other rules: their cases look once more.
    op.execute(
        "UPDATE dunning_case SET awaits_bank = company.bank_known_until FROM company "
        "WHERE company.id = dunning_case.company_id AND company.bank_known_until IS NOT NULL "
        "AND dunning_case.closed_at IS NULL AND dunning_case.paused_by IN ('claimed_paid', 'plan', 'promise')"
    )
