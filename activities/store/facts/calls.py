"""What follows from a telephone call, for every open invoice it was about."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlmodel import select

from activities.call_facts import callable_people, unanswered, usable_people
from activities.call_sheets import rewrite_call_sheet
from activities.store.amounts import rests
from activities.store.customers import (
    FIND_NUMBER,
    contact_of,
    mark_contact_invalid,
    mark_phone_invalid,
)
from activities.store.facts.commitments import claimed, promised
from activities.store.facts.disputes import dispute_opened
from activities.store.facts.recording import Recording
from activities.store.records import PersonRecord
from activities.store.tasks import close_task, open_task, owner, withdraw_tasks
from models.errors import InvalidFact
from models.ids import CaseSignal
from models.messages import DisputeOpened, TaskCompleted
from models.tables import CallAttempt, Contact, ContactItem, Invoice, Task
from models.tables.words import CallOutcome, DisputeCause, TaskKind, TaskStatus
from rules.calendar import Channel
from rules.calls import call_back_fault, next_try, promise_fault
from rules.calls_due import call_overdue_key
from rules.facts import OpenCall, Role
from rules.recipients import first

UNANSWERED = (CallOutcome.NO_ANSWER, CallOutcome.VOICEMAIL)
CALL_AGAIN = "call_again"


def check_call(at: Recording, fact: TaskCompleted) -> None:
    """Refuse days and causes that cannot be.

    Raises:
        InvalidFact: a day that has passed or lies too far, a cause that is not in the table.
    """
    causes = [cause.value for cause in DisputeCause]
    if fact.cause is not None and fact.cause not in causes:
        raise InvalidFact(f"cause: {fact.cause!r} is not one of {', '.join(causes)}")
    for name, day, fault in (
        ("promised_on", fact.promised_on, promise_fault),
        ("call_back_on", fact.call_back_on, call_back_fault),
    ):
        wrong = None if day is None else fault(day, at.today)
        if wrong is not None:
            raise InvalidFact(f"{name}: {wrong}")


def call_made(
    at: Recording, task: Task, outcome: CallOutcome, fact: TaskCompleted, about: list[Invoice]
) -> None:
    """A call, with what came of it: the task is done, or due again.

    Args:
        at: the fact, registered already.
        task: the call.
        outcome: what came of it.
        fact: the fields that came with it, checked.
        about: the open invoices the call was about, oldest due first.
    """
    who = fact.by or at.who
    _attempted(at, task, outcome, fact)
    if outcome in UNANSWERED:
        _try_again(at, task, about)
    elif outcome is CallOutcome.CALL_BACK and fact.call_back_on is not None:
        _withdraw_overdue(at, task, about, "a day to call back is agreed")
        task.due_on = at.calendar.first_business_day(fact.call_back_on)
        task.call_back_on, task.escalated_at = task.due_on, None
    elif outcome is CallOutcome.WRONG_NUMBER:
        _wrong_number(at, task, fact)
    elif outcome is CallOutcome.CONTACT_CHANGED and _changed(at, fact).phone is not None:
        task.due_on = at.today
    else:
        close_task(task, TaskStatus.DONE, outcome, who, at.now)
        _withdraw_overdue(at, task, about, f"the call was made: {outcome}")
    if outcome is CallOutcome.PROMISE:
        promised(at, fact, about)
    elif outcome in (CallOutcome.CLAIMED_PAID, CallOutcome.PAID):
        claimed(at, fact, about)
    elif outcome is CallOutcome.DISPUTE:
        disputed(at, fact, about)
    elif outcome is CallOutcome.SEND_COPY:
        ask_for_copies(at, task, fact, about)
    at.session.flush()
    if task.status == TaskStatus.OPEN:
        rewrite_call_sheet(at.session, task, at.now)


def call_again(at: Recording, task: Task, about: Sequence[Invoice]) -> None:
    """Open a call about the same invoice, due the next business day."""
    due_on = at.calendar.add_business_days(at.today, 1)
    call, _ = open_task(
        at.session,
        key=f"call-again/{task.id}",
        kind=TaskKind.PHONE_CALL,
        company_id=at.company.id,
        customer_id=at.customer.id,
        invoice_id=about[0].id if about else task.invoice_id,
        title=f"Call {at.customer.name} again: {task.title}"[:300],
        body=task.body,
        now=at.now,
        today=at.today,
        due_on=due_on,
        assignee_email=owner(at.customer, at.company),
        step=CALL_AGAIN,
    )
    call.call_back_on = due_on
    at.session.flush()
    rewrite_call_sheet(at.session, call, at.now)


def _attempted(at: Recording, task: Task, outcome: CallOutcome, fact: TaskCompleted) -> None:
    cause = fact.cause
    if cause is None and outcome is CallOutcome.SEND_COPY:
        cause = DisputeCause.NOT_RECEIVED
    at.session.add(
        CallAttempt(
            id=uuid4(),
            task_id=task.id,
            at=at.now,
            outcome=outcome,
            cause=cause,
            by=fact.by or at.who,
            note=fact.note,
        )
    )
    at.session.flush()


def _try_again(at: Recording, task: Task, about: Sequence[Invoice]) -> None:
    tries = unanswered(at.session, task)
    again = next_try(tries, at.today, at.calendar)
    task.due_on = again.due_on
    if not again.escalate or task.escalated_at is not None:
        return
    task.escalated_at = at.now
    numbers = ", ".join(invoice.number for invoice in about)
    open_task(
        at.session,
        key=_unanswered_key(task),
        kind=TaskKind.CALL_OVERDUE,
        company_id=at.company.id,
        customer_id=at.customer.id,
        invoice_id=task.invoice_id,
        contact_id=task.contact_id,
        title=f"Nobody answers: {at.customer.name}, {tries} calls"[:300],
        body=f"Called {tries} times about {numbers}, last on {at.today}. The call stays with "
        f"{task.assignee_email or 'nobody yet'}, due on {task.due_on}.",
        now=at.now,
        today=at.today,
        due_on=again.due_on,
        assignee_email=at.company.signatory_email,
    )


def _wrong_number(at: Recording, task: Task, fact: TaskCompleted) -> None:
    """The number goes out of use. Another one is called the next business day; else somebody finds one."""
    people = callable_people(at.session, at.customer.id)
    contact_id = fact.contact_id
    if contact_id is None:
        if len(people) != 1:
            raise InvalidFact(f"contact_id: required, the customer has {_numbers(people)}")
        contact_id = people[0].id
    who = fact.by or at.who
    wrong, notes = mark_phone_invalid(
        at.session, at.customer, contact_id, f"wrong number, said by {who}", at.now, who
    )
    at.notes += notes
    at.log("phone_invalid", fact.note, {"contact": str(wrong.id)}, who=fact.by)
    tomorrow = at.calendar.add_business_days(at.today, 1)
    if any(person.id != wrong.id for person in people):
        task.due_on = tomorrow
        return
    task.due_on = None
    open_task(
        at.session,
        key=f"{FIND_NUMBER}{task.id}/{wrong.id}",
        kind=TaskKind.FIND_CONTACT,
        company_id=at.company.id,
        customer_id=at.customer.id,
        # About the call's invoices, without a step: no step of theirs waits for the number.
        contact_id=task.contact_id,
        invoice_id=task.invoice_id,
        title=f"Find a telephone number at {at.customer.name}"[:300],
        body=f"{wrong.phone} is wrong. The call waits for another number; add it, and the call is due.",
        now=at.now,
        today=at.today,
        due_on=tomorrow,
        assignee_email=owner(at.customer, at.company),
    )


def _numbers(people: Sequence[PersonRecord]) -> str:
    """Whose numbers there are, by id; of a number itself only its end, for this may be shown anywhere."""
    if not people:
        return "no number"
    known = ", ".join(f"{each.id} ({each.role}, …{(each.phone or '')[-2:]})" for each in people)
    return f"{len(people)} numbers: {known}"


def _changed(at: Recording, fact: TaskCompleted) -> Contact:
    """Who is in charge now; who left is not used any more."""
    if fact.added_contact_id is None:
        raise InvalidFact("contact: required by contact_changed")
    added = contact_of(at.session, at.customer, fact.added_contact_id)
    replace_contact(at, fact)
    return added


def replace_contact(at: Recording, fact: TaskCompleted) -> None:
    """Take who left out of use, if it is said who."""
    if fact.contact_id is None:
        return
    if fact.contact_id == fact.added_contact_id:
        raise InvalidFact("contact_id: nobody takes their own place")
    who = fact.by or at.who
    left, notes = mark_contact_invalid(
        at.session, at.customer, fact.contact_id, f"replaced, said by {who}", at.now, who
    )
    at.notes += notes
    at.log("contact_invalidated", fact.note, {"contact": str(left.id)}, who=fact.by)


def disputed(at: Recording, fact: TaskCompleted, about: Sequence[Invoice]) -> None:
    """Open a dispute of the invoice named, or of each that is told about.

    Raises:
        InvalidFact: an invoice that is none of those, or an amount that cannot be.
    """
    named = [invoice for invoice in about if fact.invoice in (None, invoice.number)]
    if not named:
        raise InvalidFact(f"invoice: {fact.invoice!r} is no open invoice that this was about")
    if fact.amount is not None and len(named) > 1:
        raise InvalidFact(f"invoice: required with an amount, this was about {len(named)} invoices")
    owed = rests(at.session, [invoice.id for invoice in named])
    for invoice in named:
        if owed[invoice.id] <= 0:
            continue
        dispute = DisputeOpened(amount=fact.amount, cause=fact.cause, note=fact.note, by=fact.by)
        its = at.also(CaseSignal.DISPUTE_OPENED, dispute, invoice)
        if fact.amount is not None and its.amount(fact.amount, fact.currency) > owed[invoice.id]:
            raise InvalidFact(
                f"amount: {fact.amount} is more than the {owed[invoice.id]} {invoice.currency} owed"
            )
        dispute_opened(its, dispute)


def ask_for_copies(at: Recording, task: Task, fact: TaskCompleted, about: Sequence[Invoice]) -> None:
    """Ask the collector to send the invoices again, to whoever was named or to accounting."""
    added = fact.added_contact_id
    to = contact_of(at.session, at.customer, added) if added is not None else _mailbox(at)
    address = to.email if to is not None and to.email else "an address to ask for"
    numbers = ", ".join(invoice.number for invoice in about)
    how = "in writing" if task.kind == TaskKind.REPLY else "on the telephone"
    open_task(
        at.session,
        key=f"send-copy/{task.id}",
        kind=TaskKind.SEND_COPY,
        company_id=at.company.id,
        customer_id=at.customer.id,
        invoice_id=task.invoice_id,
        contact_id=task.contact_id,
        title=f"Send {at.customer.name} a copy of {numbers}"[:300],
        body=f"Asked for {how}: {numbers}, to {address}. Cause: not received."
        + (f"\n\n{fact.note}" if fact.note else ""),
        now=at.now,
        today=at.today,
        due_on=at.calendar.add_business_days(at.today, 1),
        assignee_email=owner(at.customer, at.company),
    )


def _mailbox(at: Recording) -> PersonRecord | None:
    people = usable_people(at.session, at.customer.id)
    found = (first(people, role, Channel.EMAIL) for role in Role)
    return next((person for person in found if person is not None), None)


def _withdraw_overdue(at: Recording, task: Task, about: Sequence[Invoice], why: str) -> None:
    """The credit manager need not be asked about this call any more."""
    steps: dict[UUID, str] = {}
    if task.invoice_id is not None and task.step is not None:
        steps[task.invoice_id] = task.step
    elif task.contact_id is not None:
        items = at.session.exec(select(ContactItem).where(ContactItem.contact_id == task.contact_id))
        steps = {item.invoice_id: item.step for item in items}
    keys = [_unanswered_key(task)]
    for invoice in about:
        if invoice.id in steps:
            call = OpenCall(steps[invoice.id], task.opened_on, again_on=task.call_back_on)
            keys.append(f"{call_overdue_key(invoice.number, call)}/{invoice.id}")
    withdraw_tasks(at.session, now=at.now, why=why, who=at.who, keys=tuple(keys))


def _unanswered_key(task: Task) -> str:
    return f"call-unanswered/{task.id}" + (f"/{task.call_back_on}" if task.call_back_on else "")
