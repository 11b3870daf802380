"""Calls that time asks for: one not made is escalated, and a formal notice is followed by one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from rules.bank import Old
from rules.calendar import BusinessCalendar, Channel
from rules.facts import CaseFacts, OpenCall
from rules.pauses import TaskRequest
from rules.policy import Policy

CALL_BUSINESS_DAYS = 3


@dataclass(frozen=True, slots=True)
class CallsDue:
    """Tasks to open, and when to look again: at an instant, or once the bank is known up to a day.

    `unmade` says that a call is open.
    """

    tasks: tuple[TaskRequest, ...]
    wake_at: datetime | None
    unmade: bool
    awaits_bank: date | None = None

    def with_notice(self, notice: tuple[TaskRequest | None, datetime | None], old: Old | None) -> CallsDue:
        """Add the call about a notice: it asks for money, so it waits for bank data that are too old."""
        task, at = notice
        if task is not None and old is not None:
            return replace(self, awaits_bank=old.needed)
        wakes = [wake for wake in (at, self.wake_at) if wake is not None]
        tasks = self.tasks if task is None else (*self.tasks, task)
        return replace(self, wake_at=min(wakes, default=None), tasks=tasks)


def calls_due(case: CaseFacts, calendar: BusinessCalendar, now: datetime) -> CallsDue:
    """A call not made in three business days is escalated; the ladder does not wait for it.

    The days count from the day agreed for calling back, where there is one.
    """
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
    return CallsDue(tuple(tasks), min(wakes, default=None), bool(case.open_calls))


def call_overdue_key(invoice: str, call: OpenCall) -> str:
    """Key of the task that says a call is overdue: another day agreed is another time to be late."""
    return f"call-overdue/{invoice}/{call.step}" + (f"/{call.again_on}" if call.again_on else "")


def call_after_notice(
    case: CaseFacts, policy: Policy, calendar: BusinessCalendar, now: datetime
) -> tuple[TaskRequest | None, datetime | None]:
    """Three business days after a formal notice, someone calls: once the case may be contacted.

    Items merely folded into the notice have their own ladder; another tool's notice, its own call.
    """
    for done in case.done:
        if done.step not in policy.position or policy.step(done.step).channel is not Channel.LETTER:
            continue
        call_on = calendar.add_business_days(done.on, CALL_BUSINESS_DAYS)
        if call_on < case.opened_on:
            continue
        if calendar.slot(call_on) > now:
            return None, calendar.slot(call_on)
        why = f"{done.step} of {done.on}: call the debtor about it"
        late_at = calendar.slot(calendar.add_business_days(call_on, CALL_BUSINESS_DAYS))
        return (
            TaskRequest("notice_call", f"notice-call/{case.invoice}/{done.step}", why),
            # The call is not open yet as this is decided: here it is known when it will be overdue.
            late_at if late_at > now else None,
        )
    return None, None
