"""Facts about a customer as a whole: insolvency, delivery holds, and whether it may be contacted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from activities.store import facts
from activities.store.customers import allow_contact, customer_by_ref, stop_contact
from activities.store.lookup import invoice_by_number
from admin.api.changes import Changed, ChangesOf, Work
from admin.api.examples import example
from admin.api.facts.recording import Told, latest_fact, with_event_id
from admin.api.masters.answers import CustomerNow, customer_now
from admin.api.paths import CustomerRef, EventRef, decoded
from admin.api.problems import responses
from admin.api.security import Access, CollectorOf, ManagerOf
from models.errors import InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.messages import (
    DeliveryHoldPlaced,
    DeliveryHoldReleased,
    Fact,
    FactWithdrawn,
    InsolvencyOpened,
    Ref,
)
from models.tables import Customer, DunningCase, FactRow, Invoice
from rules.facts import StopReason

router = APIRouter(prefix="/v1/companies/{company}/customers/{customer}", tags=["customers"])


class CustomerFactRecorded(BaseModel):
    """The fact is in the ledger. `duplicate`: it was there already, and nothing changed."""

    event_id: str
    duplicate: bool
    customer: CustomerNow


class InsolvencyIn(Told):
    """Collective proceedings opened against the customer."""

    model_config = example(opened_on="2026-04-02")

    opened_on: Annotated[date | None, Field(description="Day of the judgment; today, if left out")] = None


class InsolvencyWithdrawalIn(Told):
    """Why goes into `note`."""

    model_config = example(note="another company of the same name")


class HoldIn(Told):
    """Which unpaid invoices stop deliveries, and whether reminders stop meanwhile."""

    model_config = example(invoices=["FA-1001", "FA-1002"], pauses_ladder=False, event_id="erp-hold-4")

    invoices: Annotated[list[Ref], Field(min_length=1, max_length=200, examples=[["FA-1001", "FA-1002"]])]
    pauses_ladder: bool = False


class ReleaseIn(Told):
    """Why goes into `note`."""

    model_config = example(note="agreed with sales")


class Stop(StrEnum):
    """Why nobody may contact a customer. Insolvency is a fact of its own."""

    DO_NOT_CONTACT = "do_not_contact"
    LAWYER = "represented_by_lawyer"


_REASONS = {Stop.DO_NOT_CONTACT: StopReason.DO_NOT_CONTACT, Stop.LAWYER: StopReason.LAWYER}


class StopIn(BaseModel):
    """Why all contact stops."""

    model_config = example(reason="do_not_contact")

    reason: Stop


StopRef = Annotated[Stop, Path(description="Which stop is lifted", examples=["do_not_contact"])]


@router.post(
    "/insolvency",
    operation_id="record_insolvency",
    status_code=201,
    response_model=CustomerFactRecorded,
    responses=responses(403, 404, 409),
)
def record_insolvency(
    access: CollectorOf, customer: CustomerRef, body: InsolvencyIn, changes: ChangesOf
) -> Response:
    """Record collective proceedings. All contact stops at once; a task asks to file the claim in time."""
    fact = InsolvencyOpened(**body.model_dump())
    return changes.make(
        access,
        lambda work: _record(work, access, customer, CaseSignal.INSOLVENCY_OPENED, fact, _any_invoice),
        status=201,
    )


@router.post(
    "/insolvency/withdrawal",
    operation_id="withdraw_insolvency",
    status_code=201,
    response_model=CustomerFactRecorded,
    responses=responses(403, 404, 409),
)
def withdraw_insolvency(
    access: ManagerOf, customer: CustomerRef, body: InsolvencyWithdrawalIn, changes: ChangesOf
) -> Response:
    """Take back proceedings that were recorded by mistake. Contact is allowed again."""

    def withdraw(work: Work) -> Changed:
        row = customer_by_ref(work.session, access.company_ref, decoded(customer))
        told = latest_fact(work.session, CaseSignal.INSOLVENCY_OPENED, row.id)
        if told is None or told.invoice_id is None:
            raise WrongState(f"no insolvency of customer {row.ref!r} is recorded")
        invoice = work.session.get_one(Invoice, told.invoice_id)
        fact = FactWithdrawn(fact_event_id=told.event_id, **body.model_dump())
        return _record(work, access, customer, CaseSignal.FACT_WITHDRAWN, fact, lambda *_: invoice)

    return changes.make(access, withdraw, status=201)


@router.post(
    "/delivery-holds",
    operation_id="place_delivery_hold",
    status_code=201,
    response_model=CustomerFactRecorded,
    responses=responses(403, 404, 409),
)
def place_delivery_hold(
    access: CollectorOf, customer: CustomerRef, body: HoldIn, changes: ChangesOf
) -> Response:
    """Stop deliveries until the named invoices are paid. Sales and logistics are told, messages say so."""
    fact = DeliveryHoldPlaced(**body.model_dump())

    def named(session: Session, row: Customer) -> Invoice:
        try:
            found = invoice_by_number(session, access.company_ref, body.invoices[0])
        except NotFound:
            found = None
        if found is None or found.customer_id != row.id:
            raise InvalidFact(f"invoices: this customer has no invoice {body.invoices[0]!r}")
        return found

    return changes.make(
        access,
        lambda work: _record(work, access, customer, CaseSignal.DELIVERY_HOLD_PLACED, fact, named),
        status=201,
    )


@router.post(
    "/delivery-holds/{event_id}/release",
    operation_id="release_delivery_hold",
    status_code=201,
    response_model=CustomerFactRecorded,
    responses=responses(403, 404, 409),
)
def release_delivery_hold(
    access: CollectorOf, customer: CustomerRef, event_id: EventRef, body: ReleaseIn, changes: ChangesOf
) -> Response:
    """Let deliveries go on, by the event that placed the hold."""
    placed_by = decoded(event_id)
    fact = DeliveryHoldReleased(hold_event_id=placed_by, **body.model_dump())

    def of_hold(session: Session, row: Customer) -> Invoice:
        found = session.exec(
            select(Invoice)
            .join(FactRow, col(FactRow.invoice_id) == Invoice.id)
            .where(
                FactRow.customer_id == row.id,
                FactRow.event_id == placed_by,
                FactRow.kind == CaseSignal.DELIVERY_HOLD_PLACED,
            )
        ).one_or_none()
        if found is None:
            raise NotFound(f"no delivery hold {placed_by!r} of customer {row.ref!r}")
        return found

    return changes.make(
        access,
        lambda work: _record(work, access, customer, CaseSignal.DELIVERY_HOLD_RELEASED, fact, of_hold),
        status=201,
    )


@router.post(
    "/contact-stops",
    operation_id="stop_contact",
    status_code=201,
    response_model=CustomerNow,
    responses=responses(403, 404, 409),
)
def stop_all_contact(
    access: CollectorOf, customer: CustomerRef, body: StopIn, changes: ChangesOf
) -> Response:
    """Stop all contact with a customer at once. What waited to leave is withdrawn."""
    return changes.make(
        access, lambda work: _stop(work, access, customer, _REASONS[body.reason], stop_contact), status=201
    )


@router.post(
    "/contact-stops/{reason}/lifting",
    operation_id="lift_contact_stop",
    response_model=CustomerNow,
    responses=responses(403, 404, 409),
)
def lift_contact_stop(
    access: ManagerOf, customer: CustomerRef, reason: StopRef, changes: ChangesOf
) -> Response:
    """Allow contact again. The ladder goes on from where it stood."""
    return changes.make(access, lambda work: _stop(work, access, customer, _REASONS[reason], allow_contact))


def _record(
    work: Work,
    access: Access,
    ref: str,
    signal: CaseSignal,
    fact: Fact,
    through: Callable[[Session, Customer], Invoice],
) -> Changed:
    """Record a customer's fact through the invoice that `through` finds."""
    customer = customer_by_ref(work.session, access.company_ref, decoded(ref))
    invoice = through(work.session, customer)
    done = facts.record(
        work.session,
        now=work.now,
        invoice=invoice,
        fact=with_event_id(work, fact),
        signal=signal,
        who=work.who,
    )
    return Changed(
        CustomerFactRecorded(
            event_id=done.event_id,
            duplicate=done.duplicate,
            customer=customer_now(work.session, access, customer),
        ),
        notes=done.notes,
        audit={"customer": customer.ref, "event_id": done.event_id, "duplicate": done.duplicate},
    )


def _any_invoice(session: Session, customer: Customer) -> Invoice:
    """The customer's earliest open invoice, else its latest: the same one until the next is opened."""
    found = session.exec(
        select(Invoice)
        .join(DunningCase, col(DunningCase.invoice_id) == Invoice.id)
        .where(Invoice.customer_id == customer.id)
        .order_by(col(DunningCase.closed_at).is_not(None), col(Invoice.due_on), col(Invoice.number))
        .limit(1)
    ).one_or_none()
    if found is None:
        raise WrongState(f"customer {customer.ref!r} has no invoice, so there is no claim to file")
    return found


def _stop(
    work: Work,
    access: Access,
    ref: str,
    reason: StopReason,
    change: Callable[[Session, Customer, StopReason, datetime, str], list[int]],
) -> Changed:
    customer = customer_by_ref(work.session, access.company_ref, decoded(ref))
    notes = change(work.session, customer, reason, work.now, work.who)
    return Changed(
        customer_now(work.session, access, customer),
        notes=notes,
        audit={"customer": customer.ref, "reason": reason.value},
    )
