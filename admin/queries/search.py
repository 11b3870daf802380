"""What people type into a search field: part of a number, an order reference, a customer's name; an amount.

One statement finds and lists. Matches are gathered by the index up to a number: a few are taken one by one
and sorted; more of them are met soon enough on the way through the list in its order. Which of the two it is,
the statement finds out for itself: the half that does not apply is not run.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from admin.queries.companies import Companies
from admin.queries.reading import Order

FEW_INVOICES: Final = 5000
FEW_CUSTOMERS: Final = 1000
"""Up to here matches are sorted; customers have several invoices each."""

SHORTEST: Final = 3
"""Characters: the index holds groups of three."""

CUSTOMER_HOLDS: Final = "(c.name ILIKE %(q)s OR c.ref ILIKE %(q)s)"
"""SQL: the name or reference of `customer c` holds the pattern `q`, in whatever case."""

_INVOICE_HOLDS: Final = "(i.number ILIKE %(q)s OR i.order_ref ILIKE %(q)s)"


_ASIDE: Final = re.compile(r"^[A-Z]{3}\s|\s[A-Z]{3}$|[\s€$£]")
_LONGEST: Final = 15
"""Digits before the decimals, as the ledger holds them."""


def amounts_typed(text: str) -> list[Decimal]:
    """The amounts a text may mean: `1 234,56 €`, `1.234,56`, `1,234.56`, `1234.5`; `1,234` may mean two."""
    bare = _ASIDE.sub("", text.strip())
    found = set()
    for mark, other in ((",", "."), (".", ",")):
        grouped = rf"[0-9]{{1,3}}(?:[{other}][0-9]{{3}})+|[0-9]+"
        if re.fullmatch(rf"(?:{grouped})(?:[{mark}][0-9]{{1,4}})?", bare):
            amount = Decimal(bare.replace(other, "").replace(mark, "."))
            if 0 < amount < 10**_LONGEST:
                found.add(amount)
    return sorted(found)


def hits(mine: Companies, *, amounts: bool = False) -> str:
    """SQL before a page of `search_page`: what holds the pattern `q`, and whether that is few.

    Args:
        mine: whose cases.
        amounts: with open cases that owe one of `amounts`, or did before they were paid in part.
    """
    owing = f"""
        owing AS MATERIALIZED (
                 SELECT k.invoice_id AS id FROM dunning_case k
                  WHERE k.outstanding = ANY (%(amounts)s) AND k.closed_at IS NULL AND {mine.of("k")}
                  UNION
                 SELECT i.id FROM invoice i
                  WHERE i.total = ANY (%(amounts)s) AND {mine.of("i")}
                  LIMIT {FEW_INVOICES + 1}),
    """
    return f"""
        WITH numbered AS MATERIALIZED (
                 SELECT i.id FROM invoice i
                  WHERE {_INVOICE_HOLDS} AND {mine.of("i")} LIMIT {FEW_INVOICES + 1}),
             named AS MATERIALIZED (
                 SELECT c.id FROM customer c
                  WHERE {CUSTOMER_HOLDS} AND {mine.of("c")} LIMIT {FEW_CUSTOMERS + 1}),
             {owing if amounts else ""}
             few AS MATERIALIZED (
                 SELECT (SELECT count(*) FROM numbered) <= {FEW_INVOICES}
                        AND (SELECT count(*) FROM named) <= {FEW_CUSTOMERS}
                        {f"AND (SELECT count(*) FROM owing) <= {FEW_INVOICES}" if amounts else ""} AS so)
    """


def few_hits(*, amounts: bool = False) -> str:
    """SQL after `hits`: the ids of the cases found, where they are few."""
    return f"""
        SELECT id FROM numbered
         UNION
        SELECT k.invoice_id FROM named n JOIN dunning_case k ON k.customer_id = n.id
        {"UNION SELECT id FROM owing" if amounts else ""}
    """


def search_page(mine: Companies, where: str, order: Order, limit: int, *, amounts: bool = False) -> str:
    """SQL: the first cases in that order that hold `q`: number, order reference, customer's name, reference.

    Args:
        mine: whose cases.
        where: what else must hold, on `dunning_case k`.
        order: of the list.
        limit: how many.
        amounts: or that come to one of `amounts`; asked of `hits` too.
    """
    owes = " OR k.outstanding = ANY (%(amounts)s) OR i.total = ANY (%(amounts)s)" if amounts else ""
    walked = mine.first_of_each(
        f"""
            SELECT {order.columns}
              FROM dunning_case k
              JOIN invoice i ON i.id = k.invoice_id
              JOIN customer c ON c.id = k.customer_id
        """,
        f"NOT (SELECT so FROM few) AND ({_INVOICE_HOLDS} OR {CUSTOMER_HOLDS}{owes}) AND {where}",
        order,
        limit,
    )
    # One by one, by their key: told only how many there may be, the planner would rather read all cases.
    return f"""
        SELECT sort_key, sort_id
          FROM (
               (SELECT {order.columns}
                  FROM ({few_hits(amounts=amounts)}) hit
                 CROSS JOIN LATERAL (SELECT * FROM dunning_case WHERE invoice_id = hit.id OFFSET 0) k
                 WHERE (SELECT so FROM few) AND {where}
                 ORDER BY {order.by()}
                 LIMIT {limit})
               UNION ALL
               ({walked})
               ) either
         ORDER BY {order.by("sort_key", "sort_id")}
         LIMIT {limit}
    """
