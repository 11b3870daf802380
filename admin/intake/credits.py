"""What a list of open items says a customer has to its credit, against what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from admin.intake.items import Credit
from admin.intake.known import KnownCredit

_ZERO: Final = Decimal(0)


class Credited(NamedTuple):
    """What a customer's credit becomes: `had` of it is there now; `more` comes, the payments `ended` go.

    `more` has a reference, a day and an amount each.
    """

    customer: str
    currency: str
    had: Decimal
    more: tuple[tuple[str, date, Decimal], ...]
    ended: tuple[UUID, ...]
    now: Decimal


def credit_of(
    customer: str,
    currency: str,
    listed: Sequence[Credit],
    kept: Sequence[KnownCredit],
    *,
    full: bool,
    today: date,
) -> Credited | None:
    """Make the credit what the file says; what a bank file brought may be part of it.

    Only what an earlier list told of ends by a list, a full one: the rest has its own proof, and is set
    against invoices by whoever knows for which it came.

    Args:
        customer: whose.
        currency: of all these.
        listed: the file's credits that name no invoice.
        kept: the ledger's, oldest first.
        full: the file has everything that is open: what it lacks has been set against something.
        today: the creditor's day.

    Returns:
        What to do; None: nothing.
    """
    had = sum((each.amount for each in kept), _ZERO)
    surplus = had
    more: list[tuple[str, date, Decimal]] = []
    for credit in listed:
        covered = min(surplus, credit.amount)
        surplus -= covered
        if credit.amount > covered:
            more.append((credit.number, credit.issued_on, credit.amount - covered))
    ended: list[UUID] = []
    gone = _ZERO
    for each in reversed(kept) if full else ():
        if each.listed and surplus > 0:
            ended.append(each.payment)
            gone += each.amount
            if each.amount > surplus:
                more.append(("open items", today, each.amount - surplus))
            surplus = max(surplus - each.amount, _ZERO)
    if not more and not ended:
        return None
    now = had - gone + sum((amount for *_, amount in more), _ZERO)
    return Credited(customer, currency, had, tuple(more), tuple(ended), now)
