"""Memory of one worker process, at 1,000 and 10,000 open cases and after 1,000 and 10,000 messages.

A worker of its own for each of the two: real PostgreSQL, a real Temporal server, a provider over HTTP. The
figure is the worker's resident size once everything of that size is settled, the baseline its size at the
smaller one: flat is a ratio near 1. Open cases sleep until a day far off; messages are first reminders of
customers with one late invoice each.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import psutil
from sqlalchemy import Engine, func
from sqlmodel import select

from activities.clock import Clock
from activities.installation import set_offset
from activities.outbox import Courier, deliver_pending
from activities.store.engine import make_engine, transaction
from admin.portfolio.load import load_portfolio
from admin.sandbox.server import SandboxServer
from admin.stack.postgres import LocalPostgres
from admin.stack.temporal import LocalTemporal
from bench.figures import Figure
from bench.harness import MONDAY, ROOT, found_company, new_ledger, postgres, scratch
from bench.samples import write_due, write_future
from models.ids import CASE_WORKFLOW, SEARCH_ATTRIBUTE_TYPES, SearchAttribute
from models.tables import Communication
from models.tables.words import CommunicationStatus
from rules.policy import Policy
from workflows.runtime import connect

SMALL: Final = 1_000
AIM: Final = 1.25
"""What still counts as flat: the cache of sleeping cases is bounded, but not full at the smaller size."""

_FAR: Final = MONDAY.date() + timedelta(days=200)
_STALLED_S: Final = 300.0


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure at two sizes: `SMALL` and ten times it, or those given."""
    small = sizes[0] if sizes else SMALL
    large = sizes[1] if len(sizes) > 1 else 10 * small
    with scratch() as folder, postgres(folder, durable=True) as server, SandboxServer() as provider:
        return [
            _measure(folder, server, provider, "open cases", small, large),
            _measure(folder, server, provider, "messages", small, large),
        ]


def _measure(
    folder: Path, server: LocalPostgres, provider: SandboxServer, what: str, small: int, large: int
) -> Figure:
    url = new_ledger(server)
    engine = make_engine(url, 5, "relance bench")
    temporal_db = folder / f"temporal-{what.replace(' ', '-')}.db"
    try:
        set_offset(engine, MONDAY - Clock().wall())
        policies = found_company(engine, MONDAY)
        with (
            LocalTemporal(temporal_db, ui=False, search_attributes=SEARCH_ATTRIBUTE_TYPES) as temporal,
            _worker(folder, url, temporal.address, provider.url) as worker,
        ):
            sizes = []
            for size in (small, large):
                _load(engine, folder / "portfolio.csv", what, size, policies)
                asyncio.run(_start(engine, temporal.address))
                if what == "open cases":
                    _await(lambda: asyncio.run(_sleeping(temporal.address)), size)
                else:
                    _await(lambda: _sent(engine), size)
                sizes.append(worker.memory_info().rss / (1 << 20))
    finally:
        engine.dispose()
    return Figure(
        what=f"worker memory at {large:,} {what}",
        figure=sizes[1],
        baseline=sizes[0],
        unit="MiB",
        against=f"at {small:,}",
        aim=f"flat: at most {AIM} times",
        met=sizes[1] <= AIM * sizes[0],
    )


@contextmanager
def _worker(folder: Path, database_url: str, temporal: str, provider: str) -> Iterator[psutil.Process]:
    environment = {
        **os.environ,
        "RELANCE_DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": temporal,
        "RELANCE_SENDING": "live",
        "SENDGRID_API_KEY": "SG.bench",
        "SENDGRID_HOST": provider,
    }
    with (folder / "worker.log").open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "worker"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            yield psutil.Process(worker.pid)
        finally:
            worker.terminate()
            worker.wait(60)


def _load(engine: Engine, path: Path, what: str, size: int, policies: dict[str, Policy]) -> None:
    """Bring the ledger to as many invoices; those of an earlier size are known and stay as they are."""
    if what == "open cases":
        write_future(path, size, _FAR)
    else:
        write_due(path, size, also_open=0)
    load_portfolio(engine, path, now=MONDAY, policies=policies)


async def _start(engine: Engine, address: str) -> None:
    courier = Courier(engine, await connect(address), asyncio.get_running_loop(), Clock())
    await deliver_pending(courier)


async def _sleeping(address: str) -> int:
    """Cases that were reviewed and have shown what they wait for."""
    client = await connect(address)
    query = f"WorkflowType = '{CASE_WORKFLOW}' AND {SearchAttribute.CASE_STAGE} IS NOT NULL"
    return (await client.count_workflows(query)).count


def _sent(engine: Engine) -> int:
    """Messages the provider took."""
    with transaction(engine) as session:
        counted = select(func.count()).where(Communication.status == CommunicationStatus.SENT)
        return session.exec(counted).one()


def _await(settled: Callable[[], int], size: int) -> None:
    """Wait until all is settled; a worker that makes no progress for minutes is an error."""
    seen, since = -1, time.monotonic()
    while (now := settled()) < size:
        if now != seen:
            seen, since = now, time.monotonic()
        elif time.monotonic() - since > _STALLED_S:
            raise RuntimeError(f"the worker stands at {now} of {size} for {_STALLED_S:.0f} s")
        time.sleep(0.5)
