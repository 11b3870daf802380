"""Keys to the API: made, revoked, recognised. The secret is shown once; a hash of it is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from activities.store.lookup import company_by_ref
from activities.store.sql import run
from models.errors import Conflict, InvalidFact, NotFound, WrongState
from models.tables import ApiKey, ApiKeyCompany, AuditEvent, Company
from models.tables.words import ApiRole

PREFIX = "relance_"
_SECRET_BYTES = 32


_ENTER: Final = """
    SELECT k.id, k.name, k.role, k.all_companies,
           ARRAY(SELECT c.company_id FROM api_key_company c WHERE c.api_key_id = k.id) AS opened,
           (SELECT c.id FROM company c WHERE c.ref = %(company)s) AS company_id
      FROM api_key k
     WHERE k.secret_hash = %(hash)s
       AND k.revoked_at IS NULL
       AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
"""


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who a key speaks for. `companies` are the ids it opens, None for every company."""

    key_id: UUID
    name: str
    role: ApiRole
    companies: frozenset[UUID] | None

    def opens(self, company_id: UUID) -> bool:
        """Whether the key reaches this company."""
        return self.companies is None or company_id in self.companies


def create_key(
    session: Session,
    *,
    name: str,
    role: ApiRole,
    companies: Sequence[str] | None,
    expires_at: datetime | None,
    now: datetime,
    who: str,
) -> str:
    """Make a key and return its secret, which nothing can show again.

    Args:
        session: the transaction.
        name: what people and the audit trail call it; unique.
        role: what it may do.
        companies: references of the companies it opens; None opens all, later ones included.
        expires_at: aware instant from which it is refused; None: never.
        now: business time.
        who: who makes it.

    Raises:
        Conflict: the name is taken.
        InvalidFact: an empty name or company list, or an expiry that has passed.
        NotFound: a company that the ledger does not know.
    """
    if not name.strip() or len(name) > 100:
        raise InvalidFact("name: 1 to 100 characters")
    if session.exec(select(ApiKey.id).where(ApiKey.name == name)).first() is not None:
        raise Conflict(f"name: there is a key {name!r} already")
    if expires_at is not None and expires_at <= now:
        raise InvalidFact(f"expires_at: {expires_at.isoformat()} has passed")
    if companies is not None and not companies:
        raise InvalidFact("companies: name one at least, or say that the key opens all")
    secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    key = ApiKey(
        id=uuid4(),
        name=name,
        hint=secret[len(PREFIX) : len(PREFIX) + 6],
        secret_hash=_hash(secret),
        role=role,
        all_companies=companies is None,
        created_at=now,
        created_by=who,
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    for ref in dict.fromkeys(companies or ()):
        session.add(ApiKeyCompany(api_key_id=key.id, company_id=company_by_ref(session, ref).id))
    detail = {"key": str(key.id), "name": name, "role": role.value, "companies": list(companies or ["all"])}
    session.add(AuditEvent(at=now, who=who, what="api_key_created", detail=detail))
    session.flush()
    return secret


def revoke_key(session: Session, name: str, now: datetime, who: str) -> None:
    """Refuse a key from now on.

    Raises:
        NotFound: no key of that name.
        WrongState: it is revoked already.
    """
    key = session.exec(select(ApiKey).where(ApiKey.name == name).with_for_update()).one_or_none()
    if key is None:
        raise NotFound(f"no API key {name!r}")
    if key.revoked_at is not None:
        raise WrongState(f"the key {name!r} was revoked on {key.revoked_at.date()}")
    key.revoked_at = now
    session.add(
        AuditEvent(at=now, who=who, what="api_key_revoked", detail={"key": str(key.id), "name": name})
    )
    session.flush()


def list_keys(session: Session) -> list[tuple[ApiKey, list[str]]]:
    """Every key with the references of the companies it opens, by name."""
    refs: dict[UUID, list[str]] = {}
    opened = select(ApiKeyCompany.api_key_id, Company.ref).join(
        Company, col(Company.id) == ApiKeyCompany.company_id
    )
    for key_id, ref in session.exec(opened.order_by(col(Company.ref))):
        refs.setdefault(key_id, []).append(ref)
    keys = session.exec(select(ApiKey).order_by(col(ApiKey.name))).all()
    return [(key, refs.get(key.id, [])) for key in keys]


def recognise(session: Session, secret: str, now: datetime) -> KeyHolder | None:
    """Whose key this is; None when unknown, revoked or expired (a caller is never told which)."""
    found = enter(session, secret, now, None)
    return None if found is None else found[0]


def enter(
    session: Session, secret: str, now: datetime, company_ref: str | None
) -> tuple[KeyHolder, UUID | None] | None:
    """As `recognise`, with the id of the company of that reference, whether the key opens it or not.

    One statement: every request asks it, so that a revoked key is refused at once.
    """
    key = run(session, _ENTER, hash=_hash(secret), now=now, company=company_ref).one_or_none()
    if key is None:
        return None
    companies = None if key.all_companies else frozenset(key.opened)
    return KeyHolder(key.id, key.name, ApiRole(key.role), companies), key.company_id


def _hash(secret: str) -> str:
    # The secret has 256 bits of chance: a slow hash would protect nothing more.
    return hashlib.sha256(secret.encode()).hexdigest()
