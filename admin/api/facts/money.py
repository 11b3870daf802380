"""Payments, their reversal, claims of payment, credit notes."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from admin.api.changes import ChangesOf
from admin.api.context import ApiContext
from admin.api.facts.recording import Amount, FactRecorded, Told, record_fact
from admin.api.paths import InvoiceNumber
from admin.api.problems import responses
from admin.api.security import CollectorOf
from models.ids import CaseSignal
from models.messages import CurrencyCode, PaymentReceived, Ref

router = APIRouter(prefix="/v1/companies/{company}/invoices/{number}", tags=["facts"])


class PaymentIn(Told):
    """Money that arrived for this invoice; what is too much is kept as credit, and a task asks what to do."""

    amount: Amount
    currency: CurrencyCode
    received_on: Annotated[date | None, Field(description="The bank's day; today, if left out")] = None
    reference: Annotated[Ref | None, Field(examples=["VIR CLIENT SA FA-1001"])] = None


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
