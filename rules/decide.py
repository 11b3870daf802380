"""One case: from the facts to what happens next, when, and why.

`decide` is called at every wake of a running case, by the preview, by the simulation and by the
tests. It is a pure function: the same facts at the same instant give the same decision.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from rules.asking import asking, question
from rules.calendar import BusinessCalendar, Channel, opening_hours
from rules.calls_due import CallsDue, call_after_notice, calls_due
from rules.facts import (
    TONES,
    CaseFacts,
    CustomerFacts,
    Draft,
    Obstacle,
    Role,
    StepDone,
    Tone,
    stronger,
)
from rules.gates import hold, in_words, suspended
from rules.ledger import Balance, balance
from rules.pauses import Pauses, TaskRequest, pauses
from rules.policy import Policy, Step

APPROVAL_BUSINESS_DAYS = 10


class State(StrEnum):
    """What a case is doing."""

    WAITING = "waiting"
    DUE = "due"
    AWAITING_APPROVAL = "awaiting_approval"
    AWAITING_PERSON = "awaiting_person"
    AWAITING_BANK = "awaiting_bank"
    SUSPENDED = "suspended"
    WITHHELD = "withheld"
    PAUSED = "paused"
    STOPPED = "stopped"
    BELOW_MINIMUM = "below_minimum"
    LADDER_DONE = "ladder_done"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Route:
    """How a step reaches the debtor: the channel left after fallbacks, the role, the template.

    `role` is None when nobody of the wanted roles can be reached that way: a person is then asked.
    """

    channel: Channel
    role: Role | None
    template: str
    fallback: bool = False


@dataclass(frozen=True, slots=True)
class NextAction:
    """The next step of a case. `planned` is due date + offset; `at` is the aware UTC instant it happens."""

    step: Step
    route: Route
    tone: Tone
    planned: date
    day: date
    at: datetime
    due: bool
    approved: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What `decide` found. `wake_at` is when the case must be looked at again if no fact arrives.

    `awaits_bank` is a day: once the bank is known up to it, the case must be looked at again, too; so it must
    once the `suspension` is over.
    """

    state: State
    stage: str
    balance: Balance
    why: str
    next: NextAction | None = None
    wake_at: datetime | None = None
    paused_by: str | None = None
    closing_reason: str | None = None
    tasks: tuple[TaskRequest, ...] = ()
    awaits_bank: date | None = None
    suspension: int | None = None


def decide(case: CaseFacts, customer: CustomerFacts, policy: Policy, now: datetime) -> Decision:
    """Decide one case at the instant `now` (aware UTC).

    The rules and their order are those of the design: closed, stopped, paused, below the minimum,
    then the ladder; and a step of it that asks for money waits for bank data that are too old.
    """
    owed = balance(case, now)
    last = _last_done(case, policy)
    stage = last.step if last else "new"
    if case.closed_by is not None:
        return Decision(State.CLOSED, "closed", owed, case.closed_by, closing_reason=case.closed_by)
    if owed.outstanding <= 0:
        reason = "paid in full" if _paid(case, now) else "credited in full"
        return Decision(State.CLOSED, "closed", owed, reason, closing_reason=reason)
    if customer.stopped_by is not None:
        since = f" since {customer.stopped_on}" if customer.stopped_on else ""
        why = f"all contact stopped: {customer.stopped_by.value.replace('_', ' ')}{since}"
        return Decision(State.STOPPED, stage, owed, why, paused_by=customer.stopped_by.value)

    held = pauses(case, customer, now)
    calls = calls_due(case, customer.calendar, now)
    tasks = held.tasks + calls.tasks
    if held.active:
        first = held.active[0]
        upcoming = None
        if held.ends_at is not None:
            upcoming = _next_action(case, customer, policy, last, held.ends_at, held, now)
        reasons = "; ".join(f"{i.reason.replace('_', ' ')} ({i.why})" for i in held.active)
        then = f", then {upcoming.next.step.key} {upcoming.why}" if upcoming else ""
        return Decision(
            State.PAUSED,
            stage,
            owed,
            f"paused by {reasons}{then}",
            next=upcoming.next if upcoming else None,
            wake_at=_earliest(held.wake_at, calls.wake_at),
            paused_by=first.reason,
            tasks=tasks,
            awaits_bank=held.awaits,
        )
    threshold = policy.threshold(case.currency)
    if owed.chaseable < threshold or owed.chaseable <= 0:
        why = f"{owed.chaseable} {case.currency} is below the minimum of {threshold} {case.currency}"
        return Decision(State.BELOW_MINIMUM, stage, owed, why, wake_at=calls.wake_at, tasks=tasks)
    calls = call_after_notice(calls, case, customer, policy, now)
    tasks = held.tasks + calls.tasks
    found = _next_action(case, customer, policy, last, now, held, now)
    if found is None:
        why = "every step of the policy is done; a person decides"
        return Decision(
            State.LADDER_DONE,
            stage,
            owed,
            why,
            wake_at=calls.wake_at,
            tasks=tasks,
            awaits_bank=calls.awaits_bank,
            suspension=calls.suspension,
        )
    decision = _ladder(case, found, owed, stage, calls, tasks, customer.calendar, now)
    return _asked(_gated(decision, found, calls, customer, policy, now), found, customer, now)


def _asked(decision: Decision, found: _Found, customer: CustomerFacts, now: datetime) -> Decision:
    """Somebody may have to be asked about the step before its day: now, or when the case wakes for it."""
    if found.ask_on is None:
        return decision
    if found.ask_on <= customer.calendar.local_day(now):
        asks = question(found.next.step, found.next.day)
        return replace(decision, tasks=(*decision.tasks, asks))
    return replace(decision, wake_at=_earliest(decision.wake_at, customer.calendar.slot(found.ask_on)))


def _gated(
    decision: Decision, found: _Found, calls: CallsDue, customer: CustomerFacts, policy: Policy, now: datetime
) -> Decision:
    """A step whose day has come may be held, at night as well; an earlier one says what is suspended."""
    action, channel = found.next, found.next.route.channel
    if decision.state is not State.DUE and not (found.reached and decision.state is State.WAITING):
        stopped = suspended(customer, policy, channel)
        return replace(decision, why=f"{decision.why}; {in_words(stopped)}") if stopped else decision
    held = hold(customer, policy, action.step, channel, action.tone, max(now, action.at))
    if held is None:
        return decision
    return replace(
        decision,
        state=State.AWAITING_BANK if held.suspension is None else State.SUSPENDED,
        why=held.why,
        next=_not_due(action),
        wake_at=calls.wake_at,
        paused_by=held.paused_by,
        tasks=tuple(task for task in decision.tasks if task.kind != "decision"),
        awaits_bank=held.awaits_bank,
        suspension=held.suspension,
    )


def _paid(case: CaseFacts, now: datetime) -> bool:
    return any(
        payment.received_at <= now and (payment.reversed_at is None or payment.reversed_at > now)
        for payment in case.payments
    )


class _Found(NamedTuple):
    """The next step. `come`: its day is here, at any hour; `reached`: a business day; `ask_on`: ask then."""

    next: NextAction
    why: str
    come: bool
    reached: bool
    ask_on: date | None = None


def _ladder(
    case: CaseFacts,
    found: _Found,
    owed: Balance,
    stage: str,
    calls: CallsDue,
    tasks: tuple[TaskRequest, ...],
    calendar: BusinessCalendar,
    now: datetime,
) -> Decision:
    """The case stands before a step: it waits for its time, for a person, or the step is due."""
    action, why = found.next, found.why
    if calls.unmade:
        why += "; the call is not made yet"
    state = State.DUE if action.due else State.WAITING
    wake_at: datetime | None = action.at
    draft = _draft(case, action.step.key)
    blocked = next((b for b in case.blocked if b.step == action.step.key), None) if case.blocked else None
    if found.come and draft is not None and not draft.approved and not draft.stale:
        expires = calendar.add_business_days(draft.composed_on, APPROVAL_BUSINESS_DAYS)
        if calendar.local_day(now) < expires:
            state, wake_at = State.AWAITING_APPROVAL, calendar.slot(expires)
            why = f"composed on {draft.composed_on}, waits for approval; composed again on {expires}"
            action = _not_due(action)
    elif found.come and blocked is not None:
        if blocked.until is None:
            state, wake_at = State.AWAITING_PERSON, None
            why = f"{blocked.obstacle.value.replace('_', ' ')}: a person was asked on {blocked.since}"
            action = _not_due(action)
        elif calendar.local_day(now) < blocked.until:
            state = State.WITHHELD if blocked.obstacle is Obstacle.WITHHELD else State.AWAITING_PERSON
            wake_at = calendar.slot(calendar.first_business_day(blocked.until))
            why = f"would have left on {blocked.since}: sending is off for this recipient"
            action = _not_due(action)
    if state is State.DUE and not action.step.is_contact:
        tasks = (*tasks, TaskRequest("decision", f"decision/{case.invoice}/{action.step.key}", why))
    return Decision(
        state,
        stage,
        owed,
        why,
        next=action,
        wake_at=_earliest(wake_at, calls.wake_at),
        tasks=tasks,
        awaits_bank=calls.awaits_bank,
        suspension=calls.suspension,
    )


def _not_due(action: NextAction) -> NextAction:
    return replace(action, due=False, approved=False)


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)


def _last_done(case: CaseFacts, policy: Policy) -> StepDone | None:
    return max(case.done, key=lambda done: (_place(done, policy), done.on), default=None)


def _place(done: StepDone, policy: Policy) -> int:
    """Place of a done step on this policy's ladder; of one from another policy, by its offset.

    Whatever the offsets say, nobody is taken past a formal notice it never got.
    """
    if done.step in policy.position:
        return policy.position[done.step]
    reached = [step for step in policy.steps if step.offset_days <= done.offset_days]
    if done.channel is not Channel.LETTER:
        letters = [place for place, step in enumerate(policy.steps) if step.channel is Channel.LETTER]
        return min([len(reached), *letters]) - 1
    return len(reached) - 1


def _next_place(case: CaseFacts, policy: Policy, last: StepDone | None) -> int:
    if last is not None:
        return _place(last, policy) + 1
    come = [
        place
        for place, step in enumerate(policy.steps)
        if case.due_on + timedelta(days=step.offset_days) <= case.opened_on
    ]
    return min(max(come, default=0), policy.position[policy.entry_cap])


def _next_action(
    case: CaseFacts,
    customer: CustomerFacts,
    policy: Policy,
    last: StepDone | None,
    start: datetime,
    held: Pauses,
    now: datetime,
) -> _Found | None:
    """The next step and its instant, reckoned from `start` (now, or the end of the pause in force)."""
    calendar = customer.contact_days
    today = calendar.local_day(now)
    begins = today if start == now else calendar.local_day(start)
    resumed = held.last_end if start == now else begins
    tone = max([done.tone for done in case.done], key=TONES.index, default=Tone.STATEMENT)
    for place in range(_next_place(case, policy, last), len(policy.steps)):
        step = policy.steps[place]
        route = resolve(step, customer)
        planned = case.due_on + timedelta(days=step.offset_days)
        floors = _floors(case, customer, policy, step, resumed)
        earliest = max([planned, *(floor.day for floor in floors)])
        ask = asking(case, customer, policy, step, earliest, begins)
        if ask is not None:
            floors.append(_Floor(ask.day, ask.why))
            earliest = max(earliest, ask.day)
        at = _instant(calendar, earliest, route.channel, start)
        leaves = calendar.local_day(at)
        if step.offset_days < 0 and leaves > case.due_on:
            continue
        draft = _draft(case, step.key)
        action = NextAction(
            step=step,
            route=route,
            tone=stronger(step.tone, tone),
            planned=planned,
            day=max(calendar.first_business_day(max(earliest, begins)), leaves),
            at=at,
            due=at <= now,
            approved=draft is not None and draft.approved and not draft.stale,
        )
        come = earliest <= today
        reached = come and calendar.first_business_day(earliest) <= today
        why = _explain(calendar, step, planned, floors, action, start)
        return _Found(action, why, come, reached, ask.ask_on if ask else None)
    return None


class _Floor(NamedTuple):
    day: date
    why: str


def _floors(
    case: CaseFacts, customer: CustomerFacts, policy: Policy, step: Step, resumed: date | None
) -> list[_Floor]:
    """The days before which this step may not come, each with its reason."""
    floors = []
    contacts = [done.on for done in case.done]
    if contacts:
        last = max(contacts)
        floors.append(
            _Floor(
                last + timedelta(days=policy.min_gap_days),
                f"{policy.min_gap_days} days after the last contact on this invoice ({last})",
            )
        )
    if resumed is not None:
        floors.append(
            _Floor(
                resumed + timedelta(days=policy.resume_gap_days),
                f"{policy.resume_gap_days} days after the end of the pause ({resumed})",
            )
        )
    if step.is_contact and customer.last_contact_on is not None:
        last = customer.last_contact_on
        floors.append(
            _Floor(
                last + timedelta(days=customer.gap_days),
                f"{customer.gap_days} days after the customer's last contact ({last})",
            )
        )
    if step.is_contact and customer.turn is not None:
        turn = customer.turn
        floors.append(_Floor(turn.day, f"its turn after suspension {turn.suspension}"))
    if not step.is_contact:
        floors.extend(_notice_lock(case, policy))
    for draft in case.drafts:
        if draft.folded and not draft.approved and not draft.stale and draft.step != step.key:
            floors.append(
                _Floor(
                    customer.calendar.add_business_days(draft.composed_on, 1),
                    f"carried by the {draft.step} that waits for approval since {draft.composed_on}",
                )
            )
    return floors


def _notice_lock(case: CaseFacts, policy: Policy) -> list[_Floor]:
    """A decision on what follows the notice is locked until the notice's own deadline has passed.

    The debtor's days run from the posting: from the later of the letter's day and the day recorded.
    """
    locks = []
    for done in case.done:
        if done.step in policy.position:
            term = policy.step(done.step).deadline_days
            if term is not None:
                posted = max(done.on, done.posted_on or done.on)
                deadline = posted + timedelta(days=term)
                why = f"the notice's deadline is {deadline}"
                if done.posted_on == posted:
                    why += f", {term} days after it was posted on {posted}"
                locks.append(_Floor(deadline + timedelta(days=1), why))
    return locks


def _instant(calendar: BusinessCalendar, earliest: date, channel: Channel, start: datetime) -> datetime:
    """09:30 of the first business day; already passed today: now if inside the hours, else when they open.

    On the same day they open again at 14:00 (SMS, phone); on another, the slot is 09:30.
    """
    today = calendar.local_day(start)
    day = calendar.first_business_day(max(earliest, today))
    slot = calendar.slot(day)
    if day > today or start <= slot:
        return slot
    if calendar.is_open(channel, start):
        return start
    for opens, _ in opening_hours(channel):
        again = calendar.instant(today, opens)
        if again > start:
            return again
    return calendar.slot(calendar.first_business_day(today + timedelta(days=1)))


def _explain(
    calendar: BusinessCalendar,
    step: Step,
    planned: date,
    floors: list[_Floor],
    action: NextAction,
    start: datetime,
) -> str:
    """Why the step happens on that day, in one line a credit manager can check."""
    offset = step.offset_days
    side = "before" if offset < 0 else "after"
    words = [f"{abs(offset)} days {side} the due date" if offset else "on the due date"]
    binding = max(floors, key=lambda floor: floor.day, default=None)
    earliest = planned
    if binding is not None and binding.day > planned:
        earliest = binding.day
        words.append(f"not before {binding.day}, {binding.why}")
    natural = calendar.first_business_day(earliest)
    if natural < calendar.local_day(start):
        words.append(f"late: its day was {natural}")
    elif natural != earliest:
        words.append(f"{earliest} is {calendar.why_closed(earliest)}: moved to {natural}")
    if action.day > max(natural, calendar.first_business_day(calendar.local_day(start))):
        words.append(f"past the hours of that day: moved to {action.day}")
    if action.route.fallback:
        words.append(f"no mobile number: by {action.route.channel.value}")
    elif action.route.role is None and action.route.channel in (Channel.EMAIL, Channel.SMS):
        words.append("no address known yet: a person will be asked")
    if action.tone is not step.tone:
        words.append(f"in the tone it last met ({action.tone.value})")
    return "; ".join(words)


def resolve(step: Step, customer: CustomerFacts) -> Route:
    """The channel and role a step ends up with, its fallbacks tried in order.

    A phone fallback always holds: the collector finds the number. A step without fallback keeps its
    channel, with no role: it waits while a person finds an address.
    """
    role = _reachable(step.channel, step.recipient, customer)
    if role is not None or step.channel not in (Channel.EMAIL, Channel.SMS):
        return Route(step.channel, role, step.template)
    for fallback in step.fallback:
        role = _reachable(fallback.channel, fallback.recipient or step.recipient, customer)
        if role is not None or fallback.channel is Channel.PHONE:
            return Route(fallback.channel, role, fallback.template, fallback=True)
    return Route(step.channel, None, step.template)


def _reachable(channel: Channel, roles: tuple[Role, ...], customer: CustomerFacts) -> Role | None:
    return next((role for role in roles if (to := customer.reach.get(role)) and to.by(channel)), None)


def _draft(case: CaseFacts, step: str) -> Draft | None:
    if not case.drafts:
        return None
    return next((draft for draft in case.drafts if draft.step == step and not draft.folded), None)


def quoted(case: CaseFacts, now: datetime) -> tuple[str, Decimal, Decimal, date]:
    """What a letter quotes of a case: when this changes, a waiting draft is composed again."""
    owed = balance(case, now)
    return case.invoice, owed.outstanding, owed.disputed, case.due_on
