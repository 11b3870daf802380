"""Addresses that are not used: marking them, clearing them, and reading contacts without them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, or_, select

from activities.store.sql import run
from models.tables import AddressMark, Contact
from models.tables.words import UnreachableCause
from rules.calendar import Channel

CHANNELS: Final = (Channel.EMAIL, Channel.SMS, Channel.PHONE)
"""By which an address can be marked."""


def usable(where: str) -> str:
    """A SELECT of contacts as far as they can be used, in parentheses, with `where` about `contact c`.

    An address that is marked is NULL, `texted` says that an SMS arrives at `phone`. People out of use, and
    those without an address left, are not among them.
    """
    return f"""
        (SELECT * FROM (
            SELECT c.id, c.customer_id, c.role, c.name, c.function, c.language, c.phone_kind, c.hours,
                   c.preference, coalesce(c.in_copy, false) AS in_copy, c.known_by,
                   CASE WHEN m.email IS NOT TRUE THEN c.email END AS email,
                   CASE WHEN m.phone IS NOT TRUE THEN c.phone END AS phone,
                   coalesce(c.phone_kind = 'mobile', false)
                       AND m.phone IS NOT TRUE AND m.sms IS NOT TRUE AS texted
              FROM contact c
              LEFT JOIN LATERAL (
                   SELECT bool_or(a.channel = 'email' AND a.address = lower(c.email)) AS email,
                          bool_or(a.channel = 'phone' AND a.address = c.phone) AS phone,
                          bool_or(a.channel = 'sms' AND a.address = c.phone) AS sms
                     FROM address_mark a
                    WHERE a.customer_id = c.customer_id AND a.cleared_at IS NULL) m ON true
             WHERE c.opted_out_at IS NULL AND c.invalid_since IS NULL AND {where}) usable_contact
          WHERE email IS NOT NULL OR phone IS NOT NULL)
    """  # noqa: S608 (constant texts of ours)


def add_mark(
    session: Session,
    customer_id: UUID,
    channel: Channel,
    address: str,
    cause: UnreachableCause,
    *,
    since: datetime,
    now: datetime,
    who: str,
    communication_id: UUID | None = None,
    detail: str | None = None,
) -> bool:
    """Mark an address of a locked customer's; whether that is news. The mark that stands stays as it is."""
    made = session.exec(
        insert(AddressMark)
        .values(
            id=uuid4(),
            customer_id=customer_id,
            channel=channel.value,
            address=address.lower(),
            cause=cause.value,
            since=since,
            communication_id=communication_id,
            detail=detail,
            marked_at=now,
            marked_by=who,
        )
        .on_conflict_do_nothing(
            index_elements=["customer_id", "address", "channel"],
            index_where=col(AddressMark.cleared_at).is_(None),
        )
        .returning(col(AddressMark.id))
    ).first()
    return made is not None


def mark_contact(
    session: Session,
    contact: Contact,
    cause: UnreachableCause,
    now: datetime,
    who: str,
    *,
    detail: str | None = None,
    shared: bool = True,
) -> None:
    """Mark every address of a contact, so that no later import brings one back.

    Without `shared`, an address that somebody else there has too, and uses, is left alone: the number of the
    house stays when one of its people leaves.
    """
    for channel, address in addresses_of(contact):
        if shared or not _used_by_another(session, contact, channel, address):
            add_mark(
                session,
                contact.customer_id,
                channel,
                address,
                cause,
                since=now,
                now=now,
                who=who,
                detail=detail,
            )


def addresses_of(contact: Contact) -> tuple[tuple[Channel, str], ...]:
    """A contact's addresses, each with the channel that closes all of it."""
    found = ((Channel.EMAIL, contact.email), (Channel.PHONE, contact.phone))
    return tuple((channel, address) for channel, address in found if address is not None)


def open_marks(
    session: Session, customer_id: UUID, addresses: Iterable[str | None] | None = None
) -> list[AddressMark]:
    """The marks that stand on any of these addresses of a customer's; on any at all, if none are named."""
    wanted = select(AddressMark).where(
        AddressMark.customer_id == customer_id, col(AddressMark.cleared_at).is_(None)
    )
    if addresses is not None:
        named = sorted({address.lower() for address in addresses if address is not None})
        wanted = wanted.where(col(AddressMark.address).in_(named))
    return list(session.exec(wanted.order_by(col(AddressMark.address), col(AddressMark.channel))))


class Marked(Protocol):
    """A mark, however it was read."""

    @property
    def channel(self) -> str:
        """By which the address is not used."""
        ...


def left(email: str | None, phone: str | None, marks: Iterable[Marked]) -> bool:
    """Whether one of a contact's addresses can be used, with these marks against them."""
    closed = {mark.channel for mark in marks}
    return (email is not None and Channel.EMAIL not in closed) or (
        phone is not None and Channel.PHONE not in closed
    )


def clear(marks: Iterable[AddressMark], now: datetime, who: str, why: str) -> None:
    """A person says that these addresses may be used again. The rows stay: they are what was known."""
    for mark in marks:
        mark.cleared_at, mark.cleared_by, mark.cleared_why = now, who, why


def cleared_since(
    session: Session, customer_id: UUID, channel: Channel, address: str, instant: datetime
) -> bool:
    """Whether a person cleared such a mark at or after an instant, which answers older evidence."""
    return (
        run(
            session,
            """
            SELECT 1 FROM address_mark
             WHERE customer_id = %(customer)s AND channel = %(channel)s AND address = %(address)s
               AND cleared_at >= %(instant)s
             LIMIT 1
            """,
            customer=customer_id,
            channel=channel.value,
            address=address.lower(),
            instant=instant,
        ).first()
        is not None
    )


def holders(session: Session, customer_id: UUID, address: str) -> list[Contact]:
    """The contacts of a customer that have an address, in use or not."""
    return list(
        session.exec(
            select(Contact)
            .where(
                Contact.customer_id == customer_id,
                or_(col(Contact.email).ilike(_literally(address)), Contact.phone == address),
            )
            .order_by(col(Contact.role), col(Contact.id))
        )
    )


def _used_by_another(session: Session, contact: Contact, channel: Channel, address: str) -> bool:
    return any(
        other.id != contact.id
        and other.opted_out_at is None
        and other.invalid_since is None
        and (channel, address.lower()) in {(each, text.lower()) for each, text in addresses_of(other)}
        for other in holders(session, contact.customer_id, address)
    )


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
