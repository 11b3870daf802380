"""Signals as a person sends them from the Temporal UI or command line, and what the case then says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlmodel import col, select
from temporalio import activity
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.store.engine import transaction
from models.messages import CaseView
from models.tables import CaseEvent, FactRow
from tests.workflows.world import World

MINUTE = timedelta(minutes=1)


def raw(data: bytes | str, encoding: str = "json/plain") -> RawValue:
    """A payload of exactly these bytes."""
    body = data.encode() if isinstance(data, str) else data
    return RawValue(Payload(metadata={"encoding": encoding.encode()}, data=body))


async def tell(it: World, number: str, signal: str, *args: Any) -> None:
    """Send a signal straight to the case, past the ledger."""
    await it.handle(number).signal(signal, args=args)


async def view(it: World, number: str) -> CaseView:
    """What the case says once it has taken in all that it was told."""
    # Time cannot pass while a workflow task or an activity is under way.
    await it.advance_to(await it.now() + MINUTE)
    answer: CaseView = await it.handle(number).query("status", result_type=CaseView)
    return answer


def facts(it: World, number: str) -> list[FactRow]:
    """The facts recorded of an invoice, in order."""
    with transaction(it.engine) as session:
        return list(
            session.exec(
                select(FactRow)
                .where(FactRow.invoice_id == it.invoices[number])
                .order_by(col(FactRow.recorded_at), col(FactRow.kind))
            )
        )


def rejected(it: World, number: str) -> list[CaseEvent]:
    """The rejected facts of an invoice, in order."""
    with transaction(it.engine) as session:
        return list(
            session.exec(
                select(CaseEvent)
                .where(CaseEvent.invoice_id == it.invoices[number], CaseEvent.what == "rejected")
                .order_by(col(CaseEvent.id))
            )
        )


class Gate(Interceptor):
    """Holds the answer of an activity: what it did is committed, and the workflow does not know yet.

    A local one must not be held for longer than a review may take (4 s). With `by_server`, the ledger fails
    every local attempt while the gate is shut, so that the server's activity is the one that is held.
    """

    def __init__(self, activity_name: str, *, by_server: bool = False) -> None:
        self.activity_name = activity_name
        self.by_server = by_server
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.opened.set()

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Stand behind every activity."""
        return _Gate(next, self)

    @asynccontextmanager
    async def shut(self) -> AsyncIterator[None]:
        """Hold the next answers up to the end of the block; await `reached` for the first of them."""
        self.reached.clear()
        self.opened.clear()
        try:
            yield
        finally:
            self.opened.set()


class _Gate(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, gate: Gate) -> None:
        super().__init__(next)
        self._gate = gate

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        mine = activity.info().activity_type == self._gate.activity_name and not self._gate.opened.is_set()
        if mine and self._gate.by_server and activity.info().is_local:
            raise OperationalError("the ledger does not answer", None, ConnectionError())
        result = await super().execute_activity(input)
        if mine:
            self._gate.reached.set()
            await self._gate.opened.wait()
        return result
