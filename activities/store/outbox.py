"""Notes to workflows: written with the fact, delivered after the commit, swept after a crash."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, col, or_, select

from activities.store.sql import run
from models.tables import OutboxNote
from models.tables.words import NoteTo

_ADD: Final = """
    INSERT INTO outbox_note (workflow, key, signal, payload, with_start, order_at, created_at, attempts)
    SELECT %(workflow)s, given.key, %(signal)s, %(payload)s::jsonb, %(with_start)s, %(order_at)s,
           %(created_at)s, 0
      FROM unnest(%(keys)s::uuid[]) WITH ORDINALITY AS given (key, place)
     ORDER BY given.place
    RETURNING id
"""

LEASE: Final = timedelta(seconds=30)
"""How long a claimed note is left alone: longer than its delivery takes, short enough after a crash."""

MAX_BACKOFF: Final = timedelta(minutes=5)


def add_note(
    session: Session,
    *,
    workflow: NoteTo,
    key: UUID,
    signal: str,
    now: datetime,
    payload: dict[str, Any] | None = None,
    with_start: bool = True,
    order_at: datetime | None = None,
) -> int:
    """Queue a signal; return the note's id.

    Args:
        session: the transaction of the fact the note is about.
        workflow: which kind of workflow `key` names: an invoice's case or a customer's outreach.
        key: the invoice's or the customer's id.
        signal: its name.
        now: business time.
        payload: JSON, without personal data.
        with_start: start the workflow when it does not run.
        order_at: notes go out by this instant (now, if left out).
    """
    return add_notes(session, [key], workflow, signal, now, payload, with_start, order_at)[0]


def add_notes(
    session: Session,
    keys: Iterable[UUID],
    workflow: NoteTo,
    signal: str,
    now: datetime,
    payload: dict[str, Any] | None = None,
    with_start: bool = True,
    order_at: datetime | None = None,
) -> list[int]:
    """As `add_note`, the same signal to several; ids in the order of `keys`."""
    found = run(
        session,
        _ADD,
        workflow=workflow.value,
        keys=list(keys),
        signal=str(signal),
        payload=json.dumps(payload or {}),
        with_start=with_start,
        order_at=order_at or now,
        created_at=now,
    )
    # Ids grow in the order in which the rows are written.
    return sorted(found.scalars())


def claim(
    session: Session,
    limit: int,
    now: datetime,
    ids: Sequence[int] | None = None,
    lease: timedelta = LEASE,
) -> list[OutboxNote]:
    """Take up to `limit` notes nobody else has, earliest first, for the time of `lease`.

    With `ids`, only those: the caller who committed them delivers them at once. Rows another relay is
    claiming at this moment are skipped, not waited for. `now` must come from the same clock at each call.
    """
    wanted = (
        select(OutboxNote)
        .where(or_(col(OutboxNote.claimed_until).is_(None), col(OutboxNote.claimed_until) <= now))
        .order_by(col(OutboxNote.order_at), col(OutboxNote.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if ids is not None:
        wanted = wanted.where(col(OutboxNote.id).in_(ids))
    notes = list(session.exec(wanted))
    for note in notes:
        note.claimed_until = now + lease
    return notes


def delivered(session: Session, ids: Iterable[int]) -> None:
    """These notes reached their workflows: forget them."""
    session.exec(delete(OutboxNote).where(col(OutboxNote.id).in_(list(ids))))


def failed(session: Session, note_id: int, error: str, now: datetime) -> None:
    """This note could not be delivered; it is tried again after 1, 2, 4 ... seconds, at most 5 minutes."""
    note = session.get(OutboxNote, note_id)
    if note is None:
        return
    note.attempts += 1
    note.last_error = error[:2000]
    note.claimed_until = now + min(timedelta(seconds=2 ** min(note.attempts - 1, 20)), MAX_BACKOFF)


def release(session: Session, ids: Iterable[int]) -> None:
    """Give claimed notes back untried: the relay stops."""
    session.exec(update(OutboxNote).where(col(OutboxNote.id).in_(list(ids))).values(claimed_until=None))
