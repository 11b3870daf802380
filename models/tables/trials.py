"""Trials of a changed policy on the whole portfolio of a company, and whom they would concern."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import Instant, Table, check, one_of
from models.tables.words import TrialState


class PolicyTrial(Table, table=True):
    """A text tried on every customer with a case under its policy, for `days` from the day it was asked.

    `customers` and `cases` are how many there were when it was asked. Customers are looked at in the order of
    their ids: `reached` is the last one, and `sums` what was found up to it, as `activities.store.trials`
    writes it.
    """

    __tablename__ = "policy_trial"
    __table_args__ = (
        one_of("state", TrialState),
        check("days", "days > 0"),
        check("finished", "(state = 'running') = (finished_at IS NULL)"),
        Index(None, "company_id", "asked_at", "id"),
        # One at a time: each keeps a worker busy.
        Index(
            "policy_trial_running_idx",
            "company_id",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: UUID = Field(primary_key=True)
    company_id: UUID = Field(foreign_key="company.id")
    policy_key: str
    toml: str
    days: int
    state: str = TrialState.RUNNING
    customers: int
    cases: int
    looked: int = 0
    reached: UUID | None = None
    sums: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    asked_at: datetime = Field(sa_type=Instant)
    asked_by: str
    moved_at: datetime = Field(sa_type=Instant)
    finished_at: datetime | None = Field(default=None, sa_type=Instant)


class PolicyTrialCustomer(Table, table=True):
    """A customer that only one of the two lives contacts: `newly` by the changed text, or no longer.

    `on_day`, `step` and `channel` are of the first contact of that life.
    """

    __tablename__ = "policy_trial_customer"
    __table_args__ = (Index(None, "trial_id", "newly", "on_day", "customer_id"),)

    trial_id: UUID = Field(primary_key=True, foreign_key="policy_trial.id")
    customer_id: UUID = Field(primary_key=True, foreign_key="customer.id")
    newly: bool
    on_day: date
    step: str
    channel: str
