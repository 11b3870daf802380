"""Payments, their reversal, credit notes."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from admin.api.changes import ChangesOf
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.facts.recording import Amount, FactRecorded, Told, record_fact
from admin.api.paths import EventRef, InvoiceNumber, decoded
from admin.api.problems import responses
from admin.api.security import CollectorOf
from models.ids import CaseSignal
from models.messages import CreditNoteIssued, CurrencyCode, PaymentReceived, PaymentReversed, Ref

router = APIRouter(prefix="/v1/companies/{company}/invoices/{number}", tags=["facts"])


class PaymentIn(Told):
    """Money that arrived for this invoice; what is too much is kept as credit, and a task asks what to do."""

    model_config = example(
        amount="1234.56", currency="EUR", received_on="2026-04-02", event_id="bank-2026-04-02-17"
    )

    amount: Amount
    currency: CurrencyCode
    received_on: Annotated[date | None, Field(description="The bank's day; today, if left out")] = None
    reference: Annotated[Ref | None, Field(examples=["VIR CLIENT SA FA-1001"])] = None


class ReversalIn(Told):
    """A payment that was returned, or booked in error."""

    model_config = example(
        reversed_on="2026-04-09", note="direct debit returned", event_id="bank-2026-04-09-3"
    )

    reversed_on: Annotated[date | None, Field(description="The bank's day; today, if left out")] = None


class CreditNoteIn(Told):
    """A credit granted on this invoice."""

    model_config = example(amount="100.00", currency="EUR", number="AV-77", issued_on="2026-04-02")

    amount: Amount
    currency: CurrencyCode
    number: Annotated[Ref | None, Field(description="The credit note's own", examples=["AV-77"])] = None
    issued_on: Annotated[date | None, Field(description="Today, if left out")] = None
    payment_event_id: Annotated[
        Ref | None,
        Field(description="The payment that earned it: goes that back, the credit falls with it"),
    ] = None


@router.post(
    "/payments",
    operation_id="record_payment",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def record_payment(
    access: CollectorOf, number: InvoiceNumber, body: PaymentIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Record a payment. Paid in full, the case closes and nothing more leaves for it."""
    fact = PaymentReceived(**body.model_dump())
    return changes.make(
        access,
        lambda work: record_fact(work, api, access, number, CaseSignal.PAYMENT_RECEIVED, fact),
        status=201,
    )


@router.post(
    "/payments/{event_id}/reversal",
    operation_id="reverse_payment",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def reverse_payment(
    access: CollectorOf,
    number: InvoiceNumber,
    event_id: EventRef,
    body: ReversalIn,
    api: ApiContext,
    changes: ChangesOf,
) -> Response:
    """Take a payment back. What it had covered is owed again, so a closed case opens again."""
    fact = PaymentReversed(payment_event_id=decoded(event_id), **body.model_dump())
    return changes.make(
        access,
        lambda work: record_fact(work, api, access, number, CaseSignal.PAYMENT_REVERSED, fact),
        status=201,
    )


@router.post(
    "/credit-notes",
    operation_id="record_credit_note",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def record_credit_note(
    access: CollectorOf, number: InvoiceNumber, body: CreditNoteIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Record a credit note. It reduces what is owed; what is left is chased on."""
    fact = CreditNoteIssued(**body.model_dump())
    return changes.make(
        access,
        lambda work: record_fact(work, api, access, number, CaseSignal.CREDIT_NOTE_ISSUED, fact),
        status=201,
    )
