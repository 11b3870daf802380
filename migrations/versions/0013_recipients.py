"""Whom messages go to first and in copy; addresses that are not used, each with its cause and its proof."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CAUSES = (
    "'hard_bounce', 'dropped', 'spam_report', 'unsubscribed', 'invalid_address', 'invalid_number', "
    "'landline', 'opted_out', 'retired'"
)


def upgrade() -> None:
    """Make the marks, and write down as such what was known of people's addresses and numbers."""
    # Nullable, and nothing is dropped: the version before still writes and reads contacts.
    op.add_column("contact", sa.Column("preference", sa.Integer(), nullable=True))
    op.add_column("contact", sa.Column("in_copy", sa.Boolean(), nullable=True))
    op.create_check_constraint("contact_preference_check", "contact", "preference BETWEEN 1 AND 999")
    op.create_table(
        "address_mark",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("communication_id", sa.Uuid(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_by", sa.String(), nullable=False),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_by", sa.String(), nullable=True),
        sa.Column("cleared_why", sa.String(), nullable=True),
        sa.CheckConstraint("channel IN ('email', 'sms', 'phone')", name="address_mark_channel_check"),
        sa.CheckConstraint(f"cause IN ({CAUSES})", name="address_mark_cause_check"),
        sa.CheckConstraint("(cleared_at IS NULL) = (cleared_by IS NULL)", name="address_mark_cleared_check"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="address_mark_customer_id_fkey"),
        sa.ForeignKeyConstraint(
            ["communication_id"], ["communication.id"], name="address_mark_communication_id_fkey"
        ),
        sa.PrimaryKeyConstraint("id", name="address_mark_pkey"),
    )
    op.create_index(
        "address_mark_open_key",
        "address_mark",
        ["customer_id", "address", "channel"],
        unique=True,
        postgresql_where=sa.text("cleared_at IS NULL"),
    )
    op.create_index(
        "address_mark_customer_id_address_channel_idx",
        "address_mark",
        ["customer_id", "address", "channel"],
    )
    op.create_index("address_mark_communication_id_idx", "address_mark", ["communication_id"])
    # Who does not want to be contacted is not, at any of their addresses. A wrong number is wrong for whoever
    # has it. What somebody who left had is marked, unless another who is in use has it too.
    op.execute(
        """
        INSERT INTO address_mark (id, customer_id, channel, address, cause, since, detail, marked_at,
                                  marked_by)
        SELECT gen_random_uuid(), customer_id, channel, address, cause, since, detail, since, 'relance'
          FROM (SELECT DISTINCT ON (customer_id, channel, address) *
                  FROM (SELECT customer_id, 'email' AS channel, lower(email) AS address, 'opted_out' AS cause,
                               opted_out_at AS since, NULL::varchar AS detail, 1 AS place
                          FROM contact WHERE opted_out_at IS NOT NULL AND email IS NOT NULL
                         UNION ALL
                        SELECT customer_id, 'phone', phone, 'opted_out', opted_out_at, NULL, 1
                          FROM contact WHERE opted_out_at IS NOT NULL AND phone IS NOT NULL
                         UNION ALL
                        SELECT customer_id, 'phone', phone, 'invalid_number', phone_invalid_since,
                               phone_invalid_reason, 2
                          FROM contact WHERE phone_invalid_since IS NOT NULL AND phone IS NOT NULL
                         UNION ALL
                        SELECT c.customer_id, 'email', lower(c.email), 'retired', c.invalid_since,
                               c.invalid_reason, 3
                          FROM contact c
                         WHERE c.invalid_since IS NOT NULL AND c.email IS NOT NULL
                           AND NOT EXISTS (SELECT FROM contact o
                                            WHERE o.customer_id = c.customer_id AND o.invalid_since IS NULL
                                              AND lower(o.email) = lower(c.email))
                         UNION ALL
                        SELECT c.customer_id, 'phone', c.phone, 'retired', c.invalid_since,
                               c.invalid_reason, 3
                          FROM contact c
                         WHERE c.invalid_since IS NOT NULL AND c.phone IS NOT NULL
                           AND NOT EXISTS (SELECT FROM contact o
                                            WHERE o.customer_id = c.customer_id AND o.invalid_since IS NULL
                                              AND o.phone = c.phone)) known
                 ORDER BY customer_id, channel, address, place, since) marks
        """
    )
