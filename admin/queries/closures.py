"""Days on which nothing leaves, as they are shown."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from admin.queries.models import Answer
from models.tables import ClosureRow, Customer

SHOWN = 500
"""How many closures are shown."""


class ClosureTold(Answer):
    """Both days are included; without a customer it is the creditor's, for all its customers."""

    id: int
    customer: str | None
    first_day: date
    last_day: date
    yearly: Annotated[bool, Field(description="On the same days of every year after, too")]
    reason: str | None
    recorded_at: datetime
    recorded_by: str
    ended_at: datetime | None
    ended_by: str | None


def closures_told(
    session: Session, company_id: UUID, *, ended: bool = False, only: int | None = None
) -> list[ClosureTold]:
    """The closures of a company in force, by their first day; with `ended`, those taken back, too."""
    wanted = (
        select(ClosureRow, Customer.ref)
        .join(Customer, col(Customer.id) == ClosureRow.customer_id, isouter=True)
        .where(ClosureRow.company_id == company_id)
        .order_by(col(ClosureRow.first_day), col(ClosureRow.id))
        .limit(SHOWN)
    )
    if not ended:
        wanted = wanted.where(col(ClosureRow.ended_at).is_(None))
    if only is not None:
        wanted = wanted.where(ClosureRow.id == only)
    return [
        ClosureTold(**row.model_dump(exclude={"company_id", "customer_id", "told_up_to"}), customer=customer)
        for row, customer in session.exec(wanted)
    ]
