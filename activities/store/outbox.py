"""Notes to workflows: written with the fact, delivered after the commit, swept after a crash."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col

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


# The rows to take are locked and resolved first, those of another relay passed over; then they are marked.
def _claiming(which: str) -> str:
    return f"""
    WITH free AS MATERIALIZED (
        SELECT n.id, c.ref AS company, coalesce(i.number, f.content_hash) AS number, i.total, i.currency,
               i.due_on
          FROM outbox_note n
          LEFT JOIN invoice i ON i.id = n.key AND n.workflow = 'case'
          LEFT JOIN bank_file f ON f.id = n.key AND n.workflow = 'bank_import'
          LEFT JOIN company c ON c.id = coalesce(i.company_id, f.company_id)
         WHERE (n.claimed_until IS NULL OR n.claimed_until <= %(now)s)
           AND {which}
         ORDER BY n.order_at, n.id
         LIMIT %(limit)s
           FOR UPDATE OF n SKIP LOCKED)
    UPDATE outbox_note n
       SET claimed_until = %(until)s
      FROM free
     WHERE n.id = free.id
    RETURNING n.order_at, n.id, n.workflow, n.key, n.signal, n.payload, n.with_start, free.company,
              free.number, free.total, free.currency, free.due_on
    """  # noqa: S608 (one of the two below)


_CLAIM: Final = _claiming("true")
_CLAIM_THESE: Final = _claiming("n.id = ANY (%(ids)s::bigint[])")
_DELIVERED: Final = "DELETE FROM outbox_note WHERE id = ANY (%(ids)s::bigint[])"

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
        workflow: whose workflow `key` names: an invoice's case, a customer's outreach, a company's notices, a
            bank file's import, a policy's trial.
        key: the id of the invoice, the customer, the company, the file or the trial.
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


@dataclass(frozen=True, slots=True)
class Claimed:
    """A note somebody holds, and what its delivery needs of the invoice it is about (None: a customer's).

    Of a bank file, `number` is the hash of its bytes.
    """

    id: int
    workflow: NoteTo
    key: UUID
    signal: str
    payload: dict[str, Any]
    with_start: bool
    company: str | None
    number: str | None
    total: Decimal | None
    currency: str | None
    due_on: date | None


def claim(
    session: Session,
    limit: int,
    now: datetime,
    ids: Sequence[int] | None = None,
    lease: timedelta = LEASE,
) -> list[Claimed]:
    """Take up to `limit` notes nobody else has, earliest first, for the time of `lease`.

    With `ids`, only those: the caller who committed them delivers them at once. Rows another relay is
    claiming at this moment are skipped, not waited for. `now` must come from the same clock at each call.
    """
    asked = {"now": now, "until": now + lease, "limit": limit}
    if ids is None:
        rows = run(session, _CLAIM, **asked).all()
    else:
        rows = run(session, _CLAIM_THESE, ids=list(ids), **asked).all()
    # What an UPDATE returns has no order of its own.
    earliest_first = sorted(rows, key=lambda row: row[:2])
    return [Claimed(note_id, NoteTo(workflow), *rest) for _, note_id, workflow, *rest in earliest_first]


def delivered(session: Session, ids: Iterable[int]) -> None:
    """These notes reached their workflows: forget them."""
    run(session, _DELIVERED, ids=list(ids))


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
