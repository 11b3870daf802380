"""What was told about an invoice: money, disputes, promises and claims, pauses, holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.sql.expression import func
from sqlmodel import Session, col

from activities.store.load import LoadedCase
from admin.queries.models import Amount, Answer
from models.tables import (
    ClaimRow,
    CreditNoteRow,
    DisputeRow,
    FactRow,
    HoldInvoiceRow,
    HoldRow,
    Invoice,
    PauseRow,
    PaymentRow,
)
from rules.ledger import instalment_states, plan_state
from rules.money import round_money


class PaymentTold(Answer):
    """Money received; `reversed_on` when it was returned."""

    event_id: str
    amount: Amount
    received_on: date
    reference: str | None
    recorded_at: datetime
    reversed_on: date | None


class CreditNoteTold(Answer):
    """A credit on the invoice."""

    number: str | None
    amount: Amount
    issued_on: date
    recorded_at: datetime


class DisputeTold(Answer):
    """An amount the customer contests; absent, the whole invoice."""

    event_id: str
    amount: Amount | None
    cause: str | None
    opened_at: datetime
    resolved_at: datetime | None
    resolution: str | None
    credited: Amount | None


class InstalmentTold(Answer):
    """One promised payment: `kept`, `broken`, `awaited`, or `lapsed` with its plan."""

    due_on: date
    amount: Amount
    state: Annotated[str, Field(examples=["kept"])]


class PromiseTold(Answer):
    """A promise to pay (one instalment) or a payment plan; while `in_force`, the case is paused."""

    kind: Annotated[str, Field(examples=["promise"])]
    agreed_at: datetime
    cancelled_at: datetime | None
    in_force: bool
    broken: bool
    why: str
    instalments: list[InstalmentTold]


class ClaimTold(Answer):
    """The customer says that it has paid."""

    paid_on: date
    claimed_at: datetime
    withdrawn_at: datetime | None


class PauseTold(Answer):
    """A pause by a person."""

    reason: str
    since: datetime
    until: date | None
    ended_at: datetime | None


class HoldTold(Answer):
    """Deliveries stopped until these invoices are paid."""

    placed_at: datetime
    released_at: datetime | None
    pauses_ladder: bool
    invoices: list[str]


def payments_told(session: Session, loaded: LoadedCase) -> list[PaymentTold]:
    """Payments on the invoice, oldest first."""
    if not loaded.facts.payments:
        return []
    rows = session.connection().execute(
        select(
            col(PaymentRow.event_id),
            col(PaymentRow.amount),
            col(PaymentRow.received_on),
            col(PaymentRow.reference),
            col(PaymentRow.recorded_at),
            col(PaymentRow.reversed_on),
        )
        .where(col(PaymentRow.invoice_id) == loaded.invoice.id)
        .order_by(col(PaymentRow.recorded_at), col(PaymentRow.id))
    )
    return [PaymentTold(**_exact(dict(row._mapping), loaded, "amount")) for row in rows]


def credit_notes_told(session: Session, loaded: LoadedCase) -> list[CreditNoteTold]:
    """Credit notes on the invoice, oldest first."""
    if not loaded.facts.credit_notes:
        return []
    rows = session.connection().execute(
        select(
            col(CreditNoteRow.number),
            col(CreditNoteRow.amount),
            col(CreditNoteRow.issued_on),
            col(CreditNoteRow.recorded_at),
        )
        .where(col(CreditNoteRow.invoice_id) == loaded.invoice.id)
        .order_by(col(CreditNoteRow.recorded_at), col(CreditNoteRow.id))
    )
    return [CreditNoteTold(**_exact(dict(row._mapping), loaded, "amount")) for row in rows]


def disputes_told(session: Session, loaded: LoadedCase) -> list[DisputeTold]:
    """Disputes of the invoice, oldest first."""
    if not loaded.facts.disputes:
        return []
    rows = session.connection().execute(
        select(
            col(FactRow.event_id),
            col(DisputeRow.amount),
            col(DisputeRow.cause),
            col(DisputeRow.opened_at),
            col(DisputeRow.resolved_at),
            col(DisputeRow.resolution),
            col(DisputeRow.credited),
        )
        .join(FactRow, col(FactRow.id) == col(DisputeRow.fact_id))
        .where(col(DisputeRow.invoice_id) == loaded.invoice.id)
        .order_by(col(DisputeRow.opened_at), col(DisputeRow.id))
    )
    return [DisputeTold(**_exact(dict(row._mapping), loaded, "amount", "credited")) for row in rows]


def promises_told(loaded: LoadedCase, now: datetime) -> list[PromiseTold]:
    """Promises and plans of the invoice, oldest first, with what became of each instalment."""
    found = []
    calendar, bank = loaded.customer.calendar, loaded.customer.bank
    for plan in loaded.facts.plans:
        state = plan_state(loaded.facts, plan, calendar, now, bank)
        states = instalment_states(loaded.facts, plan, calendar, now, bank)
        found.append(
            PromiseTold(
                kind="promise" if len(plan.instalments) == 1 else "plan",
                agreed_at=plan.agreed_at,
                cancelled_at=plan.cancelled_at,
                in_force=state.ended_at is None or state.ended_at > now,
                broken=state.broken,
                why=state.why,
                instalments=[
                    InstalmentTold(due_on=part.due_on, amount=part.amount, state=told.value)
                    for part, told in zip(plan.instalments, states, strict=True)
                ],
            )
        )
    return found


def claims_told(session: Session, loaded: LoadedCase) -> list[ClaimTold]:
    """Payments said to be made, oldest first."""
    if not loaded.facts.claims:
        return []
    rows = session.connection().execute(
        select(col(ClaimRow.paid_on), col(ClaimRow.claimed_at), col(ClaimRow.withdrawn_at))
        .where(col(ClaimRow.invoice_id) == loaded.invoice.id)
        .order_by(col(ClaimRow.claimed_at), col(ClaimRow.id))
    )
    return [ClaimTold.model_validate(row) for row in rows]


def pauses_told(session: Session, loaded: LoadedCase) -> list[PauseTold]:
    """Pauses by people, oldest first."""
    if not loaded.facts.pauses:
        return []
    rows = session.connection().execute(
        select(col(PauseRow.reason), col(PauseRow.since), col(PauseRow.until), col(PauseRow.ended_at))
        .where(col(PauseRow.invoice_id) == loaded.invoice.id)
        .order_by(col(PauseRow.since), col(PauseRow.id))
    )
    return [PauseTold.model_validate(row) for row in rows]


def holds_told(session: Session, customer_id: UUID, invoice_id: UUID | None = None) -> list[HoldTold]:
    """Delivery holds of a customer, oldest first; those that bear on one invoice, when it is given."""
    named = (
        select(func.array_agg(aggregate_order_by(col(Invoice.number), col(Invoice.number))))
        .join(HoldInvoiceRow, col(HoldInvoiceRow.invoice_id) == col(Invoice.id))
        .where(col(HoldInvoiceRow.hold_id) == col(HoldRow.id))
        .correlate(HoldRow)
        .scalar_subquery()
    )
    wanted = select(
        col(HoldRow.placed_at),
        col(HoldRow.released_at),
        col(HoldRow.pauses_ladder),
        named.label("invoices"),
    ).where(col(HoldRow.customer_id) == customer_id)
    if invoice_id is not None:
        names_it = select(col(HoldInvoiceRow.hold_id)).where(col(HoldInvoiceRow.invoice_id) == invoice_id)
        wanted = wanted.where(or_(col(HoldRow.pauses_ladder), col(HoldRow.id).in_(names_it)))
    rows = session.connection().execute(wanted.order_by(col(HoldRow.placed_at), col(HoldRow.id)))
    return [HoldTold.model_validate(row) for row in rows]


def _exact(told: dict[str, Any], loaded: LoadedCase, *names: str) -> dict[str, Any]:
    """A row with its amounts at the invoice currency's decimals."""
    for name in names:
        if told[name] is not None:
            told[name] = round_money(told[name], loaded.invoice.currency)
    return told
