"""What is known of a customer itself: whom to write to, and whether it may be contacted at all.

Like facts of an invoice, each change bumps the customer's `ledger_seq` under its lock, so that what was
composed before is composed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from activities.call_sheets import rewrite_call_sheet
from activities.store.colleagues import colleague_named
from activities.store.events import add_event
from activities.store.lookup import company_by_ref, customer_id_by_ref, lock_customer, open_cases
from activities.store.marks import add_mark, clear, mark_contact, open_marks
from activities.store.outbox import add_notes
from activities.store.planned import withdraw_planned
from activities.store.postings import open_registered_letter, withdraw_unposted
from activities.store.tasks import close_task
from models.errors import InvalidFact, NotFound, WrongState
from models.ids import CaseSignal, OutreachSignal
from models.tables import AddressMark, Contact, ContactMade, Customer, Task
from models.tables.words import NoteTo, PhoneKind, TaskKind, TaskStatus, UnreachableCause
from models.work import CALL_KINDS
from rules.calendar import Channel, business_calendar
from rules.facts import Role, StopReason
from rules.recipients import WISHES

FIND_NUMBER = "find-number/"
"""How the keys of tasks begin that ask for a telephone number: an e-mail address does not answer them."""
ADDRESS_LINES = 6
ADDRESS_WIDTH = 60

_STOPS = {
    StopReason.DO_NOT_CONTACT: "do_not_contact_since",
    StopReason.LAWYER: "lawyer_since",
}


def customer_by_ref(session: Session, company_ref: str, ref: str) -> Customer:
    """The customer of that reference, locked; NotFound names what is missing."""
    company = company_by_ref(session, company_ref)
    return lock_customer(session, customer_id_by_ref(session, company, ref))


def stop_contact(
    session: Session, customer: Customer, reason: StopReason, now: datetime, who: str
) -> list[int]:
    """Stop all contact with a customer at once; what waited for approval is withdrawn.

    Returns the notes to deliver after the commit.

    Raises:
        InvalidFact: insolvency, which is a fact of its own (`insolvency_opened`).
        WrongState: contact is stopped for that reason already.
    """
    name = _column(reason)
    if getattr(customer, name) is not None:
        raise WrongState(f"{reason.value} is recorded already, since {getattr(customer, name)}")
    today = _today(customer, now)
    setattr(customer, name, today)
    withdraw_planned(session, open_cases(session, customer.id), now, reason.value, who)
    withdraw_unposted(session, customer.id, now, reason.value, who)
    return tell_change(session, customer, now, who, f"stopped_{reason.value}", {"since": str(today)})


def allow_contact(
    session: Session, customer: Customer, reason: StopReason, now: datetime, who: str
) -> list[int]:
    """Lift a stop; the ladder goes on. Returns the notes to deliver after the commit.

    Raises:
        InvalidFact: insolvency, which is not lifted here.
        WrongState: contact is not stopped for that reason.
    """
    name = _column(reason)
    since: date | None = getattr(customer, name)
    if since is None:
        raise WrongState(f"contact is not stopped for {reason.value}")
    setattr(customer, name, None)
    return tell_change(session, customer, now, who, f"lifted_{reason.value}", {"since": str(since)})


def add_contact(
    session: Session,
    customer: Customer,
    role: Role,
    now: datetime,
    who: str,
    *,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    phone_kind: PhoneKind | None = None,
    language: str | None = None,
) -> list[int]:
    """Add a person or a mailbox; whoever was asked to find one is done with it.

    `phone` is E.164. The address must be checked already. Returns the notes to deliver after the commit.

    Raises:
        InvalidFact: neither an e-mail address nor a number.
        WrongState: this contact is known already.
    """
    _, notes = enter_contact(
        session,
        customer,
        role,
        now,
        who,
        name=name,
        email=email,
        phone=phone,
        phone_kind=phone_kind,
        language=language,
    )
    return notes


def enter_contact(  # noqa: PLR0913 (each names one column)
    session: Session,
    customer: Customer,
    role: Role,
    now: datetime,
    who: str,
    *,
    name: str | None = None,
    function: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    phone_kind: PhoneKind | None = None,
    language: str | None = None,
    hours: str | None = None,
    preference: int | None = None,
    in_copy: bool = False,
    known_by: str | None = None,
    leave_open: UUID | None = None,
) -> tuple[UUID, list[int]]:
    """As `add_contact`; returns the contact's id too. The task `leave_open` is not done with it.

    An address that bounced, or a wrong number, is right again when a person gives it anew; one whose holder
    does not want our messages is not. A call that waited for a number is due today. `known_by` is the
    address of a colleague: InvalidFact when nobody of the company has it.
    """
    if email is None and phone is None:
        raise InvalidFact("email or phone: one of them is required")
    known = session.exec(
        select(Contact).where(
            Contact.customer_id == customer.id,
            Contact.role == role,
            col(Contact.email).is_not_distinct_from(email),
            col(Contact.phone).is_not_distinct_from(phone),
        )
    ).first()
    marks = open_marks(session, customer.id, (email, phone))
    if known is None:
        contact = Contact(
            id=uuid4(),
            customer_id=customer.id,
            role=role,
            email=email,
            phone=phone,
            preference=preference,
            in_copy=in_copy,
        )
        session.add(contact)
    elif known.opted_out_at is not None or known.invalid_since is not None:
        raise WrongState(
            f"this {role.value} contact is known already, and out of use: take it into use again"
        )
    elif marks:
        contact = known
    else:
        raise WrongState(f"this {role.value} contact is known already")
    given_anew(marks, now, who)
    contact.name, contact.function = name or contact.name, function or contact.function
    contact.language, contact.hours = language or contact.language, hours or contact.hours
    contact.phone_kind = phone_kind
    if known_by is not None:
        contact.known_by = colleague_named(session, customer.company_id, known_by, "known_by")
    answer_searches(
        session, customer, now, who, "a contact was added", number=phone is not None, leave_open=leave_open
    )
    if phone is not None:
        rewrite_calls(session, customer, now, number_found=True)
    detail = {"contact": str(contact.id), "role": role.value}
    return contact.id, tell_change(session, customer, now, who, "contact_added", detail)


def answer_searches(
    session: Session,
    customer: Customer,
    now: datetime,
    who: str,
    why: str,
    *,
    number: bool,
    leave_open: UUID | None = None,
) -> None:
    """Whoever was asked to find a contact is done: the steps that waited go on. The task `leave_open` is not.

    Tasks that ask for a telephone number are done only with a `number`.
    """
    session.flush()
    waiting = session.exec(
        select(Task).where(
            Task.customer_id == customer.id,
            Task.kind == TaskKind.FIND_CONTACT,
            Task.status == TaskStatus.OPEN,
        )
    ).all()
    for task in waiting:
        if task.id != leave_open and (number or not task.key.startswith(FIND_NUMBER)):
            close_task(task, TaskStatus.DONE, why, who, now)


def given_anew(marks: Sequence[AddressMark], now: datetime, who: str) -> None:
    """A person gives an address that is marked: then it can be used, unless its holder does not want that.

    Raises:
        WrongState: somebody opted out, unsubscribed or complained there; a manager clears such a mark.
    """
    for mark in marks:
        if mark.cause in WISHES:
            field = "email" if mark.channel == Channel.EMAIL else "phone"
            what = mark.cause.replace("_", " ")
            raise WrongState(
                f"{field}: not to be used since {mark.since.date()} ({what}); a manager clears that"
            )
    clear(marks, now, who, "given anew")


def mark_contact_invalid(
    session: Session, customer: Customer, contact_id: UUID, reason: str, now: datetime, who: str
) -> tuple[Contact, list[int]]:
    """Take somebody at the customer's out of use; what was composed may be for them, and is composed again.

    Returns the contact and the notes to deliver after the commit.

    Raises:
        NotFound: nobody of this customer.
    """
    contact = contact_of(session, customer, contact_id)
    if contact.invalid_since is None:
        contact.invalid_since, contact.invalid_reason = now, reason
        mark_contact(session, contact, UnreachableCause.RETIRED, now, who, detail=reason, shared=False)
    return contact, compose_again(session, customer, now, "a contact is out of use", who)


def mark_phone_invalid(
    session: Session, customer: Customer, contact_id: UUID, reason: str, now: datetime, who: str
) -> tuple[Contact, list[int]]:
    """Mark a number as wrong; the mailbox beside it stays. Otherwise as `mark_contact_invalid`.

    Raises:
        NotFound: nobody of this customer.
        InvalidFact: this contact has no number.
    """
    contact = contact_of(session, customer, contact_id)
    if contact.phone is None:
        raise InvalidFact(f"contact_id: the contact {contact_id} has no number")
    add_mark(
        session,
        customer.id,
        Channel.PHONE,
        contact.phone,
        UnreachableCause.INVALID_NUMBER,
        since=now,
        now=now,
        who=who,
        detail=reason,
    )
    return contact, compose_again(session, customer, now, "a number is out of use", who)


def compose_again(session: Session, customer: Customer, now: datetime, why: str, who: str) -> list[int]:
    """Withdraw what is composed for a customer and has not left; the outreach composes it anew.

    Returns the notes to deliver after the commit.
    """
    contacts = withdraw_planned(session, open_cases(session, customer.id), now, why, who)
    session.flush()
    if not contacts:
        return []
    return add_notes(session, [customer.id], NoteTo.OUTREACH, OutreachSignal.NUDGED, now)


def contact_of(session: Session, customer: Customer, contact_id: UUID) -> Contact:
    """The contact of that id; NotFound when it is nobody of this customer."""
    contact = session.get(Contact, contact_id, populate_existing=True)
    if contact is None or contact.customer_id != customer.id:
        raise NotFound(f"contact_id: no contact {contact_id} at this customer")
    return contact


def rewrite_calls(session: Session, customer: Customer, now: datetime, *, number_found: bool = False) -> None:
    """Let the sheets of open calls show whom to call now; those without a day waited for a number."""
    session.flush()
    calls = session.exec(
        select(Task).where(
            Task.customer_id == customer.id,
            col(Task.kind).in_(CALL_KINDS),
            Task.status == TaskStatus.OPEN,
        )
    ).all()
    for task in calls:
        if number_found:
            task.due_on = task.due_on or _today(customer, now)
        rewrite_call_sheet(session, task, now)


def set_address(
    session: Session, customer: Customer, lines: Sequence[str], now: datetime, who: str
) -> list[int]:
    """Record where letters to a customer go; one that waits for approval is composed again with it.

    A registered letter that came back is to be posted again: whoever looked for the address is done.
    Returns the notes to deliver after the commit.

    Raises:
        InvalidFact: no line, more than six, or one that is too long for an envelope.
        WrongState: this is the address known already.
    """
    address = _address(lines)
    if customer.address == address:
        raise WrongState("address: this one is known already")
    customer.address = address
    for contact in withdraw_planned(session, open_cases(session, customer.id), now, "another address", who):
        add_event(
            session,
            company_id=customer.company_id,
            customer_id=customer.id,
            at=now,
            who=who,
            what="contact_withdrawn",
            why="another address",
            detail={"contact": str(contact.id), "step": contact.step},
        )
    sought = session.exec(
        select(Task)
        .where(
            Task.customer_id == customer.id,
            Task.kind == TaskKind.FIND_ADDRESS,
            Task.status == TaskStatus.OPEN,
        )
        .order_by(col(Task.opened_at))
    ).all()
    calendar = business_calendar(customer.country, customer.zone)
    for task in sought:
        close_task(task, TaskStatus.DONE, "an address was recorded", who, now)
        session.flush()
        if task.contact_id is not None:
            made = session.get_one(ContactMade, task.contact_id)
            open_registered_letter(
                session, customer, made, calendar, now, remark="It came back: post the same pages again."
            )
    return tell_change(session, customer, now, who, "address_recorded", {})


def _address(lines: Sequence[str]) -> str:
    kept = [" ".join(line.split()) for line in lines if line.strip()]
    if not kept:
        raise InvalidFact("address: required")
    if len(kept) > ADDRESS_LINES:
        raise InvalidFact(f"address: at most {ADDRESS_LINES} lines, {len(kept)} given")
    for line in kept:
        if len(line) > ADDRESS_WIDTH:
            raise InvalidFact(f"address: at most {ADDRESS_WIDTH} characters a line, {len(line)} given")
        if not line.isprintable():
            raise InvalidFact("address: holds a character that cannot be printed")
    return "\n".join(kept)


def _column(reason: StopReason) -> str:
    if reason not in _STOPS:
        raise InvalidFact(f"{reason.value}: told as a fact of an invoice (insolvency_opened), not here")
    return _STOPS[reason]


def _today(customer: Customer, now: datetime) -> date:
    return business_calendar(customer.country, customer.zone).local_day(now)


def tell_change(
    session: Session, customer: Customer, now: datetime, who: str, what: str, detail: dict[str, Any]
) -> list[int]:
    """Bump a locked customer's `ledger_seq`, write the journal, tell its open cases; the notes to deliver."""
    customer.ledger_seq += 1
    add_event(
        session,
        company_id=customer.company_id,
        customer_id=customer.id,
        at=now,
        who=who,
        what=what,
        detail=detail,
    )
    session.flush()
    cases = open_cases(session, customer.id)
    return add_notes(session, cases, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})
