"""`review`: one wake of a case. Record what the signals told, decide, store, hand over what is due."""

from __future__ import annotations

import logging
from typing import Final

from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import DataError
from sqlmodel import Session, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import watch
from activities.clock import Clock
from activities.decisions import settle_case
from activities.outbox import Courier
from activities.settings import Settings
from activities.store import facts, outbox
from activities.store.decided import Stored
from activities.store.engine import transaction
from activities.store.lookup import locked_customer_of
from activities.store.sql import run
from models.errors import NotFound, RelanceError
from models.ids import CaseSignal
from models.messages import FACTS, CaseView, Fact, ReviewInput, SignalNote
from models.tables import Invoice, OutboxNote
from models.tables.words import NoteTo
from rules.decide import State

log = logging.getLogger(__name__)

_REJECTED: Final = """
    SELECT count(*) FROM case_event WHERE invoice_id = %(invoice)s AND what = 'rejected'
"""


class ReviewActivities:
    """The activity that every wake of a case runs. Safe to run twice."""

    def __init__(self, engine: Engine, clock: Clock, courier: Courier, settings: Settings) -> None:
        self._engine = engine
        self._clock = clock
        self._courier = courier
        self._settings = settings

    @activity.defn(name="review", no_thread_cancel_exception=True)
    def review(self, what: ReviewInput) -> CaseView:
        """Review one case and return the recorded decision.

        Raises:
            ApplicationError: of type `NotFound`, final: the ledger has no such invoice or case.
        """
        notes: list[int] = []
        try:
            for note in what.inbox:
                notes += self._record(what, note)
            with transaction(self._engine) as session:
                locked_customer_of(session, what.invoice_id)
                stored, more = settle_case(
                    session,
                    what.invoice_id,
                    self._clock.business(what.now),
                    self._settings.sending_fingerprint,
                )
                notes += more
                view = self._view(session, what, stored)
        except NotFound as error:
            raise ApplicationError(str(error), type="NotFound", non_retryable=True) from error
        watch.reviewed(view)
        self._courier.deliver(notes)
        return view

    def _record(self, what: ReviewInput, note: SignalNote) -> list[int]:
        """Record the fact a signal carries; what cannot be true becomes an event that people see."""
        now = self._clock.business(what.now)
        try:
            signal = CaseSignal(note.signal)
            fact = _parse(signal, note.payload)
            if fact.recorded or signal is CaseSignal.CONTACT_CONCLUDED:
                return []
            with transaction(self._engine) as session:
                done = facts.record(
                    session,
                    now=now,
                    invoice=session.get_one(Invoice, what.invoice_id),
                    fact=fact,
                    signal=signal,
                    who=fact.by or "temporal",
                )
                return _others(session, what, done.notes)
        except (RelanceError, ValueError, DataError) as error:
            with transaction(self._engine) as session:
                new = facts.reject(session, now, what.invoice_id, note.signal, note.payload, _reason(error))
            if new:
                watch.fact_rejected(note.signal, what.company, what.number)
            return []

    def _view(self, session: Session, what: ReviewInput, stored: Stored) -> CaseView:
        loaded, decision = stored.loaded, stored.decision
        case = stored.case
        rejected = run(session, _REJECTED, invoice=what.invoice_id).scalar_one()
        replaced = loaded.invoice.replaced_by_id is not None
        by_person = decision.state is State.CLOSED and case.closed_by_person is not None and not replaced
        wake_at = None if decision.state is State.DUE else decision.wake_at
        return CaseView(
            state=case.state,
            stage=case.stage,
            company=what.company,
            number=what.number,
            customer=case.customer_id,
            currency=loaded.facts.currency,
            total=loaded.facts.total,
            outstanding=decision.balance.outstanding,
            disputed=decision.balance.disputed,
            due_on=loaded.facts.due_on,
            policy=loaded.policy_name,
            next_step=case.next_step,
            next_channel=case.next_channel,
            next_at=case.next_at,
            wake_at=self._clock.temporal(wake_at) if wake_at else None,
            # What a person typed may name people: it stays in the ledger.
            why="closed by a person" if by_person else decision.why,
            paused_by=case.paused_by,
            done=tuple(done.step for done in loaded.facts.done),
            closed=decision.state is State.CLOSED,
            closing_reason="closed by a person" if by_person else case.closing_reason,
            rejected=rejected,
        )


def _parse(signal: CaseSignal, payload: str) -> Fact:
    return FACTS[signal].model_validate_json(payload or "{}")


def _reason(error: Exception) -> str:
    if isinstance(error, DataError):
        return f"a value the ledger cannot hold: {str(error.orig).splitlines()[0]}"
    if isinstance(error, ValidationError):
        faults = (
            f"{'.'.join(str(part) for part in fault['loc']) or 'payload'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        return "; ".join(faults)
    return str(error)


def _others(session: Session, what: ReviewInput, notes: tuple[int, ...]) -> list[int]:
    """The notes that are for others: this review is itself what the note to its own case asks for."""
    found = session.exec(select(OutboxNote).where(OutboxNote.id.in_(notes))).all()  # type: ignore[union-attr]
    own = [n.id for n in found if n.workflow == NoteTo.CASE and n.key == what.invoice_id and n.id is not None]
    outbox.delivered(session, own)
    return [note for note in notes if note not in own]
