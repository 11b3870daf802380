"""A chunk of lines matched: each moved out of `new`, what is sure booked in the same transaction."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session, col, select

from activities.discreet import told
from activities.matching.book import book, keep_credit, learn, let_off
from activities.matching.candidates import Candidates, as_line, candidates_for, customers_of
from activities.store.lookup import lock_customer
from activities.store.tasks import open_task
from models.errors import RelanceError
from models.tables import BankLine, Company, Customer
from models.tables.words import BankLineState, TaskKind
from rules.calendar import business_calendar
from rules.matching import Match, Verdict, match, name_key

log = logging.getLogger(__name__)

WHO: Final = "bank"


def match_lines(session: Session, company_id: UUID, lines: Sequence[UUID], now: datetime) -> list[int]:
    """Say of each line what it pays; book what is sure, ask about what is doubtful, keep the rest as credit.

    A line that is settled is left alone, so running it twice books once. Customers are locked in the order of
    their ids before anything is looked at: nobody else pays or changes the same invoices meanwhile.

    Args:
        session: the transaction; the caller commits it.
        company_id: the creditor.
        lines: money received, in the order of the file.
        now: business time.

    Returns:
        The notes to deliver after the commit.
    """
    rows = session.exec(
        select(BankLine)
        .where(col(BankLine.id).in_(list(lines)), BankLine.state == BankLineState.NEW)
        .order_by(col(BankLine.place))
        .with_for_update()
    ).all()
    if not rows:
        return []
    company = session.get_one(Company, company_id)
    told_by = {row.id: as_line(row, company) for row in rows}
    found = candidates_for(session, company_id, list(told_by.values()))
    for customer_id in sorted(customers_of(found)):
        lock_customer(session, customer_id)
    # Under the locks: what was owed a moment ago may have been paid by another hand.
    found = candidates_for(session, company_id, list(told_by.values()))
    notes: list[int] = []
    for row in rows:
        items, payers = found.of(told_by[row.id])
        notes += _settle(session, company, row, match(told_by[row.id], items, payers), found, now)
    return notes


def _settle(
    session: Session, company: Company, row: BankLine, result: Match, found: Candidates, now: datetime
) -> list[int]:
    row.settled_at, row.reason = now, result.why[:2000]
    row.customer_id = _uuid(result.customer)
    if result.verdict is Verdict.SURE:
        try:
            with session.begin_nested():
                return _book(session, row, result, found, now)
        except RelanceError as error:
            log.warning("a bank line is not booked: %s", told(error))
            row.reason = f"{result.why}; but it was not taken: {error}"[:2000]
            return _ask(session, company, row, result, now)
    if result.verdict is Verdict.DOUBTFUL:
        return _ask(session, company, row, result, now)
    row.state = BankLineState.UNALLOCATED
    return _keep(session, row, now)


def _book(session: Session, row: BankLine, result: Match, found: Candidates, now: datetime) -> list[int]:
    chosen = result.proposals[0]
    amounts = {UUID(str(each.item.key)): each.amount for each in chosen.allocations}
    notes = book(session, row, amounts, now, WHO)
    notes += let_off(session, row, chosen.allocations, now, WHO)
    row.state = BankLineState.BOOKED
    row.proposals = [_shown(result)[0]]
    for invoice_id, amount in amounts.items():
        found.owed[invoice_id] -= amount
    for each in chosen.allocations:
        found.owed[UUID(str(each.item.key))] -= each.let_off
    customers = {UUID(str(each.item.customer)) for each in chosen.allocations}
    learn(session, row, customers, now)
    for kind, key in (("iban", row.payer_iban), ("name", name_key(row.payer_name or ""))):
        if key:
            found.payers[f"{kind}/{key}"] |= customers
    session.flush()
    return notes


def _ask(session: Session, company: Company, row: BankLine, result: Match, now: datetime) -> list[int]:
    """A person chooses; until then a known customer has the credit, and is not asked for it."""
    row.state, row.proposals = BankLineState.PROPOSED, _shown(result)
    notes = _keep(session, row, now)
    customer = session.get_one(Customer, row.customer_id) if row.customer_id else None
    calendar = business_calendar(company.country, company.zone)
    payer = row.payer_name or "a payer not named"
    account = f" ({row.payer_iban})" if row.payer_iban else ""
    came = f"On {row.booked_on} {row.amount:,.2f} {row.currency} came from {payer}{account}"
    lines = [
        f"{came}: {row.text or 'no text'}",
        f"{result.why}.",
        *(
            f"{proposal['confidence']} %: "
            + " + ".join(f"{part['invoice']} {part['amount']}" for part in proposal["allocations"])
            + f" ({'; '.join(proposal['reasons'])})"
            for proposal in row.proposals
        ),
        f"Allocate it: relance allocate {str(row.id)[:8]} INVOICE=AMOUNT ..., or leave it as credit.",
    ]
    open_task(
        session,
        key=f"bank-line/{row.id}",
        kind=TaskKind.BANK_LINE,
        company_id=company.id,
        customer_id=row.customer_id,
        title=(
            f"{row.amount:,.2f} {row.currency} of {row.booked_on}"
            f"{f' from {customer.name}' if customer else ''}: what does it pay?"
        )[:300],
        body="\n".join(lines),
        now=now,
        today=calendar.local_day(now),
        assignee_email=(customer.collector_email if customer else None) or company.signatory_email,
    )
    return notes


def _keep(session: Session, row: BankLine, now: datetime) -> list[int]:
    if row.customer_id is None:
        return []
    customer = lock_customer(session, row.customer_id)
    return keep_credit(session, row, customer, row.amount, now, WHO)


def _shown(result: Match) -> list[dict[str, Any]]:
    return [
        {
            "confidence": proposal.confidence,
            "reasons": list(proposal.reasons),
            "allocations": [
                {"invoice": each.item.number, "amount": str(each.amount)} for each in proposal.allocations
            ],
        }
        for proposal in result.proposals
    ]


def _uuid(value: object) -> UUID | None:
    return None if value is None else UUID(str(value))
