"""Disputes: opened, resolved."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from admin.api.changes import ChangesOf
from admin.api.context import ApiContext
from admin.api.examples import example
from admin.api.facts.recording import Amount, Currency, FactRecorded, Told, record_fact
from admin.api.paths import EventRef, InvoiceNumber, decoded
from admin.api.problems import responses
from admin.api.security import CollectorOf
from models.ids import CaseSignal
from models.messages import DisputeOpened, DisputeResolved
from models.tables.words import DisputeCause

router = APIRouter(prefix="/v1/companies/{company}/invoices/{number}/disputes", tags=["facts"])


class DisputeIn(Told):
    """What the customer contests, and why."""

    model_config = example(
        amount="200.00", currency="EUR", cause="price", note="agreed price was 10.00", event_id="crm-881"
    )

    amount: Annotated[Amount | None, Field(description="All that is owed, if left out")] = None
    currency: Currency = None
    cause: DisputeCause | None = None


class ResolutionIn(Told):
    """How the dispute ended; `credited` of it becomes a credit note, without it nothing was justified."""

    model_config = example(credited="150.00", note="half of it was right")

    credited: Amount | None = None
    currency: Currency = None


@router.post(
    "",
    operation_id="open_dispute",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def open_dispute(
    access: CollectorOf, number: InvoiceNumber, body: DisputeIn, api: ApiContext, changes: ChangesOf
) -> Response:
    """Open a dispute. Its amount leaves the chase, the rest is chased on; a task asks who can clear it."""
    fact = DisputeOpened(**body.model_dump(exclude={"currency"}))
    return changes.make(
        access,
        lambda work: record_fact(
            work, api, access, number, CaseSignal.DISPUTE_OPENED, fact, currency=body.currency
        ),
        status=201,
    )


@router.post(
    "/{event_id}/resolution",
    operation_id="resolve_dispute",
    status_code=201,
    response_model=FactRecorded,
    responses=responses(403, 404, 409),
)
def resolve_dispute(
    access: CollectorOf,
    number: InvoiceNumber,
    event_id: EventRef,
    body: ResolutionIn,
    api: ApiContext,
    changes: ChangesOf,
) -> Response:
    """Resolve a dispute, by the event that opened it. What is not credited is chased again."""
    told = body.model_dump(exclude={"currency"})
    fact = DisputeResolved(dispute_event_id=decoded(event_id), **told)
    return changes.make(
        access,
        lambda work: record_fact(
            work, api, access, number, CaseSignal.DISPUTE_RESOLVED, fact, currency=body.currency
        ),
        status=201,
    )
