"""What an invoice still owes, and what becomes of promises: arithmetic on the facts, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from rules.calendar import BusinessCalendar
from rules.facts import CaseFacts, Claim, Plan

NOTHING = Decimal(0)
INSTALMENT_GRACE_DAYS = 3
CLAIM_GRACE_BUSINESS_DAYS = 3


@dataclass(frozen=True, slots=True)
class Balance:
    """Amounts in the invoice's currency.

    `outstanding` is the total less unreversed payments and credit notes, never below zero; what is paid
    too much is `credit`; `disputed` is never more than outstanding; `chaseable` is the rest.
    """

    outstanding: Decimal
    disputed: Decimal
    credit: Decimal

    @property
    def chaseable(self) -> Decimal:
        """What a message may ask for."""
        return self.outstanding - self.disputed


def received(case: CaseFacts, now: datetime, since: datetime | None = None) -> Decimal:
    """Payments and credits known at `now` and not reversed by then, from `since` on when given."""
    paid = sum(
        (
            payment.amount
            for payment in case.payments
            if payment.received_at <= now
            and (payment.reversed_at is None or payment.reversed_at > now)
            and (since is None or payment.received_at >= since)
        ),
        NOTHING,
    )
    credited = sum(
        (
            note.amount
            for note in case.credit_notes
            if note.issued_at <= now and (since is None or note.issued_at >= since)
        ),
        NOTHING,
    )
    return paid + credited


def balance(case: CaseFacts, now: datetime) -> Balance:
    """The balance of `case` as known at `now`."""
    rest = case.total - received(case, now)
    outstanding = max(rest, NOTHING)
    disputed = NOTHING
    for dispute in case.disputes:
        if dispute.opened_at <= now and (dispute.resolved_at is None or dispute.resolved_at > now):
            disputed += outstanding if dispute.amount is None else dispute.amount
    return Balance(outstanding=outstanding, disputed=min(disputed, outstanding), credit=max(-rest, NOTHING))


@dataclass(frozen=True, slots=True)
class PlanState:
    """Where a plan stands: `ended_at` is set once it no longer pauses the case."""

    ended_at: datetime | None = None
    broken: bool = False
    next_check_at: datetime | None = None
    why: str = ""


def plan_state(case: CaseFacts, plan: Plan, calendar: BusinessCalendar, now: datetime) -> PlanState:
    """Check each instalment at 09:30 of its date plus three days, as the design says.

    What was received by then, since the plan was agreed, must cover the instalments up to it.
    """
    if plan.cancelled_at is not None and plan.cancelled_at <= now:
        return PlanState(ended_at=plan.cancelled_at, why="the plan was cancelled")
    promised = NOTHING
    check_at = plan.agreed_at
    for instalment in plan.instalments:
        promised += instalment.amount
        check_at = max(
            plan.agreed_at, calendar.slot(instalment.due_on + timedelta(days=INSTALMENT_GRACE_DAYS))
        )
        amount = f"{instalment.amount} {case.currency}"
        if check_at > now:
            return PlanState(
                next_check_at=check_at,
                why=f"{amount} promised for {instalment.due_on}, checked on {calendar.local_day(check_at)}",
            )
        if received(case, check_at, since=plan.agreed_at) < promised:
            return PlanState(
                ended_at=check_at, broken=True, why=f"{amount} promised for {instalment.due_on} did not come"
            )
    return PlanState(ended_at=check_at, why="every instalment came")


class InstalmentState(StrEnum):
    """What became of one promised payment."""

    KEPT = "kept"
    BROKEN = "broken"
    AWAITED = "awaited"
    LAPSED = "lapsed"
    """The plan ended before this one was looked at: cancelled, or broken by an earlier one."""


def instalment_states(
    case: CaseFacts, plan: Plan, calendar: BusinessCalendar, now: datetime
) -> tuple[InstalmentState, ...]:
    """Each instalment of `plan`, looked at when `plan_state` looks; kept as soon as it is covered."""
    states: list[InstalmentState] = []
    ended = plan.cancelled_at if plan.cancelled_at is not None and plan.cancelled_at <= now else None
    promised = NOTHING
    for instalment in plan.instalments:
        promised += instalment.amount
        check_at = max(
            plan.agreed_at, calendar.slot(instalment.due_on + timedelta(days=INSTALMENT_GRACE_DAYS))
        )
        looked_at = min(check_at, now if ended is None else ended)
        if InstalmentState.BROKEN in states:
            states.append(InstalmentState.LAPSED)
        elif received(case, looked_at, since=plan.agreed_at) >= promised:
            states.append(InstalmentState.KEPT)
        elif looked_at == check_at:
            states.append(InstalmentState.BROKEN)
        else:
            states.append(InstalmentState.AWAITED if ended is None else InstalmentState.LAPSED)
    return tuple(states)


@dataclass(frozen=True, slots=True)
class ClaimState:
    """Where a claimed payment stands: until `ends_at` (None: until the bank is known) it pauses the case."""

    ends_at: datetime | None
    withdrawn: bool = False


def claim_state(claim: Claim, calendar: BusinessCalendar, bank_known: bool, now: datetime) -> ClaimState:
    """A claim pauses until the bank is known up to the claimed date plus three business days.

    Bank movements of a day are known on the next business morning. `bank_known` says that the bank data
    reach that day (always so where payments are recorded as they come).
    """
    if claim.withdrawn_at is not None and claim.withdrawn_at <= now:
        return ClaimState(ends_at=claim.withdrawn_at, withdrawn=True)
    last_day = calendar.add_business_days(claim.paid_on, CLAIM_GRACE_BUSINESS_DAYS)
    ends_at = max(calendar.slot(calendar.add_business_days(last_day, 1)), claim.claimed_at)
    if ends_at <= now and not bank_known:
        return ClaimState(ends_at=None)
    return ClaimState(ends_at=ends_at)
