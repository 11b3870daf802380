"""The ageing's one statement: what each invoice still owed at the end of a day, and its sums."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final

from rules.ageing import Bucket, due_between


def due_in(wanted: Bucket, due_on: str = "due_on") -> str:
    """SQL: that due date is of this bucket on the day `on`."""
    day = date(2000, 6, 30)
    parts = [
        f"{due_on} {sign} %(on)s::date - {(day - edge).days}"
        for sign, edge in zip((">=", "<="), due_between(wanted, day), strict=True)
        if edge is not None
    ]
    return " AND ".join(parts)


_SUMS: Final = ", ".join(
    (
        "count(*) AS invoices, sum(rest) AS open",
        *(f"coalesce(sum(rest) FILTER (WHERE {due_in(each)}), 0) AS late_{each}" for each in Bucket),
    )
)
_COUNTS: Final = ", ".join(f"count(*) FILTER (WHERE {due_in(each)}) AS count_{each}" for each in Bucket)

# Money that came and stayed. Without `reversed_on`, a payment went back on the day that was told.
_CAME: Final = "(p.received_on <= %(on)s OR p.recorded_at < %(ends)s)"
_WENT: Final = (
    "p.reversed_at IS NOT NULL AND (coalesce(p.reversed_on <= %(on)s, false) OR p.reversed_at < %(ends)s)"
)
STATEMENT: Final = f"""
    WITH owed AS MATERIALIZED (
             SELECT k.invoice_id, k.customer_id, k.currency, k.due_on,
                    i.total - coalesce(paid.amount, 0) - coalesce(credited.amount, 0) AS rest
               FROM dunning_case k
               JOIN invoice i ON i.id = k.invoice_id
               LEFT JOIN (SELECT p.invoice_id, sum(p.amount) AS amount
                            FROM payment p
                           WHERE {_CAME} AND NOT ({_WENT})
                           GROUP BY p.invoice_id) paid ON paid.invoice_id = k.invoice_id
               LEFT JOIN (SELECT n.invoice_id, sum(n.amount) AS amount
                            FROM credit_note n
                           WHERE n.cancelled_at IS NULL
                             AND (n.issued_on <= %(on)s OR n.recorded_at < %(ends)s)
                           GROUP BY n.invoice_id) credited ON credited.invoice_id = k.invoice_id
              WHERE k.company_id = %(company)s
                AND (k.closed_at IS NULL OR k.closed_at >= %(ends)s)
                AND (i.issued_on <= %(on)s OR i.created_at < %(ends)s)
                AND (i.replaced_by_id IS NULL
                     OR EXISTS (SELECT FROM invoice r
                                 WHERE r.id = i.replaced_by_id
                                   AND r.issued_on > %(on)s AND r.created_at >= %(ends)s))),
         aged AS MATERIALIZED (SELECT * FROM owed WHERE rest > 0{{narrow}}),
         chosen AS MATERIALIZED (
             SELECT coalesce(%(currency)s::text,
                             (SELECT currency FROM aged GROUP BY currency ORDER BY count(*) DESC, currency
                               LIMIT 1)) AS currency)
    SELECT json_build_object(
               'currency', (SELECT currency FROM chosen),
               'totals', (SELECT json_agg(t ORDER BY t.currency)
                            FROM (SELECT currency, {_SUMS}, {_COUNTS} FROM aged GROUP BY currency) t),
               'rows', ({{rows}}))::text
"""

# Names are looked up for the rows of the page only.
SHOWN: Final[Mapping[str, tuple[str, str]]] = {
    "customer": (
        f"SELECT customer_id AS id, {_SUMS} FROM aged WHERE {{here}} GROUP BY customer_id",
        """
        SELECT g.*, c.ref AS key, c.name, c.ref AS customer, NULL AS due_on
          FROM {page} g JOIN customer c ON c.id = g.id
        """,
    ),
    "invoice": (
        f"""
        SELECT invoice_id AS id, customer_id, due_on, {_SUMS}
          FROM aged
         WHERE {{here}}
         GROUP BY invoice_id, customer_id, due_on
        """,
        """
        SELECT g.*, i.number AS key, c.name, c.ref AS customer
          FROM {page} g JOIN invoice i ON i.id = g.id JOIN customer c ON c.id = g.customer_id
        """,
    ),
    **{
        by: (
            f"""
            SELECT coalesce(c.{column}, '') AS id, {_SUMS}
              FROM aged JOIN customer c ON c.id = aged.customer_id
             WHERE {{here}}
             GROUP BY coalesce(c.{column}, '')
            """,
            """
            SELECT g.*, nullif(g.id, '') AS key, NULL AS name, NULL AS customer, NULL AS due_on
              FROM {page} g
            """,
        )
        for by, column in (("segment", "segment"), ("collector", "collector_email"))
    },
}
"""By what a row is: SQL of the groups, and of what is shown of a page of them."""
