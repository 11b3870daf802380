"""What a customer commits itself to about several invoices: which of them an amount reaches."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from sqlmodel import col, select

from activities.store.amounts import exact, rests
from activities.store.facts.promises import agree, payment_claimed
from activities.store.facts.recording import Recording
from activities.store.lookup import among
from models.errors import InvalidFact, WrongState
from models.ids import CaseSignal
from models.messages import PaymentClaimed, PaymentPlanAgreed, PlanInstalment, TaskCompleted
from models.tables import DisputeRow, Invoice
from rules.calls import Owed, Part, allot
from rules.money import round_money


def promised(at: Recording, fact: TaskCompleted, about: Sequence[Invoice]) -> None:
    """A promise for each invoice the amount reaches, the oldest first; the others stay chased.

    A part promised on an invoice is a promise of that part: once it is there, the rest is chased.
    """
    if fact.promised_on is None:
        raise InvalidFact("promised_on: required by promise")
    for invoice, part in _allotted(at, fact, about, disputed_too=False):
        plan = PaymentPlanAgreed(
            instalments=(PlanInstalment(due_on=fact.promised_on, amount=part.amount),), by=fact.by
        )
        agree(at.also(CaseSignal.PAYMENT_PLAN_AGREED, plan, invoice), plan)


def claimed(at: Recording, fact: TaskCompleted, about: Sequence[Invoice]) -> None:
    """A claimed payment for each invoice the amount reaches (all of them, if none is given)."""
    claim = PaymentClaimed(paid_on=at.past_day("paid_on", fact.paid_on), by=fact.by)
    first = min((invoice.issued_on for invoice in about), default=at.today)
    if claim.paid_on is not None and claim.paid_on < first:
        raise InvalidFact(f"paid_on: {claim.paid_on} lies before the first of these invoices ({first})")
    for invoice, _ in _allotted(at, fact, about, disputed_too=True):
        payment_claimed(at.also(CaseSignal.PAYMENT_CLAIMED, claim, invoice), claim)


def _allotted(
    at: Recording, fact: TaskCompleted, about: Sequence[Invoice], *, disputed_too: bool
) -> list[tuple[Invoice, Part]]:
    """Which invoices the amount reaches, and with how much of it."""
    currencies = sorted({invoice.currency for invoice in about})
    wanted = fact.currency
    if fact.amount is not None and wanted is None and len(currencies) > 1:
        raise InvalidFact(f"currency: required with an amount, the invoices are in {', '.join(currencies)}")
    if wanted is not None and wanted not in currencies:
        raise InvalidFact(f"currency: {wanted} given, the invoices are in {', '.join(currencies)}")
    chosen = [
        invoice
        for invoice in about
        if fact.invoice in (None, invoice.number) and wanted in (None, invoice.currency)
    ]
    owed = _owed(at, chosen, disputed_too)
    if not any(each.amount > 0 for each in owed):
        raise WrongState("nothing is owed on these invoices that is not in dispute")
    amount = fact.amount
    if amount is not None:
        amount = exact("amount", amount, chosen[0].currency)
    try:
        parts = allot(owed, amount)
    except ValueError:
        total = sum((each.amount for each in owed), Decimal(0))
        beside = "" if disputed_too else " and not in dispute"
        raise InvalidFact(
            f"amount: {amount} is more than the {total} {chosen[0].currency} owed{beside}"
        ) from None
    by_number = {invoice.number: invoice for invoice in chosen}
    return [(by_number[part.invoice], part) for part in parts]


def _owed(at: Recording, invoices: Sequence[Invoice], disputed_too: bool) -> list[Owed]:
    ids = [invoice.id for invoice in invoices]
    left = rests(at.session, ids)
    if not disputed_too:
        disputes = at.session.exec(
            select(DisputeRow).where(among(DisputeRow.invoice_id, ids), col(DisputeRow.resolved_at).is_(None))
        )
        for dispute in disputes:
            left[dispute.invoice_id] -= left[dispute.invoice_id] if dispute.amount is None else dispute.amount
    return [
        Owed(
            invoice.number,
            invoice.due_on,
            round_money(max(left[invoice.id], Decimal(0)), invoice.currency),
        )
        for invoice in invoices
    ]
