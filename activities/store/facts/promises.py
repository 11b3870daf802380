"""What customers promise and claim: payment plans, promises, payments said to be made."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from uuid import uuid4

from sqlmodel import col, select

from activities.store.amounts import outstanding
from activities.store.facts.recording import Recording
from models.errors import InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.messages import PaymentClaimed, PaymentPlanAgreed, PaymentPlanCancelled
from models.tables import ClaimRow, InstalmentRow, PlanRow


def payment_claimed(at: Recording, fact: PaymentClaimed) -> None:
    """The customer says it has paid (today, if no day is given). A day to come would be a promise."""
    paid_on = at.past_day("paid_on", fact.paid_on)
    at.registered(fact)
    at.session.add(
        ClaimRow(
            id=uuid4(),
            fact_id=at.fact_id,
            invoice_id=at.invoice.id,
            paid_on=paid_on,
            claimed_at=at.now,
        )
    )
    at.tell()


def payment_plan_agreed(at: Recording, fact: PaymentPlanAgreed) -> None:
    """A plan over the whole outstanding amount. It takes the place of the plan in force."""
    if not fact.instalments:
        raise InvalidFact("instalments: at least one is required")
    for place, instalment in enumerate(fact.instalments, start=1):
        at.amount(instalment.amount, field_name=f"instalments {place}: amount")
    if fact.instalments[0].due_on < at.today:
        raise InvalidFact(f"instalments 1: due_on: {fact.instalments[0].due_on} has passed")
    for place, (before, after) in enumerate(pairwise(fact.instalments), start=2):
        if after.due_on <= before.due_on:
            raise InvalidFact(f"instalments {place}: due_on: {after.due_on} does not follow {before.due_on}")
    owed = outstanding(at.session, at.invoice.id)
    promised = sum((instalment.amount for instalment in fact.instalments), Decimal(0))
    if promised != owed:
        raise InvalidFact(f"instalments: they add up to {promised}, {owed} {at.invoice.currency} is owed")
    agree(at, fact)


def agree(at: Recording, fact: PaymentPlanAgreed) -> None:
    """Write a plan whose days and amounts are checked already, in the place of the one in force."""
    at.registered(fact)
    former = _in_force(at)
    if former is not None:
        former.cancelled_at = at.now
        at.log("payment_plan_cancelled", "another plan takes its place", {"plan": str(former.id)})
        # The index allows one plan in force: the former must go before the next comes.
        at.session.flush()
    plan = PlanRow(id=uuid4(), fact_id=at.fact_id, invoice_id=at.invoice.id, agreed_at=at.now)
    at.session.add(plan)
    at.session.flush()
    at.session.add_all(
        InstalmentRow(plan_id=plan.id, place=place, due_on=instalment.due_on, amount=instalment.amount)
        for place, instalment in enumerate(fact.instalments, start=1)
    )
    at.tell()


def payment_plan_cancelled(at: Recording, fact: PaymentPlanCancelled) -> None:
    """The plan no longer holds: the one that event agreed, or the one in force."""
    if fact.plan_event_id is None:
        plan = _in_force(at)
        if plan is None:
            raise WrongState(f"invoice {at.invoice.number!r} has no payment plan in force")
    else:
        agreed = at.fact_named("plan_event_id", fact.plan_event_id, CaseSignal.PAYMENT_PLAN_AGREED)
        plan = at.session.exec(
            select(PlanRow).where(PlanRow.fact_id == agreed.id, PlanRow.invoice_id == at.invoice.id)
        ).one_or_none()
        if plan is None:
            raise NotFound(f"plan_event_id: no plan {fact.plan_event_id!r} on invoice {at.invoice.number!r}")
        if plan.cancelled_at is not None:
            raise WrongState(f"plan_event_id: the plan {fact.plan_event_id!r} is cancelled already")
    at.registered(fact)
    plan.cancelled_at = at.now
    at.tell()


def _in_force(at: Recording) -> PlanRow | None:
    return at.session.exec(
        select(PlanRow).where(PlanRow.invoice_id == at.invoice.id, col(PlanRow.cancelled_at).is_(None))
    ).one_or_none()
