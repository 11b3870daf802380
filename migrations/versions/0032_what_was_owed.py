"""What each invoice owed from which day to which is kept: the ageing of any day is a sum over one table."""

import sqlalchemy as sa
from alembic import op

from rules.calendar import default_zone

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_RECKON = """
    WITH its AS MATERIALIZED (
             SELECT i.id, i.company_id, i.customer_id, i.currency, i.due_on, i.total,
                    least(i.issued_on, CAST(timezone(:zone, i.created_at) AS date)) AS begins,
                    least(CAST(timezone(:zone, k.closed_at) AS date), r.issued_on,
                          CAST(timezone(:zone, r.created_at) AS date)) AS ends
               FROM invoice i
               JOIN dunning_case k ON k.invoice_id = i.id
               LEFT JOIN invoice r ON r.id = i.replaced_by_id
              WHERE i.company_id = :company),
         less AS (
             SELECT p.invoice_id, p.amount,
                    least(p.received_on, CAST(timezone(:zone, p.recorded_at) AS date)) AS came,
                    CASE WHEN p.reversed_at IS NOT NULL
                         THEN least(p.reversed_on, CAST(timezone(:zone, p.reversed_at) AS date)) END AS went
               FROM payment p
              UNION ALL
             SELECT n.invoice_id, n.amount,
                    least(n.issued_on, CAST(timezone(:zone, n.recorded_at) AS date)), NULL
               FROM credit_note n
              WHERE n.cancelled_at IS NULL),
         moves AS (
             SELECT id, begins AS day, total AS amount FROM its
              UNION ALL
             SELECT i.id, greatest(i.begins, l.came), -l.amount
               FROM less l JOIN its i ON i.id = l.invoice_id
              WHERE l.went IS NULL OR l.went > l.came
              UNION ALL
             SELECT i.id, greatest(i.begins, l.went), l.amount
               FROM less l JOIN its i ON i.id = l.invoice_id
              WHERE l.went > l.came),
         days AS (
             SELECT id, day, sum(amount) AS change FROM moves GROUP BY id, day HAVING sum(amount) <> 0),
         spans AS (
             SELECT id, day, lead(day) OVER lived AS following, sum(change) OVER lived AS rest
               FROM days
             WINDOW lived AS (PARTITION BY id ORDER BY day))
    INSERT INTO owed (invoice_id, from_on, until_on, company_id, customer_id, currency, due_on, rest)
    SELECT i.id, s.day, least(s.following, i.ends), i.company_id, i.customer_id, i.currency, i.due_on, s.rest
      FROM spans s JOIN its i ON i.id = s.id
     WHERE s.rest > 0 AND (i.ends IS NULL OR s.day < i.ends)
"""


def upgrade() -> None:
    """Add the table, and reckon it from the facts there are."""
    op.create_table(
        "owed",
        sa.Column("invoice_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date()),
        sa.Column("company_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("rest", sa.Numeric(19, 4), nullable=False),
        sa.PrimaryKeyConstraint("invoice_id", "from_on", name="owed_pkey"),
        sa.ForeignKeyConstraint(["invoice_id"], ["invoice.id"], name="owed_invoice_id_fkey"),
        sa.CheckConstraint("until_on > from_on", name="owed_span_check"),
        sa.CheckConstraint("rest > 0", name="owed_rest_check"),
    )
    bind = op.get_bind()
    for company, country, zone in bind.execute(sa.text("SELECT id, country, zone FROM company")).all():
        bind.execute(sa.text(_RECKON), {"company": company, "zone": zone or default_zone(country)})
    op.create_index("owed_customer_id_idx", "owed", ["customer_id"])
    for word, key, more in (("customer", "customer_id", ("due_on",)), ("due_on", "due_on", ())):
        op.create_index(
            f"owed_still_{word}_idx",
            "owed",
            ["company_id", "currency", key],
            postgresql_include=[*more, "rest", "from_on"],
            postgresql_where=sa.text("until_on IS NULL"),
        )
    op.create_index(
        "owed_once_idx",
        "owed",
        ["company_id", "until_on"],
        postgresql_include=["currency", "customer_id", "due_on", "rest", "from_on"],
        postgresql_where=sa.text("until_on IS NOT NULL"),
    )


def downgrade() -> None:
    """As it was."""
    op.drop_table("owed")
