"""kill -9, in the middle: the worker is held still, what is in flight is counted, the server dies."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import psutil
from sqlalchemy import Engine, text

from admin.chaos.books import Blow
from admin.chaos.readers import Inbox, sending
from admin.stack.errors import StackError
from admin.stack.process import Running
from admin.stack.supervisor import Supervisor

BACK_WITHIN_S: Final = 120.0
_STILL_WITHIN_S: Final = 5.0
_POLL_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class Struck:
    """A server that was killed, and what was in flight then; the supervisor is to bring it back."""

    server: str
    processes: tuple[int, ...]
    received: int
    unanswered: int
    sending: frozenset[UUID]
    victim: Running
    began: float

    def back(self, supervisor: Supervisor) -> Blow | None:
        """The blow, once the server's successor is ready.

        Raises:
            StackError: it is not ready after two minutes.
        """
        now = supervisor.current(self.server)
        dead_s = time.monotonic() - self.began
        if now is not self.victim and now.ready.is_set():
            return Blow(
                self.server, self.processes, self.received, self.unanswered, self.sending, round(dead_s, 1)
            )
        if dead_s > BACK_WITHIN_S:
            raise StackError(f"{self.server} was not ready again after {BACK_WITHIN_S:.0f} s")
        return None


def strike(supervisor: Supervisor, server: str, engine: Engine, inbox: Inbox) -> Struck:
    """Kill `server` with everything it started.

    The worker is stopped (SIGSTOP) while messages in flight are counted, so that the count is that of the
    instant of the kill, not of some moments before. To the worker that is what a busy machine does.

    Raises:
        StackError: the worker or the server does not run, or cannot be counted.
    """
    victim, worker = supervisor.current(server), supervisor.current("worker")
    with _held_still(worker) as processes:
        _statements_done(engine)
        received, unanswered, in_flight = len(inbox.read()), inbox.unanswered(), sending(engine)
        began = time.monotonic()
        killed = processes if victim is worker else _tree(victim)
        for process in killed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    pids = tuple(process.pid for process in killed)
    return Struck(server, pids, received, unanswered, in_flight, victim, began)


def _tree(running: Running) -> list[psutil.Process]:
    """A child with all its descendants, itself first.

    Raises:
        StackError: it does not run.
    """
    try:
        process = psutil.Process(running.pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        raise StackError(f"{running.child.name} (process {running.pid}) is gone already") from None


@contextmanager
def _held_still(running: Running) -> Iterator[list[psutil.Process]]:
    """Stop a child with its descendants for the time of the block."""
    processes = _tree(running)
    try:
        for process in processes:
            process.suspend()
        _until(
            lambda: all(process.status() == psutil.STATUS_STOPPED for process in processes),
            f"{running.child.name} did not hold still",
        )
        yield processes
    except psutil.NoSuchProcess as error:
        raise StackError(f"{running.child.name} died by itself: {error}") from error
    finally:
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def _statements_done(engine: Engine) -> None:
    """Wait until PostgreSQL has done all that the worker had sent it before it was stopped."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'relance worker' AND state = 'active'"
        # These wait for the worker itself, or for a transaction of it that it cannot go on with.
        " AND coalesce(wait_event_type, '') NOT IN ('Client', 'Lock')"
    )

    def done() -> bool:
        with engine.connect() as connection:
            return not connection.execute(query).scalar_one()

    _until(done, "the worker's statements did not end")


def _until(look: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + _STILL_WITHIN_S
    while not look():
        if time.monotonic() > deadline:
            raise StackError(f"{otherwise} within {_STILL_WITHIN_S:g} s")
        time.sleep(_POLL_S)
