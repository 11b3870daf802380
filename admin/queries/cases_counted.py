"""How many cases a list has, what they owe, and how many there are of each kind it can be narrowed to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities.store.api_keys import KeyHolder
from activities.store.records import decoded
from activities.store.sql import run
from admin.queries.ageing_sql import due_in
from admin.queries.cases import CaseFilter, conditions_of
from admin.queries.companies import of_companies
from admin.queries.search import few_hits, hits
from rules.ageing import Bucket
from rules.money import by_currency, round_money

MOST: Final = 60
"""Collectors and segments named, at most."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Of all cases of a list: their number, what they owe by currency, and their number by word."""

    cases: int
    sums: tuple[tuple[Decimal, str], ...]
    by: Mapping[str, Mapping[str, int]]
    """`state`, `step` (that comes next), `late` (a bucket), `currency`, `disputed` (`true`, `false`)."""


_BUCKET: Final = (
    "CASE " + " ".join(f"WHEN {due_in(each, 'k.due_on')} THEN '{each}'" for each in Bucket) + " END"
)
_GROUPED: Final = f"""
    SELECT k.state, k.next_step, {_BUCKET} AS late, k.currency, k.contested::text AS disputed,
           sum(k.cases) AS cases, sum(k.owed) AS owed
      FROM (SELECT k.state, k.next_step, k.currency, k.disputed > 0 AS contested, k.due_on,
                   count(*) AS cases, sum(k.outstanding) AS owed
              FROM ({{found}}) k
             GROUP BY 1, 2, 3, 4, 5) k
     GROUP BY 1, 2, 3, 4, 5
"""
"""By day first: an index has the cases in that order."""


def count_cases(
    session: Session, holder: KeyHolder, company_id: UUID, wanted: CaseFilter, today: date
) -> Counts | None:
    """Count the cases of a list in one statement; None where a search finds too many to be counted.

    Args:
        session: a snapshot of the ledger.
        holder: who looks.
        company_id: the company the list is narrowed to.
        wanted: the list.
        today: the company's day, which decides how late a case is.
    """
    conditions, parameters = conditions_of(wanted)
    parameters["on"] = today
    mine = of_companies(holder, company_id, parameters)
    where = " AND ".join((mine.of("k"), *conditions))
    if wanted.q is None:
        before, found = "", f"SELECT k.* FROM dunning_case k WHERE {where}"
    else:
        amounts = "amounts" in parameters
        before = hits(mine, amounts=amounts)
        found = f"""
            SELECT k.*
              FROM ({few_hits(amounts=amounts)}) hit
             CROSS JOIN LATERAL (SELECT * FROM dunning_case WHERE invoice_id = hit.id OFFSET 0) k
             WHERE (SELECT so FROM few) AND {where}
        """
    asked = f"""
        {before}
        SELECT json_build_array(
                   {"(SELECT so FROM few)" if before else "TRUE"},
                   (SELECT json_agg(g) FROM ({_GROUPED.format(found=found)}) g))::text
    """
    known, groups = decoded(run(session, asked, **parameters).scalar_one())
    if not known:
        return None
    by: dict[str, Counter[str]] = {
        name: Counter() for name in ("state", "step", "late", "currency", "disputed")
    }
    for group in groups or ():
        count = group["cases"]
        for name, column in _COLUMNS.items():
            if group[column] is not None:
                by[name][group[column]] += count
    owed = by_currency((Decimal(group["owed"]), group["currency"]) for group in groups or ())
    return Counts(
        cases=sum(group["cases"] for group in groups or ()),
        sums=tuple((round_money(amount, currency), currency) for currency, amount in owed.items()),
        by=by,
    )


_COLUMNS: Final = {
    "state": "state",
    "step": "next_step",
    "late": "late",
    "currency": "currency",
    "disputed": "disputed",
}
_WORDS: Final = """
    WITH RECURSIVE found AS (
        (SELECT c.{column} AS word FROM customer c
          WHERE c.company_id = %(company)s AND c.{column} IS NOT NULL
          ORDER BY c.{column} LIMIT 1)
         UNION ALL
        SELECT (SELECT c.{column} FROM customer c
                 WHERE c.company_id = %(company)s AND c.{column} > found.word
                 ORDER BY c.{column} LIMIT 1)
          FROM found
         WHERE found.word IS NOT NULL)
    SELECT word FROM found WHERE word IS NOT NULL LIMIT {most}
"""
"""From one word to the next by an index, past all customers who have the same."""
_BOTH: Final = "SELECT json_build_array({})::text".format(
    ", ".join(
        f"(SELECT json_agg(each.word) FROM ({_WORDS.format(column=column, most=MOST)}) each)"
        for column in ("collector_email", "segment")
    )
)


def words_of_customers(session: Session, company_id: UUID) -> tuple[list[str], list[str]]:
    """The collectors and the segments that a company's customers have, the first of them."""
    collectors, segments = decoded(run(session, _BOTH, company=company_id).scalar_one())
    return collectors or [], segments or []
