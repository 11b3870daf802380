"""The whole life of a portfolio whose debtors' behaviour is known: the oracle of the workflows.

Each customer is lived through on its own, from instant to instant: cases start, facts arrive, steps
fall due, and `outreach` groups them into contacts. Approvals come at once, unless nobody is at work;
nothing is mocked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from rules.asking import remembering
from rules.calendar import Channel
from rules.decide import Decision, NextAction, State, decide
from rules.facts import Blocked, CaseFacts, CustomerFacts, Draft, Obstacle, StepDone
from rules.outreach import Contact, contact_due
from rules.pauses import TaskRequest
from rules.policy import Policy
from rules.preview import done


@dataclass(frozen=True, slots=True)
class Life:
    """One invoice of a simulated customer: its facts, past and future, and the instant its case starts."""

    case: CaseFacts
    policy: Policy
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Contacted:
    """One contact of the simulation. `at` is aware UTC; `invoices` were acted on, `also` folded in."""

    customer: str
    at: datetime
    channel: Channel
    step: str
    invoices: tuple[str, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A contact that waits for a person: for an address, when `unreachable`, else for its approval."""

    contact: Contacted
    unreachable: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one customer's portfolio ended: its contacts, and each invoice's last step and closing reason.

    With nobody at work, `asked` is what waits for a person, at the instant one was asked.
    `decisions` are the last ones, in the order of `ended`.
    """

    customer: str
    contacts: tuple[Contacted, ...]
    ended: tuple[tuple[str, str, str | None], ...]
    asked: tuple[Asked, ...] = ()
    decisions: tuple[Decision | None, ...] = ()


class _Lived:
    """A case on its way, with its decision kept until something may change it."""

    def __init__(self, life: Life) -> None:
        self.case = life.case
        self.policy = life.policy
        self.starts_at = life.starts_at
        self.facts_at = sorted(_instants(life.case))
        self.decision: Decision | None = None

    def next_at(self) -> datetime | None:
        """The next instant at which this case must be looked at."""
        if self.decision is None:
            return self.starts_at
        wake_at = self.decision.wake_at
        fact_at = self.facts_at[0] if self.facts_at else None
        return min((at for at in (wake_at, fact_at) if at is not None), default=None)

    def start(self, facts: CustomerFacts) -> CustomerFacts:
        """The customer's facts once this case is known: contacts made by another tool count too."""
        contacts = [step.on for step in self.case.done if step.channel is not Channel.DECISION]
        if self.decision is not None or not contacts:
            return facts
        last = max(contacts)
        known = facts.last_contact_on
        return replace(facts, last_contact_on=last if known is None else max(known, last))

    def look(self, customer: CustomerFacts, now: datetime) -> Decision:
        """Decide again at `now`."""
        while self.facts_at and self.facts_at[0] <= now:
            self.facts_at.pop(0)
        self.decision = decide(self.case, customer, self.policy, now)
        return self.decision

    def due(self) -> NextAction | None:
        """The step due at the last look."""
        return self.decision.next if self.decision and self.decision.state is State.DUE else None

    def ended(self) -> tuple[str, str, str | None]:
        """Invoice, last step done ("none" before any), and why it closed (None: still open)."""
        step = self.case.done[-1].step if self.case.done else "none"
        return self.case.invoice, step, self.decision.closing_reason if self.decision else None


def simulate(
    customer: str,
    facts: CustomerFacts,
    lives: Iterable[Life],
    *,
    until: datetime | None = None,
    people: bool = True,
) -> Outcome:
    """Live through the portfolio of one customer, until no case has an instant of its own left.

    :param facts: the customer's at the start; every contact, those of another tool included, moves its
        `last_contact_on`. A payment is known when it is made: the bank's files are not simulated.
    :param until: the instant at which to stop looking, itself left out; never, if None.
    :param people: whether approvals and addresses come at once. Without, a letter waits for its approval and
        a message for an address: nothing leaves and no gap begins. A life like that has no end of its own.
    :raises ValueError: nobody is at work, and no `until` given.
    """
    if until is None and not people:
        raise ValueError("without people a draft is composed again for ever: say until when to look")
    facts = replace(facts, bank=None, suspensions=(), turn=None)
    # By number, so that what happens in one instant does not depend on the order they were given in.
    cases = sorted((_Lived(life) for life in lives), key=lambda lived: lived.case.invoice)
    contacts: list[Contacted] = []
    asked: list[Asked] = []
    while (now := _next_instant(cases)) is not None and (until is None or now < until):
        awake = [lived for lived in cases if (at := lived.next_at()) is not None and at <= now]
        for lived in awake:
            facts = lived.start(facts)
        for lived in awake:
            lived.look(facts, now)
        facts = remembering(facts, _tasks(awake), now)
        facts = _act(customer, facts, cases, contacts, now, None if people else asked)
        facts = remembering(facts, _tasks(cases), now)
    return Outcome(
        customer,
        tuple(contacts),
        tuple(lived.ended() for lived in cases),
        tuple(asked),
        tuple(lived.decision for lived in cases),
    )


def _tasks(cases: Iterable[_Lived]) -> Iterator[tuple[str, date, tuple[TaskRequest, ...]]]:
    """Of each case the step it stands before, its day, and what people are asked."""
    for lived in cases:
        if lived.decision is not None and lived.decision.next is not None:
            coming = lived.decision.next
            yield coming.step.key, coming.day, lived.decision.tasks


def _next_instant(cases: Sequence[_Lived]) -> datetime | None:
    return min((at for lived in cases if (at := lived.next_at()) is not None), default=None)


def _act(
    customer: str,
    facts: CustomerFacts,
    cases: Sequence[_Lived],
    contacts: list[Contacted],
    now: datetime,
    asked: list[Asked] | None,
) -> CustomerFacts:
    """Do what is due at `now`: decisions of our own case by case, then one contact for all the rest.

    With `asked`, what needs a person is told there and waits.
    """
    for lived in cases:
        action = lived.due()
        if action is not None and not action.step.is_contact:
            contacts.append(
                Contacted(customer, now, action.route.channel, action.step.key, (lived.case.invoice,))
            )
            lived.case, _ = done(lived.case, facts, action, now)
            lived.look(facts, now)
    awake = [(lived, lived.decision) for lived in cases if lived.decision is not None]
    contact = contact_due([lived.case for lived, _ in awake], [decision for _, decision in awake])
    if contact is None:
        return facts
    told = Contacted(customer, now, contact.route.channel, contact.step.key, contact.invoices, contact.also)
    acted = {item.invoice: item for item in contact.items}
    day = facts.calendar.local_day(now)
    if asked is not None and (contact.unreachable or contact.needs_approval):
        asked.append(Asked(told, contact.unreachable))
        for lived in cases:
            if lived.case.invoice in acted:
                lived.case = _waiting(lived.case, contact, day)
                lived.look(facts, now)
        return facts
    contacts.append(told)
    facts = replace(facts, last_contact_on=day)
    for lived, _ in awake:
        item = acted.get(lived.case.invoice)
        if item is not None:
            step = StepDone(item.step.key, day, item.step.offset_days, contact.tone, contact.route.channel)
            lived.case = replace(lived.case, done=(*lived.case.done, step))
        lived.look(facts, now)
    return facts


def _waiting(case: CaseFacts, contact: Contact, day: date) -> CaseFacts:
    """The case once a person was asked, on `day`: for an address, or to approve what was composed."""
    item = next(item for item in contact.items if item.invoice == case.invoice)
    if contact.unreachable:
        asked = Blocked(item.step.key, Obstacle.FIND_CONTACT, day)
        return replace(case, blocked=(*case.blocked, asked))
    draft = Draft(contact.step.key, day, folded=item.folded, item_step=item.step.key)
    return replace(case, drafts=(*case.drafts, draft))


def _instants(case: CaseFacts) -> Iterator[datetime]:
    """Every instant at which a fact of the case becomes known."""
    for payment in case.payments:
        yield payment.received_at
        if payment.reversed_at is not None:
            yield payment.reversed_at
    for note in case.credit_notes:
        yield note.issued_at
    for dispute in case.disputes:
        yield dispute.opened_at
        if dispute.resolved_at is not None:
            yield dispute.resolved_at
    for plan in case.plans:
        yield plan.agreed_at
        if plan.cancelled_at is not None:
            yield plan.cancelled_at
    for claim in case.claims:
        yield claim.claimed_at
        if claim.withdrawn_at is not None:
            yield claim.withdrawn_at
    for pause in case.pauses:
        yield pause.since
        if pause.ended_at is not None:
            yield pause.ended_at


@dataclass(frozen=True, slots=True)
class Summary:
    """What a credit manager reads of a simulation.

    `contacts` and `paid_after` count by step ("none": before any contact); `decisions` are the hand-overs,
    which no debtor sees; `saved_by_grouping` is the number of contacts that one letter an invoice would
    have cost on top.
    """

    invoices: int
    customers: int
    customers_contacted: int
    contacts: dict[str, int]
    channels: dict[str, int]
    decisions: int
    paid_after: dict[str, int]
    still_open: int
    saved_by_grouping: int
    first_at: datetime | None
    last_at: datetime | None


def summarise(outcomes: Iterable[Outcome], policy: Policy) -> Summary:
    """Add up `outcomes`; steps come in the order of `policy`, any others after them."""
    contacts: Counter[str] = Counter()
    channels: Counter[str] = Counter()
    paid_after: Counter[str] = Counter()
    invoices = customers = contacted = decisions = still_open = saved = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    for outcome in outcomes:
        customers += 1
        made = [contact for contact in outcome.contacts if contact.channel is not Channel.DECISION]
        contacted += bool(made)
        decisions += len(outcome.contacts) - len(made)
        for contact in made:
            contacts[contact.step] += 1
            channels[contact.channel.value] += 1
            saved += len(contact.invoices) + len(contact.also) - 1
            first_at = contact.at if first_at is None else min(first_at, contact.at)
            last_at = contact.at if last_at is None else max(last_at, contact.at)
        for _, step, closed in outcome.ended:
            invoices += 1
            if closed is None:
                still_open += 1
            else:
                paid_after[step] += 1
    order = ["none", *policy.position, *sorted({*contacts, *paid_after} - {"none", *policy.position})]
    return Summary(
        invoices=invoices,
        customers=customers,
        customers_contacted=contacted,
        contacts={step: contacts[step] for step in order if contacts[step]},
        channels=dict(sorted(channels.items())),
        decisions=decisions,
        paid_after={step: paid_after[step] for step in order if paid_after[step]},
        still_open=still_open,
        saved_by_grouping=saved,
        first_at=first_at,
        last_at=last_at,
    )
