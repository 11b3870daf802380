"""A person's word on what a line pays: for the first time, or in place of what was booked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlmodel import Session, select

from activities.matching.book import book, customers_paid, keep_credit, learn, take_back
from activities.store.amounts import exact, rests
from activities.store.events import add_event
from activities.store.lookup import invoice_by_number, lock_customer
from activities.store.tasks import close_task
from models.errors import InvalidFact, NotFound, WrongState
from models.tables import BankLine, Company, Customer, Task
from models.tables.words import BankDirection, BankLineState, TaskStatus

_OPEN: Final = (BankLineState.NEW, BankLineState.PROPOSED, BankLineState.UNALLOCATED, BankLineState.BOOKED)


def allocate(
    session: Session,
    company: Company,
    line_id: UUID,
    amounts: Mapping[str, Decimal],
    *,
    now: datetime,
    who: str,
    customer_ref: str | None = None,
) -> tuple[BankLine, list[int]]:
    """Put a line's money where a person says; what it stood on before is taken back in the same transaction.

    What is left over stays its customer's credit. The payer is known from then on.

    Args:
        session: the transaction.
        company: the creditor.
        line_id: the line.
        amounts: by invoice number, in the line's currency; none: all of it is credit.
        now: business time.
        who: who says so.
        customer_ref: whose credit the rest is, where no invoice tells.

    Raises:
        NotFound: no such line, invoice or customer of this company.
        WrongState: the money went out, or back.
        InvalidFact: more than the line, more than an invoice owes, or credit of nobody.
    """
    line = _locked(session, company, line_id)
    _allocatable(line)
    invoices = {number: invoice_by_number(session, company.ref, number) for number in amounts}
    told = {
        invoices[number].id: exact(f"{number}", amount, line.currency) for number, amount in amounts.items()
    }
    _check(line, invoices, told)
    customers = {invoice.customer_id for invoice in invoices.values()}
    rest = line.amount - sum(told.values(), Decimal(0))
    owner = _owner(session, company, line, customers, customer_ref) if rest else None
    for customer_id in sorted(customers | customers_paid(session, line) | ({owner} if owner else set())):
        lock_customer(session, customer_id)
    notes = take_back(session, line, now, who)
    owed = rests(session, told)
    for number, invoice in invoices.items():
        if told[invoice.id] > owed[invoice.id]:
            raise InvalidFact(
                f"{number}: {told[invoice.id]} {line.currency} is more than the {owed[invoice.id]} it owes"
            )
    line.reason = "as a person decided"
    notes += book(session, line, told, now, who)
    if owner is not None:
        notes += keep_credit(session, line, session.get_one(Customer, owner), rest, now, who)
    line.state = BankLineState.BOOKED if told else BankLineState.UNALLOCATED
    line.customer_id = owner if owner is not None else next(iter(customers)) if len(customers) == 1 else None
    line.decided_by, line.settled_at = who, now
    learn(session, line, customers | ({owner} if owner else set()), now)
    _close(session, line, "allocated", now, who)
    add_event(
        session,
        company_id=company.id,
        customer_id=line.customer_id,
        at=now,
        who=who,
        what="bank_line_allocated",
        detail={"bank_line": str(line.id), "amounts": {number: str(amounts[number]) for number in amounts}},
    )
    session.flush()
    return line, notes


def set_aside(
    session: Session, company: Company, line_id: UUID, reason: str, *, now: datetime, who: str
) -> tuple[BankLine, list[int]]:
    """Say that a line is nothing a debtor paid; what it stood on is taken back. `allocate` may still put it.

    Args:
        session: the transaction.
        company: the creditor.
        line_id: the line.
        reason: what it is, in a few words.
        now: business time.
        who: who says so.

    Raises:
        NotFound: no such line of this company.
        WrongState: the money went out, or back.
        InvalidFact: no reason is given.
    """
    if not reason.strip():
        raise InvalidFact("reason: what is it, if nobody's payment?")
    line = _locked(session, company, line_id)
    _allocatable(line)
    owners = customers_paid(session, line)
    for customer_id in sorted(owners):
        lock_customer(session, customer_id)
    line.reason = reason.strip()
    notes = take_back(session, line, now, who)
    line.state, line.customer_id = BankLineState.IGNORED, None
    line.decided_by, line.settled_at = who, now
    _close(session, line, "set aside", now, who)
    concerned: list[UUID | None] = [*sorted(owners)]
    for owner in concerned or [None]:
        add_event(
            session,
            company_id=company.id,
            customer_id=owner,
            at=now,
            who=who,
            what="bank_line_set_aside",
            why=line.reason,
            detail={"bank_line": str(line.id)},
        )
    session.flush()
    return line, notes


def is_allocatable(line: BankLine) -> bool:
    """Whether a person may say what a line pays: money came by it, and has not gone back.

    What a file set aside by itself (our own transfers, charges) stays aside; what a person did, may be put.
    """
    state = BankLineState(line.state)
    by_hand = state is BankLineState.IGNORED and line.decided_by is not None
    return line.direction == BankDirection.IN and (state in _OPEN or by_hand)


def _allocatable(line: BankLine) -> None:
    if not is_allocatable(line):
        raise WrongState(f"bank line {line.id} is {line.state}: there is nothing to allocate")


def _locked(session: Session, company: Company, line_id: UUID) -> BankLine:
    line = session.exec(
        select(BankLine).where(BankLine.id == line_id, BankLine.company_id == company.id).with_for_update()
    ).one_or_none()
    if line is None:
        raise NotFound(f"no bank line {line_id}")
    return line


def _close(session: Session, line: BankLine, outcome: str, now: datetime, who: str) -> None:
    task = session.exec(select(Task).where(Task.key == f"bank-line/{line.id}")).one_or_none()
    if task is not None and task.status == TaskStatus.OPEN:
        close_task(task, TaskStatus.DONE, outcome, who, now)


def _check(line: BankLine, invoices: Mapping[str, object], told: Mapping[UUID, Decimal]) -> None:
    for number, amount in zip(invoices, told.values(), strict=True):
        if amount <= 0:
            raise InvalidFact(f"{number}: {amount}: more than nothing is required")
    total = sum(told.values(), Decimal(0))
    if total > line.amount:
        raise InvalidFact(f"{total} {line.currency} is allocated, the line is of {line.amount}")


def _owner(session: Session, company: Company, line: BankLine, customers: set[UUID], ref: str | None) -> UUID:
    """Whose credit the rest is."""
    if ref is not None:
        found = session.exec(
            select(Customer.id).where(Customer.company_id == company.id, Customer.ref == ref)
        ).one_or_none()
        if found is None:
            raise NotFound(f"no customer {ref!r} in company {company.ref!r}")
        return found
    if len(customers) == 1:
        return next(iter(customers))
    if not customers and line.customer_id is not None:
        return line.customer_id
    raise InvalidFact("customer: whose credit is what is left over?")
