"""Delivery of the outbox: notes become signals, at once by whoever committed them, later by a relay.

A note is delivered at least once and means "look again", so order and doubles are harmless: every
decision rests on the ledger.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Engine
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from activities import watch
from activities.store import outbox
from activities.store.engine import transaction
from models.errors import NotFound
from models.ids import (
    BANK_IMPORT_WORKFLOW,
    CASE_WORKFLOW,
    NOTICES_WORKFLOW,
    OUTREACH_WORKFLOW,
    POLICY_TRIAL_WORKFLOW,
    START_NOTE,
    TASK_QUEUE,
    bank_import_id,
    case_id,
    notices_id,
    outreach_id,
    policy_trial_id,
)
from models.messages import BankImportInput, CaseInput, NoticesInput, OutreachInput, PolicyTrialInput
from models.tables.words import NoteTo

log = logging.getLogger(__name__)

Argument: TypeAlias = CaseInput | OutreachInput | NoticesInput | BankImportInput | PolicyTrialInput
"""What a workflow that notes go to is started with."""

BATCH = 100
DELIVERY_TIMEOUT_S = 20.0


class WallClock(Protocol):
    """What the outbox needs of a clock: this machine's time, for leases."""

    def wall(self) -> datetime:
        """This machine's time, aware UTC."""
        ...


@dataclass(frozen=True, slots=True)
class _Target:
    """A note with all that its delivery needs, read while its row was held."""

    note_id: int
    workflow: str
    workflow_id: str
    argument: Argument
    signal: str
    payload: dict[str, Any]
    with_start: bool
    summary: str


class Courier:
    """Delivers notes from worker threads, requests and the relay alike."""

    def __init__(
        self,
        engine: Engine,
        client: Client,
        loop: asyncio.AbstractEventLoop,
        clock: WallClock,
        task_queue: str = TASK_QUEUE,
    ) -> None:
        self._engine = engine
        self._client = client
        self._loop = loop
        self._clock = clock
        self._task_queue = task_queue

    def deliver(self, ids: Sequence[int]) -> int:
        """Deliver the notes just committed, from a thread other than the event loop's; how many went.

        Never raises for a Temporal that does not answer: the relay has the note then.
        """
        return self._run(self.deliver_async(ids)) if ids else 0

    async def deliver_async(self, ids: Sequence[int]) -> int:
        """As `deliver`, for a caller on the event loop."""
        if not ids:
            return 0
        return await self._deliver(await asyncio.to_thread(self._claim, len(ids), ids))

    async def sweep(self, limit: int = BATCH) -> int:
        """Deliver up to `limit` notes that nobody holds, earliest first; how many were taken on."""
        targets = await asyncio.to_thread(self._claim, limit, None)
        await self._deliver(targets)
        return len(targets)

    def _run(self, work: Coroutine[Any, Any, int]) -> int:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(DELIVERY_TIMEOUT_S)
        except TimeoutError:
            future.cancel()
            log.warning("notes not delivered in %s s; the relay will", DELIVERY_TIMEOUT_S)
            return 0

    def _claim(self, limit: int, ids: Sequence[int] | None) -> list[_Target]:
        with transaction(self._engine) as session:
            notes = outbox.claim(session, limit, self._clock.wall(), ids)
        return [_target(note) for note in notes]

    async def _deliver(self, targets: Sequence[_Target]) -> int:
        results = await asyncio.gather(*(self._one(target) for target in targets), return_exceptions=True)
        done = [t.note_id for t, result in zip(targets, results, strict=True) if result is None]
        errors = {
            t.note_id: result
            for t, result in zip(targets, results, strict=True)
            if isinstance(result, BaseException)
        }
        await asyncio.to_thread(self._settle, done, errors)
        return len(done)

    def _settle(self, done: list[int], errors: dict[int, BaseException]) -> None:
        with transaction(self._engine) as session:
            if done:
                outbox.delivered(session, done)
            for note_id, error in errors.items():
                log.warning("note %s not delivered: %s", note_id, type(error).__name__)
                outbox.failed(session, note_id, f"{type(error).__name__}: {error}", self._clock.wall())
        watch.notes_settled(len(done), len(errors))

    async def _one(self, target: _Target) -> None:
        if not target.with_start:
            try:
                handle = self._client.get_workflow_handle(target.workflow_id)
                await handle.signal(target.signal, target.payload)
            except RPCError as error:
                # A closed case has nothing to hear: the fact is in the ledger.
                if error.status is not RPCStatusCode.NOT_FOUND:
                    raise
            return
        signal: dict[str, Any] = {}
        if target.signal != START_NOTE:
            signal = {"start_signal": target.signal, "start_signal_args": [target.payload]}
        await start_workflow(
            self._client,
            target.workflow,
            target.argument,
            target.workflow_id,
            self._task_queue,
            target.summary,
            signal,
        )


async def start_workflow(
    client: Client,
    workflow: str,
    argument: Argument,
    workflow_id: str,
    task_queue: str,
    summary: str,
    signal: dict[str, Any],
) -> None:
    """Start the workflow unless it runs; with a signal, tell it either way."""
    await client.start_workflow(
        workflow,
        argument,
        id=workflow_id,
        task_queue=task_queue,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        static_summary=summary,
        **signal,
    )


def _target(note: outbox.Claimed) -> _Target:
    """Where a note goes, and what the workflow is started with."""
    argument: Argument
    if note.workflow is NoteTo.CASE:
        if note.company is None or note.number is None:
            raise NotFound(f"note {note.id} is about {note.key}, which is no invoice")
        argument = CaseInput(company=note.company, number=note.number, invoice_id=note.key)
        workflow, workflow_id = CASE_WORKFLOW, case_id(note.company, note.number)
        owed = f"{note.total:,.2f} {note.currency}, due {note.due_on}"
        summary = f"{note.company} {note.number}: {owed}"
    elif note.workflow is NoteTo.NOTICES:
        argument = NoticesInput(company_id=note.key)
        workflow, workflow_id = NOTICES_WORKFLOW, notices_id(note.key)
        summary = "word to our own people"
    elif note.workflow is NoteTo.BANK_IMPORT:
        if note.company is None or note.number is None:
            raise NotFound(f"note {note.id} is about {note.key}, which is no bank file")
        argument = BankImportInput(file_id=note.key)
        workflow, workflow_id = BANK_IMPORT_WORKFLOW, bank_import_id(note.company, note.number)
        summary = f"{note.company}: a bank file"
    elif note.workflow is NoteTo.POLICY_TRIAL:
        argument = PolicyTrialInput(trial_id=note.key)
        workflow, workflow_id = POLICY_TRIAL_WORKFLOW, policy_trial_id(note.key)
        summary = "a changed policy on the whole portfolio"
    else:
        argument = OutreachInput(customer_id=note.key)
        workflow, workflow_id = OUTREACH_WORKFLOW, outreach_id(note.key)
        summary = "one contact for all that is due"
    return _Target(
        note_id=note.id,
        workflow=workflow,
        workflow_id=workflow_id,
        argument=argument,
        signal=note.signal,
        payload=note.payload,
        with_start=note.with_start,
        summary=summary,
    )


async def deliver_pending(
    courier: Courier,
    *,
    rate: float | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> int:
    """Deliver every note that waits, earliest action first, at most `rate` a second; how many went.

    `on_progress` is told how many more were delivered, batch by batch. Safe to stop at any moment: what
    is not delivered stays in the outbox, and workers deliver it too.
    """
    total = 0
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        taken = await courier.sweep(min(BATCH, max(1, int(rate))) if rate else BATCH)
        if not taken:
            return total
        total += taken
        if on_progress is not None:
            on_progress(taken)
        if rate:
            await asyncio.sleep(max(0.0, taken / rate - (loop.time() - began)))
