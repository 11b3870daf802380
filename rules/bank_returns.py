"""Which payment a return takes back: money that came, and went again because the bank could not keep it.

A direct debit refused by the debtor's bank, a cheque without cover, a transfer recalled. What is certain
opens the case again by itself; what is not is asked of a person: a wrong case opened again is a letter too
many.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

RECALLED_WITHIN: Final = timedelta(days=400)
"""A debtor may ask an unauthorised SEPA direct debit back for 13 months (SEPA Core Rulebook)."""
USUAL: Final = timedelta(days=70)
"""Authorised ones come back within eight weeks; the bank takes some days to book it. Without any reference,
the same payer and amount are believed for so long."""
LEAST_REFERENCE: Final = 6
"""A shorter reference stands in too many texts by chance."""


class Incoming(NamedTuple):
    """A line that money came by; `line` is its id, as text."""

    line: str
    amount: Decimal
    currency: str
    booked_on: date
    end_to_end_id: str | None = None
    bank_ref: str | None = None
    payer_iban: str | None = None
    payer_name: str | None = None


class Returned(NamedTuple):
    """A line by which money went back."""

    amount: Decimal
    currency: str
    booked_on: date
    end_to_end_id: str | None = None
    payer_iban: str | None = None
    payer_name: str | None = None
    text: str = ""


class Found(NamedTuple):
    """`line` is the one it takes back, where that is certain; else `candidates` are those it may be."""

    line: str | None
    candidates: tuple[str, ...]
    why: str


def find_returned(back: Returned, lines: Sequence[Incoming]) -> Found:
    """Find the line a return takes back among those that have not come back yet.

    The amounts must be equal: a bank's fee for the return is a line of its own. Then, in this order: the same
    end-to-end id; the first line's bank reference within the text of the return; the same payer's account,
    within the usual time. Each is certain only if one line fits.
    """
    fitting = [
        line
        for line in lines
        if line.amount == back.amount
        and line.currency == back.currency
        and line.booked_on <= back.booked_on <= line.booked_on + RECALLED_WITHIN
    ]
    if not fitting:
        return Found(None, (), f"no payment of {back.amount} {back.currency} came before it")
    recent = [line for line in fitting if back.booked_on <= line.booked_on + USUAL]
    ways = (
        (
            "the same end-to-end id and amount",
            [x for x in fitting if back.end_to_end_id and x.end_to_end_id == back.end_to_end_id],
        ),
        ("it names the payment's bank reference", [x for x in fitting if _names(back.text, x.bank_ref)]),
        (
            "the same account and amount, and no other such payment",
            [x for x in recent if _may_be(back, x) and back.payer_iban and x.payer_iban == back.payer_iban],
        ),
    )
    for why, found in ways:
        if len(found) == 1:
            return Found(found[0].line, (found[0].line,), why)
        if found:
            return Found(None, tuple(x.line for x in found), f"{len(found)} payments fit: {why}")
    possible = [line for line in recent if _may_be(back, line)]
    return Found(
        None,
        tuple(line.line for line in possible),
        f"payments of that amount: {len(possible)}, none of them certain"
        if possible
        else "no payment fits it",
    )


def _names(text: str, reference: str | None) -> bool:
    return reference is not None and len(reference) >= LEAST_REFERENCE and reference in text


def _may_be(back: Returned, line: Incoming) -> bool:
    """Whether nothing the bank wrote speaks against it."""
    return not (
        back.end_to_end_id and line.end_to_end_id and back.end_to_end_id != line.end_to_end_id
    ) and not (back.payer_iban and line.payer_iban and back.payer_iban != line.payer_iban)
