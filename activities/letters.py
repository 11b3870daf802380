"""An approved letter leaves: by hand, exactly as it was stored, with its e-mail copy and the task to post it.

Everything here happens in the one transaction that concludes the contact. The copy stays *planned* in it and
goes the way of every message from there: a worker that stops in between leaves a planned message, which the
next pass finds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from activities.conclude import conclude
from activities.store.events import add_event
from activities.store.postings import open_registered_letter
from activities.store.records import CustomerRecord
from models.tables import Communication, ContactMade
from models.tables.words import CommunicationStatus, ContactStatus
from rules.calendar import BusinessCalendar, Channel


def leave_by_hand(
    session: Session,
    customer: CustomerRecord,
    made: ContactMade,
    messages: Sequence[Communication],
    calendar: BusinessCalendar,
    now: datetime,
    fingerprint: str,
    may_send: Callable[[str], bool],
) -> tuple[list[int], tuple[UUID, ...]]:
    """Conclude an approved letter; returns the notes to deliver and the copies to hand over.

    Where the sending switch lets nothing leave for its reader, the letter is withheld like any message: it
    counts as nothing, its copy does not leave, and nobody is asked to post it.
    """
    letters = [message for message in messages if message.channel == Channel.LETTER]
    copies = [message for message in messages if message.channel != Channel.LETTER]
    switch = f"RELANCE_SENDING={fingerprint.partition(':')[0]}"
    if not all(may_send(letter.to_address) for letter in letters):
        for letter in letters:
            letter.status, letter.error = CommunicationStatus.WITHHELD, switch
            _log(session, customer, made, letter, now)
        status = ContactStatus.WITHHELD
        return conclude(session, customer.id, made.id, status, calendar, now, fingerprint, switch), ()
    for letter in letters:
        letter.status, letter.sent_at = CommunicationStatus.SENT, now
    for message in messages:
        # What was approved holds at this number: once it moved, neither the copy nor the pages leave.
        message.ledger_seq = customer.ledger_seq
    session.flush()
    open_registered_letter(session, customer, made, calendar, now)
    notes = conclude(session, customer.id, made.id, ContactStatus.BY_HAND, calendar, now, fingerprint)
    return notes, tuple(copy.id for copy in copies)


def _log(
    session: Session, customer: CustomerRecord, made: ContactMade, letter: Communication, now: datetime
) -> None:
    add_event(
        session,
        company_id=customer.company_id,
        customer_id=customer.id,
        at=now,
        who="relance",
        what="message_withheld",
        why=letter.error,
        detail={
            "communication": str(letter.id),
            "kind": letter.kind,
            "channel": letter.channel,
            "step": made.step,
        },
    )
