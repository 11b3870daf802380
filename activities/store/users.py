"""People of the console: made, let in, known again by their session, sent out.

Passwords are kept as argon2id hashes (RFC 9106), tokens as SHA-256 of 256 bits of chance. Whoever fails too
often waits, by address and by e-mail; an unknown e-mail takes as long as a wrong password, with one answer.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Final
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from activities.store.api_keys import KeyHolder
from activities.store.lookup import company_by_ref
from activities.store.sql import run
from models.errors import Conflict, InvalidFact, NotFound
from models.tables import (
    AuditEvent,
    Company,
    ConsoleSession,
    ConsoleUser,
    ConsoleUserCompany,
    SignInFailure,
)
from models.tables.words import ApiRole

LANGUAGES: Final = ("fr", "en")
SHORTEST: Final = 12
"""Characters of a password, at least (NIST SP 800-63B: long, and otherwise free)."""
LONGEST: Final = 200
IDLE: Final = timedelta(hours=4)
LASTS: Final = timedelta(hours=12)
"""How long a session lives without a request, and at most."""
WINDOW: Final = timedelta(minutes=15)
MOST_BY_EMAIL: Final = 5
MOST_BY_ADDRESS: Final = 20
"""Failures within the window after which nobody is let in until it has passed."""
_SEEN_EVERY: Final = timedelta(minutes=1)

_hasher = PasswordHasher()
# Each takes 64 MiB: two at a time, however many knock.
_hashing = BoundedSemaphore(2)
# Nobody's password: what an unknown e-mail is compared with, so that it takes as long.
_NOBODY: Final = _hasher.hash(secrets.token_urlsafe(32))

_KNOWN: Final = """
    SELECT u.id, u.email, u.name, u.role, u.language, u.all_companies, s.begun_at, s.seen_at, s.told,
           ARRAY(SELECT c.company_id FROM console_user_company c WHERE c.user_id = u.id) AS opened
      FROM console_session s
      JOIN console_user u ON u.id = s.user_id
     WHERE s.token_hash = %(hash)s AND u.disabled_at IS NULL
       AND s.seen_at > %(idle)s AND s.begun_at > %(oldest)s
"""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is at the console. `holder` is what they may do, as for a key."""

    holder: KeyHolder
    email: str
    name: str
    language: str
    told: str | None = None
    """What their last act brought about, to be said on the page that follows, once."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody was let in; `wait`: not before the window has passed."""

    wait: bool


def add_user(
    session: Session,
    *,
    email: str,
    name: str,
    password: str,
    role: ApiRole,
    companies: Sequence[str] | None,
    language: str,
    now: datetime,
    who: str,
) -> ConsoleUser:
    """Make a user.

    Args:
        session: the transaction.
        email: by which they sign in; small letters are kept.
        name: as others read it.
        password: 12 characters at least, and neither the name nor the e-mail.
        role: what they may do.
        companies: references of the companies they see; None: all, later ones included.
        language: `fr` or `en`.
        now: business time.
        who: who makes them.

    Raises:
        Conflict: the e-mail has a user.
        InvalidFact: a value that cannot be; the text names it.
        NotFound: a company that the ledger does not know.
    """
    address = email.strip().lower()
    if "@" not in address or len(address) > 320:
        raise InvalidFact(f"email: {email!r} is no e-mail address")
    if not name.strip() or len(name) > 100:
        raise InvalidFact("name: 1 to 100 characters")
    if language not in LANGUAGES:
        raise InvalidFact(f"language: {language!r} is not one of {', '.join(LANGUAGES)}")
    if companies is not None and not companies:
        raise InvalidFact("companies: name one at least, or say that all are open")
    if session.exec(select(ConsoleUser.id).where(ConsoleUser.email == address)).first() is not None:
        raise Conflict(f"email: {address} has a user already")
    user = ConsoleUser(
        id=uuid4(),
        email=address,
        name=name.strip(),
        password_hash=_hashed(password, address, name),
        role=role,
        language=language,
        all_companies=companies is None,
        created_at=now,
        created_by=who,
    )
    session.add(user)
    session.flush()
    for ref in dict.fromkeys(companies or ()):
        session.add(ConsoleUserCompany(user_id=user.id, company_id=company_by_ref(session, ref).id))
    _audit(session, user, "user_added", now, who, role=role.value, companies=list(companies or ["all"]))
    return user


def set_password(session: Session, email: str, password: str, now: datetime, who: str) -> None:
    """Give a user another password, and end their sessions.

    Raises:
        NotFound: no such user.
        InvalidFact: the password is too short, or their name.
    """
    user = _by_email(session, email)
    user.password_hash = _hashed(password, user.email, user.name)
    _end_sessions(session, user)
    _audit(session, user, "user_password_set", now, who)


def disable_user(session: Session, email: str, now: datetime, who: str) -> bool:
    """Let a user in no more, and end their sessions. False: they were disabled already."""
    user = _by_email(session, email)
    if user.disabled_at is not None:
        return False
    user.disabled_at = now
    _end_sessions(session, user)
    _audit(session, user, "user_disabled", now, who)
    return True


def list_users(session: Session) -> list[tuple[ConsoleUser, list[str]]]:
    """Every user with the references of the companies they are limited to, by e-mail."""
    refs: dict[UUID, list[str]] = {}
    limited = select(ConsoleUserCompany.user_id, Company.ref).join(
        Company, col(Company.id) == ConsoleUserCompany.company_id
    )
    for user_id, ref in session.exec(limited.order_by(col(Company.ref))):
        refs.setdefault(user_id, []).append(ref)
    users = session.exec(select(ConsoleUser).order_by(col(ConsoleUser.email))).all()
    return [(user, refs.get(user.id, [])) for user in users]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in to be examined: who is meant, if anybody, and the hash their password must fit."""

    email: str
    user_id: UUID | None
    password_hash: str


def begin_sign_in(session: Session, email: str, address: str, now: datetime) -> Attempt | Refused:
    """Count an attempt before its password is looked at, so that many at once do not pass the limit.

    The caller commits, and only then examines the password (`fits`), which takes a while on purpose.

    Args:
        session: the transaction.
        email: as it was typed.
        address: from where.
        now: business time.
    """
    wanted = email.strip().lower()[:320]
    for key in sorted((f"sign-in/{wanted}", f"sign-in from {address}")):
        run(session, "SELECT pg_advisory_xact_lock(hashtext(%(key)s))", key=key)
    session.exec(delete(SignInFailure).where(col(SignInFailure.at) <= now - WINDOW))
    if _failures(session, SignInFailure.email == wanted) >= MOST_BY_EMAIL or (
        _failures(session, SignInFailure.address == address) >= MOST_BY_ADDRESS
    ):
        return Refused(wait=True)
    user = session.exec(
        select(ConsoleUser).where(ConsoleUser.email == wanted, col(ConsoleUser.disabled_at).is_(None))
    ).one_or_none()
    session.add(SignInFailure(id=uuid4(), at=now, email=wanted, address=address))
    session.flush()
    return Attempt(wanted, *((None, _NOBODY) if user is None else (user.id, user.password_hash)))


def fits(attempt: Attempt, password: str) -> bool:
    """Whether a password is the one; as long for nobody's."""
    try:
        with _hashing:
            _hasher.verify(attempt.password_hash, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return attempt.user_id is not None


def end_sign_in(
    session: Session, attempt: Attempt, password: str, address: str, now: datetime, *, right: bool
) -> str | Refused:
    """Let somebody in whose password fits: the token of their session; else write that they failed."""
    user = None if attempt.user_id is None else session.get(ConsoleUser, attempt.user_id)
    if not right or user is None or user.disabled_at is not None:
        detail = {"address": address, **({"user": str(user.id)} if user else {})}
        session.add(AuditEvent(at=now, who="console", what="sign_in_failed", detail=detail))
        session.flush()
        return Refused(wait=False)
    if _hasher.check_needs_rehash(user.password_hash):
        user.password_hash = _hasher.hash(password[:LONGEST])
    token = secrets.token_urlsafe(32)
    session.exec(delete(ConsoleSession).where(col(ConsoleSession.begun_at) <= now - LASTS))
    session.add(ConsoleSession(token_hash=_digest(token), user_id=user.id, begun_at=now, seen_at=now))
    session.exec(delete(SignInFailure).where(col(SignInFailure.email) == attempt.email))
    _audit(session, user, "signed_in", now, f"console:{user.email}", address=address)
    return token


def signed_in(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Whose session this is; None when unknown, ended, too old, or its user disabled."""
    found = run(session, _KNOWN, hash=_digest(token), idle=now - IDLE, oldest=now - LASTS).one_or_none()
    if found is None:
        return None
    if found.told is not None or now - found.seen_at >= _SEEN_EVERY:
        session.exec(
            update(ConsoleSession)
            .where(col(ConsoleSession.token_hash) == _digest(token))
            .values(seen_at=now, told=None)
        )
    companies = None if found.all_companies else frozenset(found.opened)
    holder = KeyHolder(found.id, found.email, ApiRole(found.role), companies)
    return SignedIn(holder, found.email, found.name, found.language, found.told)


def leave_word(session: Session, token: str, text: str) -> None:
    """Have something said on the session's next page; in its address, anybody could write it."""
    session.exec(
        update(ConsoleSession).where(col(ConsoleSession.token_hash) == _digest(token)).values(told=text)
    )


def sign_out(session: Session, token: str, now: datetime) -> None:
    """End a session; one that has ended already is no error."""
    ended = session.exec(
        select(ConsoleSession).where(ConsoleSession.token_hash == _digest(token))
    ).one_or_none()
    if ended is not None:
        user = session.get_one(ConsoleUser, ended.user_id)
        session.delete(ended)
        _audit(session, user, "signed_out", now, f"console:{user.email}")


def set_language(session: Session, user_id: UUID, language: str) -> None:
    """Write to a user in another language."""
    if language in LANGUAGES:
        session.get_one(ConsoleUser, user_id).language = language


def _by_email(session: Session, email: str) -> ConsoleUser:
    wanted = email.strip().lower()
    found = session.exec(
        select(ConsoleUser).where(ConsoleUser.email == wanted).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound(f"no user {wanted!r}")
    return found


def _hashed(password: str, email: str, name: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidFact(f"password: {SHORTEST} to {LONGEST} characters")
    if password.casefold() in {email.casefold(), email.partition("@")[0].casefold(), name.casefold()}:
        raise InvalidFact("password: the name or the e-mail is none")
    return _hasher.hash(password)


def _failures(session: Session, which: bool) -> int:
    return session.exec(select(func.count()).select_from(SignInFailure).where(which)).one()


def _end_sessions(session: Session, user: ConsoleUser) -> None:
    session.exec(delete(ConsoleSession).where(col(ConsoleSession.user_id) == user.id))


def _audit(session: Session, user: ConsoleUser, what: str, now: datetime, who: str, **detail: object) -> None:
    session.add(AuditEvent(at=now, who=who, what=what, detail={"user": str(user.id), **detail}))
    session.flush()


def _digest(token: str) -> str:
    # The token has 256 bits of chance: a slow hash would protect nothing more.
    return hashlib.sha256(token.encode()).hexdigest()
