"""Whom a message goes to, and what a provider's word says of an address.

A role's people come in their order of preference. A message goes to the first of them whom its channel
reaches; where nobody of a role is, `rules.decide.resolve` tries the next role of the step. Others read it in
copy only where the step or the contact itself says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from rules.calendar import Channel
from rules.facts import Reach, Role


class UnreachableCause(StrEnum):
    """Why an address of a customer's is not used any more."""

    HARD_BOUNCE = "hard_bounce"
    DROPPED = "dropped"
    """The e-mail provider did not even try: it knows the address as bad."""
    SPAM_REPORT = "spam_report"
    UNSUBSCRIBED = "unsubscribed"
    INVALID_ADDRESS = "invalid_address"
    """The e-mail provider takes it for no address."""
    INVALID_NUMBER = "invalid_number"
    LANDLINE = "landline"
    """No SMS arrives there; it can be called."""
    OPTED_OUT = "opted_out"
    RETIRED = "retired"
    """A person took its holder out of use."""


WISHES: Final = frozenset(
    {UnreachableCause.SPAM_REPORT, UnreachableCause.UNSUBSCRIBED, UnreachableCause.OPTED_OUT}
)
"""Somebody does not want our messages: they arrived, and only a manager may write there again."""

_BY_CAUSE: Final = {
    UnreachableCause.HARD_BOUNCE: Channel.EMAIL,
    UnreachableCause.DROPPED: Channel.EMAIL,
    UnreachableCause.SPAM_REPORT: Channel.EMAIL,
    UnreachableCause.UNSUBSCRIBED: Channel.EMAIL,
    UnreachableCause.INVALID_ADDRESS: Channel.EMAIL,
    # A number that does not exist takes neither a call nor an SMS; a landline takes calls.
    UnreachableCause.INVALID_NUMBER: Channel.PHONE,
    UnreachableCause.LANDLINE: Channel.SMS,
}


class Addressee(Protocol):
    """A contact as far as it can be used: an address that is marked, or none, is None.

    `texted` says that an SMS reaches `phone`. `in_copy` wants a copy of what goes to another of its role.
    """

    @property
    def role(self) -> str:
        """One of `Role`."""

    @property
    def email(self) -> str | None:
        """Where e-mail arrives."""

    @property
    def phone(self) -> str | None:
        """E.164, a number that can be called."""

    @property
    def texted(self) -> bool:
        """Whether an SMS arrives at `phone`."""

    @property
    def in_copy(self) -> bool:
        """Whether it reads along."""


Somebody = TypeVar("Somebody", bound=Addressee)


def reaches(channel: Channel, person: Addressee) -> bool:
    """Whether somebody can be reached by a channel; a letter needs only a name that is still in use."""
    if channel is Channel.EMAIL:
        return person.email is not None
    if channel is Channel.SMS:
        return person.phone is not None and person.texted
    if channel is Channel.PHONE:
        return person.phone is not None
    return person.email is not None or person.phone is not None


def first(people: Iterable[Somebody], role: Role, channel: Channel) -> Somebody | None:
    """The first of a role's `people`, in the order given, whom the channel reaches."""
    return next((each for each in people if each.role == role and reaches(channel, each)), None)


def copies(people: Sequence[Addressee], to: Addressee, roles: Iterable[Role]) -> tuple[str, ...]:
    """The addresses that get a copy of an e-mail to `to`.

    They are, of its own role, those who read along; of each role in `roles`, the first reachable and those
    who read along. No address comes twice, nor the one the message goes to, whatever the capitals.
    """
    own = [each for each in people if each.role == to.role and each.in_copy]
    others = [
        each
        for role in roles
        for each in people
        if each.role == role and (each.in_copy or each is first(people, role, Channel.EMAIL))
    ]
    found: dict[str, str] = {}
    for person in (*own, *others):
        if person.email is not None:
            found.setdefault(person.email.lower(), person.email)
    found.pop((to.email or "").lower(), None)
    return tuple(found.values())


def reach_of(people: Sequence[Addressee]) -> Mapping[Role, Reach]:
    """By which means each role can be reached."""
    return {
        role: Reach(
            email=first(people, role, Channel.EMAIL) is not None,
            mobile=first(people, role, Channel.SMS) is not None,
            phone=first(people, role, Channel.PHONE) is not None,
        )
        for role in Role
    }


def silenced(cause: UnreachableCause, channel: Channel) -> Channel:
    """Which channel to an address a cause closes, told of a message by `channel`. `PHONE` closes SMS too."""
    return _BY_CAUSE.get(cause, channel)
