"""Lives of invoices told day by day, in words a credit manager would use.

A story says what the debtor and the bank do, and what leaves on which day. Everything that leaves must
be told: an event that no line of the story mentions fails it, however far from the days it names.

    (
        story(policy="standard", country="FR")
        .invoice("F-1", "1200.00", issued="2026-03-01", due="2026-03-31")
        .day("2026-03-30", "pre_reminder by e-mail")
        .pays("2026-04-02", "1200.00")
        .day("2026-04-02", "closed: paid in full")
        .nothing_more()
    )

Days are local to the customer, as `"2026-03-30"`, or days after the first invoice's due date, as `5`.
Moments are `"2026-03-30 11:00"`; a day alone stands for its first instant. What leaves at 09:30 is told
without its time. Where approvals and calls are done at once, as the simulation has it, the story told
from day to day must also equal `simulate`, which is given all its facts beforehand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Self, TypeAlias

import policies
from rules.asking import remembering
from rules.calendar import SLOT, BusinessCalendar, Channel, business_calendar
from rules.closures import Closure
from rules.decide import Decision, State, quoted
from rules.facts import (
    Bank,
    BankStatement,
    CaseFacts,
    Claim,
    CreditNote,
    CustomerFacts,
    Dispute,
    Draft,
    Instalment,
    OpenCall,
    Pause,
    Payment,
    Plan,
    Reach,
    Role,
    StepDone,
    StopReason,
    Suspension,
    SuspensionScope,
    Turn,
)
from rules.outreach import Contact, Ladder, outreach
from rules.policy import Policy, parse_policy
from rules.simulate import Life, simulate
from rules.turns import Waiting, turns

Day: TypeAlias = str | int

BUILT_IN = {
    name.removesuffix(".toml"): parse_policy(text, name)
    for name, text in policies.builtin_policy_texts().items()
}
EVERYBODY = {
    Role.ACCOUNTING: Reach(email=True, mobile=True, phone=True),
    Role.BUYER: Reach(email=True),
    Role.EXECUTIVE: Reach(email=True),
}
_BY = {
    Channel.EMAIL: "by e-mail",
    Channel.SMS: "by SMS",
    Channel.PHONE: "as a call",
    Channel.LETTER: "by letter",
    Channel.DECISION: "as a decision",
}
_THREE_YEARS = timedelta(days=1100)


@dataclass
class _Told:
    """An invoice of the story and the instant its case starts."""

    case: CaseFacts
    policy: Policy
    starts_at: datetime
    closed: bool = False
    quoted: dict[str, tuple[str, Decimal, Decimal, date]] = field(default_factory=dict)


def story(
    policy: str = "standard",
    country: str = "FR",
    zone: str | None = None,
    *,
    gap_days: int = 5,
    reach: dict[Role, Reach] | None = None,
    approvals: str = "at once",
    calls: str = "at once",
    creditor: str | None = None,
    **changes: Any,
) -> Story:
    """Begin a story.

    `approvals` and `calls` are done "at once" or "wait"; `creditor` is the country of whoever is owed (the
    customer's, if left out); `changes` alter fields of the built-in policy.
    """
    customer = CustomerFacts(
        business_calendar(country, zone), gap_days=gap_days, reach=EVERYBODY if reach is None else reach
    )
    told = Story(BUILT_IN[policy].model_copy(update=changes), customer, approvals, calls)
    told.creditor = business_calendar(creditor) if creditor else None
    return told


class Story:
    """One customer, its invoices, and a clock that only the story moves."""

    def __init__(self, policy: Policy, customer: CustomerFacts, approvals: str, calls: str) -> None:
        self.policy = policy
        self.customer = customer
        self.approvals = approvals
        self.calls = calls
        self.told: dict[str, _Told] = {}
        self.now: datetime | None = None
        self.events: list[tuple[datetime, str]] = []
        self.left: list[tuple[datetime, str, tuple[str, ...], tuple[str, ...]]] = []
        self.asked: set[str] = set()
        self.simulatable = approvals == "at once" and calls == "at once"
        self.creditor: BusinessCalendar | None = None

    # What happens

    def invoice(
        self,
        number: str,
        amount: str,
        *,
        due: str,
        issued: str | None = None,
        entered: str | None = None,
        currency: str = "EUR",
        policy: str | None = None,
        last_step: str | None = None,
        last_contacted_on: str | None = None,
    ) -> Self:
        """An invoice, known from the day it is issued (30 days before it is due), or `entered` later.

        `last_step` and `last_contacted_on` are what another tool did before.
        """
        due_on = date.fromisoformat(due)
        first = entered or issued or (due_on - timedelta(days=30)).isoformat()
        chosen = BUILT_IN[policy] if policy else self.policy
        done: tuple[StepDone, ...] = ()
        if last_step is not None and last_contacted_on is not None:
            step = chosen.step(last_step)
            on = date.fromisoformat(last_contacted_on)
            done = (StepDone(step.key, on, step.offset_days, step.tone, step.channel),)
        starts_at = self._moment(first)
        self.told[number] = _Told(
            CaseFacts(
                number, currency, Decimal(amount), due_on, self._calendar.local_day(starts_at), done=done
            ),
            chosen,
            starts_at,
        )
        self.now = starts_at if self.now is None else min(self.now, starts_at)
        return self

    def pays(self, at: str, amount: str, invoice: str | None = None) -> Self:
        """Money comes in."""
        return self._fact(at, invoice, "payments", lambda now: Payment(Decimal(amount), now))

    def payment_returned(self, at: str, invoice: str | None = None) -> Self:
        """The last payment goes back: bounced, or booked in error."""
        return self._last(at, invoice, "payments", "reversed_at")

    def credited(self, at: str, amount: str, invoice: str | None = None) -> Self:
        """A credit note is issued."""
        return self._fact(at, invoice, "credit_notes", lambda now: CreditNote(Decimal(amount), now))

    def disputes(self, at: str, amount: str | None = None, invoice: str | None = None) -> Self:
        """The customer contests an amount, or the whole invoice."""
        contested = None if amount is None else Decimal(amount)
        return self._fact(at, invoice, "disputes", lambda now: Dispute(now, contested))

    def dispute_resolved(self, at: str, *, credit: str | None = None, invoice: str | None = None) -> Self:
        """The dispute is settled: for us, or (partly) for the customer, who is credited."""
        if credit is not None:
            self.credited(at, credit, invoice)
        return self._last(at, invoice, "disputes", "resolved_at")

    def plan(self, at: str, *instalments: tuple[str, str], invoice: str | None = None) -> Self:
        """A payment plan of (day, amount); of one, a promise to pay."""
        agreed = tuple(Instalment(date.fromisoformat(day), Decimal(amount)) for day, amount in instalments)
        return self._fact(at, invoice, "plans", lambda now: Plan(f"plan-{now:%Y%m%d}", now, agreed))

    def plan_cancelled(self, at: str, invoice: str | None = None) -> Self:
        """The plan is called off."""
        return self._last(at, invoice, "plans", "cancelled_at")

    def claims_paid(self, at: str, on: str, invoice: str | None = None) -> Self:
        """The customer says it paid on that day."""
        return self._fact(
            at, invoice, "claims", lambda now: Claim(f"claim-{now:%Y%m%d}", now, date.fromisoformat(on))
        )

    def pause(self, at: str, reason: str, until: str | None = None, invoice: str | None = None) -> Self:
        """A person pauses the case, until a day or until resumed."""
        last = None if until is None else date.fromisoformat(until)
        return self._fact(at, invoice, "pauses", lambda now: Pause(reason, now, last))

    def resume(self, at: str, invoice: str | None = None) -> Self:
        """A person ends the latest pause."""
        return self._last(at, invoice, "pauses", "ended_at")

    def stop(self, at: str, reason: StopReason) -> Self:
        """All contact with the customer stops."""
        self._live_until(self._moment(at))
        self.customer = replace(
            self.customer, stopped_by=reason, stopped_on=self._calendar.local_day(self._clock)
        )
        self.simulatable = False
        return self

    def bank_known_until(self, at: str, last_day: str) -> Self:
        """Somebody says that bank statements are recorded up to that day; what waited for it looks again."""
        self._live_until(self._moment(at))
        until, before = date.fromisoformat(last_day), self.customer.bank
        stated = (*(before.stated if before else ()), BankStatement(until, self._clock))
        self.customer = replace(self.customer, bank=Bank(until, self.creditor or self._calendar, stated))
        self.simulatable = False
        return self

    def suspend(
        self, at: str, scope: str = "company", target: str | None = None, until: str | None = None
    ) -> Self:
        """Somebody suspends all of the company, the customer, a channel or a policy."""
        self._live_until(self._moment(at))
        row = Suspension(
            len(self.customer.suspensions) + 1,
            SuspensionScope(scope),
            target,
            date.fromisoformat(until) if until else None,
        )
        self.customer = replace(self.customer, suspensions=(*self.customer.suspensions, row))
        self.simulatable = False
        return self

    def resume_all(self, at: str, *, before: int = 0, a_day: int = 1) -> Self:
        """Every suspension ends; `before` other customers have waited longer, `a_day` are contacted a day."""
        self._live_until(self._moment(at))
        calendar, suspension = self._calendar, self.customer.suspensions[-1].id
        others = [Waiting(f"{n:06}", calendar, self._clock - timedelta(days=99)) for n in range(before)]
        mine = "this one"
        days = turns([*others, Waiting(mine, calendar, self._clock)], a_day, self._clock)
        self.customer = replace(self.customer, suspensions=(), turn=Turn(days[mine], suspension))
        return self

    def has_sales_rep(self) -> Self:
        """Somebody of ours sells to the customer, and can be asked."""
        self.customer = replace(self.customer, has_sales_rep=True)
        return self

    def vetoes(self, at: str, until: str) -> Self:
        """The sales representative answers the latest question: not before that day."""
        self._live_until(self._moment(at))
        *before, last = self.customer.reps_asked
        last = replace(last, until=date.fromisoformat(until))
        self.customer = replace(self.customer, reps_asked=(*before, last))
        self.simulatable = False
        return self

    def closed(self, first: str, last: str, *, yearly: bool = False) -> Self:
        """Nothing leaves on these days: a closure of the creditor's or the customer's."""
        new = Closure(date.fromisoformat(first), date.fromisoformat(last), yearly)
        self.customer = replace(self.customer, closures=(*self.customer.closures, new))
        return self

    def policy_becomes(self, at: str, policy: str) -> Self:
        """A person moves every invoice to another policy."""
        self._live_until(self._moment(at))
        for told in self.told.values():
            told.policy = BUILT_IN[policy]
        self.simulatable = False
        return self

    def outage(self, since: str, until: str) -> Self:
        """No worker runs in between."""
        self._live_until(self._moment(since))
        self.now = self._moment(until)
        self.simulatable = False
        return self

    def woken(self, at: str) -> Self:
        """The sweeper, or a curious person, wakes every case."""
        self._live_until(self._moment(at))
        self._work()
        return self

    def approves(self, at: str, step: str) -> Self:
        """A person approves the draft of that step."""
        self._live_until(self._moment(at))
        for told in self.told.values():
            told.case = replace(
                told.case,
                drafts=tuple(replace(d, approved=True) if d.step == step else d for d in told.case.drafts),
            )
        return self

    def approves_everything(self) -> Self:
        """From now on every approval comes at once."""
        self.approvals = "at once"
        return self

    def call_made(self, at: str) -> Self:
        """Every open call task is closed."""
        self._live_until(self._moment(at))
        for told in self.told.values():
            told.case = replace(told.case, open_calls=())
        return self

    def letter_posted(self, at: str, on: str, step: str = "formal_notice") -> Self:
        """A person records the day on which the letter of that step was posted."""
        self._live_until(self._moment(at))
        for told in self.told.values():
            told.case = replace(
                told.case,
                done=tuple(
                    replace(done, posted_on=date.fromisoformat(on)) if done.step == step else done
                    for done in told.case.done
                ),
            )
        self.simulatable = False
        return self

    # What is seen

    def day(self, day: Day, *expected: str) -> Self:
        """On that day exactly this happens, in order; since the last day told, nothing did."""
        on = self._day(day)
        self._live_until(self._calendar.start_of_day(on + timedelta(days=1)))
        told = [text for text in expected if text != "nothing"]
        seen = [self._speak(at, text, on) for at, text in self.events]
        assert seen == told, f"up to {on} ({on:%A}) the story tells {told}, and {seen} happened"
        self.events.clear()
        return self

    def nothing_until(self, day: Day) -> Self:
        """From the last day told to the eve of that day, nothing happens."""
        self._live_until(self._calendar.start_of_day(self._day(day)))
        self._silent()
        return self

    def nothing_more(self) -> Self:
        """Nothing happens for three years; and the simulation, told everything, saw the same life."""
        self._live_until(self._clock + _THREE_YEARS)
        self._silent()
        if self.simulatable:
            self._equals_simulation()
        return self

    def status(self, at: str, state: State, *, invoice: str | None = None, why: str = "") -> Self:
        """At that moment the case stands so, and says why in words that contain `why`."""
        self._live_until(self._moment(at))
        decision = self.decision(invoice)
        assert decision.state is state, f"it is {decision.state.value}: {decision.why}"
        assert why in decision.why, f"it says {decision.why!r}"
        return self

    def balance(self, outstanding: str, *, disputed: str = "0", invoice: str | None = None) -> Self:
        """What the invoice owes now, and how much of it is disputed."""
        owed = self.decision(invoice).balance
        assert (owed.outstanding, owed.disputed) == (Decimal(outstanding), Decimal(disputed))
        return self

    def decision(self, invoice: str | None = None) -> Decision:
        """The case's decision as of now."""
        wanted = self._named(invoice)
        found = outreach(self.customer, [Ladder(wanted.case, wanted.policy)], self._clock)
        return found.decisions[0]

    # The clock

    def _live_until(self, end: datetime) -> None:
        assert end >= self._clock, "a story is told forward"
        while self._clock < end:
            woken = [at for at in self._work() if at < end]
            assert all(at > self._clock for at in woken), "a case asks to be woken in the past"
            self.now = min(woken, default=end)

    def _work(self) -> list[datetime]:
        """Do all that is due now; the instants at which to look again."""
        for _ in range(20):
            awake = [told for told in self.told.values() if told.starts_at <= self._clock]
            self._remember(awake)
            for told in awake:
                self._withdraw_stale(told)
            found = outreach(self.customer, [Ladder(t.case, t.policy) for t in awake], self._clock)
            acted = False
            for told, decision in zip(awake, found.decisions, strict=True):
                acted |= self._see(told, decision)
            if found.contact is not None:
                self._contact(found.contact)
            elif not acted:
                wakes = [d.wake_at for d in found.decisions if d.wake_at is not None]
                return wakes + [t.starts_at for t in self.told.values() if t.starts_at > self._clock]
        raise AssertionError(f"something stays due at {self._clock}")

    def _remember(self, awake: list[_Told]) -> None:
        """Contacts made by another tool count for the customer's gap."""
        days = [done.on for told in awake for done in told.case.done if done.on < told.case.opened_on]
        if days:
            last = self.customer.last_contact_on
            self.customer = replace(self.customer, last_contact_on=max([*days, *([last] if last else [])]))

    def _see(self, told: _Told, decision: Decision) -> bool:
        """Note a closing and the tasks; do a decision of our own. True when the latter."""
        if (decision.state is State.CLOSED) is not told.closed:
            told.closed = not told.closed
            self._note(f"closed: {decision.why}" if told.closed else "reopened", (told.case.invoice,))
        if decision.next is not None:
            asked = (decision.next.step.key, decision.next.day, decision.tasks)
            self.customer = remembering(self.customer, [asked], self._clock)
        for task in decision.tasks:
            if task.key not in self.asked and task.kind != "decision":
                self._note(f"task {task.kind}", (told.case.invoice,))
                if task.kind == "notice_call" and self.calls == "wait":
                    call = OpenCall(task.key.rpartition("/")[2], self._calendar.local_day(self._clock))
                    told.case = replace(told.case, open_calls=(*told.case.open_calls, call))
            self.asked.add(task.key)
        action = decision.next
        if decision.state is not State.DUE or action is None or action.step.is_contact:
            return False
        self._note(f"{action.step.key} {_BY[action.route.channel]}", (told.case.invoice,))
        self.left.append((self._clock, action.step.key, (told.case.invoice,), ()))
        day = self._calendar.local_day(self._clock)
        done = StepDone(action.step.key, day, action.step.offset_days, action.tone, action.route.channel)
        told.case = replace(told.case, done=(*told.case.done, done))
        return True

    def _contact(self, contact: Contact) -> None:
        day = self._calendar.local_day(self._clock)
        words = f"{contact.step.key} {_BY[contact.route.channel]}{self._to(contact)}"
        if contact.tone is not contact.step.tone:
            words += f" in {contact.tone.value} tone"
        if contact.companion:
            words += " with a statement"
        drafted = contact.needs_approval and self.approvals == "wait"
        self._note(words + (" awaits approval" if drafted else ""), contact.invoices, contact.also)
        for item in contact.items:
            told = self.told[item.invoice]
            others = tuple(draft for draft in told.case.drafts if draft.step != contact.step.key)
            if drafted:
                draft = Draft(contact.step.key, day, folded=item.folded)
                told.case = replace(told.case, drafts=(*others, draft))
                told.quoted[contact.step.key] = quoted(told.case, self._clock)
                continue
            done = StepDone(item.step.key, day, item.step.offset_days, contact.tone, contact.route.channel)
            told.case = replace(told.case, drafts=others, done=(*told.case.done, done))
            if contact.route.channel is Channel.PHONE and self.calls == "wait" and not item.folded:
                call = OpenCall(item.step.key, day)
                told.case = replace(told.case, open_calls=(*told.case.open_calls, call))
        if not drafted:
            self.left.append((self._clock, contact.step.key, contact.invoices, contact.also))
            self.customer = replace(self.customer, last_contact_on=day)

    def _to(self, contact: Contact) -> str:
        """To whom a message goes, where the story knows that."""
        return ""

    def _withdraw_stale(self, told: _Told) -> None:
        drafts = tuple(
            replace(draft, stale=draft.stale or told.quoted[draft.step] != quoted(told.case, self._clock))
            for draft in told.case.drafts
        )
        told.case = replace(told.case, drafts=drafts)

    def _equals_simulation(self) -> None:
        start = replace(self.customer, last_contact_on=None, reps_asked=())
        lives = [
            Life(
                replace(told.case, done=tuple(d for d in told.case.done if d.on < told.case.opened_on)),
                told.policy,
                told.starts_at,
            )
            for told in self.told.values()
        ]
        foreseen = simulate("the customer", start, lives).contacts
        seen = [(c.at, c.step, c.invoices, c.also) for c in foreseen]
        assert seen == self.left, f"the story lived {self.left}, the simulation {seen}"

    # Words

    @property
    def _calendar(self) -> BusinessCalendar:
        return self.customer.calendar

    @property
    def _clock(self) -> datetime:
        assert self.now is not None, "a story begins with an invoice"
        return self.now

    def _note(self, words: str, invoices: tuple[str, ...], also: tuple[str, ...] = ()) -> None:
        if len(self.told) > 1:
            words += " for " + ", ".join(invoices)
        if also:
            words += ", also " + ", ".join(also)
        self.events.append((self._clock, words))

    def _speak(self, at: datetime, text: str, on: date | None = None) -> str:
        local = at.astimezone(self._calendar.zone)
        exact = "" if local.time() in (SLOT, time()) else f" at {local:%H:%M}"
        day = "" if local.date() == on else f"{local.date()}: "
        return day + text + exact

    def _silent(self) -> None:
        seen = [self._speak(at, text) for at, text in self.events]
        assert seen == [], f"nothing is told, and {seen} happened"

    def _day(self, day: Day) -> date:
        if isinstance(day, str):
            return date.fromisoformat(day)
        return next(iter(self.told.values())).case.due_on + timedelta(days=day)

    def _moment(self, text: str) -> datetime:
        day, _, clock = text.partition(" ")
        on = date.fromisoformat(day)
        return (
            self._calendar.instant(on, time.fromisoformat(clock))
            if clock
            else self._calendar.start_of_day(on)
        )

    def _named(self, invoice: str | None) -> _Told:
        if invoice is None:
            assert len(self.told) == 1, "say which invoice"
        return next(iter(self.told.values())) if invoice is None else self.told[invoice]

    def _fact(self, at: str, invoice: str | None, name: str, make: Callable[[datetime], object]) -> Self:
        self._live_until(self._moment(at))
        told = self._named(invoice)
        facts: dict[str, Any] = {name: (*getattr(told.case, name), make(self._clock))}
        told.case = replace(told.case, **facts)
        return self

    def _last(self, at: str, invoice: str | None, name: str, ended: str) -> Self:
        self._live_until(self._moment(at))
        told = self._named(invoice)
        *before, last = getattr(told.case, name)
        facts: dict[str, Any] = {name: (*before, replace(last, **{ended: self._clock}))}
        told.case = replace(told.case, **facts)
        return self
