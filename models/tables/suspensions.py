"""What was suspended, by whom and why, and whose turn it is afterwards; days on which nothing leaves."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, text
from sqlmodel import Field

from models.tables.columns import Instant, Table, check, one_of
from rules.facts import SuspensionScope


class SuspensionRow(Table, table=True):
    """No contact in a scope of a company, until somebody resumes it or its day `until` comes.

    `target` is the channel or the policy's key. `reason` is a person's words: they stay in the ledger.
    """

    __tablename__ = "suspension"
    __table_args__ = (
        one_of("scope", SuspensionScope),
        check(
            "target",
            "(scope = 'customer') = (customer_id IS NOT NULL) "
            "AND (scope IN ('channel', 'policy')) = (target IS NOT NULL)",
        ),
        check("ended", "(ended_at IS NULL) = (ended_by IS NULL)"),
        Index("suspension_in_force_idx", "company_id", postgresql_where=text("ended_at IS NULL")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(),))
    company_id: UUID = Field(foreign_key="company.id")
    scope: str
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    target: str | None = None
    reason: str
    since: datetime = Field(sa_type=Instant)
    until: date | None = None
    by: str
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_by: str | None = None


class SuspensionTurn(Table, table=True):
    """The local day on which a customer that a suspension held is contacted again."""

    __tablename__ = "suspension_turn"
    __table_args__ = (Index(None, "customer_id", "day"),)

    suspension_id: int = Field(primary_key=True, foreign_key="suspension.id", sa_type=BigInteger)
    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    day: date


class ClosureRow(Table, table=True):
    """Days on which nothing leaves, of a creditor, or of one customer: both included, every year if `yearly`.

    `told_up_to` is set once it is taken back, while its cases are told: the last of them in the order of ids.
    """

    __tablename__ = "closure"
    __table_args__ = (
        check("days", "first_day <= last_day"),
        check("ended", "(ended_at IS NULL) = (ended_by IS NULL)"),
        Index("closure_in_force_idx", "company_id", postgresql_where=text("ended_at IS NULL")),
        Index("closure_telling_idx", "id", postgresql_where=text("told_up_to IS NOT NULL")),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger, sa_column_args=(Identity(),))
    company_id: UUID = Field(foreign_key="company.id")
    customer_id: UUID | None = Field(default=None, foreign_key="customer.id")
    first_day: date
    last_day: date
    yearly: bool
    reason: str | None = None
    recorded_at: datetime = Field(sa_type=Instant)
    recorded_by: str
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_by: str | None = None
    told_up_to: UUID | None = None
