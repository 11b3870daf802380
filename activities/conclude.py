"""The end of a contact, whatever it was: its items, its status, and word to the customer's cases.

Always in the transaction of the outcome itself, under the customer's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from activities import watch
from activities.decisions import settle_customer
from activities.store.outbox import add_notes
from activities.store.planned import unconclude, withdraw_contact
from models.ids import CaseSignal
from models.tables import Communication, ContactItem, ContactMade, Customer
from models.tables.words import CommunicationStatus, ContactStatus, NoteTo
from rules.calendar import BusinessCalendar

_DONE = (ContactStatus.SENT, ContactStatus.BY_HAND, ContactStatus.UNCERTAIN)


def conclude(
    session: Session,
    customer: Customer,
    contact: ContactMade,
    status: ContactStatus,
    calendar: BusinessCalendar,
    now: datetime,
    fingerprint: str,
) -> list[int]:
    """Write how a contact ended; returns the notes to deliver after the commit.

    A contact that left (or may have left) advances its items, and every case of the customer whose next
    step moved is told. One that failed or was withheld counts as nothing: its items are told to look again.
    """
    day = calendar.local_day(now)
    contact.status, contact.concluded_at = status, now
    watch.contact_concluded(session, contact, now, customer.id)
    items = session.exec(select(ContactItem).where(ContactItem.contact_id == contact.id)).all()
    if status not in _DONE:
        _drop_planned(session, contact, contact.reason or status.value)
        session.flush()
        return _look_again(session, items, now)
    contact.on_day = day
    for item in items:
        item.concluded, item.concluded_at, item.on_day = True, now, day
    session.flush()
    return settle_customer(session, customer.id, now, fingerprint)


def withdraw(
    session: Session,
    message: Communication,
    contact: ContactMade | None,
    why: str,
    now: datetime,
) -> list[int]:
    """Take back a message that may not leave any more, with the rest of its contact."""
    message.status, message.error = CommunicationStatus.WITHDRAWN, why
    # What it was for may be composed again.
    message.purpose_key = None
    session.flush()
    if contact is None or contact.status != ContactStatus.SENDING:
        return []
    withdraw_contact(session, contact, now, why, "relance")
    session.flush()
    items = session.exec(select(ContactItem).where(ContactItem.contact_id == contact.id)).all()
    return _look_again(session, items, now) if why == "out_of_hours" else []


def take_back(session: Session, contact: ContactMade, why: str, now: datetime) -> list[int]:
    """A contact counted as made, for want of certainty, was not made: its steps come again."""
    invoices = unconclude(session, contact, why)
    return add_notes(session, invoices, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})


def _look_again(session: Session, items: Sequence[ContactItem], now: datetime) -> list[int]:
    invoices = [item.invoice_id for item in items]
    return add_notes(session, invoices, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})


def _drop_planned(session: Session, contact: ContactMade, why: str) -> None:
    session.exec(
        update(Communication)
        .where(
            col(Communication.contact_id) == contact.id,
            col(Communication.status) == CommunicationStatus.PLANNED,
        )
        .values(status=CommunicationStatus.WITHDRAWN.value, error=why)
    )
