"""One customer whole: what it owes by currency, every open item, whom to write to, what goes out next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Row, func, select
from sqlalchemy.sql.expression import SQLColumnExpression
from sqlmodel import Session, col

from activities.settings import Settings
from activities.store.load import LoadedCase, LoadedCustomer, load_customer
from activities.store.marks import against, left, open_marks
from admin.queries.decisions import DecisionNow, decision_now
from admin.queries.models import Amount, Answer
from admin.queries.tasks import TaskRow, open_tasks
from admin.queries.told import HoldTold, holds_told
from models.errors import NotFound
from models.tables import (
    AddressMark,
    Contact,
    ContactMade,
    CreditNoteRow,
    Customer,
    FactRow,
    Invoice,
    PaymentRow,
)
from models.tables.words import ContactStatus, UnreachableCause
from rules.ageing import Bucket, OpenItem, Standing, standings
from rules.calendar import BusinessCalendar, business_calendar
from rules.decide import Decision
from rules.ledger import NOTHING
from rules.money import round_money
from rules.outreach import Ladder, next_contact


class CustomerBalance(Answer):
    """What is owed in one currency: `open` = `due` + `coming_due`; `overdue` is part of `due`.

    `disputed` is part of `open`. `unallocated` is the customer's own money: paid too much, or put to no
    invoice.
    """

    currency: Annotated[str, Field(examples=["EUR"])]
    open: Amount
    due: Amount
    overdue: Amount
    coming_due: Amount
    disputed: Amount
    unallocated: Amount
    ageing: Annotated[
        dict[Bucket, Decimal], Field(description="Of `open`, by days after the due date at its place")
    ]


class OpenItemRow(Answer):
    """An open invoice with its case, decided on the facts of this moment."""

    invoice: str
    order_ref: str | None
    issued_on: date
    due_on: date
    days_late: int
    currency: str
    total: Amount
    outstanding: Amount
    disputed: Amount
    policy: str
    case: DecisionNow


class Mark(Answer):
    """Why an address is not used by a channel; a mark on `phone` closes SMS too."""

    channel: Annotated[str, Field(examples=["email"])]
    cause: Annotated[UnreachableCause, Field(examples=["hard_bounce"])]
    since: datetime
    communication: Annotated[UUID | None, Field(description="The message that showed it")]
    detail: Annotated[str | None, Field(description="In the provider's words, or a person's")]


class Person(Answer):
    """Somebody to write to or call, or a mailbox, by role and in the order they are written to.

    `usable`: in use, with an address that is not marked.
    """

    id: UUID
    role: str
    name: str | None
    function: str | None
    language: str | None
    email: str | None
    phone: str | None
    phone_kind: str | None
    hours: str | None
    opted_out_at: datetime | None
    invalid_since: datetime | None
    invalid_reason: str | None
    preference: int | None
    in_copy: bool
    marks: Annotated[list[Mark], Field(description="What is known against its addresses")]
    usable: bool


class LastContact(Answer):
    """The latest contact made."""

    id: UUID
    step: str
    channel: str
    tone: str
    on_day: date


class NextContact(Answer):
    """What goes out next if no fact arrives and nobody acts: one contact over every step then due."""

    at: datetime
    on: date
    step: str
    channel: str
    role: str | None
    tone: str
    needs_approval: bool
    invoices: Annotated[list[str], Field(description="At the contact's own step")]
    also: Annotated[list[str], Field(description="Due at weaker steps: carried along")]


class CustomerPage(Answer):
    """A customer whole, reckoned on the facts of this moment."""

    company: str
    ref: Annotated[str, Field(examples=["C-101"])]
    name: str
    country: str
    zone: Annotated[str, Field(examples=["Europe/Paris"])]
    today: Annotated[date, Field(description="The day it is there")]
    language: str | None
    segment: str | None
    risk: str | None
    collector: str | None
    sales_rep: str | None
    policy: str | None
    insolvency_on: date | None
    do_not_contact_since: date | None
    lawyer_since: date | None
    balance: Annotated[list[CustomerBalance], Field(description="By currency")]
    items: Annotated[list[OpenItemRow], Field(description="Every open invoice, the earliest due first")]
    contacts: list[Person]
    last_contact: LastContact | None
    next_contact: NextContact | None
    tasks: list[TaskRow]
    holds: list[HoldTold]


def customer_id_of(
    session: Session, company_id: UUID, company: str, ref: str
) -> tuple[UUID, BusinessCalendar]:
    """The id of a company's customer, and its calendar; NotFound names both."""
    found = (
        session.connection()
        .execute(
            select(col(Customer.id), col(Customer.country), col(Customer.zone)).where(
                col(Customer.company_id) == company_id, col(Customer.ref) == ref
            )
        )
        .one_or_none()
    )
    if found is None:
        raise NotFound(f"no customer {ref!r} in company {company!r}")
    return found.id, business_calendar(found.country, found.zone)


def get_customer(
    session: Session, company_id: UUID, company: str, ref: str, settings: Settings, now: datetime
) -> CustomerPage:
    """One customer whole; NotFound when the company has no such customer."""
    customer_id, calendar = customer_id_of(session, company_id, company, ref)
    loaded = load_customer(session, customer_id, now, settings.sending_fingerprint)
    row, today = loaded.row, calendar.local_day(now)
    decided = [decision_now(case, now) for case in loaded.cases]
    return CustomerPage(
        company=company,
        ref=row.ref,
        name=row.name,
        country=row.country,
        zone=str(calendar.zone),
        today=today,
        language=row.language,
        segment=row.segment,
        risk=row.risk,
        collector=row.collector_email,
        sales_rep=row.sales_rep_email,
        policy=row.policy,
        insolvency_on=row.insolvency_on,
        do_not_contact_since=row.do_not_contact_since,
        lawyer_since=row.lawyer_since,
        balance=_balance(session, loaded, [decision for decision, _ in decided], today),
        items=[
            _item(case, decision, shown, today)
            for case, (decision, shown) in zip(loaded.cases, decided, strict=True)
        ],
        contacts=people_of(session, customer_id),
        last_contact=_last_contact(session, customer_id),
        next_contact=_next_contact(loaded, now),
        tasks=open_tasks(session, now, customer_id=customer_id),
        holds=holds_told(session, customer_id),
    )


def _item(case: LoadedCase, decision: Decision, shown: DecisionNow, today: date) -> OpenItemRow:
    invoice, owed = case.invoice, decision.balance
    return OpenItemRow(
        invoice=invoice.number,
        order_ref=invoice.order_ref,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        days_late=(today - invoice.due_on).days,
        currency=invoice.currency,
        total=case.facts.total,
        outstanding=round_money(owed.outstanding, invoice.currency),
        disputed=round_money(owed.disputed, invoice.currency),
        policy=case.policy_name,
        case=shown,
    )


def _balance(
    session: Session, loaded: LoadedCustomer, decisions: Sequence[Decision], today: date
) -> list[CustomerBalance]:
    items = [
        OpenItem(
            case.invoice.currency,
            case.invoice.due_on,
            round_money(decision.balance.outstanding, case.invoice.currency),
            round_money(decision.balance.disputed, case.invoice.currency),
        )
        for case, decision in zip(loaded.cases, decisions, strict=True)
    ]
    credits = _unallocated(session, loaded.row.id)
    owed = {standing.currency: standing for standing in standings(items, today)}
    return [
        _shown(currency, owed.get(currency), round_money(credits.get(currency, NOTHING), currency))
        for currency in sorted({*owed, *credits})
    ]


def _shown(currency: str, owed: Standing | None, unallocated: Decimal) -> CustomerBalance:
    zero = unallocated - unallocated
    return CustomerBalance(
        currency=currency,
        open=owed.open if owed else zero,
        due=owed.due if owed else zero,
        overdue=owed.overdue if owed else zero,
        coming_due=owed.coming_due if owed else zero,
        disputed=owed.disputed if owed else zero,
        unallocated=unallocated,
        ageing=owed.ageing if owed else dict.fromkeys(Bucket, zero),
    )


def _unallocated(session: Session, customer_id: UUID) -> Mapping[str, Decimal]:
    """The customer's own money by currency: payments of no invoice, and what invoices were paid too much."""
    connection = session.connection()
    # Without any fact there is no payment either: most customers have none.
    facts = select(col(FactRow.id)).where(col(FactRow.customer_id) == customer_id).limit(1)
    if connection.execute(facts).first() is None:
        return {}
    paid = (
        select(func.coalesce(func.sum(col(PaymentRow.amount)), NOTHING))
        .where(col(PaymentRow.invoice_id) == col(Invoice.id), col(PaymentRow.reversed_at).is_(None))
        .correlate(Invoice)
        .scalar_subquery()
    )
    credited = (
        select(func.coalesce(func.sum(col(CreditNoteRow.amount)), NOTHING))
        .where(col(CreditNoteRow.invoice_id) == col(Invoice.id))
        .correlate(Invoice)
        .scalar_subquery()
    )
    too_much = (
        select(col(Invoice.currency), (paid + credited - col(Invoice.total)).label("amount"))
        .where(col(Invoice.customer_id) == customer_id)
        .subquery()
    )
    loose = select(col(PaymentRow.currency), col(PaymentRow.amount)).where(
        col(PaymentRow.customer_id) == customer_id,
        col(PaymentRow.invoice_id).is_(None),
        col(PaymentRow.reversed_at).is_(None),
    )
    found: dict[str, Decimal] = {}
    over = select(too_much.c.currency, too_much.c.amount).where(too_much.c.amount > NOTHING)
    for row in connection.execute(loose.union_all(over)):
        found[row.currency] = found.get(row.currency, NOTHING) + row.amount
    return found


_PERSON: Final[tuple[SQLColumnExpression[Any], ...]] = tuple(
    col(getattr(Contact, name)) for name in Person.model_fields if name not in ("usable", "marks")
)


def people_of(session: Session, customer_id: UUID) -> list[Person]:
    """Who is known at a customer's, in use or not."""
    rows = (
        session.connection()
        .execute(
            select(*_PERSON)
            .where(col(Contact.customer_id) == customer_id)
            .order_by(col(Contact.role), col(Contact.preference), col(Contact.email), col(Contact.id))
        )
        .all()
    )
    marks = open_marks(session, customer_id, [address for row in rows for address in (row.email, row.phone)])
    return [_person(row, marks) for row in rows]


def _person(row: Row[Any], marks: Sequence[AddressMark]) -> Person:
    known = against(row.email, row.phone, marks)
    return Person(
        **dict(row._mapping) | {"in_copy": bool(row.in_copy)},
        marks=[marked(mark) for mark in known],
        usable=row.opted_out_at is None and row.invalid_since is None and left(row.email, row.phone, known),
    )


def marked(mark: AddressMark) -> Mark:
    """A mark as it is shown."""
    return Mark(
        channel=mark.channel,
        cause=UnreachableCause(mark.cause),
        since=mark.since,
        communication=mark.communication_id,
        detail=mark.detail,
    )


def _last_contact(session: Session, customer_id: UUID) -> LastContact | None:
    row = (
        session.connection()
        .execute(
            select(
                col(ContactMade.id),
                col(ContactMade.step),
                col(ContactMade.channel),
                col(ContactMade.tone),
                col(ContactMade.on_day),
            )
            .where(
                col(ContactMade.customer_id) == customer_id,
                col(ContactMade.on_day).is_not(None),
                col(ContactMade.channel) != "decision",
                col(ContactMade.status) != ContactStatus.FAILED,
            )
            .order_by(col(ContactMade.on_day).desc(), col(ContactMade.composed_at).desc())
            .limit(1)
        )
        .one_or_none()
    )
    return None if row is None else LastContact.model_validate(row)


def _next_contact(loaded: LoadedCustomer, now: datetime) -> NextContact | None:
    ladders = [Ladder(case.facts, case.policy) for case in loaded.cases]
    found = next_contact(loaded.customer, ladders, now)
    if found is None:
        return None
    at, contact = found
    return NextContact(
        at=at,
        on=loaded.customer.calendar.local_day(at),
        step=contact.step.key,
        channel=contact.route.channel.value,
        role=contact.route.role.value if contact.route.role else None,
        tone=contact.tone.value,
        needs_approval=contact.needs_approval,
        invoices=list(contact.invoices),
        also=list(contact.also),
    )
