"""The ageing's one statement: what each invoice still owed at the end of a day, and its sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


def _sums(count: str) -> str:
    return ", ".join(
        (
            f"{count} AS invoices, sum(a.rest) AS open",
            *(
                f"coalesce(sum(a.rest) FILTER (WHERE {due_in(each, 'a.due_on')}), 0) AS late_{each}"
                for each in Bucket
            ),
        )
    )


_COUNTS: Final = ", ".join(
    f"coalesce(sum(a.invoices) FILTER (WHERE {due_in(each, 'a.due_on')}), 0) AS count_{each}"
    for each in Bucket
)

# Money that came and stayed. Without `reversed_on`, a payment went back on the day that was told.
_CAME: Final = "(p.received_on <= %(on)s OR p.recorded_at < %(ends)s)"
_WENT: Final = (
    "p.reversed_at IS NOT NULL AND (coalesce(p.reversed_on <= %(on)s, false) OR p.reversed_at < %(ends)s)"
)
OWED_THEN: Final = f"""
         there AS NOT MATERIALIZED (
             SELECT invoice_id, customer_id, currency, due_on
               FROM dunning_case
              WHERE company_id = %(company)s AND closed_at IS NULL
              UNION ALL
             SELECT invoice_id, customer_id, currency, due_on
               FROM dunning_case
              WHERE company_id = %(company)s AND closed_at >= %(ends)s),
         aged AS MATERIALIZED (
             SELECT invoice_id, customer_id, currency, due_on, rest
               FROM (SELECT k.*, i.replaced_by_id,
                            i.total - coalesce(paid.amount, 0) - coalesce(credited.amount, 0) AS rest
                       FROM there k
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
                      WHERE i.company_id = %(company)s
                        AND (i.issued_on <= %(on)s OR i.created_at < %(ends)s)
                     -- Few are replaced: asked of each before the joins, it would decide how these are made.
                     OFFSET 0) o
              WHERE rest > 0
                AND (o.replaced_by_id IS NULL
                     OR EXISTS (SELECT FROM invoice r
                                 WHERE r.id = o.replaced_by_id
                                   AND r.issued_on > %(on)s AND r.created_at >= %(ends)s)){{narrow}})
"""
"""At the end of any day, from the facts."""

# All that came has come, and what is replaced is closed: the case's own sum says the same.
OWED_NOW: Final = """
         aged AS NOT MATERIALIZED (
             SELECT invoice_id, customer_id, currency, due_on, outstanding AS rest
               FROM dunning_case
              WHERE company_id = %(company)s AND closed_at IS NULL AND outstanding > 0{narrow})
"""
"""At the end of today."""

STATEMENT: Final = f"""
    WITH {{owed}},
         by_day AS MATERIALIZED (
             SELECT currency, due_on, count(*) AS invoices, sum(rest) AS rest
               FROM aged GROUP BY currency, due_on),
         chosen AS MATERIALIZED (
             SELECT coalesce(%(currency)s::text,
                             (SELECT currency FROM by_day GROUP BY currency
                               ORDER BY sum(invoices) DESC, currency LIMIT 1)) AS currency)
    SELECT json_build_object(
               'currency', (SELECT currency FROM chosen),
               'totals', (SELECT json_agg(t ORDER BY t.currency)
                            FROM (SELECT a.currency, {_sums("sum(a.invoices)")}, {_COUNTS}
                                    FROM by_day a GROUP BY a.currency) t),
               'rows', ({{rows}}))::text
"""


@dataclass(frozen=True, slots=True)
class Grouping:
    """By what a row is: a `key` of `source`, with what else it has (`told`), and SQL of its `names`.

    Names are looked up, and lateness told apart, for the rows of a page only; of `few` rows for all at once.
    """

    key: str
    names: str
    source: str = "aged a"
    told: tuple[str, ...] = ()
    few: bool = False

    def keys(self) -> str:
        """SQL: the key and the sum of every row there is."""
        if self.few:
            return f"""
                SELECT a.id, {_sums("sum(a.invoices)")}
                  FROM (SELECT {self.key} AS id, a.due_on, count(*) AS invoices, sum(a.rest) AS rest
                          FROM {self.source}
                         WHERE {_CHOSEN}
                         GROUP BY {self.key}, a.due_on) a
                 GROUP BY a.id
            """
        told = "".join(f", a.{each}" for each in self.told)
        return f"""
            SELECT {self.key} AS id, sum(a.rest) AS open{told}
              FROM {self.source}
             WHERE {_CHOSEN}
             GROUP BY {self.key}{told}
        """

    def rows(self, page: str) -> str:
        """SQL: all that a row shows, of a page of keys, which have `sort_key` and `sort_id` too."""
        if self.few:
            return self.names.format(page=f"({page})")
        placed = "".join((", p.sort_key, p.sort_id", *(f", p.{each}" for each in self.told)))
        return self.names.format(
            page=f"""
                (SELECT p.id{placed}, {_sums("count(*)")}
                   FROM ({page}) p CROSS JOIN {self.source}
                  WHERE {self.key} = p.id AND {_CHOSEN}
                  GROUP BY p.id{placed})
            """
        )


_CHOSEN: Final = "a.currency = (SELECT currency FROM chosen)"
GROUPINGS: Final[Mapping[str, Grouping]] = {
    "customer": Grouping(
        "a.customer_id",
        """
        SELECT g.*, c.ref AS key, c.name, c.ref AS customer, NULL AS due_on
          FROM {page} g JOIN customer c ON c.id = g.id
        """,
    ),
    "invoice": Grouping(
        "a.invoice_id",
        """
        SELECT g.*, i.number AS key, c.name, c.ref AS customer
          FROM {page} g JOIN invoice i ON i.id = g.id JOIN customer c ON c.id = g.customer_id
        """,
        told=("customer_id", "due_on"),
    ),
    **{
        by: Grouping(
            f"coalesce(c.{column}, '')",
            """
            SELECT g.*, nullif(g.id, '') AS key, NULL AS name, NULL AS customer, NULL AS due_on
              FROM {page} g
            """,
            source="aged a JOIN customer c ON c.id = a.customer_id",
            few=True,
        )
        for by, column in (("segment", "segment"), ("collector", "collector_email"))
    },
}
