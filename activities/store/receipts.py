"""Posts of providers: kept as they came, claimed by whoever works on them, settled once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session

from activities.store.sql import run
from models.tables.words import Provider, ReceiptKind

LEASE: Final = timedelta(minutes=2)
"""How long a claimed post is left alone: longer than the largest takes to be worked on."""

MAX_ATTEMPTS: Final = 10
LONGEST_WAIT: Final = timedelta(minutes=10)
"""A post that fails is tried again after 2, 4, 8 … seconds, at most this; some 40 minutes in all."""

KEPT: Final = timedelta(days=30)
"""How long a settled post is kept, against being told again and to be looked at."""

_KEEP: Final = """
    INSERT INTO webhook_receipt (provider, kind, digest, headers, query, body, received_at, arrived_at,
                                 state, attempts)
    VALUES (%(provider)s, %(kind)s, %(digest)s, %(headers)s::jsonb, %(query)s, %(body)s, %(received_at)s,
            %(arrived_at)s, 'new', 0)
    ON CONFLICT (digest) DO NOTHING
    RETURNING id
"""
_CLAIM: Final = """
    WITH free AS MATERIALIZED (
        SELECT id
          FROM webhook_receipt
         WHERE state = 'new' AND (claimed_until IS NULL OR claimed_until <= %(now)s)
         ORDER BY id
         LIMIT %(limit)s
           FOR UPDATE SKIP LOCKED)
    UPDATE webhook_receipt r
       SET claimed_until = %(until)s, attempts = attempts + 1
      FROM free
     WHERE r.id = free.id
    RETURNING r.id
"""
_READ: Final = """
    SELECT id, provider, kind, headers, query, body, received_at, arrived_at, attempts
      FROM webhook_receipt
     WHERE id = %(id)s AND state = 'new'
"""
_DONE: Final = """
    UPDATE webhook_receipt
       SET state = 'done', settled_at = %(now)s, claimed_until = NULL, last_error = NULL
     WHERE id = %(id)s
"""
_FAILED: Final = """
    WITH ended AS (SELECT attempts >= %(most)s AS up FROM webhook_receipt WHERE id = %(id)s)
    UPDATE webhook_receipt
       SET state = CASE WHEN ended.up THEN 'refused' ELSE 'new' END,
           settled_at = CASE WHEN ended.up THEN %(now)s::timestamptz END,
           claimed_until = CASE WHEN NOT ended.up THEN %(now)s::timestamptz
               + least(interval '1 second' * power(2, least(attempts, 20)), %(longest)s::interval) END,
           last_error = %(error)s
      FROM ended
     WHERE id = %(id)s AND state = 'new'
    RETURNING state
"""
_FORGET: Final = """
    DELETE FROM webhook_receipt
     WHERE id = ANY (ARRAY(SELECT id FROM webhook_receipt
                            WHERE settled_at < %(before)s AND state = 'done'
                            ORDER BY settled_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED))
"""
_AGAIN: Final = """
    UPDATE webhook_receipt SET state = 'new', settled_at = NULL, attempts = 0 WHERE state = 'refused'
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One post, to be worked on. `received_at` is business time, `arrived_at` the machine's."""

    id: int
    provider: Provider
    kind: ReceiptKind
    headers: Mapping[str, str]
    query: str
    body: bytes
    received_at: datetime
    arrived_at: datetime
    attempts: int


def keep_receipt(
    session: Session,
    *,
    provider: Provider,
    kind: ReceiptKind,
    body: bytes,
    received_at: datetime,
    arrived_at: datetime,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> int | None:
    """Keep a post whose signature was believed; its id, or None when the very same was told before.

    Args:
        session: the transaction; once it is committed, the provider may be told that we have it.
        provider: who.
        kind: what it is about.
        body: the bytes that were signed.
        received_at: business time.
        arrived_at: this machine's time.
        query: what stood after the `?`.
        headers: those without which the body cannot be read.
    """
    told = b"\n".join((provider.encode(), kind.encode(), query.encode(), body))
    kept: int | None = run(
        session,
        _KEEP,
        provider=provider.value,
        kind=kind.value,
        digest=hashlib.sha256(told).hexdigest(),
        headers=json.dumps(dict(headers or {})),
        query=query,
        body=body,
        received_at=received_at,
        arrived_at=arrived_at,
    ).scalar_one_or_none()
    return kept


def claim_receipts(session: Session, limit: int, now: datetime) -> Sequence[int]:
    """Take up to `limit` posts that nobody has, earliest first, for `LEASE`; `now` is the machine's time."""
    found = run(session, _CLAIM, limit=limit, now=now, until=now + LEASE)
    # What an UPDATE returns has no order of its own.
    return sorted(found.scalars())


def read_receipt(session: Session, receipt_id: int) -> Receipt | None:
    """A post that is still to be worked on; None when somebody settled it."""
    row = run(session, _READ, id=receipt_id).one_or_none()
    if row is None:
        return None
    number, provider, kind, headers, query, body, received_at, arrived_at, attempts = row
    return Receipt(
        number,
        Provider(provider),
        ReceiptKind(kind),
        headers,
        query,
        bytes(body),
        received_at,
        arrived_at,
        attempts,
    )


def receipt_done(session: Session, receipt_id: int, now: datetime) -> None:
    """It is worked on; `now` is the machine's time."""
    run(session, _DONE, id=receipt_id, now=now)


def receipt_failed(
    session: Session, receipt_id: int, error: str, now: datetime, *, for_good: bool = False
) -> bool:
    """It could not be worked on, for `error` (without personal data); whether it is refused by that.

    After `MAX_ATTEMPTS`, or at once if `for_good`, nobody tries it again unless told to.
    """
    most = 0 if for_good else MAX_ATTEMPTS
    state = run(
        session, _FAILED, id=receipt_id, error=error[:2000], now=now, most=most, longest=LONGEST_WAIT
    ).scalar_one_or_none()
    return bool(state == "refused")


def forget_receipts(session: Session, now: datetime, limit: int = 1000) -> int:
    """Delete up to `limit` posts settled longer than `KEPT` ago; what was refused stays. How many went."""
    return run(session, _FORGET, before=now - KEPT, limit=limit).rowcount


def retry_refused(session: Session) -> int:
    """Let everything that was refused be tried again; how many there are."""
    return run(session, _AGAIN).rowcount
