"""What each case of a portfolio does next once it is brought over: from the rules alone, before it is.

Reckoned as an import at the start of a day would decide it, then lived through for ten business days with
nobody at work: nobody pays, approves a letter or finds an address. So it says what the workflows do with the
same file if nothing changes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from admin.portfolio.cutover_lines import Acts, Ahead, Creditor, People, line_of
from admin.portfolio.debtors import Debtor, DebtorKey, debtor_key, survey
from admin.portfolio.opening import Decider
from admin.portfolio.parser import Today
from admin.portfolio.reader import OnReject, PortfolioReader
from admin.portfolio.rejects import reject_of
from admin.portfolio.row import Reject, Row
from policies import builtin_assignment, builtin_policies
from rules.calendar import BusinessCalendar, Channel
from rules.decide import State
from rules.policy import Policy
from rules.simulate import Life, Outcome, simulate

HORIZON: Final = 10
"""Business days over which contacts are foreseen, the first one included."""


@dataclass(slots=True)
class Day:
    """What happens on one day: contacts by channel, invoices they are about, and what waits for people."""

    channels: Counter[str] = field(default_factory=Counter)
    invoices: int = 0
    approvals: int = 0
    addresses: int = 0
    decisions: int = 0

    @property
    def contacts(self) -> int:
        """Contacts that leave."""
        return self.channels.total()


@dataclass(slots=True)
class Totals:
    """The sum of a cut-over.

    `first_day` are the customers contacted on their first business day, `acting` the invoices that do
    something on it.
    """

    invoices: int = 0
    customers: int = 0
    first_day: int = 0
    acting: int = 0
    states: Counter[State] = field(default_factory=Counter)
    days: dict[date, Day] = field(default_factory=lambda: defaultdict(Day))
    warned: int = 0
    rejects: list[Reject] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class CutOver:
    """A portfolio about to be brought over: one line an invoice in the order of the file, and the sum."""

    invoices: tuple[Ahead, ...]
    totals: Totals


def cutover_file(
    path: Path, *, creditors: Mapping[str, Creditor], today: Today, on_reject: OnReject
) -> CutOver:
    """Foresee a cut-over of the portfolio at `path`, imported at the start of the day into an empty ledger.

    :param creditors: what is known of them, by reference; the defaults hold for the others.
    :param today: the day it is for a customer.
    :param on_reject: told each row an import would refuse; they are kept in the totals as well.
    :raises PortfolioError: the file cannot be read.
    """
    totals = Totals()

    def refuse(reject: Reject) -> None:
        totals.rejects.append(reject)
        on_reject(reject)

    policies = builtin_policies()
    reader = PortfolioReader(path, on_reject=refuse, policies=policies, today=today)
    rows = list(reader)
    debtors = survey(rows, today, policies)
    found = _Foresight(policies, creditors, today, totals)
    sound: dict[DebtorKey, list[Row]] = {}
    for row in rows:
        debtor = debtors[debtor_key(row)]
        fault = found.decider(debtor).refused(row, debtor)
        if fault is not None:
            refuse(reject_of(row, fault, reader.columns))
        else:
            sound.setdefault(debtor_key(row), []).append(row)
    ahead: dict[int, Ahead] = {}
    for key, own in sound.items():
        for line in found.customer(own, debtors[key]):
            ahead[line.row.line] = line
    totals.days = dict(sorted(totals.days.items()))
    return CutOver(tuple(ahead[line] for line in sorted(ahead)), totals)


class _Foresight:
    """Lives through customers one by one, and adds them up."""

    def __init__(
        self,
        policies: Mapping[str, Policy],
        creditors: Mapping[str, Creditor],
        today: Today,
        totals: Totals,
    ) -> None:
        self._policies = policies
        self._assignment = builtin_assignment()
        self._creditors = creditors
        self._today = today
        self._totals = totals
        self._deciders: dict[datetime, Decider] = {}

    def decider(self, debtor: Debtor) -> Decider:
        """What decides for customers whose day begins at the same instant."""
        start = debtor.calendar.start_of_day(self._today(debtor.calendar))
        found = self._deciders.get(start)
        if found is None:
            found = self._deciders[start] = Decider(self._policies, self._assignment, start)
        return found

    def customer(self, rows: Sequence[Row], debtor: Debtor) -> Iterable[Ahead]:
        """One line for each of a customer's rows; `debtor` is what it owes by the whole file."""
        # What a refused row says of contacts does not come into the ledger.
        (known,) = survey(rows, None, self._policies).values()
        calendar, creditor = known.calendar, self._creditors.get(rows[0].company, Creditor())
        today = self._today(calendar)
        facts = replace(
            known.facts,
            gap_days=creditor.gap_days or known.facts.gap_days,
            last_contact_on=known.last_contact_on,
        )
        decider = self.decider(debtor)
        openings = [decider.opening(row, debtor, facts) for row in rows]
        start = calendar.start_of_day(today)
        first = calendar.first_business_day(today)
        last = calendar.add_business_days(first, HORIZON - 1)
        lived = simulate(
            rows[0].customer,
            facts,
            [Life(at.case, at.policy, start) for at in openings],
            until=calendar.start_of_day(last + timedelta(days=1)),
            people=False,
        )
        self._count(lived, calendar, first)
        people = People(rows, creditor)
        acts = Acts(lived, facts.gap_days)
        for opening in openings:
            line = line_of(opening, facts, people, acts)
            self._totals.states[line.state] += 1
            self._totals.acting += line.at is not None and calendar.local_day(line.at) == first
            self._totals.warned += bool(line.warnings)
            yield line

    def _count(self, lived: Outcome, calendar: BusinessCalendar, first: date) -> None:
        totals = self._totals
        totals.customers += 1
        totals.invoices += len(lived.ended)
        made = [contact for contact in lived.contacts if contact.channel is not Channel.DECISION]
        totals.first_day += any(calendar.local_day(contact.at) == first for contact in made)
        for contact in lived.contacts:
            day = totals.days[calendar.local_day(contact.at)]
            if contact.channel is Channel.DECISION:
                day.decisions += 1
                continue
            day.channels[contact.channel.value] += 1
            day.invoices += len(contact.invoices) + len(contact.also)
        for asked in lived.asked:
            day = totals.days[calendar.local_day(asked.contact.at)]
            day.addresses += asked.unreachable
            day.approvals += not asked.unreachable
