"""What the installation knows besides cases: policies, the audit trail, who a key speaks for, word lists."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.sql.expression import SQLColumnExpression
from sqlmodel import Session, col

from activities.store.api_keys import KeyHolder
from activities.store.policies import get_policy
from admin.api.paging import Page
from admin.queries.companies import opened
from admin.queries.models import Answer
from admin.queries.reading import NUMBER, Order, Paging, read_page
from admin.queries.tasks import AllowedOutcome
from admin.queries.words import CAUSES
from models.errors import NotFound
from models.tables import ApiKey, AuditEvent, Company, PolicyRow
from models.tables.words import ApiRole, TaskKind
from models.work import OUTCOMES, outcomes_of
from rules.policy import Step


class PolicyEdition(Answer):
    """One edition of a dunning policy. It never changes: a change is another version."""

    key: Annotated[str, Field(examples=["standard"])]
    version: Annotated[int, Field(examples=[1])]
    title: str
    hash: Annotated[str, Field(description="SHA-256 of the TOML text")]
    created_at: datetime


class PolicyPage(PolicyEdition):
    """A policy edition whole: as it is written, and as it is read."""

    toml: str
    min_gap_days: int
    resume_gap_days: int
    entry_cap: str
    min_amount: Annotated[dict[str, str], Field(description="By currency: less is not chased")]
    steps: list[Step]


class AuditRow(Answer):
    """Who did what through the API or on the installation."""

    id: int
    at: datetime
    who: Annotated[str, Field(examples=["api:erp"])]
    what: Annotated[str, Field(examples=["record_payment"])]
    detail: dict[str, Any]


class Me(Answer):
    """Who the key speaks for. `companies` is absent when it opens every one, later ones included."""

    name: str
    role: ApiRole
    companies: list[str] | None
    expires_at: datetime | None


class Cause(BaseModel):
    """Why a customer contests an amount, or is late."""

    cause: Annotated[str, Field(examples=["price"])]
    text: str


class KindOutcomes(BaseModel):
    """What may be answered to one kind of task; `fixed`: nothing else may."""

    kind: Annotated[str, Field(examples=["phone_call"])]
    fixed: bool
    outcomes: list[AllowedOutcome]


_EDITION: Final[tuple[SQLColumnExpression[Any], ...]] = (
    col(PolicyRow.key),
    col(PolicyRow.version),
    col(PolicyRow.title),
    col(PolicyRow.hash),
    col(PolicyRow.created_at),
)


def list_policies(session: Session, paging: Paging) -> Page[PolicyEdition]:
    """Every edition of every policy, by key and version."""
    order = Order("policies", col(PolicyRow.key), col(PolicyRow.version), str, read_id=NUMBER)

    def build(where: ColumnElement[bool], by: tuple[ColumnElement[Any], ...], limit: int) -> Select[Any]:
        wanted = select(*_EDITION).add_columns(
            col(PolicyRow.key).label("sort_key"), col(PolicyRow.version).label("sort_id")
        )
        return wanted.where(where).order_by(*by).limit(limit)

    rows, following = read_page(session, order, paging.after, paging.limit, build)
    return Page(items=[PolicyEdition.model_validate(row) for row in rows], next=following)


def get_policy_page(session: Session, key: str, version: int) -> PolicyPage:
    """One edition; NotFound when the ledger has none."""
    row = session.get(PolicyRow, (key, version))
    if row is None:
        raise NotFound(f"no version {version} of policy {key!r}")
    policy = get_policy(session, key, version)
    return PolicyPage(
        **row.model_dump(),
        min_gap_days=policy.min_gap_days,
        resume_gap_days=policy.resume_gap_days,
        entry_cap=policy.entry_cap,
        min_amount={currency: str(amount) for currency, amount in policy.min_amount.items()},
        steps=list(policy.steps),
    )


def list_audit(session: Session, company_id: UUID, paging: Paging) -> Page[AuditRow]:
    """What was done to a company through the API, newest first."""
    order = Order(
        f"audit {company_id}",
        col(AuditEvent.id),
        col(AuditEvent.id),
        NUMBER,
        descending=True,
        read_id=NUMBER,
    )

    def build(where: ColumnElement[bool], by: tuple[ColumnElement[Any], ...], limit: int) -> Select[Any]:
        wanted: Select[Any] = select(
            col(AuditEvent.id),
            col(AuditEvent.at),
            col(AuditEvent.who),
            col(AuditEvent.what),
            col(AuditEvent.detail),
            col(AuditEvent.id).label("sort_key"),
            col(AuditEvent.id).label("sort_id"),
        )
        return wanted.where(col(AuditEvent.company_id) == company_id, where).order_by(*by).limit(limit)

    rows, following = read_page(session, order, paging.after, paging.limit, build)
    return Page(items=[AuditRow.model_validate(row) for row in rows], next=following)


def who_am_i(session: Session, holder: KeyHolder) -> Me:
    """The key's name, role, companies and expiry."""
    connection = session.connection()
    expires_at = connection.execute(
        select(col(ApiKey.expires_at)).where(col(ApiKey.id) == holder.key_id)
    ).scalar_one()
    companies = None
    if holder.companies is not None:
        refs = connection.execute(select(col(Company.ref)).where(opened(holder)).order_by(col(Company.ref)))
        companies = list(refs.scalars())
    return Me(name=holder.name, role=holder.role, companies=companies, expires_at=expires_at)


def causes() -> list[Cause]:
    """The causes a dispute or a late payment may have."""
    return [Cause(cause=cause.value, text=text) for cause, text in CAUSES.items()]


def outcomes() -> list[KindOutcomes]:
    """What may be answered to each kind of task."""
    return [
        KindOutcomes(
            kind=kind.value,
            fixed=kind in OUTCOMES,
            outcomes=[AllowedOutcome.of(rule) for rule in outcomes_of(kind)],
        )
        for kind in TaskKind
    ]
