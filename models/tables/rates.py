"""Reference rates that this version did not know yet."""

from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import Numeric
from sqlmodel import Field

from models.tables.columns import Instant, Table, check, one_of
from rules.interest import Series


class ReferenceRate(Table, table=True):
    """One half-year's rate of a series, percent a year, as it was entered; it goes before a shipped one."""

    __tablename__ = "reference_rate"
    __table_args__ = (
        one_of("series", Series),
        check("first_day", "extract(day FROM first_day) = 1 AND extract(month FROM first_day) IN (1, 7)"),
    )

    series: str = Field(primary_key=True)
    first_day: date = Field(primary_key=True)
    percent: Decimal = Field(sa_type=Numeric(7, 4))
    source: str
    recorded_at: datetime = Field(sa_type=Instant)
    recorded_by: str
