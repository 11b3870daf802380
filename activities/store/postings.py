"""Registered letters: the task to post one, what is recorded of it, and what a later step makes of that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from activities.store.lookup import among
from activities.store.records import CustomerRecord
from activities.store.tasks import close_task, open_task, owner
from models.tables import (
    Communication,
    Company,
    ContactItem,
    ContactMade,
    Customer,
    LetterPosting,
    RegisteredMailRow,
    Task,
)
from models.tables.words import CommunicationStatus, RegisteredState, TaskKind, TaskStatus
from rules.calendar import BusinessCalendar, Channel


def open_registered_letter(
    session: Session,
    customer: Customer | CustomerRecord,
    made: ContactMade,
    calendar: BusinessCalendar,
    now: datetime,
    *,
    remark: str = "",
) -> Task:
    """Ask for a letter to be printed, signed and posted; once more, when a posting of it came back."""
    company = session.get_one(Company, customer.company_id)
    today = calendar.local_day(now)
    before = session.exec(
        select(func.count())
        .select_from(LetterPosting)
        .where(LetterPosting.contact_id == made.id, col(LetterPosting.outcome).is_not(None))
    ).one()
    key = f"registered-letter/{made.id}" + (f"/{before + 1}" if before else "")
    task, created = open_task(
        session,
        key=key,
        kind=TaskKind.REGISTERED_LETTER,
        company_id=company.id,
        customer_id=customer.id,
        invoice_id=_single(session, made.id),
        contact_id=made.id,
        step=made.step,
        title=f"Post the registered letter to {customer.name}"[:300],
        now=now,
        today=today,
        due_on=calendar.add_business_days(today, 1),
        assignee_email=owner(customer, company),
    )
    if created:
        task.body = "\n".join(filter(None, _instructions(session, customer, made, task, remark)))
        session.flush()
    return task


def _instructions(
    session: Session, customer: Customer | CustomerRecord, made: ContactMade, task: Task, remark: str
) -> list[str]:
    name = str(task.id)[:8]
    copy = session.exec(
        select(Communication).where(
            Communication.contact_id == made.id, Communication.channel == Channel.EMAIL
        )
    ).first()
    where = ", ".join((customer.address or "").splitlines())
    return [
        remark,
        f"Print the pages (relance task {name} --save letter.pdf), sign them, and post them by registered "
        "letter with acknowledgement of receipt.",
        f"To: {customer.name}, {where}."
        if where
        else f"To: {customer.name}. No postal address is known here: find it in the trade register first.",
        f"An e-mail copy with the pages goes to {', '.join((copy.to_address, *copy.cc))}."
        if copy is not None
        else "No e-mail copy goes out: nobody the policy names for it has an e-mail address.",
        f"Posted: relance done {name} posted --number NUMBER --on YYYY-MM-DD. Then, when the receipt or the "
        f"letter comes back: relance done {name} received (or refused, unclaimed, returned) --on YYYY-MM-DD. "
        f"Given up before it was posted: relance done {name} not_posted; its steps then come again.",
    ]


def _single(session: Session, contact_id: UUID) -> UUID | None:
    ids = session.exec(select(ContactItem.invoice_id).where(ContactItem.contact_id == contact_id)).all()
    return ids[0] if len(ids) == 1 else None


def posted_days(session: Session, contact_ids: Iterable[UUID]) -> dict[UUID, date]:
    """The day each letter was last posted, by contact; letters not recorded as posted are left out."""
    rows = session.exec(
        select(LetterPosting.contact_id, func.max(LetterPosting.posted_on))
        .where(among(LetterPosting.contact_id, contact_ids))
        .group_by(col(LetterPosting.contact_id))
    )
    return dict(rows.all())


def remark_on_posting(session: Session, contact_id: UUID) -> str:
    """What whoever decides next must know of a letter's proof: posted or not, received or not."""
    posting = session.exec(
        select(LetterPosting)
        .where(LetterPosting.contact_id == contact_id)
        .order_by(col(LetterPosting.posted_on).desc(), col(LetterPosting.recorded_at).desc())
        .limit(1)
    ).one_or_none()
    if posting is None:
        return "The formal notice is not recorded as posted: without proof of posting it is worth little."
    sent = f"The formal notice was posted on {posting.posted_on} under {posting.tracking_number}"
    if posting.outcome is None:
        return f"{sent}; its receipt is not recorded yet."
    return f"{sent}: {posting.outcome} on {posting.received_on}."


def withdraw_unposted(session: Session, customer_id: UUID, now: datetime, why: str, who: str) -> None:
    """Whoever was asked to post a letter that has not left the house must not post it any more."""
    posted = select(LetterPosting.task_id)
    # What a provider has is on its way like what was posted: its receipt is awaited.
    handed = select(RegisteredMailRow.task_id).where(RegisteredMailRow.state == RegisteredState.HANDED)
    tasks = session.exec(
        select(Task)
        .where(
            Task.customer_id == customer_id,
            Task.kind == TaskKind.REGISTERED_LETTER,
            Task.status == TaskStatus.OPEN,
            col(Task.id).not_in(posted),
            col(Task.id).not_in(handed),
        )
        .with_for_update()
    ).all()
    for task in tasks:
        close_task(task, TaskStatus.WITHDRAWN, why, who, now)


def letter_of(session: Session, contact_id: UUID) -> Communication | None:
    """The letter of a contact, if it has one."""
    return session.exec(
        select(Communication)
        .where(Communication.contact_id == contact_id, Communication.channel == Channel.LETTER)
        .order_by(col(Communication.planned_at))
        .limit(1)
    ).one_or_none()


def recall_letter(session: Session, contact_id: UUID, why: str) -> None:
    """A letter that counted as sent was not posted; its copy, if it still waits, must not leave either."""
    messages = session.exec(select(Communication).where(Communication.contact_id == contact_id)).all()
    for message in messages:
        if message.channel == Channel.LETTER or message.status == CommunicationStatus.PLANNED:
            message.status, message.error = CommunicationStatus.WITHDRAWN, why
            message.sent_at = None
    session.flush()
