"""The ageing's one statement: what each invoice owed at the end of a day, and its sums."""

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

_OWED: Final = """
             SELECT invoice_id, customer_id, currency, due_on, rest
               FROM owed
              WHERE company_id = %(company)s AND {until} AND from_on <= %(on)s{narrow}
"""


def owed(narrow: str, *, today: bool) -> str:
    """SQL: the invoices that owed something at the end of the day `on`, as `aged`.

    Args:
        narrow: what else must hold, beginning with AND.
        today: the day is the company's today, to which all is owed that no earlier day has ended.
    """
    parts = [_OWED.format(until="until_on IS NULL", narrow=narrow)]
    if not today:
        parts.append(_OWED.format(until="until_on > %(on)s", narrow=narrow))
    return f"aged AS NOT MATERIALIZED ({' UNION ALL '.join(parts)})"


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
                         WHERE a.{_CHOSEN}
                         GROUP BY {self.key}, a.due_on) a
                 GROUP BY a.id
            """
        told = "".join(f", a.{each}" for each in self.told)
        # An invoice stands there once.
        opened, grouped = ("a.rest", "") if self.told else ("sum(a.rest)", f"GROUP BY a.{self.key}")
        return f"""
            SELECT a.{self.key} AS id, {opened} AS open{told}
              FROM {self.source}
             WHERE a.{_CHOSEN}
             {grouped}
        """

    def rows(self, page: str, narrow: str) -> str:
        """SQL: all that a row shows, of a page of keys, which have `sort_key` and `sort_id` too."""
        if self.few:
            return self.names.format(page=f"({page})")
        placed = "".join((", p.sort_key, p.sort_id", *(f", p.{each}" for each in self.told)))
        return self.names.format(
            page=f"""
                (SELECT p.id{placed}, {_sums("count(*)")}
                   FROM ({page}) p
                  CROSS JOIN LATERAL (SELECT due_on, rest
                                        FROM owed
                                       WHERE {self.key} = p.id
                                         AND company_id = %(company)s AND {_CHOSEN}
                                         AND from_on <= %(on)s
                                         AND (until_on IS NULL OR until_on > %(on)s){narrow}) a
                  GROUP BY p.id{placed})
            """
        )


_CHOSEN: Final = "currency = (SELECT currency FROM chosen)"
GROUPINGS: Final[Mapping[str, Grouping]] = {
    "customer": Grouping(
        "customer_id",
        """
        SELECT g.*, c.ref AS key, c.name, c.ref AS customer, NULL AS due_on
          FROM {page} g JOIN customer c ON c.id = g.id
        """,
    ),
    "invoice": Grouping(
        "invoice_id",
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
