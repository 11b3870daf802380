"""Starting cases on a development server: notes of the outbox delivered, against bare starts.

Both start the same workflow with the same input, a hundred at a time, and no worker takes them up. The
outbox also claims each note, finds its invoice, and forgets it once the server has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from uuid import uuid4

from sqlalchemy import Engine
from temporalio.client import Client

from activities.clock import Clock
from activities.outbox import BATCH, Courier, deliver_pending
from admin.portfolio.load import load_portfolio
from admin.stack.temporal import LocalTemporal
from bench.figures import Figure
from bench.harness import COMPANY, MONDAY, found_company, ledger, postgres, scratch, stopwatch
from bench.samples import write_open
from models.ids import CASE_WORKFLOW, SEARCH_ATTRIBUTE_TYPES, TASK_QUEUE
from models.messages import CaseInput
from workflows.runtime import connect

NOTES: Final = 2_000


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure with each number of notes."""
    figures = []
    with scratch() as folder, postgres(folder, durable=True) as server:
        for size in sizes or (NOTES,):
            with (
                ledger(server) as engine,
                LocalTemporal(
                    folder / f"temporal-{size}.db", ui=False, search_attributes=SEARCH_ATTRIBUTE_TYPES
                ) as temporal,
            ):
                notes = _fill(engine, folder / "open.csv", size)
                figures.append(asyncio.run(_measure(engine, temporal.address, notes)))
    return figures


def _fill(engine: Engine, path: Path, size: int) -> int:
    """Fill a ledger; returns how many cases wait to be started."""
    write_open(path, size)
    policies = found_company(engine, MONDAY)
    return load_portfolio(engine, path, now=MONDAY, policies=policies).cases_to_start


async def _measure(engine: Engine, address: str, notes: int) -> Figure:
    client = await connect(address)
    courier = Courier(engine, client, asyncio.get_running_loop(), Clock())
    # A server slows down as it fills: half of the baseline before, half after.
    bare_s = await _bare(client, notes - notes // 2)
    with stopwatch() as lap:
        delivered = await deliver_pending(courier)
    assert delivered == notes, (delivered, notes)
    bare_s += await _bare(client, notes // 2)
    return Figure(
        what=f"{notes:,} cases started",
        figure=notes / lap.wall_s,
        baseline=notes / bare_s,
        unit="starts/s",
        against="bare start_workflow",
        notes=(("CPU of our process per start, ms", lap.cpu_s / notes * 1000),),
    )


async def _bare(client: Client, count: int) -> float:
    """Seconds that as many starts take, in batches as large as the outbox's."""
    with stopwatch() as lap:
        for first in range(0, count, BATCH):
            await asyncio.gather(*(_start(client) for _ in range(first, min(first + BATCH, count))))
    return lap.wall_s


async def _start(client: Client) -> None:
    invoice = uuid4()
    await client.start_workflow(
        CASE_WORKFLOW,
        CaseInput(company=COMPANY, number=str(invoice), invoice_id=invoice),
        id=f"bare/{invoice}",
        task_queue=TASK_QUEUE,
    )
