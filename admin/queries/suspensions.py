"""What is suspended, by whom and why, and how much it holds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy.sql.expression import func
from sqlmodel import Session, col, select

from activities.store.suspensions import held_by
from admin.queries.models import Answer
from admin.queries.parts import columns_of, of_model
from admin.queries.reading import rows_of
from models.tables import SuspensionTurn

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


_ROW: Final = of_model(SuspensionTold, "s", without=("held_invoices", "held_customers", "last_turn")) | {
    "customer": "c.ref"
}


def _rows(which: str) -> str:
    return f"""
        SELECT {columns_of(_ROW)}
          FROM suspension s LEFT JOIN customer c ON c.id = s.customer_id
         WHERE s.company_id = %(company)s AND {which} AND (%(only)s::bigint IS NULL OR s.id = %(only)s)
         ORDER BY s.id DESC
         LIMIT {SHOWN}
    """


_ALL: Final = _rows("TRUE")
_IN_FORCE: Final = _rows("s.ended_at IS NULL")


def suspensions_told(
    session: Session, company_id: UUID, *, ended: bool = False, only: int | None = None
) -> list[SuspensionTold]:
    """The suspensions of a company in force, the last one first; with `ended`, those that are over, too."""
    rows = rows_of(session, _ALL if ended else _IN_FORCE, company=company_id, only=only)
    if not rows:
        return []
    ids = [row["id"] for row in rows]
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
            **row,
            held_invoices=held.get(row["id"], (0, 0))[0],
            held_customers=held.get(row["id"], (0, 0))[1],
            last_turn=last.get(row["id"]),
        )
        for row in rows
    ]
