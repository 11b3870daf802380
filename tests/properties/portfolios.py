"""Random customers with random invoices, and a way to live through them that is not `simulate`.

`live` asks `outreach` about every case at every instant, which is what the running workflows do; it keeps
all that `simulate` does not tell: tones, decisions, the facts each contact was made from.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

import policies
from rules.calendar import BusinessCalendar, business_calendar
from rules.decide import Decision, State
from rules.facts import (
    Bank,
    BankStatement,
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
    StepDone,
)
from rules.outreach import Contact, Ladder, outreach
from rules.policy import Policy, parse_policy
from rules.simulate import Life

# The same examples at every run, unless somebody goes exploring: RELANCE_EXPLORE=2000 pytest tests/properties
EXPLORE = int(os.environ.get("RELANCE_EXPLORE", "0"))
lives_of = settings(
    max_examples=EXPLORE or 120,
    derandomize=not EXPLORE,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

POLICIES = [parse_policy(text, name) for name, text in policies.builtin_policy_texts().items()]
CURRENCIES = {"FR": "EUR", "DE": "EUR", "US": "USD", "SA": "SAR", "JP": "JPY", "GB": "GBP"}
FIRST_DAY = date(2026, 1, 5)

# Most facts are dated and count from the day's beginning; some come at an hour that matters.
CLOCKS = [time(0)] * 5 + [
    time(8, 45),
    time(9, 30),
    time(11, 59),
    time(12, 30),
    time(14),
    time(17, 59),
    time(21),
]


@dataclass(frozen=True)
class Portfolio:
    """One customer and the lives of its invoices, future facts included."""

    customer: CustomerFacts
    lives: tuple[Life, ...]

    @property
    def policies(self) -> dict[str, Policy]:
        """The policy of each invoice."""
        return {life.case.invoice: life.policy for life in self.lives}


@dataclass(frozen=True)
class Done:
    """One contact, or one decision of our own (`contact` is None): when, and the cases as they stood."""

    at: datetime
    customer: CustomerFacts
    steps: dict[str, StepDone]
    cases: dict[str, CaseFacts]
    contact: Contact | None

    @property
    def day(self) -> date:
        """The local day."""
        return self.customer.calendar.local_day(self.at)


@dataclass(frozen=True)
class Lived:
    """A whole life: what was done, and how each case stood at the end."""

    done: tuple[Done, ...]
    cases: dict[str, CaseFacts]
    decisions: dict[str, Decision]
    looks: int

    def steps(self) -> Iterator[tuple[Done, str, StepDone]]:
        """Every step done for an invoice, in order."""
        for done in self.done:
            for invoice, step in done.steps.items():
                yield done, invoice, step

    def contacts(self) -> list[tuple[datetime, str, tuple[str, ...], tuple[str, ...]]]:
        """In the words of `simulate`: instant, step, invoices acted on, invoices folded."""
        told = []
        for done in self.done:
            if done.contact is not None:
                contact = done.contact
                told.append((done.at, contact.step.key, contact.invoices, contact.also))
            else:
                told += [(done.at, step.step, (invoice,), ()) for invoice, step in done.steps.items()]
        return told


def moments(calendar: BusinessCalendar, day: date, least: int, most: int) -> st.SearchStrategy[datetime]:
    """Instants between `least` and `most` days after `day`."""
    return st.builds(
        lambda days, clock: calendar.instant(day + timedelta(days=days), clock),
        st.integers(least, most),
        st.sampled_from(CLOCKS),
    )


def amounts(currency: str) -> st.SearchStrategy[Decimal]:
    """Amounts from one coin up, many of them around the minimum of 10."""
    places = 0 if currency == "JPY" else 2
    wide = st.integers(1, 200_000).map(lambda cents: Decimal(cents).scaleb(-places))
    return st.one_of(wide, wide, st.sampled_from([Decimal("9"), Decimal("10"), Decimal("11")]))


@st.composite
def lives(draw: st.DrawFn, calendar: BusinessCalendar, number: int, quiet: bool) -> Life:
    """One invoice; a quiet one is neither paid nor bent."""
    currency = CURRENCIES[calendar.country]
    # Most invoices of a customer lie close together, or come in on one day: else there is little to group.
    due = FIRST_DAY + timedelta(days=draw(st.one_of(st.integers(80, 100), st.integers(30, 200))))
    opened = draw(
        st.one_of(
            st.integers(-60, -1).map(lambda days: due + timedelta(days=days)),
            st.integers(-12, 120).map(lambda days: due + timedelta(days=days)),
            st.just(FIRST_DAY + timedelta(days=110)),
        )
    )
    clock = draw(st.sampled_from(CLOCKS))
    case = CaseFacts(f"F-{number}", currency, draw(amounts(currency)), due, opened)
    policy = draw(st.sampled_from(POLICIES))
    at = moments(calendar, due, -40, 150)
    if draw(st.integers(0, 5)) == 0:
        step = draw(st.sampled_from(policy.steps))
        on = opened - timedelta(days=draw(st.integers(1, 20)))
        case = replace(case, done=(StepDone(step.key, on, step.offset_days, step.tone, step.channel),))
    if not quiet:
        case = _bent(draw, case, at, amounts(currency))
    return Life(case, policy, calendar.instant(opened, clock))


def _bent(
    draw: st.DrawFn, case: CaseFacts, at: st.SearchStrategy[datetime], amount: st.SearchStrategy[Decimal]
) -> CaseFacts:
    part = st.one_of(amount, st.just(case.total))

    def later(first: datetime) -> datetime | None:
        days = draw(st.one_of(st.none(), st.integers(0, 60)))
        return None if days is None else first + timedelta(days=days)

    def some(most: int) -> range:
        return range(max(0, draw(st.integers(-2, most))))

    payments = []
    for _ in some(2):
        first = draw(at)
        payments.append(Payment(draw(part), first, later(first) if draw(st.booleans()) else None))
    disputes = []
    for _ in some(2):
        first = draw(at)
        disputes.append(Dispute(first, draw(st.one_of(st.none(), part)), later(first)))
    plans = []
    for place in some(1):
        first = draw(at)
        days = sorted(draw(st.sets(st.integers(3, 60), min_size=1, max_size=3)))
        promised = tuple(Instalment(first.date() + timedelta(days=day), draw(part)) for day in days)
        plans.append(Plan(f"{case.invoice}-plan-{place}", first, promised, later(first)))
    claims = []
    for place in some(1):
        first = draw(at)
        paid_on = first.date() + timedelta(days=draw(st.integers(-10, 5)))
        claims.append(Claim(f"{case.invoice}-claim-{place}", first, paid_on, later(first)))
    pauses = []
    for _ in some(2):
        first = draw(at)
        until = draw(st.one_of(st.none(), st.integers(1, 60)))
        last = None if until is None else first.date() + timedelta(days=until)
        pauses.append(Pause("leniency", first, last, later(first)))
    notes = [CreditNote(draw(part), draw(at)) for _ in some(1)]
    return replace(
        case,
        payments=tuple(payments),
        disputes=tuple(disputes),
        plans=tuple(plans),
        claims=tuple(claims),
        pauses=tuple(pauses),
        credit_notes=tuple(notes),
    )


@st.composite
def portfolios(draw: st.DrawFn, most: int = 4, quiet: bool = False, least_gap: int = 1) -> Portfolio:
    """One customer of some country, with one to `most` invoices under any built-in policies."""
    calendar = business_calendar(draw(st.sampled_from(sorted(CURRENCIES))))
    reach = {
        role: Reach(email=draw(st.booleans()), mobile=draw(st.booleans()), phone=draw(st.booleans()))
        for role in Role
    }
    customer = CustomerFacts(calendar, gap_days=draw(st.integers(least_gap, 9)), reach=reach)
    count = draw(st.integers(1, most))
    return Portfolio(customer, tuple(draw(lives(calendar, n, quiet)) for n in range(1, count + 1)))


def fact_instants(case: CaseFacts) -> set[datetime]:
    """Every instant written anywhere in the facts of a case."""
    found: set[datetime] = set()
    for facts in (case.payments, case.credit_notes, case.disputes, case.plans, case.claims, case.pauses):
        for fact in facts:
            values = (getattr(fact, name) for name in fact.__dataclass_fields__)
            found |= {value for value in values if isinstance(value, datetime)}
    return found


def bank_at(calendar: BusinessCalendar, said: Sequence[BankStatement], now: datetime) -> Bank | None:
    """What is known of the bank at an instant, of all that will ever be said."""
    known = tuple(statement for statement in said if statement.at <= now)
    return Bank(known[-1].until, calendar, known) if known else None


def live(portfolio: Portfolio, wakes: Sequence[datetime] = (), said: Sequence[BankStatement] = ()) -> Lived:
    """Live through a portfolio until nothing more can happen; approvals and calls are done at once.

    `wakes` are instants at which every case is looked at for no reason, `said` is how far the bank is known,
    in the order of time.
    """
    customer = portfolio.customer
    cases = {life.case.invoice: life.case for life in portfolio.lives}
    starts = {life.case.invoice: life.starts_at for life in portfolio.lives}
    known = portfolio.policies
    facts_at = (at for case in cases.values() for at in fact_instants(case))
    ahead = sorted({*starts.values(), *wakes, *facts_at, *(statement.at for statement in said)})
    told: list[Done] = []
    decisions: dict[str, Decision] = {}
    now = ahead[0]
    for looks in range(1, 4000):
        customer = replace(customer, bank=bank_at(customer.calendar, said, now))
        awake = [invoice for invoice in cases if starts[invoice] <= now]
        for invoice in awake:
            if invoice not in decisions and cases[invoice].done:
                brought = [done.on for done in cases[invoice].done]
                last = customer.last_contact_on
                customer = replace(customer, last_contact_on=max([*brought, *([last] if last else [])]))
        found = outreach(customer, [Ladder(cases[i], known[i]) for i in awake], now)
        decisions |= dict(zip(awake, found.decisions, strict=True))
        ours = _decisions_due(customer, awake, found.decisions, now)
        contact = None if ours else found.contact
        steps = ours or _steps(customer, contact, now)
        if steps:
            told.append(Done(now, customer, steps, {i: cases[i] for i in awake}, contact))
            for invoice, step in steps.items():
                cases[invoice] = replace(cases[invoice], done=(*cases[invoice].done, step))
            if contact is not None:
                customer = replace(customer, last_contact_on=customer.calendar.local_day(now))
            continue
        ahead = [at for at in ahead if at > now]
        woken = [d.wake_at for d in found.decisions if d.wake_at is not None]
        assert all(at > now for at in woken), "a case that does nothing asks to be woken at once"
        upcoming = min([*ahead[:1], *woken], default=None)
        if upcoming is None:
            return Lived(tuple(told), cases, decisions, looks)
        now = upcoming
    raise AssertionError("a life without end")


def _decisions_due(
    customer: CustomerFacts, awake: Sequence[str], decisions: Sequence[Decision], now: datetime
) -> dict[str, StepDone]:
    day = customer.calendar.local_day(now)
    return {
        invoice: StepDone(
            found.next.step.key, day, found.next.step.offset_days, found.next.tone, found.next.route.channel
        )
        for invoice, found in zip(awake, decisions, strict=True)
        if found.state is State.DUE and found.next is not None and not found.next.step.is_contact
    }


def _steps(customer: CustomerFacts, contact: Contact | None, now: datetime) -> dict[str, StepDone]:
    if contact is None:
        return {}
    day = customer.calendar.local_day(now)
    return {
        item.invoice: StepDone(item.step.key, day, item.step.offset_days, contact.tone, contact.route.channel)
        for item in contact.items
    }
