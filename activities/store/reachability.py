"""What showed that an address does not work, and a person's word that it does again.

A provider's event, or its refusal, marks the address, not the person's other ones. What becomes of the step
of a message that came back is for `activities.returned` to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from activities.store.customers import (
    answer_searches,
    compose_again,
    contact_of,
    rewrite_calls,
    tell_change,
)
from activities.store.lookup import lock_customer
from activities.store.marks import add_mark, addresses_of, clear, cleared_since, holders, open_marks
from models.errors import NotFound, WrongState
from models.tables import AddressMark, Communication, Customer
from models.tables.words import Audience, UnreachableCause
from rules.calendar import Channel
from rules.recipients import silenced


def mark_unreachable(
    session: Session,
    *,
    communication_id: UUID,
    cause: UnreachableCause,
    at: datetime,
    detail: str | None,
    now: datetime,
    address: str | None = None,
) -> list[int]:
    """Mark the address that a message could not be delivered to, or whose holder does not want it.

    Told twice, it changes nothing. Evidence older than a person's word that the address works is answered by
    it.

    Args:
        session: the transaction; it takes the customer's lock.
        communication_id: the message that showed it.
        cause: what was shown.
        at: when, by the provider's word.
        detail: the provider's own words, for people to read.
        now: business time.
        address: whom the event names, where the message has copies; left out, the one it went to.

    Returns:
        The notes to deliver after the commit.

    Raises:
        NotFound: the ledger has no such message.
    """
    found = session.get(Communication, communication_id)
    if found is None:
        raise NotFound(f"no communication {communication_id}")
    if found.customer_id is None:
        # Word to our own people: their addresses are no customer's.
        return []
    customer = lock_customer(session, found.customer_id)
    message = session.get_one(Communication, communication_id, populate_existing=True)
    named = _named(message, address)
    if message.audience != Audience.DEBTOR or named is None:
        return []
    channel = silenced(cause, Channel(message.channel))
    if cleared_since(session, customer.id, channel, named, at):
        return []
    news = _mark(session, customer, message, channel, named, cause, at, detail, now)
    return _told(session, customer, message, channel, named, cause, now) if news else []


def mark_refused(
    session: Session,
    *,
    communication_id: UUID,
    refused: Sequence[tuple[str, UnreachableCause]],
    detail: str,
    now: datetime,
) -> tuple[bool, list[int]]:
    """As `mark_unreachable`, of addresses for which a provider did not take the message at all.

    Its contact is for the caller to end. Returns whether anything new is known, without which the same
    message would only be refused again; and the notes to deliver.
    """
    message = session.get_one(Communication, communication_id, populate_existing=True)
    if message.customer_id is None:
        return False, []
    customer = lock_customer(session, message.customer_id)
    notes: list[int] = []
    known = False
    for address, cause in refused:
        channel = silenced(cause, Channel(message.channel))
        if _mark(session, customer, message, channel, address, cause, now, detail, now):
            notes += _told(session, customer, message, channel, address, cause, now)
            known = True
    return known, notes


def clear_mark(
    session: Session,
    customer: Customer,
    contact_id: UUID,
    channel: Channel,
    now: datetime,
    who: str,
    why: str,
) -> list[int]:
    """A person says that one of a contact's addresses works; what waited for it goes on. Notes to deliver.

    Args:
        session: the transaction.
        customer: locked.
        contact_id: whose address.
        channel: `EMAIL`, `SMS` or `PHONE`, as it is marked.
        now: business time.
        who: whose word it is.
        why: in their words.

    Raises:
        NotFound: nobody of this customer.
        WrongState: nothing is marked by that channel, or the contact itself is out of use.
    """
    mark = mark_of(session, customer, contact_id, channel)
    contact = contact_of(session, customer, contact_id)
    if contact.opted_out_at is not None or contact.invalid_since is not None:
        raise WrongState("the contact itself is out of use: take it into use again as a whole")
    clear((mark,), now, who, why)
    number = channel is Channel.PHONE
    answer_searches(session, customer, now, who, "an address can be used again", number=number)
    if channel is not Channel.EMAIL:
        rewrite_calls(session, customer, now, number_found=number)
    detail = {"contact": str(contact.id), "channel": channel.value, "cause": mark.cause, "reason": why}
    return tell_change(session, customer, now, who, "address_cleared", detail)


def mark_of(session: Session, customer: Customer, contact_id: UUID, channel: Channel) -> AddressMark:
    """What is marked of a contact's address by a channel; errors as `clear_mark`."""
    contact = contact_of(session, customer, contact_id)
    addresses = {
        address.lower()
        for of, address in addresses_of(contact)
        if of is (Channel.EMAIL if channel is Channel.EMAIL else Channel.PHONE)
    }
    marks = [mark for mark in open_marks(session, customer.id, addresses) if mark.channel == channel]
    if not marks:
        raise WrongState(f"channel: nothing is marked of this contact by {channel.value}")
    return marks[0]


def _named(message: Communication, address: str | None) -> str | None:
    """The recipient an event is about, in small letters; None when it is none of the message's."""
    to = message.to_address.lower()
    if address is None or address.lower() == to:
        return to
    return next((copy.lower() for copy in message.cc if copy.lower() == address.lower()), None)


def _mark(
    session: Session,
    customer: Customer,
    message: Communication,
    channel: Channel,
    address: str,
    cause: UnreachableCause,
    at: datetime,
    detail: str | None,
    now: datetime,
) -> bool:
    return add_mark(
        session,
        customer.id,
        channel,
        address,
        cause,
        since=at,
        now=now,
        who="relance",
        communication_id=message.id,
        detail=detail,
    )


def _told(
    session: Session,
    customer: Customer,
    message: Communication,
    channel: Channel,
    address: str,
    cause: UnreachableCause,
    now: datetime,
) -> list[int]:
    """Compose again what was for that address; word to the cases. The journal keeps no address."""
    again = compose_again(session, customer, now, "an address is out of use", "relance")
    if channel is not Channel.EMAIL:
        rewrite_calls(session, customer, now)
    detail = {
        "channel": channel.value,
        "cause": cause.value,
        "communication": str(message.id),
        "contacts": [str(contact.id) for contact in holders(session, customer.id, address)],
    }
    return again + tell_change(session, customer, now, "relance", "address_marked", detail)
