"""Preview and simulate a portfolio file, from the rules alone: no server, no database, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from admin.portfolio.debtors import DebtorKey, alone, debtor_key, survey
from admin.portfolio.facts import assigned, case_at, customer_alone, life, refused_step
from admin.portfolio.parser import Today
from admin.portfolio.reader import OnReject, PortfolioReader, read_portfolio
from admin.portfolio.rejects import reject_of
from admin.portfolio.row import Reject
from policies import builtin_assignment, builtin_policies
from rules.calendar import BusinessCalendar
from rules.policy import Policy
from rules.preview import Foreseen, preview
from rules.simulate import Contacted, Life, Outcome, Summary, simulate, summarise


@dataclass(frozen=True, slots=True)
class Told:
    """A row of a preview and the calendar its instants are to be read in."""

    step: Foreseen
    calendar: BusinessCalendar


@dataclass(frozen=True, slots=True)
class Lived:
    """A simulated portfolio: every contact by time, then customer, and the sum of it all."""

    contacts: tuple[tuple[Contacted, BusinessCalendar], ...]
    summary: Summary


def preview_file(path: Path, *, policy: Policy | None, today: Today, on_reject: OnReject) -> Iterator[Told]:
    """What would happen to each invoice if nobody paid, in the order of the file, then by time.

    Each invoice is reckoned on its own, with the contacts, country and zone of its own row. The file is read
    twice: which policy an invoice gets depends on what its customer owes in all.

    :param policy: for every invoice; None for the one the row names, else the assignment picks.
    :param today: the day whose start it is reckoned from, for a customer.
    :raises PortfolioError: the file cannot be read.
    """
    policies = _known(policy)
    rows = read_portfolio(path, on_reject=_said_later, policies=policies, today=today)
    debtors = survey(rows, today, policies)
    rules = builtin_assignment()
    reader = PortfolioReader(path, on_reject=on_reject, policies=policies, today=today)
    for row in reader:
        debtor = alone(row, debtors[debtor_key(row)], policies)
        calendar = debtor.calendar
        ladder = policy or assigned(row, debtor, policies, rules)
        # Asked for one policy for all, a step of another keeps its place by its offset.
        fault = None if policy else refused_step(row, ladder)
        if fault is not None:
            on_reject(reject_of(row, fault, reader.columns))
            continue
        start = calendar.start_of_day(today(calendar))
        case = case_at(row, debtor, ladder, policies, start)
        for step in preview(case, customer_alone(debtor, case), ladder, start):
            yield Told(step, calendar)


def simulate_file(path: Path, *, policy: Policy, on_reject: OnReject) -> Lived:
    """The whole life of a portfolio whose file says what the debtors did, under one policy.

    :raises PortfolioError: the file cannot be read.
    """
    policies = _known(policy)
    rows = list(read_portfolio(path, on_reject=on_reject, policies=policies))
    debtors = survey(rows, None, policies)
    lives: dict[DebtorKey, list[Life]] = {key: [] for key in debtors}
    for row in rows:
        key = debtor_key(row)
        lives[key].append(life(row, debtors[key], policy, policies))
    outcomes: list[Outcome] = []
    contacts: list[tuple[Contacted, str, BusinessCalendar]] = []
    for key, debtor in debtors.items():
        company, customer = key
        outcome = simulate(customer, debtor.facts, lives[key])
        outcomes.append(outcome)
        contacts += [(contact, company, debtor.calendar) for contact in outcome.contacts]
    contacts.sort(key=lambda told: (told[0].at, told[0].customer, told[1]))
    return Lived(tuple((told[0], told[2]) for told in contacts), summarise(outcomes, policy))


def _known(policy: Policy | None) -> Mapping[str, Policy]:
    """The policies a file may name: the built-in ones, and the one asked for under its own key."""
    return builtin_policies() if policy is None else {**builtin_policies(), policy.key: policy}


def _said_later(reject: Reject) -> None:
    """The first of two readings keeps quiet about rejects: the second one tells them."""
