"""A customer's latest contact is found without reading all of them."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let the index of a customer's contacts know their days."""
    op.create_index(
        "contact_made_customer_id_on_day_composed_at_idx",
        "contact_made",
        ["customer_id", "on_day", "composed_at"],
    )
    op.drop_index("contact_made_customer_id_idx", table_name="contact_made")


def downgrade() -> None:
    """As it was."""
    op.create_index("contact_made_customer_id_idx", "contact_made", ["customer_id"])
    op.drop_index("contact_made_customer_id_on_day_composed_at_idx", table_name="contact_made")
