"""What the installation knows besides cases: policies, the audit trail, who a key speaks for, word lists."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, Field
from sqlmodel import Session

from activities.store.api_keys import KeyHolder
from activities.store.policies import get_policy
from admin.api.paging import Page
from admin.queries.models import Answer
from admin.queries.parts import columns_of, of_model
from admin.queries.reading import NUMBER, Order, Paging, read_page, rows_of
from admin.queries.tasks import AllowedOutcome
from admin.queries.words import CAUSES
from models.errors import NotFound
from models.tables import PolicyRow
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


_EDITION: Final = columns_of(of_model(PolicyEdition, "p"))
_AUDIT: Final = columns_of(of_model(AuditRow, "e"))


def list_policies(session: Session, paging: Paging) -> Page[PolicyEdition]:
    """Every edition of every policy, by key and version."""
    order = Order("policies", "p.key", "p.version", str, read_id=NUMBER)

    def build(where: str, limit: int) -> str:
        return f"""
            SELECT {_EDITION}, {order.columns}
              FROM policy p
             WHERE {where}
             ORDER BY {order.by()}
             LIMIT {limit}
        """

    rows, following = read_page(session, order, paging, build)
    return Page(items=[PolicyEdition(**row) for row in rows], next=following)


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
    order = Order(f"audit {company_id}", "e.id", "e.id", NUMBER, descending=True, read_id=NUMBER)

    def build(where: str, limit: int) -> str:
        return f"""
            SELECT {_AUDIT}, {order.columns}
              FROM audit_event e
             WHERE e.company_id = %(company)s AND {where}
             ORDER BY {order.by()}
             LIMIT {limit}
        """

    rows, following = read_page(session, order, paging, build, company=company_id)
    return Page(items=[AuditRow(**row) for row in rows], next=following)


_ME: Final = """
    SELECT k.expires_at,
           ARRAY(SELECT o.ref FROM company o WHERE o.id = ANY (%(companies)s) ORDER BY o.ref) AS refs
      FROM api_key k
     WHERE k.id = %(key)s
"""


def who_am_i(session: Session, holder: KeyHolder) -> Me:
    """The key's name, role, companies and expiry."""
    (row,) = rows_of(session, _ME, key=holder.key_id, companies=list(holder.companies or ()))
    companies = None if holder.companies is None else row["refs"]
    return Me(name=holder.name, role=holder.role, companies=companies, expires_at=row["expires_at"])


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
