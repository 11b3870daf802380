"""Choosing whom a message goes to, and what an event says of an address: properties over any people."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.calendar import Channel, business_calendar
from rules.decide import resolve
from rules.facts import CustomerFacts, Role, Tone
from rules.policy import Step
from rules.recipients import (
    UnreachableCause,
    copies,
    first,
    reach_of,
    reaches,
    silenced,
)


@dataclass(frozen=True)
class Someone:
    """A contact, as the rules see it."""

    role: Role = Role.ACCOUNTING
    email: str | None = None
    phone: str | None = None
    texted: bool = False
    in_copy: bool = False


# Few addresses, in both kinds of letters, so that people share them.
PEOPLE = st.lists(
    st.builds(
        Someone,
        role=st.sampled_from(Role),
        email=st.sampled_from([None, "a@x.fr", "A@x.fr", "b@x.fr", "c@x.fr", "d@x.fr"]),
        phone=st.sampled_from([None, "+33612345678", "+33145678901"]),
        texted=st.booleans(),
        in_copy=st.booleans(),
    ),
    max_size=7,
)
MESSAGES = st.sampled_from([Channel.EMAIL, Channel.SMS, Channel.PHONE])


@given(people=PEOPLE, role=st.sampled_from(Role), channel=MESSAGES)
def test_the_first_of_the_role_who_is_reached(people: list[Someone], role: Role, channel: Channel) -> None:
    able = [each for each in people if each.role is role and reaches(channel, each)]
    assert first(people, role, channel) is (able[0] if able else None)


@given(people=PEOPLE, roles=st.lists(st.sampled_from(Role), max_size=3, unique=True))
def test_no_copy_is_doubled_unreachable_or_unasked(people: list[Someone], roles: list[Role]) -> None:
    to = first(people, Role.ACCOUNTING, Channel.EMAIL)
    if to is None or to.email is None:
        return
    found = copies(people, to, roles)
    small = [address.lower() for address in found]
    assert len(set(small)) == len(small)
    assert to.email.lower() not in small
    wanted = {
        each.email.lower()
        for each in people
        if each.email is not None
        and (
            (each.in_copy and each.role in (to.role, *roles))
            or (each.role in roles and each is first(people, each.role, Channel.EMAIL))
        )
    }
    assert set(small) == wanted - {to.email.lower()}


@given(
    people=PEOPLE,
    roles=st.lists(st.sampled_from(Role), min_size=1, max_size=3, unique=True),
    channel=st.sampled_from([Channel.EMAIL, Channel.SMS]),
)
def test_a_route_leads_to_somebody_and_to_the_first_role_that_has_one(
    people: list[Someone], roles: list[Role], channel: Channel
) -> None:
    step = Step(
        key="s", offset_days=5, channel=channel, template="t", tone=Tone.COURTEOUS, recipient=tuple(roles)
    )
    route = resolve(step, CustomerFacts(business_calendar("FR"), reach=reach_of(people)))
    able = [role for role in roles if first(people, role, channel) is not None]
    assert route.role is (able[0] if able else None)


def test_two_of_a_role_the_second_reads_along_only_if_it_says_so() -> None:
    to, other = Someone(email="compta@x.fr"), Someone(email="factures@x.fr")
    buyers = (Someone(Role.BUYER, "achats@x.fr"), Someone(Role.BUYER, "achats2@x.fr"))
    assert copies((to, other, *buyers), to, ()) == ()
    assert copies((to, other, *buyers), to, (Role.BUYER,)) == ("achats@x.fr",)
    along = Someone(email="factures@x.fr", in_copy=True)
    assert copies((to, along, *buyers), to, (Role.BUYER,)) == ("factures@x.fr", "achats@x.fr")


@pytest.mark.parametrize(
    ("cause", "told_by", "closed"),
    [
        (UnreachableCause.HARD_BOUNCE, Channel.EMAIL, Channel.EMAIL),
        (UnreachableCause.DROPPED, Channel.EMAIL, Channel.EMAIL),
        (UnreachableCause.SPAM_REPORT, Channel.EMAIL, Channel.EMAIL),
        (UnreachableCause.UNSUBSCRIBED, Channel.EMAIL, Channel.EMAIL),
        # A number that does not exist takes no call either; a landline does.
        (UnreachableCause.INVALID_NUMBER, Channel.SMS, Channel.PHONE),
        (UnreachableCause.LANDLINE, Channel.SMS, Channel.SMS),
        # STOP to an SMS is no word about telephone calls.
        (UnreachableCause.OPTED_OUT, Channel.SMS, Channel.SMS),
        (UnreachableCause.OPTED_OUT, Channel.EMAIL, Channel.EMAIL),
    ],
)
def test_what_a_cause_closes(cause: UnreachableCause, told_by: Channel, closed: Channel) -> None:
    assert silenced(cause, told_by) is closed
