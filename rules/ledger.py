"""What an invoice still owes, and what becomes of promises: arithmetic on the facts, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from rules.bank import looked_at
from rules.calendar import BusinessCalendar
from rules.facts import Bank, CaseFacts, Claim, Instalment, Plan

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
    if not (case.payments or case.credit_notes):
        return NOTHING
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
    if rest > 0 and not case.disputes:
        return Balance(outstanding=rest, disputed=NOTHING, credit=NOTHING)
    outstanding = max(rest, NOTHING)
    disputed = NOTHING
    for dispute in case.disputes:
        if dispute.opened_at <= now and (dispute.resolved_at is None or dispute.resolved_at > now):
            disputed += outstanding if dispute.amount is None else dispute.amount
    return Balance(outstanding=outstanding, disputed=min(disputed, outstanding), credit=max(-rest, NOTHING))


@dataclass(frozen=True, slots=True)
class PlanState:
    """Where a plan stands: `ended_at` is set once it no longer pauses the case.

    `awaits` is the day up to which the bank must be known before it is looked at again.
    """

    ended_at: datetime | None = None
    broken: bool = False
    next_check_at: datetime | None = None
    why: str = ""
    awaits: date | None = None


def plan_state(
    case: CaseFacts, plan: Plan, calendar: BusinessCalendar, now: datetime, bank: Bank | None = None
) -> PlanState:
    """Check each instalment at 09:30 of its date plus three days, as the design says.

    What was received by then, since the plan was agreed, must cover the instalments up to it. Where the bank
    is not known up to the business day before, the check waits until it is: no word is broken on older data.
    """
    if plan.cancelled_at is not None and plan.cancelled_at <= now:
        return PlanState(ended_at=plan.cancelled_at, why="the plan was cancelled")
    promised = NOTHING
    checked_at = plan.agreed_at
    for instalment in plan.instalments:
        promised += instalment.amount
        planned, needed, looked = _check(plan, instalment, calendar, bank)
        amount = f"{instalment.amount} {case.currency} promised for {instalment.due_on}"
        if planned > now:
            return PlanState(next_check_at=planned, why=f"{amount}, checked on {calendar.local_day(planned)}")
        if looked is None or looked > now:
            return PlanState(why=f"{amount}; the bank is awaited up to {needed}", awaits=needed)
        checked_at = looked
        if received(case, looked, since=plan.agreed_at) < promised:
            return PlanState(ended_at=looked, broken=True, why=f"{amount} did not come")
    return PlanState(ended_at=checked_at, why="every instalment came")


def _check(
    plan: Plan, instalment: Instalment, calendar: BusinessCalendar, bank: Bank | None
) -> tuple[datetime, date, datetime | None]:
    """When an instalment is to be looked at, up to which day the bank must be known, and when it was."""
    planned = max(plan.agreed_at, calendar.slot(instalment.due_on + timedelta(days=INSTALMENT_GRACE_DAYS)))
    days = calendar if bank is None else bank.calendar
    needed = days.business_days_before(calendar.local_day(planned), 1)
    return planned, needed, looked_at(bank, needed, planned)


class InstalmentState(StrEnum):
    """What became of one promised payment."""

    KEPT = "kept"
    BROKEN = "broken"
    AWAITED = "awaited"
    LAPSED = "lapsed"
    """The plan ended before this one was looked at: cancelled, or broken by an earlier one."""


def instalment_states(
    case: CaseFacts, plan: Plan, calendar: BusinessCalendar, now: datetime, bank: Bank | None = None
) -> tuple[InstalmentState, ...]:
    """Each instalment of `plan`, looked at when `plan_state` looks; kept as soon as it is covered."""
    states: list[InstalmentState] = []
    ended = plan.cancelled_at if plan.cancelled_at is not None and plan.cancelled_at <= now else None
    promised = NOTHING
    last = now if ended is None else ended
    for instalment in plan.instalments:
        promised += instalment.amount
        looked = _check(plan, instalment, calendar, bank)[2]
        checked = looked is not None and looked <= last
        by = looked if looked is not None and checked else last
        if InstalmentState.BROKEN in states:
            states.append(InstalmentState.LAPSED)
        elif received(case, by, since=plan.agreed_at) >= promised:
            states.append(InstalmentState.KEPT)
        elif checked:
            states.append(InstalmentState.BROKEN)
        else:
            states.append(InstalmentState.AWAITED if ended is None else InstalmentState.LAPSED)
    return tuple(states)


@dataclass(frozen=True, slots=True)
class ClaimState:
    """Where a claimed payment stands: it pauses the case until `ends_at`.

    With None, until the bank is known up to `awaits`.
    """

    ends_at: datetime | None
    awaits: date
    withdrawn: bool = False


def claim_state(
    claim: Claim, calendar: BusinessCalendar, now: datetime, bank: Bank | None = None
) -> ClaimState:
    """A claim pauses until the bank is known up to the claimed date plus three business days.

    Bank movements of a day are known on the next business morning. Known later, the pause ends then.
    """
    awaits = calendar.add_business_days(claim.paid_on, CLAIM_GRACE_BUSINESS_DAYS)
    if claim.withdrawn_at is not None and claim.withdrawn_at <= now:
        return ClaimState(claim.withdrawn_at, awaits, withdrawn=True)
    planned = max(calendar.slot(calendar.add_business_days(awaits, 1)), claim.claimed_at)
    if planned > now:
        return ClaimState(planned, awaits)
    looked = looked_at(bank, awaits, planned)
    return ClaimState(looked if looked is not None and looked <= now else None, awaits)
