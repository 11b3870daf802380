"""Dunning policies in the ledger: numbered editions that never change."""

from __future__ import annotations

import hashlib
from datetime import datetime
from threading import Lock
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, func
from sqlmodel import Session, col, select

from models.errors import NotFound
from models.tables import PolicyRow
from rules.policy import Policy, parse_policy

# Editions are immutable, so what was parsed once holds; by engine, since two databases may number alike.
_PARSED: WeakKeyDictionary[Engine, dict[tuple[str, int], Policy]] = WeakKeyDictionary()
_GUARD = Lock()
_ENSURE_LOCK = 7_311_001


def ensure_builtin(session: Session, texts: dict[str, str], now: datetime) -> dict[str, int]:
    """Record each built-in text that is new; return the latest version by key.

    A policy whose latest edition people published is theirs: the built-in text does not supersede it.

    Args:
        session: the transaction.
        texts: file name to TOML text.
        now: business time.

    Raises:
        PolicyError: a text is not a valid policy; nothing was recorded.
    """
    policies = {name: parse_policy(content, name) for name, content in texts.items()}
    # Two workers that start together must not both add the same edition.
    session.exec(select(func.pg_advisory_xact_lock(_ENSURE_LOCK))).one()
    versions = {}
    for name, policy in policies.items():
        current = _current(session, policy.key)
        if current is not None and current.published_by is not None:
            versions[policy.key] = current.version
        else:
            versions[policy.key] = add_edition(session, policy, texts[name], now)
    return versions


def publish(session: Session, policy: Policy, toml: str, now: datetime, who: str) -> tuple[int, bool]:
    """Record `toml`, as people wrote it, as the next edition of `policy`; its version, and whether it is new.

    The text of the latest edition again makes no new one. New cases take the new edition; a running case
    keeps its own.
    """
    session.exec(select(func.pg_advisory_xact_lock(_ENSURE_LOCK))).one()
    before = _current(session, policy.key)
    version = add_edition(session, policy, toml, now, published_by=who)
    return version, before is None or version != before.version


def add_edition(
    session: Session, policy: Policy, toml: str, now: datetime, published_by: str | None = None
) -> int:
    """Record `toml` as the next edition of `policy` unless it is the latest already; return its version.

    `published_by` is who wrote it, None for what comes with the product.
    """
    digest = hashlib.sha256(toml.encode()).hexdigest()
    current = _current(session, policy.key)
    if current is not None and current.hash == digest:
        return current.version
    version = 1 if current is None else current.version + 1
    session.add(
        PolicyRow(
            key=policy.key,
            version=version,
            title=policy.title,
            toml=toml,
            hash=digest,
            created_at=now,
            published_by=published_by,
        )
    )
    session.flush()
    return version


def current_policies(session: Session) -> dict[str, Policy]:
    """Every policy of the ledger at its latest version, by key: what new cases take."""
    keys = session.exec(select(PolicyRow.key).distinct().order_by(PolicyRow.key)).all()
    return {key: get_policy(session, key, latest(session, key)) for key in keys}


def get_policy(session: Session, key: str, version: int) -> Policy:
    """One edition, parsed once per process; `Policy.version` is the ledger's.

    Raises:
        NotFound: the ledger has no such edition.
    """
    parsed = _parsed(session)
    with _GUARD:
        known = parsed.get((key, version))
    if known is not None:
        return known
    row = session.get(PolicyRow, (key, version))
    if row is None:
        raise NotFound(f"no version {version} of policy {key!r}")
    policy = parse_policy(row.toml, f"{key}@{version}").model_copy(update={"version": version})
    with _GUARD:
        return parsed.setdefault((key, version), policy)


def latest(session: Session, key: str) -> int:
    """The latest version of a policy.

    Raises:
        NotFound: the ledger has no policy of that key.
    """
    version = session.exec(select(func.max(PolicyRow.version)).where(PolicyRow.key == key)).one()
    if version is None:
        raise NotFound(f"no policy {key!r}")
    return int(version)


def _current(session: Session, key: str) -> PolicyRow | None:
    return session.exec(
        select(PolicyRow).where(PolicyRow.key == key).order_by(col(PolicyRow.version).desc()).limit(1)
    ).one_or_none()


def _parsed(session: Session) -> dict[tuple[str, int], Policy]:
    bind = session.get_bind()
    engine = bind.engine if isinstance(bind, Connection) else bind
    with _GUARD:
        return _PARSED.setdefault(engine, {})
