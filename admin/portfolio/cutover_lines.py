"""One line of a cut-over: what an invoice does next, whom that reaches, and what it asks of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from admin.portfolio.opening import Opening
from admin.portfolio.row import Row
from rules.calendar import BusinessCalendar, Channel
from rules.decide import Decision, NextAction, State, decide
from rules.facts import CustomerFacts, Role
from rules.simulate import Contacted, Outcome


@dataclass(frozen=True, slots=True)
class Creditor:
    """What a cut-over asks of a company: days between contacts, and who signs where no collector does."""

    gap_days: int | None = None
    signatory: str | None = None


@dataclass(frozen=True, slots=True)
class Opens:
    """A task for our own people: its kind, the customer's day on which it opens, and why."""

    kind: str
    on: date
    why: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """What one invoice does next; instants are aware UTC, to be read in `calendar`.

    `announced_at` is what its case says right after the import (nothing, while a promise is awaited), `at`
    when it comes about: later, where the customer's gap holds it back. `together` are all invoices of that
    contact. `role` and `to` are whom it reaches: None when nobody is known.
    """

    row: Row
    calendar: BusinessCalendar
    policy: str
    state: State
    outstanding: Decimal
    step: str | None
    channel: Channel | None
    role: str | None
    to: str | None
    at: datetime | None
    announced_at: datetime | None
    together: tuple[str, ...]
    why: str
    tasks: tuple[Opens, ...]
    warnings: tuple[str, ...]


class Acts:
    """When each invoice is acted on for the first time, and what its case says in the end."""

    def __init__(self, lived: Outcome, gap_days: int) -> None:
        self.gap_days = gap_days
        self.first: dict[str, Contacted] = {}
        self._contacts = [contact for contact in lived.contacts if contact.channel is not Channel.DECISION]
        self._carried = {invoice for asked in lived.asked for invoice in asked.contact.also}
        # What a letter for approval only carries along goes by itself the next day.
        waiting = [
            asked.contact if asked.unreachable else replace(asked.contact, also=()) for asked in lived.asked
        ]
        for contact in sorted((*lived.contacts, *waiting), key=lambda contact: contact.at):
            for invoice in (*contact.invoices, *contact.also):
                self.first.setdefault(invoice, contact)
        self.decisions = {
            invoice: decision for (invoice, _, _), decision in zip(lived.ended, lived.decisions, strict=True)
        }

    def at(self, invoice: str, action: NextAction) -> datetime:
        """When it is acted on: as foreseen, else as announced at the end of what is foreseen."""
        if invoice in self.first:
            return self.first[invoice].at
        decision = self.decisions[invoice]
        return decision.next.at if decision is not None and decision.next is not None else action.at

    def before(self, invoice: str, at: datetime) -> Contacted | None:
        """The contact with the customer that an invoice waits after; None when a letter carries it."""
        if invoice in self._carried:
            return None
        return next((contact for contact in reversed(self._contacts) if contact.at < at), None)


class People:
    """Whom messages reach at a customer's, and who of ours follows it, as the ledger will have it."""

    def __init__(self, rows: Sequence[Row], creditor: Creditor) -> None:
        self._known: dict[Role, set[tuple[str, str, str]]] = defaultdict(set)
        for row in rows:
            for role, email, phone, _ in row.contacts:
                number, kind = phone or ("", "")
                if email or number:
                    self._known[role].add((email or "", number, kind))
        # A customer is what its first row says.
        self.collector = rows[0].collector_email or creditor.signatory
        self._staff = {
            "collector": self.collector,
            "sales_rep": rows[0].sales_rep_email or self.collector,
            "credit_manager": creditor.signatory or self.collector,
        }

    def whom(self, action: NextAction) -> tuple[str | None, str | None]:
        """Role and address that a step goes to; a decision goes to one of ours."""
        channel, role = action.route.channel, action.route.role
        if channel is Channel.DECISION:
            return action.step.assignee, self._staff[action.step.assignee]
        if role is None:
            return None, None
        # Those without an e-mail address come last, as when a message is composed.
        for email, number, kind in sorted(self._known[role], key=lambda known: (not known[0], known)):
            if channel is Channel.SMS and kind == "mobile":
                return role.value, number
            if channel is Channel.PHONE and number:
                return role.value, number
            if channel in (Channel.EMAIL, Channel.LETTER) and email:
                return role.value, email
        return role.value, None


def line_of(opening: Opening, customer: CustomerFacts, people: People, acts: Acts) -> Ahead:
    row, calendar, decision = opening.row, customer.calendar, opening.decision
    later, decided_at = _later(opening, customer)
    action = later.next
    contact = acts.first.get(row.invoice)
    at = acts.at(row.invoice, action) if action else None
    role, to = people.whom(action) if action else (None, None)
    why = decision.why if later is decision else f"{decision.why}, then {later.why}"
    return Ahead(
        row=row,
        calendar=calendar,
        policy=opening.policy.key,
        state=decision.state,
        outstanding=decision.balance.outstanding,
        step=action.step.key if action else None,
        channel=action.route.channel if action else None,
        role=role,
        to=to,
        at=at,
        announced_at=decision.next.at if decision.next else None,
        together=tuple(sorted((*contact.invoices, *contact.also))) if contact and action else (),
        why=why,
        tasks=(
            *_case_tasks(opening, later, calendar.local_day(decided_at)),
            *_step_tasks(calendar, action, at),
        ),
        warnings=(*_case_warnings(opening, people), *_step_warnings(row.invoice, calendar, acts, action, at)),
    )


def _later(opening: Opening, customer: CustomerFacts) -> tuple[Decision, datetime]:
    """The first decision with a next step, and its instant: of a promise, when it is found broken."""
    decision, at = opening.decision, customer.calendar.start_of_day(opening.today)
    while decision.next is None and decision.wake_at is not None:
        at = decision.wake_at
        decision = decide(opening.case, customer, opening.policy, at)
    return decision, at


def _case_tasks(opening: Opening, later: Decision, on: date) -> Iterable[Opens]:
    """What people are asked of the case: with the import, and `on` the day a promise is broken."""
    if opening.disputed_at is not None and opening.resolved_at is None and not opening.closed:
        yield Opens("dispute", opening.today, f"disputed since {opening.row.disputed_on}")
    for request in opening.decision.tasks:
        yield Opens(request.kind, opening.today, request.why)
    for request in later.tasks:
        if request not in opening.decision.tasks:
            yield Opens(request.kind, on, request.why)


def _step_tasks(
    calendar: BusinessCalendar, action: NextAction | None, at: datetime | None
) -> Iterable[Opens]:
    """What people are asked when the next step comes."""
    if action is None or at is None:
        return
    on, channel = calendar.local_day(at), action.route.channel
    if channel is Channel.DECISION:
        yield Opens("decision", on, f"{action.step.key}: what follows")
    elif channel is Channel.PHONE:
        yield Opens("phone_call", on, f"{action.step.key}: call the debtor")
    elif _nobody(action):
        yield Opens("find_contact", on, f"{action.step.key}: find a contact")
    elif action.step.approval:
        yield Opens("approval", on, f"{action.step.key}: read and approve it")


def _nobody(action: NextAction) -> bool:
    return action.route.role is None and action.route.channel in (Channel.EMAIL, Channel.SMS)


def _case_warnings(opening: Opening, people: People) -> Iterable[str]:
    row, decision = opening.row, opening.decision
    if decision.state is State.CLOSED:
        return
    if people.collector is None:
        yield "no collector: nobody signs, and nobody is asked"
    if decision.state is State.BELOW_MINIMUM:
        yield "below the minimum: it is not chased"
    if decision.state is State.LADDER_DONE:
        yield f"{row.last_step} was its last step: nothing more happens by itself"
    if opening.promise is None:
        return
    promised = f"{row.promised_amount} {row.currency}"
    if any(task.kind == "broken_promise" for task in decision.tasks):
        yield f"broken promise: {promised} promised for {row.promised_on} did not come"
    elif row.promised_amount is not None and row.promised_amount < decision.balance.outstanding:
        yield f"only {promised} of {decision.balance.outstanding} is promised"


def _step_warnings(
    invoice: str, calendar: BusinessCalendar, acts: Acts, action: NextAction | None, at: datetime | None
) -> Iterable[str]:
    if action is None:
        return
    if _nobody(action):
        yield f"no address for {action.step.key}: a person will be told to find a contact"
    elif action.route.role is None and action.route.channel is Channel.PHONE:
        yield f"no telephone number for {action.step.key}: the collector finds it"
    elif action.route.role is None and action.route.channel is Channel.LETTER:
        yield f"no address for {action.step.key}: a person fills it in"
    if at is not None and at > action.at:
        held = f"announced for {calendar.local_day(action.at)}, comes on {calendar.local_day(at)}"
        contact = acts.before(invoice, at)
        if contact is None:
            yield f"{held}: carried by a letter that waits for approval"
        else:
            day, about = calendar.local_day(contact.at), ", ".join((*contact.invoices, *contact.also))
            yield f"{held}: the customer is contacted on {day} about {about} (gap of {acts.gap_days} days)"
