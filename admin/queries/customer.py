"""One customer whole: what it owes by currency, every open item, whom to write to, what goes out next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, NamedTuple
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from activities.settings import Settings
from activities.store.load import LoadedCase, LoadedCustomer, customer_page, load_customer_page
from activities.store.marks import left
from activities.store.records import decoded
from activities.store.sql import run
from admin.queries.decisions import DecisionNow, decision_now
from admin.queries.models import Amount, Answer
from admin.queries.parts import objects, of_model
from admin.queries.tasks import OPEN_TASKS, TaskRow, open_tasks
from admin.queries.told import HOLDS, HoldTold, holds_told
from models.errors import NotFound
from models.tables import AddressMark
from models.tables.words import UnreachableCause
from rules.ageing import Bucket, OpenItem, Standing, standings
from rules.calendar import BusinessCalendar, business_calendar
from rules.decide import Decision, decide
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
    known_by: Annotated[str | None, Field(description="The colleague who is offered a call to them first")]
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


_MARKS: Final = f"""
    (SELECT coalesce(json_agg({objects(of_model(Mark, "a") | {"communication": "a.communication_id"})}
                              ORDER BY a.address, a.channel), '[]')
       FROM address_mark a
      WHERE a.customer_id = p.customer_id
        AND a.cleared_at IS NULL
        AND a.address IN (lower(p.email), p.phone))
"""
_PERSON: Final = of_model(Person, "p", without=("usable",)) | {
    "in_copy": "coalesce(p.in_copy, false)",
    "marks": _MARKS,
}


def _people(customer: str) -> str:
    return f"""
        SELECT json_agg({objects(_PERSON)} ORDER BY p.role, p.preference, p.email, p.id)
          FROM contact p
         WHERE p.customer_id = {customer}
    """


_LAST: Final = of_model(LastContact, "k")

_PAGE: Final = customer_page(
    {
        "everybody": _people("(SELECT id FROM debtor)"),
        # A decision is between ourselves.
        "last_contact": f"""
            SELECT {objects(_LAST)}
              FROM contact_made k
             WHERE k.customer_id = (SELECT id FROM debtor)
               AND k.on_day IS NOT NULL
               AND k.channel <> 'decision'
               AND k.status <> 'failed'
             ORDER BY k.on_day DESC, k.composed_at DESC
             LIMIT 1
        """,
        # The customer's own money by currency: payments of no invoice, and what invoices were paid too much.
        # Without any fact there is no payment either: most customers have none.
        "unallocated": """
            SELECT json_object_agg(own.currency, own.amount)
              FROM (SELECT each.currency, sum(each.amount) AS amount
                      FROM (SELECT p.currency, p.amount
                              FROM payment p
                             WHERE p.customer_id = (SELECT id FROM debtor)
                               AND p.invoice_id IS NULL
                               AND p.reversed_at IS NULL
                             UNION ALL
                            SELECT i.currency, came.amount - i.total
                              FROM (SELECT part.invoice_id, sum(part.amount) AS amount
                                      FROM (SELECT p.invoice_id, p.amount
                                              FROM payment p
                                             WHERE p.customer_id = (SELECT id FROM debtor)
                                               AND p.invoice_id IS NOT NULL
                                               AND p.reversed_at IS NULL
                                             UNION ALL
                                            SELECT n.invoice_id, n.amount
                                              FROM invoice i JOIN credit_note n ON n.invoice_id = i.id
                                             WHERE i.customer_id = (SELECT id FROM debtor)
                                               AND n.cancelled_at IS NULL) part
                                     GROUP BY part.invoice_id) came
                              JOIN invoice i ON i.id = came.invoice_id) each
                     WHERE each.amount > 0
                     GROUP BY each.currency) own
             WHERE EXISTS (SELECT FROM fact f WHERE f.customer_id = (SELECT id FROM debtor))
        """,
        "open_tasks": OPEN_TASKS,
        "all_holds": HOLDS,
    }
)

_FOUND: Final = """
    SELECT c.id, c.name, c.country, c.zone
      FROM customer c
     WHERE c.company_id = %(company)s AND c.ref = %(ref)s
"""


def _unknown(company: str, ref: str) -> NotFound:
    return NotFound(f"no customer {ref!r} in company {company!r}")


class CustomerFound(NamedTuple):
    """A customer, as far as lists about it need it."""

    id: UUID
    name: str
    calendar: BusinessCalendar


def customer_of_ref(session: Session, company_id: UUID, company: str, ref: str) -> CustomerFound:
    """A company's customer; NotFound names both."""
    found = run(session, _FOUND, company=company_id, ref=ref).one_or_none()
    if found is None:
        raise _unknown(company, ref)
    return CustomerFound(found.id, found.name, business_calendar(found.country, found.zone))


def get_customer(
    session: Session, company_id: UUID, company: str, ref: str, settings: Settings, now: datetime
) -> CustomerPage:
    """One customer whole, in one statement; NotFound when the company has no such customer."""
    return find_customer(session, company_id, company, ref, settings, now).page


class CustomerShown(NamedTuple):
    """A customer's page, what lists about it need, and how many open items it has, shown or not."""

    page: CustomerPage
    found: CustomerFound
    open_items: int


def find_customer(
    session: Session,
    company_id: UUID,
    company: str,
    ref: str,
    settings: Settings,
    now: datetime,
    *,
    most: int | None = None,
) -> CustomerShown:
    """As `get_customer`; `most`: of the open items, so many at most. Sums and what comes next are of all."""
    found = load_customer_page(session, _PAGE, company_id, ref, now, settings.sending_fingerprint)
    if found is None:
        raise _unknown(company, ref)
    loaded, parts = found
    calendar = loaded.customer.calendar
    row, today = loaded.row, calendar.local_day(now)
    last = parts["last_contact"]
    shown = [decision_now(case, now) for case in loaded.cases[:most]]
    decisions = [decision for decision, _ in shown]
    decisions += [decide(case.facts, case.customer, case.policy, now) for case in loaded.cases[len(shown) :]]
    page = CustomerPage(
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
        balance=_balance(loaded, parts["unallocated"] or {}, decisions, today),
        items=[
            _item(case, decision, told, today)
            for case, (decision, told) in zip(loaded.cases[:most], shown, strict=True)
        ],
        contacts=[_person(person) for person in parts["everybody"] or ()],
        last_contact=None if last is None else LastContact(**last),
        next_contact=_next_contact(loaded, decisions, now),
        tasks=open_tasks(parts["open_tasks"], now),
        holds=holds_told(parts["all_holds"]),
    )
    return CustomerShown(page, CustomerFound(row.id, row.name, calendar), len(loaded.cases))


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
    loaded: LoadedCustomer, credits: Mapping[str, Decimal], decisions: Sequence[Decision], today: date
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


def people_of(session: Session, customer_id: UUID) -> list[Person]:
    """Who is known at a customer's, in use or not."""
    asked = f"SELECT coalesce(({_people('%(customer)s')}), '[]')::text"
    told = decoded(run(session, asked, customer=customer_id).scalar_one())
    return [_person(person) for person in told]


def _person(told: Mapping[str, Any]) -> Person:
    marks = [Mark(**mark) for mark in told["marks"]]
    usable = told["opted_out_at"] is None and told["invalid_since"] is None
    return Person(
        **{**told, "marks": marks, "usable": usable and left(told["email"], told["phone"], marks)},
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


def _next_contact(loaded: LoadedCustomer, decisions: Sequence[Decision], now: datetime) -> NextContact | None:
    ladders = [Ladder(case.facts, case.policy) for case in loaded.cases]
    found = next_contact(loaded.customer, ladders, now, decisions)
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
