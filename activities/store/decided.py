"""Decisions on their cases' rows, with what follows in the ledger: the journal, and what lapses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from activities.store.events import ADD_LINES, Event, add_events, lines_of
from activities.store.load import LoadedCase
from activities.store.owed import keep_owed
from activities.store.planned import withdraw_planned
from activities.store.records import CaseRecord
from activities.store.sql import aware, run
from activities.store.tasks import withdraw_tasks
from models.tables import ContactItem, DunningCase
from models.tables.words import LAPSES_WITH_CASE
from rules.calendar import business_calendar
from rules.decide import Decision, State

# Most of a customer's cases are decided as they were: that they were looked at is all there is to write.
_LOOKED_AT: Final = """
    UPDATE dunning_case
       SET decided_at = %(decided_at)s, decided_seq = %(decided_seq)s
     WHERE invoice_id = ANY (%(same)s::uuid[])
"""
_WRITE: Final = f"""
    WITH looked_at AS ({_LOOKED_AT}),
    written AS (
        UPDATE dunning_case k
           SET state = moved.state, stage = moved.stage, next_step = moved.next_step,
               next_channel = moved.next_channel, next_at = moved.next_at, wake_at = moved.wake_at,
               next_why = moved.next_why, paused_by = moved.paused_by, outstanding = moved.outstanding,
               disputed = moved.disputed, closed_at = moved.closed_at, closing_reason = moved.closing_reason,
               awaits_bank = moved.awaits_bank, suspension_id = moved.suspension_id,
               decided_at = %(decided_at)s, decided_seq = %(decided_seq)s
          FROM jsonb_to_recordset(%(moved)s::jsonb)
                   AS moved (invoice_id uuid, state text, stage text, next_step text, next_channel text,
                             next_at timestamptz, wake_at timestamptz, next_why text, paused_by text,
                             outstanding numeric, disputed numeric, closed_at timestamptz,
                             closing_reason text, awaits_bank date, suspension_id bigint)
         WHERE k.invoice_id = moved.invoice_id)
    {ADD_LINES}
"""  # noqa: S608 (the constants above)


@dataclass(frozen=True, slots=True)
class Stored:
    """A case as decided and written, `case` being its row now. `changed`: something people see moved."""

    loaded: LoadedCase
    decision: Decision
    case: CaseRecord
    changed: bool


def store_decisions(
    session: Session, cases: Sequence[LoadedCase], decisions: Sequence[Decision], now: datetime
) -> list[Stored]:
    """Write decisions on their cases' rows; a line in the journal where what people see has moved."""
    seq = cases[0].customer_row.ledger_seq if cases else 0
    stored = [
        Stored(loaded, decision, after, changed=_seen(loaded.case) != _seen(after))
        for loaded, decision in zip(cases, decisions, strict=True)
        for after in (_decided(loaded.case, decision, now),)
    ]
    moved = [each for each in stored if each.case != each.loaded.case]
    same = [each.loaded.invoice.id for each in stored if each.case == each.loaded.case]
    closed = [each for each in moved if each.case.closed_at and not each.loaded.case.closed_at]
    lines = [_line(each, now) for each in moved if _moved_on(each)]
    looked = {"same": same, "decided_at": now, "decided_seq": seq}
    if moved:
        # The end of a case is told after what lapses with it.
        told = lines_of([] if closed else lines)
        run(session, _WRITE, moved=json.dumps([_row(each) for each in moved]), lines=told, **looked)
    elif same:
        run(session, _LOOKED_AT, **looked)
    for each in closed:
        _close(session, each, now)
    _keep_owed(session, moved)
    if closed:
        add_events(session, lines)
    return stored


def _keep_owed(session: Session, moved: Sequence[Stored]) -> None:
    """Ends and new beginnings move the days on which an invoice was owed, unless it owed nothing anyway."""
    ended = [
        each.loaded.invoice.id
        for each in moved
        if each.case.closed_at != each.loaded.case.closed_at and each.case.outstanding > 0
    ]
    if ended:
        company = moved[0].loaded.company
        keep_owed(session, ended, business_calendar(company.country, company.zone))


def _decided(case: CaseRecord, decision: Decision, now: datetime) -> CaseRecord:
    """The case's row under a decision."""
    action = decision.next
    closed_at, closing_reason = case.closed_at, case.closing_reason
    if decision.state is not State.CLOSED:
        closed_at = closing_reason = None
    elif closed_at is None:
        closed_at, closing_reason = now, decision.closing_reason
    return case._replace(
        state=decision.state.value,
        stage=decision.stage,
        outstanding=decision.balance.outstanding,
        disputed=decision.balance.disputed,
        next_step=action.step.key if action else None,
        next_channel=action.route.channel.value if action else None,
        next_at=_shown_at(decision, case.next_step, case.next_at),
        next_why=decision.why,
        paused_by=decision.paused_by,
        wake_at=decision.wake_at,
        awaits_bank=decision.awaits_bank,
        suspension_id=decision.suspension,
        closed_at=closed_at,
        closing_reason=closing_reason,
    )


def _seen(case: CaseRecord) -> tuple[object, ...]:
    """What people see of a case."""
    return (case.state, case.stage, case.next_step, case.next_at, case.paused_by, case.closed_at)


def _moved_on(stored: Stored) -> bool:
    before = stored.loaded.case
    return before.state != stored.case.state or before.next_step != stored.case.next_step


def _row(stored: Stored) -> dict[str, str | None]:
    case = stored.case
    return {
        "invoice_id": str(stored.loaded.invoice.id),
        "state": case.state,
        "stage": case.stage,
        "next_step": case.next_step,
        "next_channel": case.next_channel,
        "next_at": _written(case.next_at),
        "wake_at": _written(case.wake_at),
        "awaits_bank": case.awaits_bank.isoformat() if case.awaits_bank else None,
        "suspension_id": None if case.suspension_id is None else str(case.suspension_id),
        "next_why": case.next_why,
        "paused_by": case.paused_by,
        "outstanding": str(case.outstanding),
        "disputed": str(case.disputed),
        "closed_at": _written(case.closed_at),
        "closing_reason": case.closing_reason,
    }


def _written(at: datetime | None) -> str | None:
    return None if at is None else aware(at).isoformat()


def _line(stored: Stored, now: datetime) -> Event:
    case = stored.case
    return Event(
        company_id=stored.loaded.company.id,
        customer_id=stored.loaded.customer_row.id,
        invoice_id=stored.loaded.invoice.id,
        at=now,
        who="relance",
        what=f"case_{case.state}",
        why=stored.decision.why,
        detail={
            "next": case.next_step,
            "at": case.next_at.isoformat() if case.next_at else None,
            "outstanding": str(case.outstanding),
        },
    )


def _shown_at(decision: Decision, step: str | None, shown: datetime | None) -> datetime | None:
    """A due step keeps its announced time, also while it is held; what waits for a person shows when it is
    next looked at."""
    if decision.next is None:
        return None
    if (
        decision.state in (State.DUE, State.AWAITING_BANK, State.SUSPENDED)
        and step == decision.next.step.key
        and shown is not None
    ):
        return min(shown, decision.next.at)
    if decision.state in (State.AWAITING_APPROVAL, State.WITHHELD) and decision.wake_at is not None:
        return decision.wake_at
    return decision.next.at


def _close(session: Session, stored: Stored, now: datetime) -> None:
    """What was planned for a case that has just been closed, and what people were asked, lapses with it."""
    invoice_id = stored.loaded.invoice.id
    reason = stored.decision.closing_reason or "closed"
    withdraw_planned(session, [invoice_id], now, reason)
    withdraw_tasks(session, now=now, why=reason, invoice_id=invoice_id, kinds=LAPSES_WITH_CASE)
    # A task about several invoices lapses with the last of them.
    session.flush()
    for contact_id in _contacts_over(session, invoice_id):
        withdraw_tasks(session, now=now, why=reason, contact_id=contact_id, kinds=LAPSES_WITH_CASE)


def _contacts_over(session: Session, invoice_id: UUID) -> Sequence[UUID]:
    """Contacts about this invoice of which no case is open any more."""
    mine = select(ContactItem.contact_id).where(ContactItem.invoice_id == invoice_id)
    still_open = (
        select(ContactItem.contact_id)
        .join(DunningCase, col(DunningCase.invoice_id) == ContactItem.invoice_id)
        .where(col(ContactItem.contact_id).in_(mine), col(DunningCase.closed_at).is_(None))
    )
    return session.exec(mine.where(col(ContactItem.contact_id).not_in(still_open))).all()
