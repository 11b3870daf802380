"""Stories that know the customer's people: they tell to whom a message goes, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from rules.calendar import Channel, business_calendar
from rules.facts import Blocked, CustomerFacts, Obstacle, Role
from rules.outreach import Contact
from rules.recipients import first, reach_of
from tests.scenarios.story import BUILT_IN, Story


@dataclass(frozen=True)
class Someone:
    """Somebody at the customer's: those of a role in their order of preference."""

    email: str | None
    role: Role = Role.ACCOUNTING
    phone: str | None = None
    texted: bool = False
    in_copy: bool = False


def story_of(*people: Someone) -> PeopleStory:
    """Begin a story of a French customer with these people, under the standard policy."""
    return PeopleStory(people)


class PeopleStory(Story):
    """A story whose messages are told as `reminder_1 by e-mail to compta@`."""

    def __init__(self, people: tuple[Someone, ...]) -> None:
        customer = CustomerFacts(business_calendar("FR"))
        super().__init__(BUILT_IN["standard"], customer, "at once", "at once")
        self.went: dict[str, Contact] = {}
        self.know(people)

    def know(self, people: tuple[Someone, ...]) -> Self:
        """These are the customer's people now."""
        self.people = people
        self.customer = replace(self.customer, reach=reach_of(people))
        self.simulatable = False
        return self

    def bounces(self, at: str, address: str) -> Self:
        """The last message to that address comes back: no contact was made, and the address is not used."""
        self.not_used(at, address)
        contact = self.went.pop(address)
        for item in contact.items:
            told = self.told[item.invoice]
            told.case = replace(
                told.case, done=tuple(done for done in told.case.done if done.step != item.step.key)
            )
        days = [done.on for told in self.told.values() for done in told.case.done]
        self.customer = replace(self.customer, last_contact_on=max(days, default=None))
        return self

    def not_used(self, at: str, address: str) -> Self:
        """Somebody does not want our messages at an address any more; what arrived has arrived."""
        self._live_until(self._moment(at))
        return self.know(
            tuple(replace(each, email=None) if each.email == address else each for each in self.people)
        )

    def found(self, at: str, someone: Someone) -> Self:
        """A person gives an address: whoever was asked for one is done."""
        self._live_until(self._moment(at))
        for told in self.told.values():
            told.case = replace(told.case, blocked=())
        return self.know((*self.people, someone))

    def _contact(self, contact: Contact) -> None:
        if not contact.unreachable:
            super()._contact(contact)
            return
        self._note("task find_contact", contact.invoices, contact.also)
        day = self._calendar.local_day(self._clock)
        for item in contact.items:
            told = self.told[item.invoice]
            waits = Blocked(item.step.key, Obstacle.FIND_CONTACT, day)
            told.case = replace(told.case, blocked=(*told.case.blocked, waits))

    def _to(self, contact: Contact) -> str:
        if contact.route.channel is not Channel.EMAIL or contact.route.role is None:
            return ""
        someone = first(self.people, contact.route.role, Channel.EMAIL)
        if someone is None or someone.email is None:
            return ""
        self.went[someone.email] = contact
        return f" to {someone.email}"
