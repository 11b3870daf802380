"""From the rows of a portfolio to the facts that the rules decide on.

A fact dated D counts from the start of that day in the customer's time zone. A preview knows what had
happened by its day; a simulation knows everything, each fact at its time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from admin.portfolio.parser import Today
from admin.portfolio.row import Row
from rules.calendar import BusinessCalendar, Channel, business_calendar
from rules.facts import CaseFacts, CustomerFacts, Dispute, Payment, Reach, Role, StepDone
from rules.policy import Assignment, Candidate, Policy, Step
from rules.simulate import Life

DebtorKey: TypeAlias = tuple[str, str]
"""Company and customer, as the file names them."""

NOTHING: Final = Decimal(0)

_EMAIL, _MOBILE, _PHONE = 1, 2, 4


@dataclass(slots=True)
class Debtor:
    """One customer, over all its rows in the file.

    Its country, zone, segment and risk are those of its first row, and whoever any row names can be
    reached: as after an import. `means` are as `means_of` says, by role; `owed` and `overdue` are by
    currency; `policy` is the customer's own, which only the ledger knows; `last_contact_on` is the latest
    contact of another tool that any row names.
    """

    country: str
    zone: str | None
    segment: str | None
    risk: str | None
    means: list[int] = field(default_factory=lambda: [0, 0, 0])
    owed: dict[str, Decimal] = field(default_factory=dict)
    overdue: dict[str, Decimal] = field(default_factory=dict)
    policy: str | None = None
    last_contact_on: date | None = None

    @property
    def calendar(self) -> BusinessCalendar:
        """Its business days and hours."""
        return business_calendar(self.country, self.zone)

    @property
    def facts(self) -> CustomerFacts:
        """What the rules know of it before any contact."""
        return CustomerFacts(self.calendar, reach=reach(*self.means))

    def add(self, row: Row, today: date | None) -> None:
        """Take in one more of its rows; totals are as at `today`, and not kept without."""
        for place, (email, phone) in enumerate(_contact_cells(row)):
            self.means[place] |= means_of(email, phone)
        day = row.last_contacted_on
        if day is not None and (self.last_contact_on is None or day > self.last_contact_on):
            self.last_contact_on = day
        if today is not None:
            rest = outstanding(row, today)
            self.owe(row.currency, rest, rest if row.due_on < today else NOTHING)

    def owe(self, currency: str, rest: Decimal, overdue: Decimal) -> None:
        """Add to what it owes, and to what of it is overdue."""
        if rest > 0:
            self.owed[currency] = self.owed.get(currency, NOTHING) + rest
        if overdue > 0:
            self.overdue[currency] = self.overdue.get(currency, NOTHING) + overdue


def _contact_cells(row: Row) -> tuple[tuple[str | None, str | None], ...]:
    """E-mail address and kind of telephone of each role, in the order of `Role`."""
    return (
        (row.accounting_email, row.accounting_phone.kind if row.accounting_phone else None),
        (row.buyer_email, row.buyer_phone.kind if row.buyer_phone else None),
        (row.executive_email, None),
    )


def means_of(email: str | None, phone: str | None) -> int:
    """By which means an e-mail address and a telephone of that kind reach somebody, as bits."""
    means = _EMAIL if email else 0
    if phone:
        means |= _PHONE | (_MOBILE if phone == "mobile" else 0)
    return means


@lru_cache(maxsize=512)
def reach(accounting: int, buyer: int, executive: int) -> Mapping[Role, Reach]:
    """By which means each role can be reached: one mapping for all customers alike."""
    means = zip(Role, (accounting, buyer, executive), strict=True)
    return MappingProxyType(
        {
            role: Reach(email=bool(of & _EMAIL), mobile=bool(of & _MOBILE), phone=bool(of & _PHONE))
            for role, of in means
        }
    )


def debtor_key(row: Row) -> DebtorKey:
    """Whom the row is about."""
    return row.company, row.customer


def survey(rows: Iterable[Row], today: Today | None) -> dict[DebtorKey, Debtor]:
    """Every customer of the portfolio, with its totals as at `today` (none without)."""
    debtors: dict[DebtorKey, Debtor] = {}
    for row in rows:
        key = debtor_key(row)
        debtor = debtors.get(key)
        if debtor is None:
            debtor = debtors[key] = Debtor(row.country, row.timezone, row.segment, row.risk)
        debtor.add(row, today(debtor.calendar) if today else None)
    return debtors


def alone(row: Row, debtor: Debtor) -> Debtor:
    """The customer as this row by itself tells it, owing what the whole file says it owes."""
    told = Debtor(row.country, row.timezone, row.segment, row.risk, owed=debtor.owed, overdue=debtor.overdue)
    told.add(row, None)
    return told


def outstanding(row: Row, today: date) -> Decimal:
    """What the invoice owes at the start of `today`: nothing once it is settled."""
    if row.settled_on is not None and row.settled_on <= today:
        return NOTHING
    return row.amount - (row.paid or NOTHING)


def assigned(row: Row, debtor: Debtor, policies: Mapping[str, Policy], rules: Assignment) -> Policy:
    """The policy the row names, else the customer's own, else the one the assignment rules pick."""
    named = row.policy or debtor.policy
    if named is not None:
        return policies[named]
    candidate = Candidate(
        currency=row.currency,
        amount=row.amount,
        overdue=debtor.overdue.get(row.currency, NOTHING),
        open_total=debtor.owed.get(row.currency, NOTHING),
        segment=debtor.segment,
        country=debtor.country,
        risk=debtor.risk,
    )
    return policies[rules.pick(candidate)]


def opening_steps(row: Row, policy: Policy, policies: Mapping[str, Policy]) -> tuple[StepDone, ...]:
    """The step another tool had come to, if the file names one.

    A step that is not on the ladder of `policy` keeps the offset it has on another one: that gives it its
    place.
    """
    if row.last_step is None or row.last_contacted_on is None:
        return ()
    step = _known_step(row.last_step, policy, policies)
    return (StepDone(step.key, row.last_contacted_on, step.offset_days, step.tone, step.channel),)


def _known_step(key: str, policy: Policy, policies: Mapping[str, Policy]) -> Step:
    for candidate in (policy, *policies.values()):
        if key in candidate.position:
            return candidate.step(key)
    raise KeyError(key)


def case_at(
    row: Row,
    debtor: Debtor,
    policy: Policy,
    policies: Mapping[str, Policy],
    start: datetime,
) -> CaseFacts:
    """The case as it is known at `start`: facts dated later have not happened."""
    calendar = debtor.calendar
    today = calendar.local_day(start)
    payments: list[Payment] = []
    if row.paid:
        payments.append(Payment(row.paid, start))
    if row.settled_on is not None and row.settled_on <= today and row.amount > (row.paid or NOTHING):
        payments.append(Payment(row.amount - (row.paid or NOTHING), calendar.start_of_day(row.settled_on)))
    return CaseFacts(
        row.invoice,
        row.currency,
        row.amount,
        row.due_on,
        today,
        payments=tuple(payments),
        disputes=_disputes(row, calendar, today),
        done=opening_steps(row, policy, policies),
    )


def customer_alone(debtor: Debtor, case: CaseFacts) -> CustomerFacts:
    """The customer as its one case knows it: what another tool wrote about other invoices is left out."""
    facts = debtor.facts
    days = [step.on for step in case.done if step.channel is not Channel.DECISION]
    return replace(facts, last_contact_on=max(days)) if days else facts


def life(row: Row, debtor: Debtor, policy: Policy, policies: Mapping[str, Policy]) -> Life:
    """The whole life of an invoice, from its issue date on, or from the last contact of another tool.

    `settled_on` pays all that is left; a dispute is of the whole, until it is resolved or settled.
    """
    calendar = debtor.calendar
    opened_on = max(row.issued_on, row.last_contacted_on or row.issued_on)
    starts_at = calendar.start_of_day(opened_on)
    payments: list[Payment] = []
    if row.paid:
        payments.append(Payment(row.paid, starts_at))
    if row.settled_on is not None and row.amount > (row.paid or NOTHING):
        payments.append(Payment(row.amount - (row.paid or NOTHING), calendar.start_of_day(row.settled_on)))
    case = CaseFacts(
        row.invoice,
        row.currency,
        row.amount,
        row.due_on,
        opened_on,
        payments=tuple(payments),
        disputes=_disputes(row, calendar, None),
        done=opening_steps(row, policy, policies),
    )
    return Life(case, policy, starts_at)


def _disputes(row: Row, calendar: BusinessCalendar, today: date | None) -> tuple[Dispute, ...]:
    """The dispute of the row, as known on `today`, or in the end when None.

    What is settled is disputed no more, so a settlement ends a dispute, and none can begin after it.
    """
    opened = row.disputed_on
    if opened is None or (row.settled_on is not None and row.settled_on <= opened):
        return ()
    ended = row.resolved_on or row.settled_on
    if today is not None:
        if opened > today:
            return ()
        ended = ended if ended is not None and ended <= today else None
    return (
        Dispute(
            calendar.start_of_day(opened),
            resolved_at=None if ended is None else calendar.start_of_day(ended),
        ),
    )
