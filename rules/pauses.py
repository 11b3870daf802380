"""What pauses a case: manual pauses, disputes of the whole, plans, promises, claimed payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from rules.facts import CaseFacts, CustomerFacts, Dispute
from rules.ledger import balance, claim_state, plan_state, received


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A task that time has made due. `key` is unique in the installation, so asking twice opens one."""

    kind: str
    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Interval:
    """One pause: `end` None is open; `check_at` is when an open one is looked at again by itself.

    `awaits` is the day up to which the bank must be known before it can end.
    """

    reason: str
    start: datetime
    end: datetime | None
    why: str
    check_at: datetime | None = None
    awaits: date | None = None

    def active(self, now: datetime) -> bool:
        """Whether it pauses the case at `now`."""
        return self.end is None or self.end > now


@dataclass(frozen=True, slots=True)
class Pauses:
    """All pauses of a case. Overlapping ones end with the last."""

    active: tuple[Interval, ...] = ()
    last_end: date | None = None
    tasks: tuple[TaskRequest, ...] = ()

    @property
    def ends_at(self) -> datetime | None:
        """When the last active pause ends; None when one is open-ended."""
        ends = [interval.end for interval in self.active]
        known = [end for end in ends if end is not None]
        return max(known) if len(known) == len(ends) and known else None

    @property
    def wake_at(self) -> datetime | None:
        """The next instant at which a pause may change by itself."""
        return min((at for i in self.active for at in (i.end, i.check_at) if at is not None), default=None)

    @property
    def awaits(self) -> date | None:
        """The first day up to which the bank must be known for something to change."""
        return min((i.awaits for i in self.active if i.awaits is not None), default=None)


_NONE: Final = Pauses()
"""Of most cases."""


def pauses(case: CaseFacts, customer: CustomerFacts, now: datetime) -> Pauses:
    """Every pause of `case` known at `now`, and the tasks that an ended one leaves to a person."""
    if not (case.pauses or case.disputes or case.plans or case.claims):
        return _NONE
    calendar = customer.calendar
    found: list[Interval] = []
    tasks: list[TaskRequest] = []
    for pause in case.pauses:
        if pause.since > now:
            continue
        ends = [] if pause.until is None else [calendar.start_of_day(pause.until)]
        if pause.ended_at is not None and pause.ended_at <= now:
            ends.append(pause.ended_at)
        why = "until resumed" if pause.until is None else f"until {pause.until}"
        found.append(Interval(pause.reason, pause.since, min(ends, default=None), why))
    owed = balance(case, now)
    all_disputed = owed.disputed >= owed.outstanding
    for dispute in case.disputes:
        if dispute.opened_at <= now and _whole(case, dispute, all_disputed, now):
            end = dispute.resolved_at if dispute.resolved_at and dispute.resolved_at <= now else None
            found.append(Interval("dispute", dispute.opened_at, end, "all that is owed is disputed"))
    for plan in case.plans:
        if plan.agreed_at > now:
            continue
        state = plan_state(case, plan, calendar, now, customer.bank)
        word = "plan" if len(plan.instalments) > 1 else "promise"
        found.append(
            Interval(word, plan.agreed_at, state.ended_at, state.why, state.next_check_at, state.awaits)
        )
        if state.broken:
            tasks.append(TaskRequest("broken_promise", f"broken-promise/{plan.key}", state.why))
    for claim in case.claims:
        if claim.claimed_at > now:
            continue
        claimed = claim_state(claim, calendar, now, customer.bank)
        why = f"said to be paid on {claim.paid_on}; the bank is awaited up to {claimed.awaits}"
        waits_for = claimed.awaits if claimed.ends_at is None else None
        found.append(Interval("claimed_paid", claim.claimed_at, claimed.ends_at, why, awaits=waits_for))
        came = received(case, now, since=calendar.start_of_day(claim.paid_on)) > 0
        if not claimed.withdrawn and not came and claimed.ends_at is not None and claimed.ends_at <= now:
            missing = f"said to be paid on {claim.paid_on}; the bank up to {claimed.awaits} does not show it"
            tasks.append(TaskRequest("claim_not_found", f"claim-not-found/{claim.key}", missing))
    ended = [calendar.local_day(i.end) for i in found if i.end is not None and i.end <= now]
    return Pauses(
        active=tuple(interval for interval in found if interval.active(now)),
        last_end=max(ended, default=None),
        tasks=tuple(tasks),
    )


def _whole(case: CaseFacts, dispute: Dispute, all_disputed: bool, now: datetime) -> bool:
    """Whether the dispute takes (or took) everything out of the chase: only then does it pause it.

    Open ones may do so together, each of a part.
    """
    if dispute.amount is None:
        return True
    if dispute.resolved_at is not None and dispute.resolved_at <= now:
        # The credit that resolves a dispute is granted in the same instant: look just before it.
        before = [note for note in case.credit_notes if note.issued_at < dispute.resolved_at]
        paid = [payment for payment in case.payments if payment.received_at < dispute.resolved_at]
        owed = case.total - sum(note.amount for note in before) - sum(payment.amount for payment in paid)
        return dispute.amount >= owed
    return all_disputed
