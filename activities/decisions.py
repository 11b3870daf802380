"""Storing decisions: what `rules` found for a case becomes its row, its tasks and its notes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from activities.call_facts import callable_people
from activities.store.absences import offer
from activities.store.decided import Stored, store_decisions
from activities.store.events import add_event
from activities.store.load import LoadedCase, LoadedCustomer, load_case, load_customer
from activities.store.outbox import add_notes
from activities.store.postings import remark_on_posting
from activities.store.questions import ask_rep
from activities.store.tasks import open_task, owner
from models.ids import CaseSignal, OutreachSignal
from models.tables import ContactItem, ContactMade, Task
from models.tables.words import ContactStatus, NoteTo, TaskStatus
from models.work import CALL_KINDS
from rules.asking import ASKED
from rules.calendar import Channel
from rules.decide import Decision, State, decide
from rules.facts import Role, Tone
from rules.pauses import TaskRequest
from rules.recipients import first

_TITLES = {
    "broken_promise": "A promise was not kept",
    "claim_not_found": "A payment said to be made has not come",
    "call_overdue": "A call has not been made",
    "notice_call": "Call about the formal notice",
    "decision": "Decide what follows: go on, mediator, agency, lawyer or court, insurance, factor, write-off",
}


def settle_case(
    session: Session, invoice_id: UUID, now: datetime, fingerprint: str
) -> tuple[Stored, list[int]]:
    """Decide one case, do what falls to it alone, and store it; returns it with the notes to deliver.

    To be called under the customer's lock. A decision task (hand-over) is opened and counts as done at once,
    so the case is decided again after it.
    """
    notes: list[int] = []
    while True:
        loaded = load_case(session, invoice_id, now, fingerprint)
        decision = decide(loaded.facts, loaded.customer, loaded.policy, now)
        if _open_tasks(session, loaded, decision, now):
            # The outreach writes to who is asked.
            notes += add_notes(session, [loaded.customer_row.id], NoteTo.OUTREACH, OutreachSignal.NUDGED, now)
        action = decision.next
        if decision.state is State.DUE and action is not None and not action.step.is_contact:
            _hand_over(session, loaded, decision, now)
            continue
        (stored,) = store_decisions(session, [loaded], [decision], now)
        if decision.state is State.DUE or _may_thank(stored):
            notes += add_notes(session, [loaded.customer_row.id], NoteTo.OUTREACH, OutreachSignal.NUDGED, now)
        return stored, notes


def settle_customer(session: Session, customer_id: UUID, now: datetime, fingerprint: str) -> list[int]:
    """Decide every open case of a customer after a contact, and tell those whose next step moved.

    To be called under the customer's lock.
    """
    loaded = load_customer(session, customer_id, now, fingerprint)
    stored = store_decisions(session, loaded.cases, decisions_of(loaded, now), now)
    moved = [each.loaded.invoice.id for each in stored if each.changed]
    if not moved:
        return []
    return add_notes(session, moved, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})


def decisions_of(loaded: LoadedCustomer, now: datetime) -> list[Decision]:
    """The decision on every case of a loaded customer, in their order."""
    return [decide(case.facts, case.customer, case.policy, now) for case in loaded.cases]


def _may_thank(stored: Stored) -> bool:
    """Whether the outreach should see if a thank-you is owed: it closed just now, after a reminder."""
    return (
        stored.changed
        and stored.decision.closing_reason == "paid in full"
        and any(done.tone is not Tone.STATEMENT for done in stored.loaded.facts.done)
    )


def _open_tasks(session: Session, loaded: LoadedCase, decision: Decision, now: datetime) -> bool:
    """Open what the decision asks for; whether a sales representative is asked something new."""
    asked = False
    for request in decision.tasks:
        if request.kind == ASKED:
            asked = decision.next is not None and ask_rep(session, loaded, decision.next, request, now)
            continue
        company, customer = loaded.company, loaded.customer_row
        manager = request.kind in ("decision", "call_overdue")
        # One call about one letter, whatever the number of invoices it was about.
        about_letter = request.kind in ("notice_call", "decision")
        letter_id = _letter(session, loaded.invoice.id) if about_letter else None
        contact_id = letter_id if request.kind == "notice_call" else None
        body = f"{request.why}. Outstanding: {decision.balance.outstanding} {loaded.invoice.currency}."
        if letter_id is not None and request.kind == "decision":
            body += f" {remark_on_posting(session, letter_id)}"
        today = loaded.customer.calendar.local_day(now)
        due_on = loaded.customer.calendar.add_business_days(today, 3)
        assignee = company.signatory_email if manager else owner(customer, company)
        falls_to: str | None = None
        if contact_id is not None:
            known_by = _known_by(session, contact_id)
            assignee, falls_to = offer(session, known_by, assignee, (today, due_on))
        task, created = open_task(
            session,
            key=f"{request.kind}/{contact_id}" if contact_id else f"{request.key}/{loaded.invoice.id}",
            contact_id=contact_id,
            kind=request.kind,
            company_id=company.id,
            customer_id=customer.id,
            invoice_id=None if contact_id else loaded.invoice.id,
            title=f"{_TITLES[request.kind]}: {loaded.invoice.number}, {customer.name}",
            body=body,
            now=now,
            today=today,
            due_on=due_on,
            assignee_email=assignee,
            falls_to=falls_to,
            step=decision.next.step.key if decision.next else None,
        )
        if created:
            _journal(session, loaded, task, request, now)
            if request.kind == "call_overdue":
                _escalate(session, loaded, now)
    return asked


def _letter(session: Session, invoice_id: UUID) -> UUID | None:
    """The latest letter that was about an invoice."""
    return session.exec(
        select(ContactItem.contact_id)
        .where(
            ContactItem.invoice_id == invoice_id, ContactItem.channel == "letter", col(ContactItem.concluded)
        )
        .order_by(col(ContactItem.on_day).desc())
        .limit(1)
    ).one_or_none()


def _known_by(session: Session, letter_id: UUID) -> str | None:
    """The colleague who knows whoever is to be called about a letter."""
    letter = session.get_one(ContactMade, letter_id)
    role = Role(letter.role) if letter.role is not None else Role.ACCOUNTING
    person = first(callable_people(session, letter.customer_id), role, Channel.PHONE)
    return person.known_by if person else None


def _escalate(session: Session, loaded: LoadedCase, now: datetime) -> None:
    """Mark the calls about this invoice, so that each is escalated once, whatever invoices it is about."""
    of_contacts = select(ContactItem.contact_id).where(ContactItem.invoice_id == loaded.invoice.id)
    calls = session.exec(
        select(Task).where(
            col(Task.kind).in_(CALL_KINDS),
            Task.status == TaskStatus.OPEN,
            col(Task.contact_id).in_(of_contacts),
        )
    )
    for task in calls:
        task.escalated_at = now
    session.flush()


def _journal(session: Session, loaded: LoadedCase, task: Task, request: TaskRequest, now: datetime) -> None:
    add_event(
        session,
        company_id=loaded.company.id,
        customer_id=loaded.customer_row.id,
        invoice_id=loaded.invoice.id,
        at=now,
        who="relance",
        what=f"task_{request.kind}",
        why=request.why,
        detail={"task": str(task.id)},
    )


def _hand_over(session: Session, loaded: LoadedCase, decision: Decision, now: datetime) -> None:
    """A decision step is done when its task opens: it is between ourselves, so no contact of the customer."""
    action = decision.next
    if action is None:
        return
    day = loaded.customer.calendar.local_day(now)
    contact = ContactMade(
        id=uuid4(),
        customer_id=loaded.customer_row.id,
        step=action.step.key,
        channel=action.route.channel.value,
        tone=action.tone.value,
        status=ContactStatus.BY_HAND,
        composed_at=now,
        composed_on=day,
        concluded_at=now,
        on_day=day,
        ledger_seq=loaded.customer_row.ledger_seq,
        facts_hash="",
    )
    session.add(contact)
    session.flush()
    session.add(
        ContactItem(
            contact_id=contact.id,
            invoice_id=loaded.invoice.id,
            step=action.step.key,
            offset_days=action.step.offset_days,
            tone=action.tone.value,
            channel=action.route.channel.value,
            concluded=True,
            concluded_at=now,
            on_day=day,
        )
    )
    session.flush()
