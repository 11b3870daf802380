"""Delivery holds: a customer's deliveries stop until the named invoices are paid."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlmodel import col, select

from activities.store.amounts import rests
from activities.store.facts.recording import Recording
from models.errors import InvalidFact, WrongState
from models.ids import CaseSignal
from models.messages import DeliveryHoldPlaced, DeliveryHoldReleased
from models.tables import HoldInvoiceRow, HoldRow, Invoice


def delivery_hold_placed(at: Recording, fact: DeliveryHoldPlaced) -> None:
    """Stop deliveries until the named invoices (this one when none are named) are paid."""
    named = _named(at, fact.invoices)
    if all(rest <= 0 for rest in rests(at.session, named).values()):
        raise InvalidFact("invoices: all of them are paid, nothing would end the hold")
    at.registered(fact)
    hold = HoldRow(
        id=uuid4(),
        fact_id=at.fact_id,
        customer_id=at.customer.id,
        placed_at=at.now,
        pauses_ladder=fact.pauses_ladder,
    )
    at.session.add(hold)
    at.session.flush()
    at.session.add_all(HoldInvoiceRow(hold_id=hold.id, invoice_id=invoice_id) for invoice_id in named)
    at.session.flush()
    _tell(at, hold)


def delivery_hold_released(at: Recording, fact: DeliveryHoldReleased) -> None:
    """Deliveries go on: by the event that placed the hold, or the only one there is."""
    hold = _hold_to_release(at, fact.hold_event_id)
    at.registered(fact)
    hold.released_at = at.now
    _tell(at, hold)


def release_paid_holds(at: Recording) -> None:
    """Release every hold that names this invoice, once all the invoices it names are paid."""
    holds = at.session.exec(
        select(HoldRow)
        .join(HoldInvoiceRow, col(HoldInvoiceRow.hold_id) == HoldRow.id)
        .where(HoldInvoiceRow.invoice_id == at.invoice.id, col(HoldRow.released_at).is_(None))
    ).all()
    for hold in holds:
        named = at.session.exec(
            select(HoldInvoiceRow.invoice_id).where(HoldInvoiceRow.hold_id == hold.id)
        ).all()
        if any(rest > 0 for rest in rests(at.session, named).values()):
            continue
        hold.released_at = at.now
        at.log("delivery_hold_released", "every invoice it named is paid")
        at.session.flush()
        at.nudge()
        if hold.pauses_ladder:
            at.tell_all()


def _tell(at: Recording, hold: HoldRow) -> None:
    """Tell the cases; the outreach tells sales and logistics."""
    at.nudge()
    if hold.pauses_ladder:
        at.tell_all()
    else:
        at.tell()


def _named(at: Recording, numbers: Sequence[str]) -> list[UUID]:
    if not numbers:
        return [at.invoice.id]
    wanted = set(numbers)
    found = at.session.exec(
        select(col(Invoice.number), col(Invoice.id)).where(
            Invoice.company_id == at.company.id,
            Invoice.customer_id == at.customer.id,
            col(Invoice.number).in_(wanted),
        )
    ).all()
    missing = sorted(wanted - {number for number, _ in found})
    if missing:
        raise InvalidFact(f"invoices: this customer has no invoice {', '.join(map(repr, missing))}")
    return [invoice_id for _, invoice_id in found]


def _hold_to_release(at: Recording, event_id: str | None) -> HoldRow:
    wanted = select(HoldRow).where(HoldRow.customer_id == at.customer.id)
    if event_id is not None:
        placed = at.fact_named("hold_event_id", event_id, CaseSignal.DELIVERY_HOLD_PLACED)
        hold = at.session.exec(wanted.where(HoldRow.fact_id == placed.id)).one()
        if hold.released_at is not None:
            raise WrongState(f"hold_event_id: the hold {event_id!r} is released already")
        return hold
    holds = at.session.exec(wanted.where(col(HoldRow.released_at).is_(None))).all()
    if not holds:
        raise WrongState("this customer has no delivery hold to release")
    if len(holds) > 1:
        raise InvalidFact(f"hold_event_id: required, the customer has {len(holds)} delivery holds")
    return holds[0]
