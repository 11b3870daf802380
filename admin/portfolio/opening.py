"""What a row becomes when it enters the ledger: its case with a first decision, and the facts it brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID, uuid4

from admin.portfolio.debtors import NOTHING, Debtor
from admin.portfolio.facts import assigned, case_at, refused_step
from admin.portfolio.row import CellFault, Row
from rules.decide import Decision, decide
from rules.facts import CaseFacts, CustomerFacts, Plan, Role, StepDone
from rules.ledger import balance
from rules.policy import Assignment, Policy

_MAX_PLAIN: Final = 20_000
"""Decisions remembered at a time."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One invoice about to enter the ledger, with its `case` as the rules see it.

    `settled` is what `settled_on` paid, if that day has come; `promise` what is promised, kept or not.
    """

    invoice_id: UUID
    row: Row
    policy: Policy
    case: CaseFacts
    decision: Decision
    opened: StepDone | None
    settled: Decimal
    disputed_at: datetime | None
    resolved_at: datetime | None
    promise: Plan | None

    @property
    def today(self) -> date:
        """The customer's day on which it enters."""
        return self.case.opened_on

    @property
    def closed(self) -> bool:
        """Whether it is paid already, so that no case has to start."""
        return self.decision.closing_reason is not None


class Decider:
    """Decides new invoices for the first time, all at the same instant."""

    def __init__(self, policies: Mapping[str, Policy], assignment: Assignment, now: datetime) -> None:
        """`now` is business time, aware UTC."""
        self._policies = policies
        self._assignment = assignment
        self._now = now
        self._plain: dict[tuple[object, ...], Decision] = {}

    def opening(self, row: Row, debtor: Debtor, customer: CustomerFacts) -> Opening:
        """Decide one new invoice.

        :param debtor: the customer over the whole file and the ledger.
        :param customer: what the ledger knows of it, the contacts of this file included.
        """
        policy = assigned(row, debtor, self._policies, self._assignment)
        case = case_at(row, debtor, policy, self._policies, self._now)
        dispute = case.disputes[0] if case.disputes else None
        return Opening(
            invoice_id=uuid4(),
            row=row,
            policy=policy,
            case=case,
            decision=self._decide(case, customer, policy),
            opened=case.done[0] if case.done else None,
            settled=case.payments[-1].amount if _is_settled(row, case) else NOTHING,
            disputed_at=dispute.opened_at if dispute else None,
            resolved_at=dispute.resolved_at if dispute else None,
            promise=case.plans[0] if case.plans else None,
        )

    def refused(self, row: Row, debtor: Debtor) -> CellFault | None:
        """Why a row cannot enter, though it was read: see `refused_step`."""
        return refused_step(row, assigned(row, debtor, self._policies, self._assignment))

    def _decide(self, case: CaseFacts, customer: CustomerFacts, policy: Policy) -> Decision:
        """As `rules.decide`; for the plain case, one reckoning serves every invoice due on that day.

        What such a decision says does not depend on the amount, as long as it is large enough to chase: a
        test holds that.
        """
        owed = balance(case, self._now)
        chased = owed.chaseable > 0 and owed.chaseable >= policy.threshold(case.currency)
        if case.disputes or case.plans or not chased:
            return decide(case, customer, policy, self._now)
        key = (case.due_on, case.opened_on, case.done, policy.key, policy.version, *_shape(customer))
        found = self._plain.get(key)
        if found is None:
            if len(self._plain) >= _MAX_PLAIN:
                self._plain.clear()
            found = self._plain[key] = decide(case, customer, policy, self._now)
        return replace(found, balance=owed)


def _shape(customer: CustomerFacts) -> tuple[object, ...]:
    """What tells customers apart to a decision."""
    return (
        customer.calendar.country,
        customer.calendar.zone.key,
        customer.gap_days,
        customer.last_contact_on,
        customer.stopped_by,
        customer.stopped_on,
        tuple(customer.reach.get(role) for role in Role),
        customer.has_sales_rep,
        customer.bank and (customer.bank.until, customer.bank.calendar),
    )


def _is_settled(row: Row, case: CaseFacts) -> bool:
    return row.settled_on is not None and len(case.payments) > (1 if row.paid else 0)
