"""What customers promise and claim: payments said to be made, payment plans, promises to pay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import select

from activities.store.amounts import outstanding
from activities.store.lookup import invoice_by_number
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.facts.recording import Amount, Currency, FactRecorded, Told, record_fact
from admin.api.paths import EventRef, InvoiceNumber, decoded
from admin.api.problems import responses
from admin.api.security import Access, CollectorOf
from models.errors import InvalidFact, WrongState
from models.ids import CaseSignal
from models.messages import PaymentClaimed, PaymentPlanAgreed, PaymentPlanCancelled, PlanInstalment
from models.tables import FactRow

router = APIRouter(prefix="/v1/companies/{company}/invoices/{number}", tags=["facts"])

MAX_INSTALMENTS = 120
"""Ten years by the month."""


class ClaimIn(Told):
    """The customer says it has paid."""

    model_config = example(paid_on="2026-04-01", note="sent by transfer, says accounting")

    paid_on: Annotated[date | None, Field(description="The day it says; today, if left out")] = None


class InstalmentIn(BaseModel):
    """One promised payment."""

    model_config = ConfigDict(extra="forbid")

    due_on: date
    amount: Amount


class PlanIn(Told):
    """Promised payments, earliest first, that add up to all that is owed."""

    model_config = example(
        instalments=[
            {"due_on": "2026-05-01", "amount": "600.00"},
            {"due_on": "2026-06-01", "amount": "634.56"},
        ],
        event_id="plan-12",
    )

    instalments: Annotated[
        list[InstalmentIn],
        Field(min_length=1, max_length=MAX_INSTALMENTS),
    ]
    currency: Currency = None


class PromiseIn(Told):
    """All that is owed, promised for one day."""

    model_config = example(promised_on="2026-04-17", note="next payment run", event_id="call-77")

    promised_on: date
    amount: Annotated[Amount | None, Field(description="All that is owed, if left out")] = None
    currency: Currency = None


class CancellationIn(Told):
    """Why the plan no longer holds goes into `note`."""

    model_config = example(note="the customer takes its word back")


@router.post(
    "/claims",
    operation_id="record_payment_claim",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def record_payment_claim(
    access: CollectorOf, number: InvoiceNumber, body: ClaimIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Record that the customer says it has paid. The case pauses until the bank is known, then asks."""
    fact = PaymentClaimed(**body.model_dump())
    return changes.make(
        access,
        lambda work: record_fact(work, api, access, number, CaseSignal.PAYMENT_CLAIMED, fact),
        status=201,
    )


@router.post(
    "/plans",
    operation_id="agree_plan",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def agree_plan(
    access: CollectorOf, number: InvoiceNumber, body: PlanIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Agree a payment plan; it takes the place of the one in force. Kept, it pauses the case to its end."""
    fact = PaymentPlanAgreed(**body.model_dump(exclude={"currency"}))
    return changes.make(
        access,
        lambda work: record_fact(
            work, api, access, number, CaseSignal.PAYMENT_PLAN_AGREED, fact, currency=body.currency
        ),
        status=201,
    )


@router.post(
    "/promises",
    operation_id="record_promise",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def record_promise(
    access: CollectorOf, number: InvoiceNumber, body: PromiseIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Record a promise to pay: a plan of one instalment. Its event id cancels it, as a plan's."""

    def promise(work: Work) -> Changed:
        invoice = invoice_by_number(work.session, access.company_ref, decoded(number))
        told_before = _promised_by(work, access, body.event_id or work.key)
        owed = outstanding(work.session, invoice.id) if told_before is None else told_before
        if owed <= 0:
            raise WrongState(f"invoice {invoice.number!r} is paid: nothing is left to promise")
        if body.amount is not None and body.amount != owed:
            raise InvalidFact(
                f"amount: {body.amount} promised, {owed} {invoice.currency} is owed: "
                "a promise is of all of it, or agree a plan"
            )
        instalment = PlanInstalment(due_on=body.promised_on, amount=owed)
        fact = PaymentPlanAgreed(event_id=body.event_id, note=body.note, instalments=(instalment,))
        return record_fact(
            work, api, access, number, CaseSignal.PAYMENT_PLAN_AGREED, fact, currency=body.currency
        )

    return changes.make(access, promise, status=201)


@router.post(
    "/plans/{event_id}/cancellation",
    operation_id="cancel_plan",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def cancel_plan(
    access: CollectorOf,
    number: InvoiceNumber,
    event_id: EventRef,
    body: CancellationIn,
    api: ApiContext,
    changes: ChangesOf,
) -> Response:
    """Cancel a plan or a promise, by the event that agreed it. The ladder goes on."""
    fact = PaymentPlanCancelled(plan_event_id=decoded(event_id), **body.model_dump())
    return changes.make(
        access,
        lambda work: record_fact(work, api, access, number, CaseSignal.PAYMENT_PLAN_CANCELLED, fact),
        status=201,
    )


def _promised_by(work: Work, access: Access, event_id: str | None) -> Decimal | None:
    """What the promise of that event was of, so that telling it again is no other one when less is owed."""
    if event_id is None:
        return None
    known = work.session.exec(
        select(FactRow.payload).where(
            FactRow.company_id == access.company_id,
            FactRow.event_id == event_id,
            FactRow.kind == CaseSignal.PAYMENT_PLAN_AGREED,
        )
    ).one_or_none()
    instalments = [] if known is None else known["instalments"]
    return Decimal(instalments[0]["amount"]) if len(instalments) == 1 else None
