"""Whether the step of a message that came back is done, comes again, or waits for a person."""

from __future__ import annotations

from enum import StrEnum

from rules.delivery import Delivery


class Fate(StrEnum):
    """What becomes of the step of a message that certainly reached nobody."""

    STANDS = "stands"
    """It stays done: somebody else may have read it, or the ladder has gone on."""
    AGAIN = "again"
    """It comes again, to whoever can be reached instead."""
    AGAIN_BY_A_PERSON = "again_by_a_person"
    """It comes again once a person has seen to what turned it away: nothing says that the same way would not
    end there again."""


def fate_of(
    delivery: Delivery,
    *,
    to_debtor: bool,
    is_contact: bool,
    copies_failed: bool,
    others_failed: bool,
    went_on: bool,
    any_open: bool,
    addressee_known: bool,
) -> Fate:
    """Decide on the step of a message.

    Args:
        delivery: the last word about it; anything but one that never reached leaves the step done.
        to_debtor: it was written to the debtor, not to one of our own.
        is_contact: it is what made a contact count as made.
        copies_failed: nobody else can have read a copy of it.
        others_failed: no other message of the contact can have been read.
        went_on: a later step of one of the same invoices was taken since: a ladder never goes down.
        any_open: a case the contact was about is open.
        addressee_known: it went to somebody on record, who is out of use when the address is at fault.
    """
    if not (delivery.never_reached and to_debtor and is_contact and any_open):
        return Fate.STANDS
    if went_on or not (copies_failed and others_failed):
        return Fate.STANDS
    address_at_fault = delivery in (Delivery.BOUNCED, Delivery.UNDELIVERED, Delivery.DROPPED)
    return Fate.AGAIN if address_at_fault and addressee_known else Fate.AGAIN_BY_A_PERSON
