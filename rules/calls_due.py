"""Calls that time asks for: one not made is escalated, and a formal notice is followed by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from rules.calendar import BusinessCalendar, Channel
from rules.facts import CaseFacts, CustomerFacts, OpenCall
from rules.gates import hold
from rules.pauses import TaskRequest
from rules.policy import Policy

CALL_BUSINESS_DAYS = 3


@dataclass(frozen=True, slots=True)
class CallsDue:
    """Tasks to open, and when to look again: at an instant, once the bank is known up to a day, or once a
    suspension is over. `unmade` says that a call is open.
    """

    tasks: tuple[TaskRequest, ...]
    wake_at: datetime | None
    unmade: bool
    awaits_bank: date | None = None
    suspension: int | None = None


_NONE: Final = CallsDue((), None, unmade=False)
"""Of most cases."""


def calls_due(case: CaseFacts, calendar: BusinessCalendar, now: datetime) -> CallsDue:
    """A call not made in three business days is escalated; the ladder does not wait for it.

    The days count from the day agreed for calling back, where there is one.
    """
    if not case.open_calls:
        return _NONE
    tasks = []
    wakes = []
    for call in case.open_calls:
        if call.escalated:
            continue
        late_on = calendar.add_business_days(call.again_on or call.opened_on, CALL_BUSINESS_DAYS)
        if calendar.slot(late_on) <= now:
            why = f"call of {call.opened_on} not made"
            if call.again_on is not None:
                why += f", to be made again on {call.again_on}"
            tasks.append(TaskRequest("call_overdue", call_overdue_key(case.invoice, call), why))
        else:
            wakes.append(calendar.slot(late_on))
    return CallsDue(tuple(tasks), min(wakes, default=None), unmade=True)


def call_overdue_key(invoice: str, call: OpenCall) -> str:
    """Key of the task that says a call is overdue: another day agreed is another time to be late."""
    return f"call-overdue/{invoice}/{call.step}" + (f"/{call.again_on}" if call.again_on else "")


def call_after_notice(
    calls: CallsDue, case: CaseFacts, customer: CustomerFacts, policy: Policy, now: datetime
) -> CallsDue:
    """Three business days after a formal notice, someone calls: once the case may be contacted.

    It asks for money by telephone, so what holds such a step holds it, too. Items merely folded into the
    notice have their own ladder; another tool's notice, its own call.
    """
    calendar = customer.contact_days
    for done in case.done:
        if done.step not in policy.position or policy.step(done.step).channel is not Channel.LETTER:
            continue
        call_on = calendar.add_business_days(done.on, CALL_BUSINESS_DAYS)
        if call_on < case.opened_on:
            continue
        call_at = calendar.slot(call_on)
        if call_at > now:
            return replace(calls, wake_at=min(call_at, calls.wake_at or call_at))
        held = hold(customer, policy, policy.step(done.step), Channel.PHONE, done.tone, now)
        if held is not None:
            return replace(calls, awaits_bank=held.awaits_bank, suspension=held.suspension)
        why = f"{done.step} of {done.on}: call the debtor about it"
        task = TaskRequest("notice_call", f"notice-call/{case.invoice}/{done.step}", why)
        return replace(calls, tasks=(*calls.tasks, task))
    return calls
