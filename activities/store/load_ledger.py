"""Money, disputes, promises and pauses of several invoices, one query a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from activities.store.lookup import among
from models.tables import (
    ClaimRow,
    CreditNoteRow,
    DisputeRow,
    FactRow,
    HoldRow,
    InstalmentRow,
    PauseRow,
    PaymentRow,
    PlanRow,
)
from rules.facts import Claim, CreditNote, Dispute, Instalment, Pause, Payment, Plan
from rules.money import round_money

MANUAL = "pause"
"""What a manual pause is called outside the ledger, whatever reason it was given."""


@dataclass(slots=True)
class Ledger:
    """Facts by invoice; `holds` pause every invoice of the customer."""

    payments: dict[UUID, list[Payment]] = field(default_factory=lambda: defaultdict(list))
    credit_notes: dict[UUID, list[CreditNote]] = field(default_factory=lambda: defaultdict(list))
    disputes: dict[UUID, list[Dispute]] = field(default_factory=lambda: defaultdict(list))
    plans: dict[UUID, list[Plan]] = field(default_factory=lambda: defaultdict(list))
    claims: dict[UUID, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    pauses: dict[UUID, list[Pause]] = field(default_factory=lambda: defaultdict(list))
    holds: tuple[Pause, ...] = ()


def load_ledger(session: Session, customer_id: UUID, currencies: Mapping[UUID, str], now: datetime) -> Ledger:
    """The facts of invoices of one customer, oldest first; `currencies` gives their ids and currencies."""
    found = Ledger()
    # Every row read below names its fact: most customers have none, and eight questions are saved.
    if session.exec(select(FactRow.id).where(FactRow.customer_id == customer_id).limit(1)).first() is None:
        return found
    invoice_ids = list(currencies)
    _money(session, invoice_ids, now, found)
    _disputes(session, currencies, now, found)
    _promises(session, currencies, now, found)
    _pauses(session, invoice_ids, now, found)
    found.holds = tuple(
        Pause("delivery hold", min(hold.placed_at, now), ended_at=_by(now, hold.released_at))
        for hold in session.exec(
            select(HoldRow)
            .where(HoldRow.customer_id == customer_id, col(HoldRow.pauses_ladder))
            .order_by(col(HoldRow.placed_at))
        )
    )
    return found


def _by(now: datetime, at: datetime | None) -> datetime | None:
    return None if at is None else min(at, now)


def _money(session: Session, ids: Sequence[UUID], now: datetime, found: Ledger) -> None:
    payments = session.exec(
        select(PaymentRow)
        .where(among(PaymentRow.invoice_id, ids))
        .order_by(col(PaymentRow.recorded_at), col(PaymentRow.id))
    )
    for row in payments:
        if row.invoice_id is not None:
            found.payments[row.invoice_id].append(
                Payment(
                    round_money(row.amount, row.currency),
                    min(row.recorded_at, now),
                    _by(now, row.reversed_at),
                )
            )
    notes = session.exec(
        select(CreditNoteRow)
        .where(among(CreditNoteRow.invoice_id, ids))
        .order_by(col(CreditNoteRow.recorded_at), col(CreditNoteRow.id))
    )
    for note in notes:
        found.credit_notes[note.invoice_id].append(
            CreditNote(round_money(note.amount, note.currency), min(note.recorded_at, now))
        )


def _disputes(session: Session, ids: Mapping[UUID, str], now: datetime, found: Ledger) -> None:
    rows = session.exec(
        select(DisputeRow)
        .where(among(DisputeRow.invoice_id, ids))
        .order_by(col(DisputeRow.opened_at), col(DisputeRow.id))
    )
    for row in rows:
        found.disputes[row.invoice_id].append(
            Dispute(
                min(row.opened_at, now),
                None if row.amount is None else round_money(row.amount, ids[row.invoice_id]),
                _by(now, row.resolved_at),
            )
        )


def _promises(session: Session, ids: Mapping[UUID, str], now: datetime, found: Ledger) -> None:
    instalments: dict[UUID, list[Instalment]] = defaultdict(list)
    parts = session.exec(
        select(InstalmentRow, col(PlanRow.invoice_id))
        .join(PlanRow, col(PlanRow.id) == InstalmentRow.plan_id)
        .where(among(PlanRow.invoice_id, ids))
        .order_by(col(InstalmentRow.plan_id), col(InstalmentRow.place))
    )
    for part, invoice_id in parts:
        instalments[part.plan_id].append(Instalment(part.due_on, round_money(part.amount, ids[invoice_id])))
    plans = session.exec(
        select(PlanRow)
        .where(among(PlanRow.invoice_id, ids))
        .order_by(col(PlanRow.agreed_at), col(PlanRow.id))
    )
    for plan in plans:
        found.plans[plan.invoice_id].append(
            Plan(
                str(plan.id),
                min(plan.agreed_at, now),
                tuple(instalments[plan.id]),
                _by(now, plan.cancelled_at),
            )
        )
    claims = session.exec(
        select(ClaimRow)
        .where(among(ClaimRow.invoice_id, ids))
        .order_by(col(ClaimRow.claimed_at), col(ClaimRow.id))
    )
    for claim in claims:
        found.claims[claim.invoice_id].append(
            Claim(str(claim.id), min(claim.claimed_at, now), claim.paid_on, _by(now, claim.withdrawn_at))
        )


def _pauses(session: Session, ids: Sequence[UUID], now: datetime, found: Ledger) -> None:
    rows = session.exec(
        select(PauseRow)
        .where(among(PauseRow.invoice_id, ids))
        .order_by(col(PauseRow.since), col(PauseRow.id))
    )
    for row in rows:
        found.pauses[row.invoice_id].append(
            # The reason a person typed may name people; what is decided from here reaches Temporal.
            Pause(MANUAL, min(row.since, now), row.until, _by(now, row.ended_at))
        )
