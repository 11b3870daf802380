"""What is suspended, by whom and why, and how much it holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy.sql.expression import func
from sqlmodel import Session, col, select

from activities.store.suspensions import held_by
from admin.queries.models import Answer
from models.tables import Customer, SuspensionRow, SuspensionTurn

SHOWN = 200
"""How many suspensions are shown."""


class SuspensionTold(Answer):
    """No contact in a scope. `held_…` is what waits for its end; after it, customers have their turns."""

    id: int
    scope: Annotated[str, Field(description="company, customer, channel or policy", examples=["channel"])]
    customer: str | None
    target: Annotated[str | None, Field(description="The channel or the policy", examples=["sms"])]
    reason: str
    by: str
    since: datetime
    until: Annotated[date | None, Field(description="It ends by itself as this day begins")]
    ended_at: datetime | None
    ended_by: str | None
    held_invoices: int
    held_customers: int
    last_turn: Annotated[date | None, Field(description="The last day a customer it held has its turn on")]


def suspensions_told(
    session: Session, company_id: UUID, *, ended: bool = False, only: int | None = None
) -> list[SuspensionTold]:
    """The suspensions of a company in force, the last one first; with `ended`, those that are over, too."""
    wanted = (
        select(SuspensionRow, Customer.ref)
        .join(Customer, col(Customer.id) == SuspensionRow.customer_id, isouter=True)
        .where(SuspensionRow.company_id == company_id)
        .order_by(col(SuspensionRow.id).desc())
        .limit(SHOWN)
    )
    if not ended:
        wanted = wanted.where(col(SuspensionRow.ended_at).is_(None))
    if only is not None:
        wanted = wanted.where(SuspensionRow.id == only)
    rows = session.exec(wanted).all()
    ids = [row.id for row, _ in rows if row.id is not None]
    held = held_by(session, ids)
    last = dict(
        session.exec(
            select(SuspensionTurn.suspension_id, func.max(SuspensionTurn.day))
            .where(col(SuspensionTurn.suspension_id).in_(ids))
            .group_by(col(SuspensionTurn.suspension_id))
        ).all()
    )
    return [
        SuspensionTold(
            **row.model_dump(exclude={"company_id", "customer_id"}),
            customer=customer,
            held_invoices=held.get(row.id or 0, (0, 0))[0],
            held_customers=held.get(row.id or 0, (0, 0))[1],
            last_turn=last.get(row.id or 0),
        )
        for row, customer in rows
    ]
