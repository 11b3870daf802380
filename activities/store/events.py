"""The journal of cases. Lines are only ever added; the database refuses anything else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from activities.store.sql import aware, run
from models.tables import CaseEvent

ADD_LINES: Final = """
    INSERT INTO case_event (invoice_id, customer_id, company_id, at, who, what, why, detail)
    SELECT line.invoice_id, line.customer_id, line.company_id, line.at, line.who, line.what, line.why,
           line.detail
      FROM jsonb_to_recordset(%(lines)s::jsonb)
               AS line (place integer, invoice_id uuid, customer_id uuid, company_id uuid, at timestamptz,
                        who text, what text, why text, detail jsonb)
     ORDER BY line.place
"""
"""Adds `lines_of` events; a statement that writes what they tell may end in it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal, as `add_event` takes it."""

    company_id: UUID
    at: datetime
    who: str
    what: str
    invoice_id: UUID | None = None
    customer_id: UUID | None = None
    why: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def add_events(session: Session, events: Iterable[Event]) -> None:
    """Add lines at once, in their order; the rows they name are in the ledger already."""
    given = list(events)
    if given:
        run(session, ADD_LINES, lines=lines_of(given))


def lines_of(events: Sequence[Event]) -> str:
    """Events as `ADD_LINES` takes them."""
    return json.dumps(
        [
            {
                "place": place,
                "invoice_id": _text(event.invoice_id),
                "customer_id": _text(event.customer_id),
                "company_id": str(event.company_id),
                "at": aware(event.at).isoformat(),
                "who": event.who,
                "what": event.what,
                "why": event.why,
                "detail": event.detail,
            }
            for place, event in enumerate(events)
        ]
    )


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)


def add_event(
    session: Session,
    *,
    company_id: UUID,
    at: datetime,
    who: str,
    what: str,
    invoice_id: UUID | None = None,
    customer_id: UUID | None = None,
    why: str | None = None,
    detail: dict[str, Any] | None = None,
) -> None:
    """Add one line: who did what, when (business time), why. `detail` is JSON."""
    session.add(
        CaseEvent(
            company_id=company_id,
            invoice_id=invoice_id,
            customer_id=customer_id,
            at=at,
            who=who,
            what=what,
            why=why,
            detail=detail or {},
        )
    )
