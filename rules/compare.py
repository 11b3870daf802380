"""What a changed policy would do to running cases: a customer is lived through twice, and the lives compared.

As in a preview, nobody pays, every bank file comes in time and nothing is suspended; approvals, addresses and
calls are done at once, so that the ladder is compared and not how fast people work.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from rules.calendar import Channel
from rules.decide import resolve
from rules.facts import CaseFacts, CustomerFacts
from rules.policy import Policy, Step
from rules.simulate import Contacted, Life, simulate


@dataclass(frozen=True, slots=True)
class Running:
    """An open case and the edition it follows."""

    case: CaseFacts
    policy: Policy


@dataclass(frozen=True, slots=True)
class Act:
    """What is done on a day, at the customer's place: a contact, or a decision of our own people.

    `approval`: a person reads it first. `nobody`: no address is known for it, a person finds one first.
    """

    on: date
    step: str
    channel: Channel
    invoices: int
    approval: bool
    nobody: bool

    @property
    def is_contact(self) -> bool:
        """Whether the customer hears of it."""
        return self.channel is not Channel.DECISION


@dataclass(frozen=True, slots=True)
class Compared:
    """One customer: what is done as things stand, and what would be with its cases moved."""

    customer: str
    before: tuple[Act, ...]
    after: tuple[Act, ...]


def compare(
    customer: str,
    facts: CustomerFacts,
    cases: Sequence[Running],
    candidate: Policy,
    now: datetime,
    days: int,
) -> Compared:
    """Live through `days` days of a customer, today included, as things stand and under `candidate`.

    As things stand is what publishing `candidate` leaves: a running case keeps its edition. Under it, the
    cases of any edition of the same policy are moved to it; those of other policies stay, and are grouped
    with them as ever.
    """
    moved = [
        Running(running.case, candidate if running.policy.key == candidate.key else running.policy)
        for running in cases
    ]
    until = facts.calendar.start_of_day(facts.calendar.local_day(now) + timedelta(days=days))
    return Compared(
        customer,
        tuple(_acts(customer, facts, cases, now, until)),
        tuple(_acts(customer, facts, moved, now, until)),
    )


def _acts(
    customer: str, facts: CustomerFacts, cases: Sequence[Running], now: datetime, until: datetime
) -> Iterator[Act]:
    # A letter that waits for its approval gets it at once; that of a moved case is composed again.
    lives = [Life(replace(running.case, drafts=()), running.policy, now) for running in cases]
    policies = {running.case.invoice: running.policy for running in cases}
    for contact in simulate(customer, facts, lives, until=until).contacts:
        step = _step(contact, policies)
        route = resolve(step, facts)
        yield Act(
            on=facts.calendar.local_day(contact.at),
            step=contact.step,
            channel=contact.channel,
            invoices=len(contact.invoices) + len(contact.also),
            approval=step.approval,
            nobody=route.role is None and route.channel in (Channel.EMAIL, Channel.SMS),
        )


def _step(contact: Contacted, policies: dict[str, Policy]) -> Step:
    """The step a contact is made at: of two policies that have it, the stronger leads."""
    steps = (policies[invoice].step(contact.step) for invoice in contact.invoices)
    return max(steps, key=lambda step: (step.strength, step.offset_days))


@dataclass(slots=True)
class Pair:
    """A number as things stand, and with the cases moved."""

    before: int = 0
    after: int = 0

    def count(self, *, after: bool) -> None:
        """One more, on one side."""
        if after:
            self.after += 1
        else:
            self.before += 1

    def merge(self, other: Pair) -> None:
        """As many more as another has, on each side."""
        self.before += other.before
        self.after += other.after


@dataclass(frozen=True, slots=True)
class First:
    """A customer that only one of two lives contacts, and its first contact there."""

    customer: str
    act: Act


@dataclass(slots=True)
class Difference:
    """The sum over customers. Contacts by day and step; the rest counts what people are asked for.

    `own_cases` follow the policy that is changed, `suspended` customers are under a suspension.
    """

    customers: int = 0
    own_cases: int = 0
    suspended: int = 0
    days: dict[date, dict[str, Pair]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Pair)))
    steps: dict[str, Pair] = field(default_factory=lambda: defaultdict(Pair))
    contacts: Pair = field(default_factory=Pair)
    contacted: Pair = field(default_factory=Pair)
    approvals: Pair = field(default_factory=Pair)
    addresses: Pair = field(default_factory=Pair)
    decisions: Pair = field(default_factory=Pair)
    newly: list[First] = field(default_factory=list)
    no_longer: list[First] = field(default_factory=list)

    def look(
        self,
        customer: str,
        facts: CustomerFacts,
        cases: Sequence[Running],
        candidate: Policy,
        now: datetime,
        days: int,
    ) -> None:
        """Live through a customer, as `compare` does, and count what was found."""
        self.add(compare(customer, facts, cases, candidate, now, days))
        self.own_cases += sum(running.policy.key == candidate.key for running in cases)
        self.suspended += bool(facts.suspensions)

    def add(self, compared: Compared) -> None:
        """Count a customer."""
        self.customers += 1
        for act in compared.before:
            self._count(act, after=False)
        for act in compared.after:
            self._count(act, after=True)
        before, after = _first(compared.before), _first(compared.after)
        self.contacted.before += before is not None
        self.contacted.after += after is not None
        if before is None and after is not None:
            self.newly.append(First(compared.customer, after))
        if after is None and before is not None:
            self.no_longer.append(First(compared.customer, before))

    def merge(self, other: Difference) -> None:
        """Take in the sum over other customers."""
        self.customers += other.customers
        self.own_cases += other.own_cases
        self.suspended += other.suspended
        for mine, theirs in zip(self._pairs(), other._pairs(), strict=True):
            mine.merge(theirs)
        for name, pair in other.steps.items():
            self.steps[name].merge(pair)
        for day, steps in other.days.items():
            for name, pair in steps.items():
                self.days[day][name].merge(pair)
        self.newly += other.newly
        self.no_longer += other.no_longer

    def _pairs(self) -> tuple[Pair, ...]:
        return self.contacts, self.contacted, self.approvals, self.addresses, self.decisions

    def _count(self, act: Act, *, after: bool) -> None:
        if not act.is_contact:
            self.decisions.count(after=after)
            return
        self.contacts.count(after=after)
        self.days[act.on][act.step].count(after=after)
        self.steps[act.step].count(after=after)
        if act.approval:
            self.approvals.count(after=after)
        if act.nobody:
            self.addresses.count(after=after)


def _first(acts: Iterable[Act]) -> Act | None:
    return next((act for act in acts if act.is_contact), None)
