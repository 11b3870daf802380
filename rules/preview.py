"""What would happen to one invoice alone if nobody paid: each step, when, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime

from rules.asking import remembering
from rules.calendar import Channel
from rules.decide import NextAction, decide
from rules.facts import CaseFacts, CustomerFacts, StepDone
from rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One row of a preview. `at` is aware UTC; `planned` is the due date plus the step's offset."""

    invoice: str
    step: str
    channel: Channel
    planned: date
    at: datetime
    why: str


def preview(case: CaseFacts, customer: CustomerFacts, policy: Policy, start: datetime) -> Iterator[Foreseen]:
    """The steps of `case` from the instant `start` on, as if nobody paid and every approval came at once.

    So does every bank file, and nothing is suspended: a preview tells the ladder, not what holds it up today.
    """
    customer = replace(customer, bank=None, suspensions=())
    now = start
    for _ in range(100 * len(policy.steps)):
        decision = decide(case, customer, policy, now)
        action = decision.next
        if action is not None and action.due:
            yield Foreseen(
                case.invoice, action.step.key, action.route.channel, action.planned, action.at, decision.why
            )
            case, customer = done(case, customer, action, now)
            continue
        if action is not None:
            customer = remembering(customer, [(action.step.key, action.day, decision.tasks)], now)
        if decision.wake_at is None:
            return
        now = decision.wake_at
    raise AssertionError(f"the ladder of {case.invoice} does not end under policy {policy.key}")


def done(
    case: CaseFacts, customer: CustomerFacts, action: NextAction, now: datetime
) -> tuple[CaseFacts, CustomerFacts]:
    """The facts once `action` was done at `now`."""
    day = customer.calendar.local_day(now)
    step = StepDone(action.step.key, day, action.step.offset_days, action.tone, action.route.channel)
    case = replace(case, done=(*case.done, step))
    if action.step.is_contact:
        customer = replace(customer, last_contact_on=day)
    return case, customer
