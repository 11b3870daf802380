"""What a collector wants to know before dialling: whom to ask for, what was said, which words were kept."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from activities.rendering import Callee, CallFacts, PastContact, PastPromise
from activities.store.load import LoadedCustomer, load_case
from activities.store.marks import usable
from activities.store.records import PersonRecord, columns, of_row
from activities.store.sql import run
from models.tables import CallAttempt, ContactMade, Invoice, PlanRow, Task
from models.tables.words import CallOutcome
from rules.calendar import Channel
from rules.facts import Role
from rules.ledger import plan_state
from rules.recipients import reaches

SHOWN = 6
"""How many contacts, and how many promises, a call sheet shows."""

_PEOPLE: Final = f"""
    SELECT {columns(PersonRecord, "p")} FROM {usable("c.customer_id = %(customer)s")} p
     ORDER BY p.role, p.preference, p.email, p.id
"""  # noqa: S608 (our own column names)
_UNANSWERED = (CallOutcome.NO_ANSWER, CallOutcome.VOICEMAIL)


def call_facts(
    session: Session, loaded: LoadedCustomer, now: datetime, role: Role | None, task: Task | None = None
) -> CallFacts:
    """Read what a call sheet shows.

    Args:
        session: the transaction.
        loaded: the customer with its open cases.
        now: business time.
        role: who is to be called: their numbers come first.
        task: the call, once it is open.
    """
    return CallFacts(
        people=_people(callable_people(session, loaded.row.id), role),
        contacts=_contacts(session, loaded),
        promises=_promises(session, loaded, now),
        unanswered=0 if task is None else unanswered(session, task),
        escalated=task is not None and task.escalated_at is not None,
    )


def unanswered(session: Session, task: Task) -> int:
    """How often nobody answered a call since somebody last did."""
    outcomes = session.exec(
        select(CallAttempt.outcome)
        .where(CallAttempt.task_id == task.id)
        .order_by(col(CallAttempt.at).desc(), col(CallAttempt.id))
    ).all()
    return next(
        (place for place, outcome in enumerate(outcomes) if outcome not in _UNANSWERED), len(outcomes)
    )


def usable_people(session: Session, customer_id: UUID) -> list[PersonRecord]:
    """Who can be written to or called, by role and preference."""
    return [of_row(PersonRecord, row) for row in run(session, _PEOPLE, customer=customer_id)]


def callable_people(session: Session, customer_id: UUID) -> list[PersonRecord]:
    """Who can be called: a number that is not known to be wrong, of somebody still there."""
    return [person for person in usable_people(session, customer_id) if reaches(Channel.PHONE, person)]


def _people(people: list[PersonRecord], role: Role | None) -> tuple[Callee, ...]:
    return tuple(
        Callee(person.name, person.function, person.role, person.phone, person.phone_kind, person.hours)
        for person in sorted(people, key=lambda person: person.role != role)
        if person.phone
    )


def _contacts(session: Session, loaded: LoadedCustomer) -> tuple[PastContact, ...]:
    """The latest contacts made, and calls tried, the most recent first."""
    made = session.exec(
        select(ContactMade)
        .where(
            ContactMade.customer_id == loaded.row.id,
            col(ContactMade.on_day).is_not(None),
            col(ContactMade.channel).not_in((Channel.DECISION, Channel.PHONE)),
        )
        .order_by(col(ContactMade.on_day).desc(), col(ContactMade.composed_at).desc())
        .limit(SHOWN)
    ).all()
    tried = session.exec(
        select(CallAttempt)
        .join(Task, col(Task.id) == CallAttempt.task_id)
        .where(Task.customer_id == loaded.row.id)
        .order_by(col(CallAttempt.at).desc())
        .limit(SHOWN)
    ).all()
    calendar = loaded.customer.calendar
    found: list[tuple[date, int, PastContact]] = [
        (day, 0, PastContact(day, each.channel, each.step))
        for each in made
        if (day := each.on_day) is not None
    ]
    # Of the same day, the calls come first, the latest of them before the others.
    for place, call in enumerate(reversed(tried), start=1):
        day = calendar.local_day(call.at)
        past = PastContact(day, call.outcome, cause=call.cause, by=call.by, note=call.note)
        found.append((day, place, past))
    found.sort(key=lambda each: each[:2], reverse=True)
    return tuple(past for _, _, past in found[:SHOWN])


def _promises(session: Session, loaded: LoadedCustomer, now: datetime) -> tuple[PastPromise, ...]:
    """What was promised on the customer's invoices, paid ones too, the latest promise first."""
    rows = session.exec(
        select(PlanRow)
        .join(Invoice, col(Invoice.id) == PlanRow.invoice_id)
        .where(Invoice.customer_id == loaded.row.id)
        .order_by(col(PlanRow.agreed_at).desc(), col(PlanRow.id))
        .limit(SHOWN)
    ).all()
    known = {case.invoice.id: case.facts for case in loaded.cases}
    found = []
    for row in rows:
        if row.invoice_id not in known:
            known[row.invoice_id] = load_case(session, row.invoice_id, now).facts
        facts = known[row.invoice_id]
        plan = next((each for each in facts.plans if each.key == str(row.id)), None)
        if plan is None or not plan.instalments:
            continue
        state = plan_state(facts, plan, loaded.customer.calendar, now, loaded.customer.bank)
        cancelled = plan.cancelled_at is not None and not state.broken
        if cancelled:
            continue
        kept = None if state.ended_at is None else not state.broken
        last = plan.instalments[-1]
        total = sum((each.amount for each in plan.instalments[1:]), plan.instalments[0].amount)
        found.append(PastPromise(facts.invoice, last.due_on, total, facts.currency, kept))
    return tuple(found)
