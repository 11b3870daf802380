"""The journal of cases. Lines are only ever added; the database refuses anything else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from models.tables import CaseEvent


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
