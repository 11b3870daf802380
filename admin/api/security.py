"""Who may do what: bearer keys with a role, limited to companies. A foreign company does not exist."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from activities.store.api_keys import KeyHolder, enter
from activities.store.engine import glance
from admin.api.context import ApiContext
from admin.api.paths import decoded
from admin.api.problems import ProblemError
from models.errors import NotFound
from models.tables.words import ApiRole

_ROLES = list(ApiRole)
_bearer = HTTPBearer(
    auto_error=False, scheme_name="API key", description="`Authorization: Bearer relance_…` (`relance key`)"
)


@dataclass(frozen=True, slots=True)
class Access:
    """A caller at one company's door, let in."""

    holder: KeyHolder
    company_id: UUID
    company_ref: str

    @property
    def who(self) -> str:
        """How the journal and the audit trail name the caller."""
        return f"api:{self.holder.name}"


def caller(
    request: Request,
    api: ApiContext,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> KeyHolder:
    """The key's holder; 401 without a key that is known, valid and not expired.

    The company in the path is looked up along with the key, for `_enter` to decide about.
    """
    found = None
    company = request.path_params.get("company")
    if credentials is not None and credentials.credentials.isascii():
        with glance(api.engine) as session:
            ref = None if company is None else decoded(company)
            found = enter(session, credentials.credentials, api.clock.now(), ref)
    if found is None:
        raise ProblemError(
            401,
            "unauthorised",
            "an API key is required that is known, neither expired nor revoked: Authorization: Bearer …",
            {"WWW-Authenticate": "Bearer"},
        )
    holder, request.state.company_id = found
    return holder


def _at_least(role: ApiRole) -> Callable[[KeyHolder], Awaitable[KeyHolder]]:
    # What waits for nothing is a coroutine: a plain function is handed to a thread and awaited from there.
    async def check(holder: Annotated[KeyHolder, Depends(caller)]) -> KeyHolder:
        if _ROLES.index(holder.role) < _ROLES.index(role):
            raise ProblemError(403, "forbidden", f"this takes the role {role}; the key's is {holder.role}")
        return holder

    check.__name__ = f"at_least_{role}"
    return check


Viewer = Annotated[KeyHolder, Depends(_at_least(ApiRole.VIEWER))]
Collector = Annotated[KeyHolder, Depends(_at_least(ApiRole.COLLECTOR))]
Manager = Annotated[KeyHolder, Depends(_at_least(ApiRole.MANAGER))]

CompanyRef = Annotated[str, Path(description="The creditor's reference", max_length=200, examples=["brunet"])]


def _enter(request: Request, holder: KeyHolder, company: str) -> Access:
    ref = decoded(company)
    company_id: UUID | None = request.state.company_id
    # The same words for a company that is not there and one the key does not open.
    if company_id is None or not holder.opens(company_id):
        raise NotFound(f"no company {ref!r}")
    return Access(holder, company_id, ref)


async def _viewer_of(request: Request, holder: Viewer, company: CompanyRef) -> Access:
    return _enter(request, holder, company)


async def _collector_of(request: Request, holder: Collector, company: CompanyRef) -> Access:
    return _enter(request, holder, company)


async def _manager_of(request: Request, holder: Manager, company: CompanyRef) -> Access:
    return _enter(request, holder, company)


ViewerOf = Annotated[Access, Depends(_viewer_of)]
CollectorOf = Annotated[Access, Depends(_collector_of)]
ManagerOf = Annotated[Access, Depends(_manager_of)]


def everywhere(holder: KeyHolder) -> KeyHolder:
    """Let only a key through that opens every company: what it does is not one company's own.

    Raises:
        ProblemError: 403.
    """
    if holder.companies is not None:
        raise ProblemError(403, "forbidden", "this takes a key that opens every company")
    return holder


def as_manager(holder: KeyHolder, what: str) -> None:
    """Let only a manager do `what`, part of an operation that is open to others.

    Raises:
        ProblemError: 403.
    """
    if holder.role is not ApiRole.MANAGER:
        raise ProblemError(403, "forbidden", f"{what} takes the role manager; the key's is {holder.role}")


async def _manager_everywhere(holder: Manager) -> KeyHolder:
    return everywhere(holder)


ManagerEverywhere = Annotated[KeyHolder, Depends(_manager_everywhere)]
"""A manager whose key opens every company."""
