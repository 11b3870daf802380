"""One case whole, decided as of now; and what follows if nothing changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import quote
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from activities.settings import Settings
from activities.store.load import LoadedCase, case_page, load_case_page
from activities.store.policies import current_policies
from activities.store.sql import run
from admin.api.paging import Page
from admin.queries.contacts import (
    PARTS_OF_CASE,
    Approval,
    ContactRow,
    MessageRow,
    approvals_about,
    contact_row,
    messages,
)
from admin.queries.decisions import CaseBalance, DecisionNow, case_balance, decision_now
from admin.queries.models import Answer
from admin.queries.tasks import OPEN_TASKS_OF_CASE, TaskRow, open_tasks
from admin.queries.timeline import TimelineEntry, first_entries, first_page
from admin.queries.told import (
    TOLD_PARTS,
    ClaimTold,
    CreditNoteTold,
    DisputeTold,
    HoldTold,
    PauseTold,
    PaymentTold,
    PromiseTold,
    promises_told,
    told_of_invoice,
)
from models.errors import NotFound
from models.ids import case_id
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


_FOUND: Final = """
    SELECT i.id, i.customer_id, c.country, c.zone
      FROM invoice i JOIN customer c ON c.id = i.customer_id
     WHERE i.company_id = %(company)s AND i.number = %(number)s
"""
_PREVIEW: Final = case_page({})
_PAGE: Final = case_page(
    {
        **TOLD_PARTS,
        **PARTS_OF_CASE,
        "open_tasks": OPEN_TASKS_OF_CASE,
        "timeline": first_entries(FIRST_ENTRIES),
        "linked": """
            SELECT json_object_agg(i.id, i.number)
              FROM wanted w JOIN invoice i ON i.id IN (w.replaces_id, w.replaced_by_id)
             WHERE w.id = (SELECT id FROM asked)
        """,
    }
)


def case_of_number(session: Session, company_id: UUID, company: str, number: str) -> CaseFound:
    """The case of a company's invoice; NotFound names both."""
    found = run(session, _FOUND, company=company_id, number=number).one_or_none()
    if found is None:
        raise _unknown(company, number)
    return CaseFound(found.id, found.customer_id, business_calendar(found.country, found.zone))


def _unknown(company: str, number: str) -> NotFound:
    return NotFound(f"no invoice {number!r} in company {company!r}")


def get_case(
    session: Session, company_id: UUID, company: str, number: str, settings: Settings, now: datetime
) -> CasePage:
    """One case whole, in one statement; NotFound when the company has no such invoice."""
    loaded, parts = _load(session, _PAGE, company_id, company, number, settings, now)
    return _page(loaded, parts, company, settings, now)


class CaseWhole(NamedTuple):
    """A case with what follows from it, on the same facts."""

    page: CasePage
    preview: CasePreview
    found: CaseFound


def find_case(
    session: Session, company_id: UUID, company: str, number: str, settings: Settings, now: datetime
) -> CaseWhole:
    """As `get_case`, with the rest of its ladder and what lists about it need."""
    loaded, parts = _load(session, _PAGE, company_id, company, number, settings, now)
    found = CaseFound(loaded.invoice.id, loaded.case.customer_id, loaded.customer.calendar)
    return CaseWhole(_page(loaded, parts, company, settings, now), _under(loaded, now), found)


def _load(
    session: Session,
    page: str,
    company_id: UUID,
    company: str,
    number: str,
    settings: Settings,
    now: datetime,
) -> tuple[LoadedCase, Mapping[str, Any]]:
    found = load_case_page(session, page, company_id, number, now, settings.sending_fingerprint)
    if found is None:
        raise _unknown(company, number)
    return found


def _page(
    loaded: LoadedCase, parts: Mapping[str, Any], company: str, settings: Settings, now: datetime
) -> CasePage:
    invoice, case, customer = loaded.invoice, loaded.case, loaded.customer_row
    calendar = loaded.customer.calendar
    decision, shown = decision_now(loaded, now)
    told = told_of_invoice(parts, invoice.currency)
    sent = messages(parts["messages_about"] or (), company)
    linked = parts["linked"] or {}
    name = case_id(company, invoice.number)
    return CasePage(
        company=company,
        invoice=invoice.number,
        order_ref=invoice.order_ref,
        customer=customer.ref,
        customer_name=customer.name,
        collector=customer.collector_email,
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        days_late=(calendar.local_day(now) - invoice.due_on).days,
        replaces=linked.get(str(invoice.replaces_id)),
        replaced_by=linked.get(str(invoice.replaced_by_id)),
        policy=loaded.policy_name,
        opened_at=case.opened_at,
        decided_at=case.decided_at,
        closed_at=case.closed_at,
        balance=case_balance(loaded.facts, decision.balance, now),
        decision=shown,
        payments=told.payments,
        credit_notes=told.credit_notes,
        disputes=told.disputes,
        promises=promises_told(loaded, now),
        claims=told.claims,
        pauses=told.pauses,
        holds=told.holds,
        contacts=[contact_row(row, sent) for row in parts["contacts_about"] or () if row["concluded"]],
        messages=sent,
        tasks=open_tasks(parts["open_tasks"], now),
        approvals=approvals_about(parts["approvals_about"], sent),
        timeline=first_page(parts["timeline"], invoice.id, calendar, FIRST_ENTRIES),
        workflow_id=name,
        temporal_url=temporal_url(settings, name),
    )


def preview_case(
    session: Session, company_id: UUID, company: str, number: str, settings: Settings, now: datetime
) -> CasePreview:
    """The rest of a case's ladder, day by day; NotFound when the company has no such invoice."""
    loaded, _ = _load(session, _PREVIEW, company_id, company, number, settings, now)
    return _under(loaded, now)


def case_under_policies(
    session: Session, company_id: UUID, company: str, number: str, settings: Settings, now: datetime
) -> list[CasePreview]:
    """The rest of a case's ladder under its own policy, then under every other one in its latest edition.

    Nothing changes: each is what would follow were the case to go on under it from now. NotFound when the
    company has no such invoice.
    """
    loaded, _ = _load(session, _PREVIEW, company_id, company, number, settings, now)
    return [
        _under(loaded, now),
        *(
            # What waits for an approval is withdrawn when the policy changes.
            _under(replace(loaded, policy=policy, facts=replace(loaded.facts, drafts=())), now)
            for policy in current_policies(session).values()
            if (policy.key, policy.version) != (loaded.case.policy_key, loaded.case.policy_version)
        ),
    ]


def _under(loaded: LoadedCase, now: datetime) -> CasePreview:
    _, shown = decision_now(loaded, now)
    return CasePreview(
        invoice=loaded.invoice.number,
        policy=f"{loaded.policy.key}@{loaded.policy.version}",
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
