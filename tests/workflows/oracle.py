"""A life told once, for the running installation and for `rules.simulate` alike.

    Debtor("C-1").invoice("1200.00", "2026-03-31").pays("2026-04-10 11:00")

says what the debtor, the bank and our people do. `live` lets it happen in a world; `foreseen` asks the
rules what leaves. Moments are local to the customer: a day alone is its first instant.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import Any, Self, TypeAlias

from models.ids import CaseSignal
from policies import builtin_policy_texts
from rules.calendar import BusinessCalendar, business_calendar
from rules.facts import (
    CaseFacts,
    Claim,
    CreditNote,
    CustomerFacts,
    Dispute,
    Instalment,
    Pause,
    Payment,
    Plan,
    Reach,
    Role,
)
from rules.policy import Policy, parse_policy
from rules.preview import preview
from rules.simulate import Contacted, Life, simulate
from tests.workflows.world import Person, World

POLICIES: dict[str, Policy] = {
    name.removesuffix(".toml"): parse_policy(text, name) for name, text in builtin_policy_texts().items()
}
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Happens:
    """One fact of a life; without a signal, the invoice itself, whose case starts then."""

    at: datetime
    number: str
    signal: CaseSignal | None
    says: Mapping[str, Any]


class Debtor:
    """One customer and what becomes of its invoices. Every method adds to the story."""

    def __init__(
        self,
        ref: str,
        *,
        country: str = "FR",
        people: Sequence[Person] | None = None,
        policy: str = "standard",
    ) -> None:
        self.ref = ref
        self.country = country
        self.policy = policy
        self.calendar = business_calendar(country, None)
        self.people = tuple(people) if people is not None else (accounting(ref),)
        self.happens: list[Happens] = []
        self._lives: dict[str, Life] = {}
        self._events = 0

    # ---------------------------------------------------------------- the story

    def invoice(
        self,
        amount: str,
        due: str,
        *,
        number: str | None = None,
        issued: str | None = None,
        opened: str | None = None,
        currency: str = "EUR",
    ) -> Self:
        """An invoice; its case starts with the day it is issued (30 days before it is due), or `opened`."""
        number = number or f"{self.ref}/{len(self._lives) + 1}"
        due_on = date.fromisoformat(due)
        issued_on = date.fromisoformat(issued) if issued else due_on - timedelta(days=30)
        opened_on = date.fromisoformat(opened) if opened else issued_on
        starts_at = self.calendar.start_of_day(opened_on)
        case = CaseFacts(number, currency, Decimal(amount), due_on, opened_on)
        self._lives[number] = Life(case, POLICIES[self.policy], starts_at)
        says = {"amount": amount, "issued": issued_on, "due": due_on, "currency": currency}
        self.happens.append(Happens(starts_at, number, None, says))
        return self

    def pays(self, when: str, amount: str | None = None, number: str | None = None) -> Self:
        """Money comes: an amount, or the whole invoice."""
        number = self._number(number)
        case = self._lives[number].case
        paid = Decimal(amount) if amount else case.total
        at = self._tell(when, number, CaseSignal.PAYMENT_RECEIVED, amount=str(paid), currency=case.currency)
        return self._know(number, payments=(*case.payments, Payment(paid, at)))

    def payment_returns(self, when: str, number: str | None = None) -> Self:
        """The bank takes the last payment back."""
        number = self._number(number)
        case = self._lives[number].case
        paid = [h for h in self.happens if h.number == number and h.signal is CaseSignal.PAYMENT_RECEIVED]
        event = paid[-1].says["event_id"]
        at = self._tell(when, number, CaseSignal.PAYMENT_REVERSED, payment_event_id=event)
        last = replace(case.payments[-1], reversed_at=at)
        return self._know(number, payments=(*case.payments[:-1], last))

    def disputes(self, when: str, amount: str | None = None, number: str | None = None) -> Self:
        """The customer contests an amount, or everything."""
        number = self._number(number)
        at = self._tell(when, number, CaseSignal.DISPUTE_OPENED, amount=amount, cause="quantity")
        contested = Decimal(amount) if amount else None
        return self._know(number, disputes=(*self._lives[number].case.disputes, Dispute(at, contested)))

    def resolves(self, when: str, credited: str | None = None, number: str | None = None) -> Self:
        """The dispute is over: not justified, or an amount is credited in the same instant."""
        number = self._number(number)
        case = self._lives[number].case
        at = self._tell(when, number, CaseSignal.DISPUTE_RESOLVED, credited=credited)
        over = replace(case.disputes[-1], resolved_at=at)
        granted = (CreditNote(Decimal(credited), at),) if credited else ()
        return self._know(
            number,
            disputes=(*case.disputes[:-1], over),
            credit_notes=(*case.credit_notes, *granted),
        )

    def promises(self, when: str, *parts: tuple[str, str], number: str | None = None) -> Self:
        """A plan, or a promise to pay: days with amounts."""
        number = self._number(number)
        told = [{"due_on": day, "amount": amount} for day, amount in parts]
        at = self._tell(when, number, CaseSignal.PAYMENT_PLAN_AGREED, instalments=told)
        plan = Plan("plan", at, tuple(Instalment(date.fromisoformat(d), Decimal(a)) for d, a in parts))
        return self._know(number, plans=(plan,))

    def claims_paid(self, when: str, paid_on: str, number: str | None = None) -> Self:
        """The customer says that it has paid."""
        number = self._number(number)
        at = self._tell(when, number, CaseSignal.PAYMENT_CLAIMED, paid_on=paid_on)
        return self._know(number, claims=(Claim("claim", at, date.fromisoformat(paid_on)),))

    def hold(
        self, when: str, *named: str, pauses: bool, lifted: str | None = None, number: str | None = None
    ) -> Self:
        """Deliveries stop until the named invoices are paid; `lifted` says when that is to be."""
        number = self._number(number)
        at = self._tell(when, number, CaseSignal.DELIVERY_HOLD_PLACED, invoices=named, pauses_ladder=pauses)
        if pauses:
            ended = self.moment(lifted) if lifted else None
            for each, life in self._lives.items():
                held = Pause("delivery hold", at, ended_at=ended)
                self._know(each, pauses=(*life.case.pauses, held))
        return self

    def replaced(self, when: str, number: str, by: str) -> Self:
        """Another invoice takes its place. To the rules, this one is owed no more."""
        at = self._tell(when, number, CaseSignal.INVOICE_CHANGED, replaced_by=by)
        return self._know(number, credit_notes=(CreditNote(self._lives[number].case.total, at),))

    def insolvent(self, when: str) -> Self:
        """Proceedings open. `simulate` knows no such day, so to the rules it is a pause without end."""
        at = self._tell(when, self._number(None), CaseSignal.INSOLVENCY_OPENED)
        for number, life in self._lives.items():
            self._know(number, pauses=(*life.case.pauses, Pause("insolvency", at)))
        return self

    # ---------------------------------------------------------------- how it is told

    @property
    def numbers(self) -> tuple[str, ...]:
        """Its invoices."""
        return tuple(self._lives)

    @property
    def lives(self) -> tuple[Life, ...]:
        """Its invoices with all their facts, as the rules take them."""
        return tuple(self._lives.values())

    @property
    def facts(self) -> CustomerFacts:
        """The customer before any contact."""
        reach = {role: _reach([p for p in self.people if p.role == role]) for role in Role}
        return CustomerFacts(self.calendar, reach=reach)

    def moment(self, when: str) -> datetime:
        """A local day, or `day hour:minute`, as an instant."""
        day, _, clock = when.partition(" ")
        if not clock:
            return self.calendar.start_of_day(date.fromisoformat(day))
        return self.calendar.instant(date.fromisoformat(day), time.fromisoformat(clock))

    def _number(self, number: str | None) -> str:
        return number or next(iter(self._lives))

    def _tell(self, when: str, number: str, signal: CaseSignal, **says: Any) -> datetime:
        at = self.moment(when)
        self._events += 1
        says["event_id"] = f"{self.ref}/{self._events}"
        given = {name: value for name, value in says.items() if value is not None}
        self.happens.append(Happens(at, number, signal, given))
        return at

    def _know(self, number: str, **facts: Any) -> Self:
        life = self._lives[number]
        self._lives[number] = replace(life, case=replace(life.case, **facts))
        return self


def accounting(ref: str) -> Person:
    """A mailbox and a mobile in accounting; no two customers share them."""
    digits = sum(ord(char) * 31**place for place, char in enumerate(ref)) % 10**6
    return Person(Role.ACCOUNTING, "Comptabilité", f"compta@{ref.lower()}.example", f"+33612{digits:06}")


def _reach(people: Sequence[Person]) -> Reach:
    return Reach(
        email=any(person.email for person in people),
        mobile=any(person.phone and person.mobile for person in people),
        phone=any(person.phone for person in people),
    )


Act: TypeAlias = Callable[[], Awaitable[object]]


async def live(
    it: World, debtors: Iterable[Debtor], until: str, acts: Mapping[datetime, Act] | None = None
) -> None:
    """Let the lives happen side by side, in the order of time, up to the start of a day.

    `acts` are what our own people do at an instant, once everything else of that instant is told.
    """
    known = list(debtors)
    for debtor in known:
        it.customer(debtor.ref, country=debtor.country, people=debtor.people)
    told: list[tuple[datetime, Act]] = [
        (happens.at, partial(_happen, it, debtor, happens)) for debtor in known for happens in debtor.happens
    ]
    told += [(at, act) for at, act in (acts or {}).items()]
    told.sort(key=lambda each: each[0])
    for at, together in groupby(told, key=lambda each: each[0]):
        await it.advance_to(at)
        for _, act in together:
            await act()
    await it.day(until)


async def _happen(it: World, debtor: Debtor, happens: Happens) -> None:
    says = dict(happens.says)
    if happens.signal is not None:
        await it.tell(happens.signal, happens.number, **says)
        return
    amount, issued, due = (says.pop(name) for name in ("amount", "issued", "due"))
    await it.invoice(happens.number, amount, issued, due, customer=debtor.ref, policy=debtor.policy, **says)


def foreseen(debtor: Debtor) -> list[Contacted]:
    """Every contact that the rules foresee for a customer."""
    return list(simulate(debtor.ref, debtor.facts, debtor.lives).contacts)


def previewed(debtor: Debtor) -> list[Contacted]:
    """The same of an invoice alone about which no fact comes, by `rules.preview`."""
    (life,) = debtor.lives
    return [
        Contacted(debtor.ref, step.at, step.channel, step.step, (step.invoice,))
        for step in preview(life.case, debtor.facts, life.policy, life.starts_at)
    ]


def lines(contacts: Iterable[Contacted], calendar: BusinessCalendar) -> list[str]:
    """Contacts as lines in the order of time: `2026-03-30 09:30 C-1 pre_reminder email F-1 (+F-2)`."""
    return sorted(
        f"{contact.at.astimezone(calendar.zone):%Y-%m-%d %H:%M} {contact.customer} {contact.step} "
        f"{contact.channel} {','.join(contact.invoices)}"
        + (f" (+{','.join(contact.also)})" if contact.also else "")
        for contact in contacts
    )


def on_the_minute(made: Iterable[Contacted], expected: Iterable[Contacted]) -> list[Contacted]:
    """What was made, each at the instant it was foreseen for if it left within the minute after it."""
    wanted = list(expected)
    found = []
    for contact in made:
        match = next((other for other in wanted if _same(contact, other)), None)
        if match is not None:
            wanted.remove(match)
        found.append(contact if match is None else replace(contact, at=match.at))
    return found


def _same(made: Contacted, other: Contacted) -> bool:
    late = made.at - other.at.replace(second=0, microsecond=0)
    return timedelta(0) <= late <= MINUTE and replace(other, at=made.at) == made
