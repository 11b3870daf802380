"""The customers of a portfolio: who they are, how they are reached, and what they owe in all its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from activities.addresses import Phone
from admin.portfolio.parser import Today
from admin.portfolio.row import Row
from rules.calendar import BusinessCalendar, business_calendar
from rules.facts import CustomerFacts, Reach, Role
from rules.policy import Policy

DebtorKey: TypeAlias = tuple[str, str]
"""Company and customer, as the file names them."""

NOTHING: Final = Decimal(0)

_EMAIL, _MOBILE, _PHONE = 1, 2, 4


@dataclass(slots=True)
class Debtor:
    """One customer, over all its rows in the file.

    Its country, zone, segment and risk are those of its first row, and whoever any row names can be
    reached: as after an import. `means` are as `means_of` says, by role; `owed` and `overdue` are by
    currency; `policy` is the customer's own, which only the ledger knows, and so are `marks`: channel and
    address, of those that are not used. `last_contact_on` is the latest contact of another tool that any row
    names.
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
    marks: frozenset[tuple[str, str]] = frozenset()
    has_sales_rep: bool = False

    @property
    def calendar(self) -> BusinessCalendar:
        """Its business days and hours."""
        return business_calendar(self.country, self.zone)

    @property
    def facts(self) -> CustomerFacts:
        """What the rules know of it before any contact."""
        return CustomerFacts(self.calendar, reach=reach(*self.means), has_sales_rep=self.has_sales_rep)

    def add(self, row: Row, today: date | None, policies: Mapping[str, Policy]) -> None:
        """Take in one more of its rows; totals are as at `today`, and not kept without."""
        for place, (email, phone) in enumerate(_contact_cells(row, self.marks)):
            self.means[place] |= means_of(email, phone)
        self.has_sales_rep = self.has_sales_rep or row.sales_rep_email is not None
        day = contacted_on(row, policies)
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


def _contact_cells(row: Row, marks: frozenset[tuple[str, str]]) -> tuple[tuple[str | None, str | None], ...]:
    """E-mail address and kind of telephone of each role, in the order of `Role`, as far as they are used."""
    if not marks:
        return tuple((email, phone.kind if phone else None) for _, email, phone, _ in row.contacts)
    return tuple(
        (
            None if email is None or ("email", email.lower()) in marks else email,
            None if phone is None else _kind_left(phone, marks),
        )
        for _, email, phone, _ in row.contacts
    )


def _kind_left(phone: Phone, marks: frozenset[tuple[str, str]]) -> str | None:
    if ("phone", phone.number) in marks:
        return None
    return "other" if ("sms", phone.number) in marks else phone.kind


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


def contacted_on(row: Row, policies: Mapping[str, Policy]) -> date | None:
    """When another tool last contacted the customer about it; a decision of our own is no contact."""
    if row.last_step is None:
        return None
    named = policies.values() if row.policy is None else (policies[row.policy],)
    steps = [policy.step(row.last_step) for policy in named if row.last_step in policy.position]
    return row.last_contacted_on if any(step.is_contact for step in steps) else None


def debtor_key(row: Row) -> DebtorKey:
    """Whom the row is about."""
    return row.company, row.customer


def survey(
    rows: Iterable[Row], today: Today | None, policies: Mapping[str, Policy]
) -> dict[DebtorKey, Debtor]:
    """Every customer of the portfolio, with its totals as at `today` (none without)."""
    debtors: dict[DebtorKey, Debtor] = {}
    for row in rows:
        key = debtor_key(row)
        debtor = debtors.get(key)
        if debtor is None:
            debtor = debtors[key] = Debtor(row.country, row.timezone, row.segment, row.risk)
        debtor.add(row, today(debtor.calendar) if today else None, policies)
    return debtors


def alone(row: Row, debtor: Debtor, policies: Mapping[str, Policy]) -> Debtor:
    """The customer as this row by itself tells it, owing what the whole file says it owes."""
    told = Debtor(row.country, row.timezone, row.segment, row.risk, owed=debtor.owed, overdue=debtor.overdue)
    told.add(row, None, policies)
    return told


def outstanding(row: Row, today: date) -> Decimal:
    """What the invoice owes at the start of `today`: nothing once it is settled."""
    if row.settled_on is not None and row.settled_on <= today:
        return NOTHING
    return row.amount - (row.paid or NOTHING)
