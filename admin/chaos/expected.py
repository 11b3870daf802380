"""What should become of a portfolio file, from the rules alone: no server, no ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from admin.chaos.books import Expected, Stand, Wanted
from admin.portfolio.debtors import DebtorKey, debtor_key, survey
from admin.portfolio.facts import assigned, case_at
from admin.portfolio.reader import read_portfolio
from admin.portfolio.row import Reject, Row
from admin.stack.errors import StackError
from policies import builtin_assignment, builtin_policies
from rules.calendar import Channel
from rules.decide import decide
from rules.facts import CustomerFacts, StepDone
from rules.outreach import Ladder, outreach


def expect(portfolio: Path, now: datetime) -> Expected:
    """The one message of every customer that is due at `now`, and where each case stands once it has left.

    Raises:
        StackError: a row is refused, or a customer is not due exactly one message by e-mail or SMS.
    """
    policies, rules = builtin_policies(), builtin_assignment()
    rows = list(read_portfolio(portfolio, on_reject=_refuse, policies=policies))
    debtors = survey(rows, lambda calendar: calendar.local_day(now), policies)
    by_debtor: dict[DebtorKey, list[Row]] = {}
    for row in rows:
        by_debtor.setdefault(debtor_key(row), []).append(row)
    messages: dict[str, Wanted] = {}
    cases: dict[str, Stand] = {}
    for key, debtor in debtors.items():
        theirs = by_debtor[key]
        ladders = {}
        for row in theirs:
            policy = assigned(row, debtor, policies, rules)
            ladders[row.invoice] = Ladder(case_at(row, debtor, policy, policies, now), policy)
        facts = replace(debtor.facts, last_contact_on=debtor.last_contact_on)
        wanted, after = _contacted(facts, ladders, now, theirs[0])
        messages[key[1]] = wanted
        cases |= after
    return Expected(messages, cases)


def _contacted(
    customer: CustomerFacts, ladders: Mapping[str, Ladder], now: datetime, row: Row
) -> tuple[Wanted, dict[str, Stand]]:
    """The contact that is due, and the decisions on every case once it was made."""
    contact = outreach(customer, list(ladders.values()), now).contact
    if (
        contact is None
        or contact.companion
        or contact.needs_approval
        or contact.route.channel not in (Channel.EMAIL, Channel.SMS)
    ):
        raise StackError(f"customer {row.customer} is not due exactly one message: this portfolio is no test")
    to = row.accounting_email
    if contact.route.channel is Channel.SMS:
        to = row.accounting_phone.number if row.accounting_phone else None
    if to is None:
        raise StackError(f"customer {row.customer} has no address for {contact.route.channel.value}")
    day = customer.calendar.local_day(now)
    done = {
        item.invoice: StepDone(item.step.key, day, item.step.offset_days, contact.tone, contact.route.channel)
        for item in contact.items
    }
    customer = replace(customer, last_contact_on=day)
    after = {}
    for invoice, ladder in ladders.items():
        case = ladder.case
        if invoice in done:
            case = replace(case, done=(*case.done, done[invoice]))
        decision = decide(case, customer, ladder.policy, now)
        action = decision.next
        after[invoice] = Stand(
            decision.state.value,
            decision.stage,
            action.step.key if action else None,
            action.at if action else None,
        )
    steps = frozenset((invoice, step.step) for invoice, step in done.items())
    return Wanted(contact.route.channel.value, to, steps), after


def _refuse(reject: Reject) -> None:
    raise StackError(f"the campaign's own portfolio was refused: {reject}")
