"""When the assignment would now pick another policy than the one a case runs under, a person is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, select

from activities.store.load import LoadedCase, LoadedCustomer
from activities.store.tasks import open_task
from models.ids import CaseSignal
from models.tables import FactRow
from models.tables.words import TaskKind
from rules.decide import Decision
from rules.policy import Assignment, Candidate


def ask_about_policies(
    session: Session,
    loaded: LoadedCustomer,
    decisions: Sequence[Decision],
    assignment: Assignment,
    now: datetime,
) -> None:
    """Open one task for each customer and policy that the assignment would now pick instead.

    A policy that a person chose, for the invoice, the customer or the running case, is never questioned.
    """
    if loaded.row.policy is not None:
        return
    today = loaded.customer.calendar.local_day(now)
    owed: dict[str, Decimal] = defaultdict(Decimal)
    overdue: dict[str, Decimal] = defaultdict(Decimal)
    for case, decision in zip(loaded.cases, decisions, strict=True):
        owed[case.facts.currency] += decision.balance.outstanding
        if case.facts.due_on < today:
            overdue[case.facts.currency] += decision.balance.outstanding
    wanted: dict[str, list[LoadedCase]] = defaultdict(list)
    for case in loaded.cases:
        candidate = Candidate(
            currency=case.facts.currency,
            amount=case.facts.total,
            overdue=overdue[case.facts.currency],
            open_total=owed[case.facts.currency],
            segment=loaded.row.segment,
            country=loaded.row.country,
            risk=loaded.row.risk,
        )
        picked = assignment.pick(candidate)
        if case.invoice.policy is None and picked != case.case.policy_key and not _chosen(session, case):
            wanted[picked].append(case)
    for picked, cases in wanted.items():
        numbers = ", ".join(case.facts.invoice for case in cases)
        open_task(
            session,
            key=f"policy-review/{loaded.row.id}/{picked}",
            kind=TaskKind.POLICY_REVIEW,
            company_id=loaded.company.id,
            customer_id=loaded.row.id,
            invoice_id=cases[0].invoice.id,
            title=f"Policy {picked} for {loaded.row.name}?",
            body=f"The assignment rules would now give {picked} to {numbers}, under "
            f"{', '.join(sorted({case.policy_name for case in cases}))}. Nothing changes by itself: tell "
            "policy_changed for the cases that should move.",
            now=now,
            today=today,
            due_on=loaded.customer.calendar.add_business_days(today, 5),
            assignee_email=loaded.company.signatory_email,
        )


def _chosen(session: Session, case: LoadedCase) -> bool:
    """Whether a person moved this case to the policy it runs under."""
    return (
        session.exec(
            select(FactRow.id)
            .where(FactRow.invoice_id == case.invoice.id, FactRow.kind == CaseSignal.POLICY_CHANGED)
            .limit(1)
        ).first()
        is not None
    )
