"""The end of a contact, whatever it was: its items, its status, and word to the customer's cases.

Always in the transaction of the outcome itself, under the customer's lock.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from activities import watch
from activities.decisions import settle_customer
from activities.store.outbox import add_notes
from activities.store.planned import unconclude, withdraw_contact
from activities.store.sql import run
from models.ids import CaseSignal
from models.tables import Communication, ContactItem, ContactMade
from models.tables.words import CommunicationStatus, ContactStatus, NoteTo
from rules.calendar import BusinessCalendar

BANK_TOO_OLD: Final = "bank_too_old"
SUSPENDED: Final = "suspended"
"""Why a message was refused at the moment of sending, as the outcome names it."""

_DONE = (ContactStatus.SENT, ContactStatus.BY_HAND, ContactStatus.UNCERTAIN)


# A contact that was made advances its items; one that was not leaves them as they are.
_END: Final = """
    WITH advanced AS (
        UPDATE contact_item
           SET concluded = true, concluded_at = %(now)s, on_day = %(day)s
         WHERE contact_id = %(contact)s AND %(done)s)
    UPDATE contact_made
       SET status = %(status)s, concluded_at = %(now)s, on_day = %(day)s,
           reason = coalesce(%(reason)s, reason),
           sending_fingerprint = coalesce(%(fingerprint)s, sending_fingerprint)
     WHERE id = %(contact)s
    RETURNING reason, step, channel, composed_at, approval_task_id
"""


def conclude(
    session: Session,
    customer_id: UUID,
    contact_id: UUID,
    status: ContactStatus,
    calendar: BusinessCalendar,
    now: datetime,
    fingerprint: str,
    reason: str | None = None,
) -> list[int]:
    """Write how a contact ended, and why if there is more to say; returns the notes to deliver afterwards.

    A contact that left (or may have left) advances its items, and every case of the customer whose next
    step moved is told. One that failed or was withheld counts as nothing: its items are told to look again.
    """
    done = status in _DONE
    why, step, channel, composed_at, approval_task_id = run(
        session,
        _END,
        contact=contact_id,
        done=done,
        status=status.value,
        now=now,
        day=calendar.local_day(now) if done else None,
        reason=reason,
        # The switch that withheld it: what another one withheld is due again.
        fingerprint=fingerprint if status is ContactStatus.WITHHELD else None,
    ).one()
    watch.contact_concluded(
        session,
        contact_id,
        customer_id,
        step=step,
        channel=channel,
        status=status,
        # Waiting for a person is no slowness of ours.
        since=None if approval_task_id is not None else composed_at,
        now=now,
    )
    if not done:
        _drop_planned(session, contact_id, why or status.value)
        return _look_again(session, contact_id, now)
    return settle_customer(session, customer_id, now, fingerprint)


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
    # Stale, it is composed again at once; the others wait, each for its hour, its file or its end.
    return _look_again(session, contact.id, now) if why in ("out_of_hours", BANK_TOO_OLD, SUSPENDED) else []


def take_back(session: Session, contact: ContactMade, why: str, now: datetime) -> list[int]:
    """A contact counted as made, for want of certainty, was not made: its steps come again."""
    invoices = unconclude(session, contact, why)
    return add_notes(session, invoices, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})


def _look_again(session: Session, contact_id: UUID, now: datetime) -> list[int]:
    invoices = session.exec(select(ContactItem.invoice_id).where(ContactItem.contact_id == contact_id)).all()
    return add_notes(session, invoices, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})


def _drop_planned(session: Session, contact_id: UUID, why: str) -> None:
    session.exec(
        update(Communication)
        .where(
            col(Communication.contact_id) == contact_id,
            col(Communication.status) == CommunicationStatus.PLANNED,
        )
        .values(status=CommunicationStatus.WITHDRAWN.value, error=why)
    )
