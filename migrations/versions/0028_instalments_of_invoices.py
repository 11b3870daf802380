"""An invoice that falls due in parts is one to its debtor: each part knows the number it has there."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_KEYS = {
    "runs": "btrim(regexp_replace(regexp_replace(part_of, '[^0-9]+', '.', 'g'), "
    "'(^|\\.)0+(?=[0-9])', '\\1', 'g'), '.')",
    "digits": "regexp_replace(regexp_replace(part_of, '[^0-9]+', '', 'g'), '^0+(?=[0-9])', '')",
    "whole": "regexp_replace(upper(part_of), '[^A-Z0-9]+', '', 'g')",
}


def upgrade() -> None:
    """Keep the number of the whole, and index its keys as those of numbers are."""
    op.add_column("invoice", sa.Column("part_of", sa.String(), nullable=True))
    for name, key in _KEYS.items():
        op.create_index(
            f"invoice_part_of_{name}_idx",
            "invoice",
            ["company_id", sa.text(f"({key})")],
            postgresql_where=sa.text("part_of IS NOT NULL"),
        )
