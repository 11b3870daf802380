"""What was told and is not so: claims, credits, corrections, closings and insolvencies taken back.

Payments, plans, disputes, pauses and holds have facts of their own that end them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

from sqlmodel import col, select

from activities.store.facts.money import reopen, reopen_if_owed, settled
from activities.store.facts.recording import Recording
from activities.store.facts.steering import CLAIM_FILING, REPLACED_BY, as_it_stands, take_back
from activities.store.lookup import open_cases
from activities.store.tasks import withdraw_tasks
from models.errors import InvalidFact, NotFound, WrongState
from models.ids import CaseSignal
from models.messages import FactWithdrawn
from models.tables import CaseEvent, ClaimRow, CreditNoteRow, FactRow, Invoice
from models.tables.words import TaskKind


def fact_withdrawn(at: Recording, fact: FactWithdrawn) -> None:
    """What that event told was a mistake: the case goes on as if it had not been told."""
    if fact.fact_event_id is None:
        raise InvalidFact("fact_event_id: required")
    told = _told(at, fact.fact_event_id)
    withdraw = _WITHDRAW.get(CaseSignal(told.kind))
    if withdraw is None:
        raise InvalidFact(f"fact_event_id: a {told.kind} is not withdrawn; another fact ends it")
    withdraw(at, fact, told)


def _told(at: Recording, event_id: str) -> FactRow:
    """The fact to be withdrawn: of this invoice, or of the customer as a whole."""
    found = at.session.exec(
        select(FactRow).where(FactRow.company_id == at.company.id, FactRow.event_id == event_id)
    ).one_or_none()
    of_the_customer = found is not None and found.kind == CaseSignal.INSOLVENCY_OPENED
    if found is None or not (
        found.customer_id == at.customer.id and (of_the_customer or found.invoice_id == at.invoice.id)
    ):
        raise NotFound(f"fact_event_id: nothing told by {event_id!r} about invoice {at.invoice.number!r}")
    if _is_withdrawn(at, event_id):
        raise _already(event_id)
    return found


def _is_withdrawn(at: Recording, event_id: str) -> bool:
    """Whether a later fact took that one back."""
    found = at.session.exec(
        select(FactRow.id).where(
            FactRow.company_id == at.company.id,
            FactRow.customer_id == at.customer.id,
            FactRow.kind == CaseSignal.FACT_WITHDRAWN,
            col(FactRow.payload)["fact_event_id"].as_string() == event_id,
        )
    )
    return found.first() is not None


def _already(event_id: str) -> WrongState:
    return WrongState(f"fact_event_id: {event_id!r} does not stand any more")


def _registered(at: Recording, fact: FactWithdrawn, told: FactRow) -> None:
    """The journal says what was withdrawn, and how much it was of."""
    amount = {"amount": told.payload["amount"]} if told.payload.get("amount") else {}
    at.registered(fact, withdrawn=told.kind, **amount)


def _claim(at: Recording, fact: FactWithdrawn, told: FactRow) -> None:
    claim = at.session.exec(select(ClaimRow).where(ClaimRow.fact_id == told.id)).one()
    _registered(at, fact, told)
    claim.withdrawn_at = at.now
    at.tell()


def _credit_note(at: Recording, fact: FactWithdrawn, told: FactRow) -> None:
    note = at.session.exec(select(CreditNoteRow).where(CreditNoteRow.fact_id == told.id)).one()
    if note.cancelled_at is not None:
        raise _already(told.event_id)
    _registered(at, fact, told)
    note.cancelled_at = at.now
    reopen_if_owed(at)
    at.tell()


def _correction(at: Recording, fact: FactWithdrawn, told: FactRow) -> None:
    """The invoice is again as it was before this correction, which must be the latest one that stands."""
    later = at.session.exec(
        select(FactRow.event_id).where(
            FactRow.invoice_id == at.invoice.id,
            FactRow.kind == CaseSignal.INVOICE_CHANGED,
            FactRow.recorded_at > told.recorded_at,
        )
    ).all()
    if not all(_is_withdrawn(at, event_id) for event_id in later):
        raise WrongState("fact_event_id: the invoice was corrected again since: withdraw that first")
    before = _before(at, told)
    _registered(at, fact, told)
    invoice, replaced_by = at.invoice, at.invoice.replaced_by_id
    at.log("invoice_was", None, as_it_stands(invoice))
    invoice.total, invoice.order_ref = Decimal(before["total"]), before["order_ref"]
    invoice.issued_on = date.fromisoformat(before["issued_on"])
    invoice.due_on = at.case.due_on = date.fromisoformat(before["due_on"])
    take_back(at, [invoice], "the correction of the invoice was withdrawn")
    if replaced_by is not None and "replaced_by" in told.payload:
        replacement = at.session.get_one(Invoice, replaced_by)
        invoice.replaced_by_id = replacement.replaces_id = None
        if at.case.closed_by_person == f"{REPLACED_BY}{replacement.number}":
            reopen(at, by_mistake=True)
    settled(at)
    reopen_if_owed(at)
    at.tell()


def _before(at: Recording, told: FactRow) -> Mapping[str, Any]:
    """What the journal kept of the invoice when it was corrected."""
    kept = at.session.exec(
        select(CaseEvent.detail)
        .where(
            CaseEvent.invoice_id == at.invoice.id,
            CaseEvent.what == "invoice_was",
            CaseEvent.at == told.recorded_at,
        )
        .order_by(col(CaseEvent.id).desc())
    ).all()
    # Lines of earlier versions do not name the event.
    named = [each for each in kept if each.get("event_id", told.event_id) == told.event_id]
    if not named:
        raise NotFound("fact_event_id: the journal does not say how the invoice was before")
    return named[0]


def _closing(at: Recording, fact: FactWithdrawn, told: FactRow) -> None:
    if at.case.closed_by_person is None or at.case.closed_by_person != told.payload.get("reason"):
        raise _already(told.event_id)
    _registered(at, fact, told)
    reopen(at, by_mistake=True)
    at.tell()


def _insolvency(at: Recording, fact: FactWithdrawn, told: FactRow) -> None:
    if at.customer.insolvency_on is None:
        raise _already(told.event_id)
    _registered(at, fact, told)
    at.customer.insolvency_on = None
    withdraw_tasks(
        at.session,
        now=at.now,
        why="the insolvency was told by mistake",
        who=fact.by or at.who,
        # Before tasks were named by the fact, they were by the customer.
        keys=(f"{CLAIM_FILING}{told.id}", f"{CLAIM_FILING}{at.customer.id}"),
        kinds=(TaskKind.CLAIM_FILING,),
    )
    at.tell_cases(open_cases(at.session, at.customer.id))


_WITHDRAW: Final[Mapping[CaseSignal, Callable[[Recording, FactWithdrawn, FactRow], None]]] = {
    CaseSignal.PAYMENT_CLAIMED: _claim,
    CaseSignal.CREDIT_NOTE_ISSUED: _credit_note,
    CaseSignal.INVOICE_CHANGED: _correction,
    CaseSignal.CLOSED: _closing,
    CaseSignal.INSOLVENCY_OPENED: _insolvency,
}
"""How each kind of fact is taken back."""
