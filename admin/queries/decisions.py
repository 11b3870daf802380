"""Decisions as of now, as they are shown: what comes next, when and why, and what holds it up."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from activities.store.load import LoadedCase
from admin.queries.models import Amount, Answer
from rules.decide import Decision, State, decide
from rules.facts import CaseFacts
from rules.ledger import NOTHING, Balance
from rules.pauses import pauses


class CaseBalance(Answer):
    """What an invoice owes. `chaseable` is outstanding less disputed; `credit` is what was paid too much."""

    currency: Annotated[str, Field(examples=["EUR"])]
    total: Amount
    paid: Amount
    credited: Amount
    outstanding: Amount
    disputed: Amount
    chaseable: Amount
    credit: Amount


class NextStep(Answer):
    """The next step of a case. `planned` is the due date plus the step's offset, `on` its day at the
    customer's place; `role` is absent when nobody can be reached that way yet."""

    step: Annotated[str, Field(examples=["reminder_2"])]
    channel: Annotated[str, Field(examples=["email"])]
    template: str
    role: str | None
    tone: str
    planned: date
    on: date
    at: datetime
    due: bool
    approval: Annotated[bool, Field(description="A person reads and approves it before it leaves")]
    approved: bool


class PauseNow(Answer):
    """Something that keeps the case from its ladder at this moment; `until` is absent for an open end."""

    reason: Annotated[str, Field(examples=["promise"])]
    since: datetime
    until: datetime | None
    why: str


class DecisionNow(Answer):
    """A case as decided on the facts of this moment."""

    state: Annotated[str, Field(examples=["waiting"])]
    stage: Annotated[str, Field(description="The last step done, or `new`", examples=["reminder_1"])]
    why: str
    next: NextStep | None
    look_again_at: Annotated[datetime | None, Field(description="When it may change by itself")]
    paused_by: str | None
    suspension: Annotated[int | None, Field(description="The suspension that holds it, listed with its why")]
    pauses: list[PauseNow]
    closing_reason: str | None


def decision_now(loaded: LoadedCase, now: datetime) -> tuple[Decision, DecisionNow]:
    """Decide a case, as the rules have it and as it is shown."""
    decision = decide(loaded.facts, loaded.customer, loaded.policy, now)
    action = decision.next
    # What is paused never waits for its own step, and most cases do.
    free = loaded.case.closed_at is not None or decision.state in (State.WAITING, State.DUE)
    held = () if free else pauses(loaded.facts, loaded.customer, now).active
    shown = DecisionNow(
        state=decision.state.value,
        stage=decision.stage,
        why=decision.why,
        next=None
        if action is None
        else NextStep(
            step=action.step.key,
            channel=action.route.channel.value,
            template=action.route.template,
            role=action.route.role.value if action.route.role else None,
            tone=action.tone.value,
            planned=action.planned,
            on=action.day,
            at=action.at,
            due=action.due,
            approval=action.step.approval,
            approved=action.approved,
        ),
        look_again_at=decision.wake_at,
        paused_by=decision.paused_by,
        suspension=decision.suspension,
        pauses=[
            PauseNow(reason=interval.reason, since=interval.start, until=interval.end, why=interval.why)
            for interval in held
        ],
        closing_reason=decision.closing_reason,
    )
    return decision, shown


def case_balance(facts: CaseFacts, owed: Balance, now: datetime) -> CaseBalance:
    """The sums of an invoice as of now."""
    paid = sum(
        (
            payment.amount
            for payment in facts.payments
            if payment.received_at <= now and (payment.reversed_at is None or payment.reversed_at > now)
        ),
        NOTHING,
    )
    credited = sum((note.amount for note in facts.credit_notes if note.issued_at <= now), NOTHING)
    zero = facts.total - facts.total
    return CaseBalance(
        currency=facts.currency,
        total=facts.total,
        paid=paid + zero,
        credited=credited + zero,
        outstanding=owed.outstanding + zero,
        disputed=owed.disputed + zero,
        chaseable=owed.chaseable + zero,
        credit=owed.credit + zero,
    )
