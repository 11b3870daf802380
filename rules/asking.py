"""Asking a sales representative before a step: when, what it holds up, and how long an answer stands.

The question is about a customer and a step, whatever the number of invoices. Silence lets the step come on
its day; who enters late is asked all the same, and the step leaves time to answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from rules.facts import CaseFacts, CustomerFacts, RepAsked
from rules.gates import suspended
from rules.pauses import TaskRequest
from rules.policy import Policy, Step

ASKED: Final = "sales_veto"
"""The kind of task that asks."""

VETO_DAYS: Final = 10
"""Calendar days that a sales representative may hold a step, at most."""

STANDS_DAYS: Final = 30
"""Calendar days after which the same would be asked again, of other invoices."""


@dataclass(frozen=True, slots=True)
class Ask:
    """The step does not come before `day`. `ask_on` is when to ask, None once that is done."""

    day: date
    why: str
    ask_on: date | None = None


def asking(
    case: CaseFacts, customer: CustomerFacts, policy: Policy, step: Step, earliest: date, start: date
) -> Ask | None:
    """What asking means for a step, looked at from the local day `start`; None where nobody is asked.

    :param earliest: the day before which the step does not come for other reasons.
    """
    days = step.ask_sales_rep
    if days is None:
        return None
    calendar = customer.contact_days
    last = _standing(customer.reps_asked, step.key, start)
    if last is not None:
        day = calendar.add_business_days(last.answer_by, 1)
        if last.until is not None and last.until > day:
            return Ask(last.until, f"the sales representative asked to wait until {last.until}")
        return Ask(day, f"the sales representative has until {last.answer_by} to answer")
    if not customer.has_sales_rep:
        return None
    composed = any(draft.step == step.key and not draft.folded for draft in case.drafts)
    if composed or any(blocked.step == step.key for blocked in case.blocked):
        # It was asked before that, or entered this far: a person is at it already.
        return None
    if suspended(customer, policy, step.channel) is not None:
        # Nobody knows on which day it will come.
        return None
    comes = calendar.first_business_day(max(earliest, start))
    if comes < calendar.add_business_days(start, 1):
        # Its day is there already, as of a case that enters late: then there are as many days to answer.
        comes = calendar.add_business_days(start, days)
    noun = "day" if days == 1 else "days"
    why = f"the sales representative is asked {days} business {noun} before"
    return Ask(comes, why, calendar.business_days_before(comes, days))


def question(step: Step, on: date) -> TaskRequest:
    """The task that asks about a step which would come on that day."""
    return TaskRequest(ASKED, f"sales-veto/{step.key}", f"{step.key} leaves on {on} unless somebody objects")


def answer_by(customer: CustomerFacts, on: date) -> date:
    """The last day for an answer about a step that comes on a day."""
    return customer.contact_days.business_days_before(on, 1)


def remembering(
    customer: CustomerFacts, asked: Iterable[tuple[str, date, tuple[TaskRequest, ...]]], now: datetime
) -> CustomerFacts:
    """The customer once what is asked was asked at `now`: of each case its next step, its day, its tasks."""
    today = customer.calendar.local_day(now)
    for step, comes, tasks in asked:
        wanted = any(task.kind == ASKED for task in tasks)
        if wanted and _standing(customer.reps_asked, step, today) is None:
            new = RepAsked(step, today, answer_by(customer, comes))
            customer = replace(customer, reps_asked=(*customer.reps_asked, new))
    return customer


def _standing(asked: Iterable[RepAsked], step: str, start: date) -> RepAsked | None:
    """The latest question about a step, while its answer stands."""
    own = [each for each in asked if each.step == step]
    last = max(own, key=lambda each: each.on, default=None)
    return last if last is not None and start - last.on <= timedelta(days=STANDS_DAYS) else None
