"""One case whole, decided as of now; and what follows if nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from pydantic import Field
from sqlalchemy import select
from sqlmodel import Session, col

from activities.settings import Settings
from activities.store.load import LoadedCase, load_case
from activities.store.lookup import among
from activities.store.records import InvoiceRecord
from admin.api.paging import Page
from admin.queries.contacts import (
    Approval,
    ContactRow,
    MessageRow,
    approvals_about,
    contact_row,
    contacts_about,
    messages_of,
)
from admin.queries.decisions import CaseBalance, DecisionNow, case_balance, decision_now
from admin.queries.models import Answer
from admin.queries.reading import Paging
from admin.queries.tasks import TaskRow, open_tasks
from admin.queries.timeline import TimelineEntry, case_timeline
from admin.queries.told import (
    ClaimTold,
    CreditNoteTold,
    DisputeTold,
    HoldTold,
    PauseTold,
    PaymentTold,
    PromiseTold,
    claims_told,
    credit_notes_told,
    disputes_told,
    holds_told,
    pauses_told,
    payments_told,
    promises_told,
)
from models.errors import NotFound
from models.ids import case_id
from models.tables import Customer, Invoice
from models.tables.words import ContactStatus
from rules.calendar import BusinessCalendar, business_calendar
from rules.preview import preview
from workflows.runtime import namespace

FIRST_ENTRIES = 20
"""Lines of the journal that come with a case; `timeline.next` reads on."""


class CasePage(Answer):
    """A case whole. `decision` and `balance` are reckoned on the facts of this moment."""

    company: Annotated[str, Field(examples=["brunet"])]
    invoice: Annotated[str, Field(examples=["FA-1001"])]
    order_ref: str | None
    customer: Annotated[str, Field(examples=["C-101"])]
    customer_name: str
    collector: str | None
    issued_on: date
    due_on: date
    days_late: Annotated[int, Field(description="At the customer's place; below zero before the due date")]
    replaces: str | None
    replaced_by: str | None
    policy: Annotated[str, Field(examples=["standard@1"])]
    opened_at: datetime
    decided_at: Annotated[datetime | None, Field(description="When the running case last looked")]
    closed_at: datetime | None
    balance: CaseBalance
    decision: DecisionNow
    payments: list[PaymentTold]
    credit_notes: list[CreditNoteTold]
    disputes: list[DisputeTold]
    promises: list[PromiseTold]
    claims: list[ClaimTold]
    pauses: list[PauseTold]
    holds: list[HoldTold]
    contacts: Annotated[list[ContactRow], Field(description="Steps done, the latest first")]
    messages: list[MessageRow]
    tasks: list[TaskRow]
    approvals: list[Approval]
    timeline: Page[TimelineEntry]
    workflow_id: Annotated[str, Field(examples=["invoice/brunet/FA-1001"])]
    temporal_url: Annotated[str | None, Field(description="The case in the Temporal UI, where one is known")]


class ForeseenStep(Answer):
    """A step to come, and why on that day."""

    step: Annotated[str, Field(examples=["reminder_2"])]
    channel: Annotated[str, Field(examples=["email"])]
    planned: Annotated[date, Field(description="The due date plus the step's offset")]
    on: Annotated[date, Field(description="Its day at the customer's place")]
    at: datetime
    why: str


class CasePreview(Answer):
    """What follows if nobody pays, nothing changes and every approval comes at once, on this invoice alone.

    `state` and `why` say where it stands now: without steps, that is why none will come by itself.
    """

    invoice: str
    policy: str
    state: str
    why: str
    steps: list[ForeseenStep]


@dataclass(frozen=True, slots=True)
class CaseFound:
    """Whose case a number is."""

    invoice_id: UUID
    customer_id: UUID
    calendar: BusinessCalendar


def case_of_number(session: Session, company_id: UUID, company: str, number: str) -> CaseFound:
    """The case of a company's invoice; NotFound names both."""
    found = (
        session.connection()
        .execute(
            select(col(Invoice.id), col(Invoice.customer_id), col(Customer.country), col(Customer.zone))
            .join(Customer, col(Customer.id) == col(Invoice.customer_id))
            .where(col(Invoice.company_id) == company_id, col(Invoice.number) == number)
        )
        .one_or_none()
    )
    if found is None:
        raise NotFound(f"no invoice {number!r} in company {company!r}")
    return CaseFound(found.id, found.customer_id, business_calendar(found.country, found.zone))


def get_case(
    session: Session, company_id: UUID, company: str, number: str, settings: Settings, now: datetime
) -> CasePage:
    """One case whole; NotFound when the company has no such invoice."""
    invoice_id = case_of_number(session, company_id, company, number).invoice_id
    loaded = load_case(session, invoice_id, now, settings.sending_fingerprint)
    invoice, case, customer = loaded.invoice, loaded.case, loaded.customer_row
    calendar = loaded.customer.calendar
    decision, shown = decision_now(loaded, now)
    contacts = contacts_about(session, invoice_id)
    messages = messages_of(session, company, [contact.id for contact in contacts])
    waiting = [contact.id for contact in contacts if contact.status == ContactStatus.DRAFT]
    linked = _numbers(session, invoice)
    name = case_id(company, number)
    return CasePage(
        company=company,
        invoice=number,
        order_ref=invoice.order_ref,
        customer=customer.ref,
        customer_name=customer.name,
        collector=customer.collector_email,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        days_late=(calendar.local_day(now) - invoice.due_on).days,
        replaces=linked.get(invoice.replaces_id),
        replaced_by=linked.get(invoice.replaced_by_id),
        policy=loaded.policy_name,
        opened_at=case.opened_at,
        decided_at=case.decided_at,
        closed_at=case.closed_at,
        balance=case_balance(loaded.facts, decision.balance, now),
        decision=shown,
        payments=payments_told(session, loaded),
        credit_notes=credit_notes_told(session, loaded),
        disputes=disputes_told(session, loaded),
        promises=promises_told(loaded, now),
        claims=claims_told(session, loaded),
        pauses=pauses_told(session, loaded),
        holds=holds_told(session, customer.id, invoice_id),
        contacts=[contact_row(contact, messages) for contact in contacts if contact.concluded],
        messages=messages,
        tasks=open_tasks(session, now, customer_id=customer.id, invoice_id=invoice_id),
        approvals=approvals_about(session, company, waiting) if waiting else [],
        timeline=case_timeline(session, invoice_id, customer.id, calendar, Paging(limit=FIRST_ENTRIES)),
        workflow_id=name,
        temporal_url=temporal_url(settings, name),
    )


def preview_case(
    session: Session, company_id: UUID, company: str, number: str, settings: Settings, now: datetime
) -> CasePreview:
    """The rest of a case's ladder, day by day; NotFound when the company has no such invoice."""
    invoice_id = case_of_number(session, company_id, company, number).invoice_id
    loaded = load_case(session, invoice_id, now, settings.sending_fingerprint)
    _, shown = decision_now(loaded, now)
    return CasePreview(
        invoice=number,
        policy=loaded.policy_name,
        state=shown.state,
        why=shown.why,
        steps=[] if loaded.case.closed_at is not None else _steps(loaded, now),
    )


def _steps(loaded: LoadedCase, now: datetime) -> list[ForeseenStep]:
    # As if every approval came at once: what waits for one goes out when its step is due.
    facts = replace(loaded.facts, drafts=())
    calendar = loaded.customer.calendar
    return [
        ForeseenStep(
            step=foreseen.step,
            channel=foreseen.channel.value,
            planned=foreseen.planned,
            on=calendar.local_day(foreseen.at),
            at=foreseen.at,
            why=foreseen.why,
        )
        for foreseen in preview(facts, loaded.customer, loaded.policy, now)
    ]


def temporal_url(settings: Settings, workflow_id: str) -> str | None:
    """The address of a workflow in the Temporal UI: its id is one segment of the path, encoded once more."""
    if settings.temporal_ui is None:
        return None
    place = quote(namespace(), safe="")
    return f"{settings.temporal_ui.rstrip('/')}/namespaces/{place}/workflows/{quote(workflow_id, safe='')}"


def _numbers(session: Session, invoice: InvoiceRecord) -> dict[UUID | None, str]:
    linked = [each for each in (invoice.replaces_id, invoice.replaced_by_id) if each is not None]
    if not linked:
        return {}
    rows = session.connection().execute(
        select(col(Invoice.id), col(Invoice.number)).where(among(Invoice.id, linked))
    )
    return {row.id: row.number for row in rows}
