"""The columns people chose, by company and layout of the file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from admin.intake.items import Reading
from models.tables import IntakeMapping


def remembered(session: Session, company_id: UUID) -> dict[str, dict[str, str]]:
    """What people chose, by layout."""
    found = session.exec(select(IntakeMapping).where(IntakeMapping.company_id == company_id))
    return {row.layout: row.columns for row in found}


def remember(
    session: Session,
    company_id: UUID,
    reading: Reading,
    chosen: Mapping[str, str],
    now: datetime,
    who: str,
) -> None:
    """Keep what a person chose for files of this layout, over what was chosen before."""
    columns = {**reading.remembered.get(reading.fingerprint, {}), **chosen}
    values = {"headers": list(reading.headers), "columns": columns, "chosen_at": now, "chosen_by": who}
    session.exec(
        insert(IntakeMapping)
        .values(company_id=company_id, layout=reading.fingerprint, **values)
        .on_conflict_do_update(index_elements=["company_id", "layout"], set_=values)
    )
