"""The dunning policies as a company's people see them: what is in use, and how many cases follow what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from admin.queries.models import Answer
from admin.queries.reading import rows_of
from models.errors import NotFound

EDITIONS: Final = 50
"""Editions of a policy that a page names, the newest first."""


class PolicyInUse(Answer):
    """A policy at its newest edition."""

    key: Annotated[str, Field(examples=["standard"])]
    version: int
    title: str
    created_at: datetime
    published_by: Annotated[str | None, Field(description="None: it came with the product")]
    following: Annotated[int, Field(description="Open cases of the company that follow this edition")]
    earlier: Annotated[int, Field(description="Open cases of the company that follow an earlier one")]


class Edition(Answer):
    """One edition of a policy."""

    version: int
    title: str
    created_at: datetime
    published_by: str | None
    following: int


# Each policy's newest edition, and the open cases of one company by edition.
_IN_USE: Final = """
    WITH n AS (
        SELECT DISTINCT ON (key) key, version, title, created_at, published_by
          FROM policy
         ORDER BY key, version DESC),
    c AS (
        SELECT policy_key, policy_version, count(*) AS open
          FROM dunning_case
         WHERE company_id = %(company)s AND closed_at IS NULL
         GROUP BY policy_key, policy_version)
    SELECT n.*,
           coalesce(sum(c.open) FILTER (WHERE c.policy_version = n.version), 0)::int AS following,
           coalesce(sum(c.open) FILTER (WHERE c.policy_version <> n.version), 0)::int AS earlier
      FROM n LEFT JOIN c ON c.policy_key = n.key
     GROUP BY n.key, n.version, n.title, n.created_at, n.published_by
     ORDER BY coalesce(sum(c.open), 0) DESC, n.key
"""
_EDITIONS: Final = """
    SELECT p.version, p.title, p.created_at, p.published_by,
           (SELECT count(*) FROM dunning_case k
             WHERE k.company_id = %(company)s AND k.closed_at IS NULL
               AND k.policy_key = p.key AND k.policy_version = p.version) AS following
      FROM (SELECT * FROM policy WHERE key = %(key)s ORDER BY version DESC LIMIT %(limit)s) p
     ORDER BY p.version DESC
"""


def policies_in_use(session: Session, company_id: UUID) -> list[PolicyInUse]:
    """Every policy at its newest edition, those that most cases follow first."""
    return [PolicyInUse(**row) for row in rows_of(session, _IN_USE, company=company_id)]


def editions_of(session: Session, company_id: UUID, key: str) -> list[Edition]:
    """The editions of a policy, the newest first, `EDITIONS` at most.

    Raises:
        NotFound: there is no such policy.
    """
    rows = rows_of(session, _EDITIONS, company=company_id, key=key, limit=EDITIONS)
    if not rows:
        raise NotFound(f"no policy {key!r}")
    return [Edition(**row) for row in rows]
