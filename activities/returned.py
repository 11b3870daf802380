"""A message that left and certainly reached nobody: its step comes again, where that can still do good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlmodel import col, select

from activities.conclude import take_back
from activities.evidence import At
from activities.store.lookup import still_open
from activities.store.message_events import events_of
from models.tables import Communication, ContactItem, ContactMade
from models.tables.words import Audience, CommunicationStatus, ContactStatus, TaskKind
from rules.calendar import Channel
from rules.delivery import Delivery, Happened, standing
from rules.returned import Fate, fate_of

_WAYS: Final = {
    Delivery.BOUNCED: "the address does not exist",
    Delivery.DROPPED: "the provider did not try",
    Delivery.BLOCKED: "it was turned away",
    Delivery.UNDELIVERED: "the number does not take it",
}
_MAY_HAVE_LEFT: Final = (
    CommunicationStatus.PLANNED,
    CommunicationStatus.SENDING,
    CommunicationStatus.SENT,
    CommunicationStatus.UNCERTAIN,
)


def came_back(at: At) -> list[int]:
    """Act on the last word about a message, if that is that it reached nobody; the notes to deliver."""
    message = at.message
    events = events_of(at.session, message.id)
    delivery = standing(events)
    if delivery is None or not delivery.never_reached:
        return []
    why = _why(delivery, events)
    contact = at.contact()
    fate = fate_of(
        delivery,
        to_debtor=message.audience == Audience.DEBTOR,
        is_contact=contact is not None and contact.status in (ContactStatus.SENT, ContactStatus.UNCERTAIN),
        copies_failed=_copies_failed(message, events),
        others_failed=_others_failed(at, message),
        went_on=_went_on(at, contact),
        any_open=contact is not None and bool(still_open(at.session, contact.id)),
        addressee_known=message.recipient_contact_id is not None,
    )
    at.log("returned", why, delivery=delivery.value)
    if contact is not None and contact.channel == Channel.LETTER and message.channel == Channel.EMAIL:
        _tell_of_copy(at, contact, why)
        return []
    if contact is None or fate is Fate.STANDS:
        return []
    if fate is Fate.AGAIN_BY_A_PERSON:
        at.ask(
            TaskKind.DELIVERY_FAILED,
            f"delivery-failed/{message.id}",
            f"{message.kind} to {at.customer.name} did not arrive: {why}",
            "Nobody can have read it. See to the address or to what turned it away, then complete this task: "
            "it is composed again.",
        )
    return take_back(at.session, contact, why, at.now)


def _why(delivery: Delivery, events: Sequence[Happened]) -> str:
    last = [event for event in events if event.copy is None]
    code = next(
        (f" ({event.code or event.status})" for event in reversed(last) if event.code or event.status), ""
    )
    return f"{_WAYS[delivery]}{code}"


def _copies_failed(message: Communication, events: Sequence[Happened]) -> bool:
    """Whether nobody can have read a copy: there was none, or each came back."""
    copies = {address.casefold() for address in message.cc} - {message.to_address.casefold()}
    found = (standing(events, copy) for copy in copies)
    return all(delivery is not None and delivery.never_reached for delivery in found)


def _others_failed(at: At, message: Communication) -> bool:
    """Whether no other message of the contact can have been read."""
    others = at.session.exec(
        select(Communication.id).where(
            Communication.contact_id == message.contact_id,
            Communication.id != message.id,
            Communication.audience == Audience.DEBTOR,
            col(Communication.status).in_(_MAY_HAVE_LEFT),
        )
    ).all()
    found = (standing(events_of(at.session, other)) for other in others)
    return all(delivery is not None and delivery.never_reached for delivery in found)


def _went_on(at: At, contact: ContactMade | None) -> bool:
    """Whether a later contact has been made about any of the same invoices."""
    if contact is None or contact.concluded_at is None:
        return False
    mine = select(ContactItem.invoice_id).where(ContactItem.contact_id == contact.id)
    later = at.session.exec(
        select(ContactItem.invoice_id)
        .where(
            ContactItem.contact_id != contact.id,
            col(ContactItem.invoice_id).in_(mine),
            col(ContactItem.concluded),
            col(ContactItem.concluded_at) > contact.concluded_at,
        )
        .limit(1)
    ).first()
    return later is not None


def _tell_of_copy(at: At, contact: ContactMade, why: str) -> None:
    """The letter stands without its e-mail copy; somebody may send the pages."""
    if still_open(at.session, contact.id):
        at.ask(
            TaskKind.NOTICE_COPY,
            f"notice-copy/{at.message.id}",
            f"The e-mail copy of the notice to {at.customer.name} did not arrive",
            f"{why}. The letter itself stands. Send the pages to the customer yourself, or leave it at that; "
            "then complete this task.",
        )
