"""Whose turn it is to call a provider: one row a provider and sender, shared by every worker.

Calls of one sender are spaced by the allowance's interval. Who finds no room is given a place in the queue,
each its own, and comes back at its time: a thousand messages then try twice each, and not a thousand times.
What a provider asked for itself (429 with Retry-After) holds every worker back.

All instants are of the database's clock, the one clock that all workers share; business time plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities.store.sql import run

PLACE_KEPT: Final = timedelta(seconds=30)
"""How long after its time a place still counts: later, everybody who missed theirs would come at once."""

# The row of the allowance is locked from here to the end of the transaction: this statement comes last.
_TAKE: Final = """
    UPDATE communication
       SET status = 'sending', sending_at = %(now)s, attempts = attempts + 1, sender_run = %(sender_run)s,
           turn_at = NULL
     WHERE id = %(message)s
       AND"""
_UNLIMITED: Final = f"""
    {_TAKE} NOT EXISTS (SELECT FROM provider_allowance
                         WHERE provider = %(provider)s AND sender = %(sender)s
                           AND blocked_until > clock_timestamp())
"""
_LIMITED: Final = f"""
    WITH turn AS (
        INSERT INTO provider_allowance AS a (provider, sender, free_at, queue_until)
        VALUES (%(provider)s, %(sender)s, clock_timestamp() + %(interval)s, clock_timestamp())
        ON CONFLICT (provider, sender) DO UPDATE
           SET free_at = clock_timestamp() + %(interval)s
         WHERE a.free_at <= clock_timestamp()
           AND (a.blocked_until IS NULL OR a.blocked_until <= clock_timestamp())
           -- Nobody passes those who wait, but who comes back at its own time.
           AND (a.queue_until <= clock_timestamp()
                OR EXISTS (SELECT FROM communication m
                            WHERE m.id = %(message)s
                              AND m.turn_at BETWEEN clock_timestamp() - %(kept)s AND clock_timestamp()))
        RETURNING a.provider)
    {_TAKE} EXISTS (SELECT FROM turn)
"""  # noqa: S608 (the statement above)
# A place ahead, or one that was just missed, is kept: its holder does not go behind everybody. No place is
# given out beyond the hours: who would get it is too late for today.
_QUEUE: Final = """
    WITH asked AS MATERIALIZED (
        SELECT a.provider, a.sender, a.queue_until, m.turn_at AS place, clock_timestamp() AS now,
               greatest(a.free_at, a.blocked_until, clock_timestamp()) AS free_at,
               coalesce(m.turn_at >= greatest(a.blocked_until, clock_timestamp() - %(kept)s), false) AS placed
          FROM provider_allowance a, communication m
         WHERE a.provider = %(provider)s AND a.sender = %(sender)s AND m.id = %(message)s
           FOR UPDATE OF a),
         found AS MATERIALIZED (
        SELECT asked.*,
               greatest(free_at, CASE WHEN placed THEN place ELSE queue_until END) AS turn_at
          FROM asked),
         queued AS (
        UPDATE provider_allowance a
           SET queue_until = found.turn_at + %(interval)s
          FROM found
         WHERE a.provider = found.provider AND a.sender = found.sender
           AND NOT found.placed
           AND found.turn_at - found.now < %(at_most)s)
    UPDATE communication m
       SET turn_at = found.turn_at
      FROM found
     WHERE m.id = %(message)s
    RETURNING greatest(found.turn_at - found.now, interval '0')
"""
_BLOCK: Final = """
    INSERT INTO provider_allowance AS a (provider, sender, free_at, queue_until, blocked_until)
    VALUES (%(provider)s, %(sender)s, clock_timestamp(), clock_timestamp(), clock_timestamp() + %(wait)s)
    ON CONFLICT (provider, sender) DO UPDATE
       SET blocked_until = greatest(a.blocked_until, clock_timestamp() + %(wait)s)
"""
_FOREVER: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Allowance:
    """Who sends through which provider, and how many messages a second it may; None: as fast as we can."""

    provider: str
    sender: str
    per_second: float | None = None

    @property
    def interval(self) -> timedelta:
        """The time between two calls."""
        return timedelta(0) if self.per_second is None else timedelta(seconds=1 / self.per_second)


def take_turn(
    session: Session,
    allowance: Allowance,
    message: UUID,
    now: datetime,
    sender_run: str,
    at_most: timedelta | None,
) -> timedelta | None:
    """Move a planned message to `sending` if it is its turn; otherwise the time to wait for it.

    It must be the last statement of the transaction, which holds the allowance's row from here on: so many
    messages of one sender go through in a second as transactions commit one after another.

    Args:
        session: the transaction; it holds the message's row.
        allowance: whose turn.
        message: its id.
        now: business time, noted as when it was taken.
        sender_run: who takes it.
        at_most: longest wait that is of use (until the hours close); None where there are no hours.
    """
    who = {"provider": allowance.provider, "sender": allowance.sender, "message": message}
    taken = {**who, "now": now, "sender_run": sender_run}
    if allowance.per_second is None:
        found = run(session, _UNLIMITED, **taken)
    else:
        found = run(session, _LIMITED, **taken, interval=allowance.interval, kept=PLACE_KEPT)
    if found.rowcount:
        return None
    wait: timedelta = run(
        session,
        _QUEUE,
        **who,
        interval=allowance.interval,
        kept=PLACE_KEPT,
        at_most=_FOREVER if at_most is None else at_most,
    ).scalar_one()
    return wait


def block(session: Session, allowance: Allowance, wait: timedelta) -> None:
    """The provider asked this sender to wait: nobody calls it before then. It never shortens a wait."""
    run(session, _BLOCK, provider=allowance.provider, sender=allowance.sender, wait=wait)
