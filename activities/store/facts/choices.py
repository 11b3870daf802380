"""What follows when people decide: on a hand-over, a dispute, a broken word, a delivery hold."""

from __future__ import annotations

from sqlmodel import select

from activities.store.facts.calls import call_again, replace_contact
from activities.store.facts.commitments import claimed, promised
from activities.store.facts.disputes import dispute_resolved, task_key
from activities.store.facts.holds import delivery_hold_placed
from activities.store.facts.recording import Recording
from activities.store.facts.replies import reply_read
from activities.store.facts.steering import closed, paused
from activities.store.facts.vetoes import overruled, vetoed
from models.errors import NotFound
from models.ids import CaseSignal
from models.messages import Closed, DeliveryHoldPlaced, DisputeResolved, Paused, TaskCompleted
from models.tables import DisputeRow, FactRow, Invoice, Task
from models.tables.words import TaskKind

_LEFT_TO_OTHERS = ("mediator", "agency", "lawyer", "insurance", "factor")
_BROKEN_WORDS = (TaskKind.BROKEN_PROMISE, TaskKind.CLAIM_NOT_FOUND)


def follow(at: Recording, task: Task, outcome: str, fact: TaskCompleted, about: list[Invoice]) -> None:
    """Do what an outcome asks for. The task is closed already; `about` are its open invoices."""
    if task.kind == TaskKind.DECISION:
        _hand_over(at, outcome, fact, about)
    elif task.kind == TaskKind.DISPUTE:
        _resolve(at, task, fact)
    elif task.kind in _BROKEN_WORDS:
        if outcome == "call_again":
            call_again(at, task, about)
        elif outcome == "promise":
            promised(at, fact, about)
        elif outcome == "claimed_paid":
            claimed(at, fact, about)
    elif task.kind == TaskKind.REPLY:
        reply_read(at, task, outcome, fact, about)
    elif task.kind == TaskKind.HOLD_PROPOSAL and outcome == "place" and about:
        hold = DeliveryHoldPlaced(
            invoices=tuple(invoice.number for invoice in about), by=fact.by, note=fact.note
        )
        delivery_hold_placed(at.also(CaseSignal.DELIVERY_HOLD_PLACED, hold, about[0]), hold)
    elif task.kind == TaskKind.SALES_VETO and outcome == "veto":
        vetoed(at, task, fact)
    elif task.kind == TaskKind.SALES_VETOED and outcome == "overruled":
        overruled(at, task, fact)
    elif outcome == "contact_changed":
        replace_contact(at, fact)


def _hand_over(at: Recording, outcome: str, fact: TaskCompleted, about: list[Invoice]) -> None:
    """Written off, the case is closed; in other hands, nothing more leaves until somebody resumes it."""
    for invoice in about:
        if outcome == "write_off":
            end = Closed(reason=outcome, by=fact.by, note=fact.note)
            closed(at.also(CaseSignal.CLOSED, end, invoice), end)
        elif outcome in _LEFT_TO_OTHERS:
            pause = Paused(reason=outcome, by=fact.by, note=fact.note)
            paused(at.also(CaseSignal.PAUSED, pause, invoice), pause)


def _resolve(at: Recording, task: Task, fact: TaskCompleted) -> None:
    found = next(
        (
            (dispute, opened)
            for dispute, opened in at.session.exec(
                select(DisputeRow, FactRow)
                .join(FactRow, DisputeRow.fact_id == FactRow.id)  # type: ignore[arg-type]
                .where(DisputeRow.invoice_id == task.invoice_id)
            )
            if task_key(dispute) == task.key
        ),
        None,
    )
    if found is None:
        raise NotFound(f"task_id: the task {task.id} names no dispute")
    dispute, opened = found
    resolved = DisputeResolved(
        dispute_event_id=opened.event_id, credited=fact.amount, by=fact.by, note=fact.note
    )
    invoice = at.session.get_one(Invoice, dispute.invoice_id)
    dispute_resolved(at.also(CaseSignal.DISPUTE_RESOLVED, resolved, invoice), resolved)
