"""What a customer's data lack for the steps that are still to come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from rules.calendar import Channel
from rules.decide import resolve
from rules.facts import CustomerFacts, Reach, Role
from rules.policy import Policy, Step


class GapKind(StrEnum):
    """What is missing, or cannot be used."""

    MISSING_EMAIL = "missing_email"
    MISSING_MOBILE = "missing_mobile"
    MISSING_PHONE = "missing_phone"
    MISSING_POSTAL_ADDRESS = "missing_postal_address"
    MISSING_LANGUAGE = "missing_language"
    UNUSABLE_ADDRESS = "unusable_address"


class Effect(StrEnum):
    """What comes of it if nobody mends it."""

    WAITS = "waits"
    """A person is asked when the step is due, and it waits for them."""
    ANOTHER_ROLE = "another_role"
    ANOTHER_CHANNEL = "another_channel"
    NO_COPY = "no_copy"
    BY_COUNTRY = "by_country"
    """The language is that of the country: French where it is spoken, else English."""
    NOT_USED = "not_used"


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing, of one role if it is about one, and the steps to come that want it."""

    kind: GapKind
    role: Role | None
    effect: Effect
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a case stands on its policy: its next step, or, without one, the last that was done."""

    policy: Policy
    next_step: str | None
    stage: str

    @property
    def to_come(self) -> tuple[Step, ...]:
        """The steps that are still to come."""
        place = self.policy.position
        if self.next_step in place:
            return self.policy.steps[place[self.next_step] :]
        return self.policy.steps[place[self.stage] + 1 if self.stage in place else 0 :]


_WANTED: Mapping[Channel, GapKind] = {
    Channel.EMAIL: GapKind.MISSING_EMAIL,
    Channel.SMS: GapKind.MISSING_MOBILE,
    Channel.PHONE: GapKind.MISSING_PHONE,
}


def gaps(standings: Iterable[Standing], customer: CustomerFacts, *, postal_address: bool) -> tuple[Gap, ...]:
    """What the steps to come of a customer's cases will not find, each said once.

    Args:
        standings: where its open cases stand.
        customer: by which means its people can be reached.
        postal_address: whether it is known where letters go.
    """
    found: dict[tuple[GapKind, Role | None, Effect], dict[str, None]] = {}
    for standing in standings:
        for step in standing.to_come:
            for kind, role, effect in _of_step(step, customer, postal_address=postal_address):
                found.setdefault((kind, role, effect), {})[step.key] = None
    return tuple(Gap(*what, tuple(steps)) for what, steps in found.items())


def _of_step(
    step: Step, customer: CustomerFacts, *, postal_address: bool
) -> Iterable[tuple[GapKind, Role | None, Effect]]:
    if step.channel is Channel.LETTER and not postal_address:
        yield GapKind.MISSING_POSTAL_ADDRESS, None, Effect.WAITS
    if step.channel in _WANTED and step.recipient:
        route = resolve(step, customer)
        wanted = step.recipient[0]
        if route.channel is not step.channel:
            yield _WANTED[step.channel], wanted, Effect.ANOTHER_CHANNEL
        elif route.role is None:
            yield _WANTED[step.channel], wanted, Effect.WAITS
        elif route.role is not wanted:
            yield _WANTED[step.channel], wanted, Effect.ANOTHER_ROLE
    for role in step.cc:
        if not customer.reach.get(role, Reach()).email:
            yield GapKind.MISSING_EMAIL, role, Effect.NO_COPY
