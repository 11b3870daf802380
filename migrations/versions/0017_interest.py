"""Interest: what a customer hears of it, agreed rates, reference rates entered later; parties' numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MODES = "interest IN ('silent', 'announced', 'claimed')"
_RATE = "late_rate >= 0 AND late_rate <= 100"


def upgrade() -> None:
    """Add the settings of companies and customers, and the table of rates."""
    for table in ("company", "customer"):
        op.add_column(table, sa.Column("interest", sa.String(), nullable=True))
        op.add_column(table, sa.Column("late_rate", sa.Numeric(7, 4), nullable=True))
        op.create_check_constraint(f"{table}_interest_check", table, _MODES)
        op.create_check_constraint(f"{table}_late_rate_check", table, _RATE)
    op.add_column("customer", sa.Column("registration", sa.String(), nullable=True))
    op.create_table(
        "reference_rate",
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("percent", sa.Numeric(7, 4), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "series IN ('ecb', 'fr_legal', 'de_base', 'boe')", name="reference_rate_series_check"
        ),
        sa.CheckConstraint(
            "extract(day FROM first_day) = 1 AND extract(month FROM first_day) IN (1, 7)",
            name="reference_rate_first_day_check",
        ),
        sa.PrimaryKeyConstraint("series", "first_day", name="reference_rate_pkey"),
    )
