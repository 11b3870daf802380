"""Who cannot be reached any more, by what a provider told of a message."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from activities.store.customers import mark_contact_invalid, mark_phone_invalid
from activities.store.lookup import lock_customer
from models.tables import Communication, Contact
from models.tables.words import UnreachableCause
from rules.calendar import Channel


def mark_unreachable(
    session: Session,
    *,
    communication_id: UUID,
    cause: UnreachableCause,
    at: datetime,
    detail: str,
    now: datetime,
) -> list[int]:
    """Take out of use what a message could not reach; the notes to deliver after the commit.

    Args:
        session: the transaction.
        communication_id: the message.
        cause: what the provider said of it.
        at: when, business time.
        detail: in the provider's words, without the address.
        now: business time.
    """
    message = session.get_one(Communication, communication_id)
    if message.recipient_contact_id is None:
        return []
    customer = lock_customer(session, message.customer_id)
    reason = f"{cause.replace('_', ' ')} on {at.date()}" + (f": {detail}" if detail else "")
    person = session.get_one(Contact, message.recipient_contact_id)
    if message.channel == Channel.SMS and person.phone is not None:
        return mark_phone_invalid(session, customer, person.id, reason, now, message.provider or "relance")[1]
    return mark_contact_invalid(session, customer, person.id, reason, now, message.provider or "relance")[1]
