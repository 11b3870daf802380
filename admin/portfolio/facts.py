"""From the rows of a portfolio to the facts that the rules decide on.

A fact dated D counts from the start of that day in the customer's time zone. A preview knows what had
happened by its day; a simulation knows everything, each fact at its time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from admin.portfolio.debtors import NOTHING, Debtor
from admin.portfolio.row import CellFault, Row
from rules.calendar import BusinessCalendar, Channel
from rules.facts import CaseFacts, CustomerFacts, Dispute, Instalment, Payment, Plan, StepDone
from rules.ledger import INSTALMENT_GRACE_DAYS
from rules.policy import Assignment, Candidate, Policy, Step
from rules.simulate import Life

BEFORE: Final = timedelta(microseconds=1)
"""How much older an opening payment is than all else a row says: it does not keep a promise of the rest."""


def assigned(row: Row, debtor: Debtor, policies: Mapping[str, Policy], rules: Assignment) -> Policy:
    """The policy the row names, else the customer's own, else the one the assignment rules pick."""
    named = row.policy or debtor.policy
    if named is not None:
        return policies[named]
    candidate = Candidate(
        currency=row.currency,
        amount=row.amount,
        overdue=debtor.overdue.get(row.currency, NOTHING),
        open_total=debtor.owed.get(row.currency, NOTHING),
        segment=debtor.segment,
        country=debtor.country,
        risk=debtor.risk,
    )
    return policies[rules.pick(candidate)]


def refused_step(row: Row, policy: Policy) -> CellFault | None:
    """What is wrong with the last step under the policy the rules assign: that ladder must have it.

    The reader has checked it against a policy the row names; this one is known only once it is known what
    the customer owes in all. Where a debtor stands is not guessed.
    """
    if row.last_step is None or row.last_step in policy.position:
        return None
    has = ", ".join(policy.position)
    return CellFault(
        "last_step",
        row.last_step,
        f"no such step in policy {policy.key}, which the assignment rules give it; {policy.key} has {has}",
    )


def opening_steps(row: Row, policy: Policy, policies: Mapping[str, Policy]) -> tuple[StepDone, ...]:
    """The step another tool had come to, if the file names one.

    A step that is not on the ladder of `policy` keeps the offset it has on another one: that gives it its
    place.
    """
    if row.last_step is None or row.last_contacted_on is None:
        return ()
    step = _known_step(row.last_step, policy, policies)
    return (StepDone(step.key, row.last_contacted_on, step.offset_days, step.tone, step.channel),)


def _known_step(key: str, policy: Policy, policies: Mapping[str, Policy]) -> Step:
    for candidate in (policy, *policies.values()):
        if key in candidate.position:
            return candidate.step(key)
    raise KeyError(key)


def case_at(
    row: Row,
    debtor: Debtor,
    policy: Policy,
    policies: Mapping[str, Policy],
    start: datetime,
) -> CaseFacts:
    """The case as it is known at `start`: facts dated later have not happened."""
    calendar = debtor.calendar
    today = calendar.local_day(start)
    payments: list[Payment] = []
    if row.paid:
        payments.append(Payment(row.paid, start - BEFORE))
    if row.settled_on is not None and row.settled_on <= today and row.amount > (row.paid or NOTHING):
        payments.append(Payment(row.amount - (row.paid or NOTHING), calendar.start_of_day(row.settled_on)))
    return CaseFacts(
        row.invoice,
        row.currency,
        row.amount,
        row.due_on,
        today,
        payments=tuple(payments),
        disputes=_disputes(row, calendar, today),
        plans=promises(row, calendar, start),
        done=opening_steps(row, policy, policies),
    )


def customer_alone(debtor: Debtor, case: CaseFacts) -> CustomerFacts:
    """The customer as its one case knows it: what another tool wrote about other invoices is left out."""
    facts = debtor.facts
    days = [step.on for step in case.done if step.channel is not Channel.DECISION]
    return replace(facts, last_contact_on=max(days)) if days else facts


def life(row: Row, debtor: Debtor, policy: Policy, policies: Mapping[str, Policy]) -> Life:
    """The whole life of an invoice, from its issue date on, or from the last contact of another tool.

    `settled_on` pays all that is left; a dispute is of the whole, until it is resolved or settled. What was
    paid in part, and what was promised, is known from the start.
    """
    calendar = debtor.calendar
    opened_on = max(row.issued_on, row.last_contacted_on or row.issued_on)
    starts_at = calendar.start_of_day(opened_on)
    payments: list[Payment] = []
    if row.paid:
        payments.append(Payment(row.paid, starts_at - BEFORE))
    if row.settled_on is not None and row.amount > (row.paid or NOTHING):
        payments.append(Payment(row.amount - (row.paid or NOTHING), calendar.start_of_day(row.settled_on)))
    case = CaseFacts(
        row.invoice,
        row.currency,
        row.amount,
        row.due_on,
        opened_on,
        payments=tuple(payments),
        disputes=_disputes(row, calendar, None),
        plans=promises(row, calendar, starts_at),
        done=opening_steps(row, policy, policies),
    )
    return Life(case, policy, starts_at)


def promises(row: Row, calendar: BusinessCalendar, start: datetime) -> tuple[Plan, ...]:
    """The promise of the row as a plan of one instalment, agreed at `start`; none once all is settled.

    One that was broken before `start` was agreed on the day it was for at the latest: so it is found broken
    on the day it was, and not on the day it came here.
    """
    if row.promised_on is None or row.promised_amount is None:
        return ()
    if row.settled_on is not None and row.settled_on <= calendar.local_day(start):
        return ()
    broken = calendar.slot(row.promised_on + timedelta(days=INSTALMENT_GRACE_DAYS)) <= start
    agreed_at = calendar.start_of_day(row.promised_on) if broken else start
    return (Plan(row.invoice, agreed_at, (Instalment(row.promised_on, row.promised_amount),)),)


def _disputes(row: Row, calendar: BusinessCalendar, today: date | None) -> tuple[Dispute, ...]:
    """The dispute of the row, as known on `today`, or in the end when None.

    What is settled is disputed no more, so a settlement ends a dispute, and none can begin after it.
    """
    opened = row.disputed_on
    if opened is None or (row.settled_on is not None and row.settled_on <= opened):
        return ()
    ended = row.resolved_on or row.settled_on
    if today is not None:
        if opened > today:
            return ()
        ended = ended if ended is not None and ended <= today else None
    return (
        Dispute(
            calendar.start_of_day(opened),
            resolved_at=None if ended is None else calendar.start_of_day(ended),
        ),
    )
