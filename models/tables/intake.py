"""What is remembered of the files that invoices come in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import Instant, Table


class IntakeMapping(Table, table=True):
    """Which column holds what in a company's files of one layout; `layout` is a hash of their headers.

    `columns` is the header by field, the empty text where a person said that none holds it.
    """

    __tablename__ = "intake_mapping"

    company_id: UUID = Field(primary_key=True, foreign_key="company.id")
    layout: str = Field(primary_key=True)
    headers: list[str] = Field(sa_type=JSONB)
    columns: dict[str, str] = Field(sa_type=JSONB)
    chosen_at: datetime = Field(sa_type=Instant)
    chosen_by: str
