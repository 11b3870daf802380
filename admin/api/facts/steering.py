"""What people decide about a case: pauses, corrections, another policy, the end."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field
from sqlmodel import Session, select

from activities.store.lookup import invoice_by_number
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.facts.recording import Amount, Currency, FactRecorded, Told, latest_fact, record_fact
from admin.api.paths import EventRef, InvoiceNumber, decoded
from admin.api.problems import responses
from admin.api.security import CollectorOf, ManagerOf
from models.errors import InvalidFact, WrongState
from models.ids import CaseSignal
from models.messages import Closed, FactWithdrawn, InvoiceChanged, Paused, PolicyChanged, Ref, Resumed
from models.tables import FactRow

router = APIRouter(prefix="/v1/companies/{company}/invoices/{number}", tags=["facts"])


class PauseIn(Told):
    """No contact about this invoice, until the start of a day or until resumed."""

    model_config = example(reason="year-end closing at the customer", until="2026-05-04")

    reason: Annotated[Ref, Field(examples=["year-end closing at the customer's"])]
    until: Annotated[date | None, Field(description="Until resumed, if left out")] = None


class ResumptionIn(Told):
    """Why goes into `note`."""

    model_config = example(note="they are back")


class ChangeIn(Told):
    """What was wrong on the invoice; what is left out stays. `replaced_by` ends this case."""

    model_config = example(due_on="2026-05-15", note="60 days were agreed")

    total: Amount | None = None
    currency: Currency = None
    issued_on: date | None = None
    due_on: date | None = None
    replaced_by: Annotated[
        Ref | None, Field(description="Number of the customer's invoice that takes its place")
    ] = None
    order_ref: Annotated[Ref | None, Field(description="The customer's order number")] = None


class PolicyIn(Told):
    """The policy the case goes on under."""

    model_config = example(policy="key_account")

    policy: Annotated[Ref, Field(examples=["key_account"])]
    version: Annotated[int | None, Field(ge=1, le=2**31 - 1, description="The latest, if left out")] = None


class WithdrawalIn(Told):
    """Why goes into `note`."""

    model_config = example(note="booked on the wrong invoice")


class ClosingIn(Told):
    """Why the chase ends without payment."""

    model_config = example(reason="written off")

    reason: Annotated[Ref, Field(examples=["written off"])]


@router.post(
    "/pauses",
    operation_id="pause_case",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def pause_case(
    access: CollectorOf, number: InvoiceNumber, body: PauseIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Pause a case."""
    fact = Paused(**body.model_dump())
    return changes.make(
        access, lambda work: record_fact(work, api, access, number, CaseSignal.PAUSED, fact), status=201
    )


@router.post(
    "/resumption",
    operation_id="resume_case",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def resume_case(
    access: CollectorOf, number: InvoiceNumber, body: ResumptionIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """End every manual pause of a case. The ladder goes on after the policy's gap."""
    fact = Resumed(**body.model_dump())
    return changes.make(
        access, lambda work: record_fact(work, api, access, number, CaseSignal.RESUMED, fact), status=201
    )


@router.post(
    "/changes",
    operation_id="change_invoice",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def change_invoice(
    access: CollectorOf, number: InvoiceNumber, body: ChangeIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Correct an invoice, or say which one replaces it. What was composed before is withdrawn."""
    fact = InvoiceChanged(**body.model_dump(exclude={"currency"}))
    return changes.make(
        access,
        lambda work: record_fact(
            work, api, access, number, CaseSignal.INVOICE_CHANGED, fact, currency=body.currency
        ),
        status=201,
    )


@router.post(
    "/policy",
    operation_id="change_case_policy",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def change_case_policy(
    access: ManagerOf, number: InvoiceNumber, body: PolicyIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Let a running case go on under another policy. Steps already done stay done."""
    fact = PolicyChanged(**body.model_dump())
    return changes.make(
        access,
        lambda work: record_fact(work, api, access, number, CaseSignal.POLICY_CHANGED, fact),
        status=201,
    )


@router.post(
    "/closing",
    operation_id="close_case",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def close_case(
    access: ManagerOf, number: InvoiceNumber, body: ClosingIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Close a case by hand. A payment that is returned later opens it again."""
    fact = Closed(**body.model_dump())
    return changes.make(
        access, lambda work: record_fact(work, api, access, number, CaseSignal.CLOSED, fact), status=201
    )


@router.post(
    "/facts/{event_id}/withdrawal",
    operation_id="withdraw_fact",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def withdraw_fact(
    access: CollectorOf,
    number: InvoiceNumber,
    event_id: EventRef,
    body: WithdrawalIn,
    api: ApiContext,
    changes: ChangesOf,
) -> Response:
    """Take back a claim, a credit note or a correction that was told by mistake, by its event.

    Other facts have an end of their own: a payment is reversed, a plan cancelled, a case reopened.
    """
    fact = FactWithdrawn(fact_event_id=decoded(event_id), **body.model_dump())

    def withdraw(work: Work) -> Changed:
        invoice = invoice_by_number(work.session, access.company_ref, decoded(number))
        if _kind_of(work.session, invoice.customer_id, fact.fact_event_id) in _BY_MANAGERS:
            raise InvalidFact("fact_event_id: a manager takes this back, at the case or the customer")
        return record_fact(work, api, access, number, CaseSignal.FACT_WITHDRAWN, fact)

    return changes.make(access, withdraw, status=201)


@router.post(
    "/reopening",
    operation_id="reopen_case",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def reopen_case(
    access: ManagerOf, number: InvoiceNumber, body: WithdrawalIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Open a case again that a person closed by mistake. The ladder goes on from where it stood."""

    def reopen(work: Work) -> Changed:
        invoice = invoice_by_number(work.session, access.company_ref, decoded(number))
        told = latest_fact(work.session, CaseSignal.CLOSED, invoice.customer_id, invoice.id)
        if told is None:
            raise WrongState(f"nobody has closed the case of invoice {invoice.number!r}")
        fact = FactWithdrawn(fact_event_id=told.event_id, **body.model_dump())
        return record_fact(work, api, access, number, CaseSignal.FACT_WITHDRAWN, fact)

    return changes.make(access, reopen, status=201)


_BY_MANAGERS: Final = frozenset({CaseSignal.CLOSED, CaseSignal.INSOLVENCY_OPENED})


def _kind_of(session: Session, customer_id: UUID, event_id: str | None) -> str | None:
    return session.exec(
        select(FactRow.kind).where(FactRow.customer_id == customer_id, FactRow.event_id == event_id)
    ).one_or_none()
