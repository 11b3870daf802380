"""One customer: what goes out now, over all its open invoices, as one contact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from rules.asking import remembering
from rules.calendar import Channel
from rules.decide import Decision, NextAction, Route, State, decide
from rules.facts import TONES, CaseFacts, CustomerFacts, Tone
from rules.policy import Policy, Step


@dataclass(frozen=True, slots=True)
class Ladder:
    """A case with the policy version it runs under."""

    case: CaseFacts
    policy: Policy


@dataclass(frozen=True, slots=True)
class Item:
    """An invoice acted on by a contact: its own step, and whether it is folded into a stronger one."""

    invoice: str
    step: Step
    folded: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """One contact with one customer.

    `invoices` stand at the contact's step, `also` at weaker ones that were due too; both advance. `tone`
    is never weaker than the last any of them met. `companion` asks for a statement e-mail along with
    an SMS or a call that carries folded items. `needs_approval`: compose, store and ask; nothing leaves.
    """

    step: Step
    route: Route
    tone: Tone
    items: tuple[Item, ...]
    needs_approval: bool
    companion: bool

    @property
    def invoices(self) -> tuple[str, ...]:
        """Invoices at the contact's own step, sorted."""
        return tuple(sorted(item.invoice for item in self.items if not item.folded))

    @property
    def unreachable(self) -> bool:
        """Whether a message has nobody to go to: a person is asked to find somebody."""
        return self.route.role is None and self.route.channel in (Channel.EMAIL, Channel.SMS)

    @property
    def also(self) -> tuple[str, ...]:
        """Invoices due at weaker steps, sorted."""
        return tuple(sorted(item.invoice for item in self.items if item.folded))


@dataclass(frozen=True, slots=True)
class Outreach:
    """The decisions on every case, in the order given, and the one contact due now, if any."""

    decisions: tuple[Decision, ...]
    contact: Contact | None


def outreach(customer: CustomerFacts, ladders: Sequence[Ladder], now: datetime) -> Outreach:
    """Decide every case of the customer at `now` and group all that is due into one contact.

    The contact takes the strongest due step. An approved draft goes with exactly the items it was
    approved for: others due at its step wait for the customer's gap.
    """
    decisions = tuple(decide(ladder.case, customer, ladder.policy, now) for ladder in ladders)
    return Outreach(decisions, contact_due([ladder.case for ladder in ladders], decisions))


def next_contact(
    customer: CustomerFacts,
    ladders: Sequence[Ladder],
    now: datetime,
    decided: Sequence[Decision] | None = None,
) -> tuple[datetime, Contact] | None:
    """The next contact with the customer and its instant, if no fact arrives and nobody acts.

    None when nothing will go out by itself: all is paused without end, waits for a person, or is closed.
    `decided` are the decisions on the ladders at `now`, for who has made them already.
    """
    cases = [ladder.case for ladder in ladders]
    if decided is None:
        decided = [decide(ladder.case, customer, ladder.policy, now) for ladder in ladders]
    decisions = list(decided)
    at = now
    # Between its instants a decision stands; each wake brings a ladder or a promise on, so they are few.
    for _ in range(20 * len(ladders) + 20):
        contact = contact_due(cases, decisions)
        if contact is not None:
            return at, contact
        wakes = [decision.wake_at for decision in decisions if decision.wake_at and decision.wake_at > at]
        if not wakes:
            return None
        asked = [(each.next.step.key, each.next.day, each.tasks) for each in decisions if each.next]
        customer = remembering(customer, asked, at)
        at = min(wakes)
        for place, ladder in enumerate(ladders):
            wake_at = decisions[place].wake_at
            if wake_at is not None and wake_at <= at:
                decisions[place] = decide(ladder.case, customer, ladder.policy, at)
    return None


def contact_due(cases: Sequence[CaseFacts], decisions: Sequence[Decision]) -> Contact | None:
    """The one contact for every step that is due among `decisions` (one a case, in the same order)."""
    due = [
        (case, decision.next)
        for case, decision in zip(cases, decisions, strict=True)
        if decision.state is State.DUE and decision.next is not None and decision.next.step.is_contact
    ]
    if not due:
        return None
    _, lead = max(
        due, key=lambda d: (d[1].step.strength, d[1].approved, d[1].step.offset_days, d[1].step.key)
    )
    chosen = [(c, n) for c, n in due if _quoted(c, n, lead.step.key)] if lead.approved else due
    items = tuple(
        Item(case.invoice, action.step, folded=_weaker(action.step, lead.step)) for case, action in chosen
    )
    return Contact(
        step=lead.step,
        route=lead.route,
        tone=max((action.tone for _, action in chosen), key=TONES.index),
        items=items,
        needs_approval=lead.step.approval and not lead.approved,
        companion=lead.route.channel in (Channel.SMS, Channel.PHONE) and any(item.folded for item in items),
    )


def _quoted(case: CaseFacts, action: NextAction, step: str) -> bool:
    """Whether the approved draft of that step is about what this case is due at now: its bytes are fixed."""
    return any(
        draft.step == step
        and draft.approved
        and not draft.stale
        and draft.item_step in (None, action.step.key)
        for draft in case.drafts
    )


def _weaker(step: Step, lead: Step) -> bool:
    return step.key != lead.key or step.strength < lead.strength


def owes_thanks(
    paid: Sequence[tuple[CaseFacts, Decision]], others: Sequence[tuple[CaseFacts, Decision]], today: date
) -> bool:
    """Whether a thank-you is due: a reminder had gone out for one just paid, and nothing else is late.

    `paid` are the cases that closed, `others` the customer's open ones, `today` its local day. An
    account statement is not a reminder, and what is too small to chase is not late.
    """
    reminded = any(
        decision.closing_reason == "paid in full"
        and any(done.tone is not Tone.STATEMENT for done in case.done)
        for case, decision in paid
    )
    late = any(
        case.due_on < today and decision.state not in (State.CLOSED, State.BELOW_MINIMUM)
        for case, decision in others
    )
    return reminded and not late
