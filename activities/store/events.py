"""The journal of cases. Lines are only ever added; the database refuses anything else."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from activities.store.sql import run_each
from models.tables import CaseEvent

_ADD: Final = """
    INSERT INTO case_event (invoice_id, customer_id, company_id, at, who, what, why, detail)
    VALUES (%(invoice_id)s, %(customer_id)s, %(company_id)s, %(at)s, %(who)s, %(what)s, %(why)s,
            %(detail)s::jsonb)
"""


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
    run_each(
        session,
        _ADD,
        [
            {
                "invoice_id": event.invoice_id,
                "customer_id": event.customer_id,
                "company_id": event.company_id,
                "at": event.at,
                "who": event.who,
                "what": event.what,
                "why": event.why,
                "detail": json.dumps(event.detail),
            }
            for event in events
        ],
    )


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
