"""The API's reads over real HTTP, at 100,000 cases: p50, p95 and p99 of each list and page.

A server process of its own (uvicorn) answers one client on a kept-alive connection, one request at a time:
what a person waits for. The baseline is the bare server: `/healthz`, which asks the ledger nothing, asked in
turn with what is measured, so that both meet the same machine.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Final
from urllib.parse import quote

import httpx
from sqlalchemy import Engine

from activities.clock import Clock
from activities.installation import set_offset
from activities.store.api_keys import create_key
from activities.store.engine import transaction
from bench.api_ledger import COMPANIES, fill, sample
from bench.figures import Figure
from bench.harness import MONDAY, ROOT, ledger, postgres, scratch
from models.tables.words import ApiRole

CASES: Final = 100_000
REQUESTS: Final = 200
DEEP_PAGE: Final = 50
WARM_UP: Final = 10
AIM_MS: Final = 50.0

_LISTS: Final = (
    ("cases, by next step", "/v1/cases"),
    ("cases, by due date", "/v1/cases?sort=due_on"),
    ("cases, largest first", "/v1/cases?sort=-outstanding"),
    ("cases, latest step first", "/v1/cases?sort=-next_at"),
    ("cases of a company, by next step", "/v1/cases?company=alpha"),
    (
        "cases of a company over 100 EUR, largest first",
        "/v1/cases?company=alpha&sort=-outstanding&currency=EUR&min_outstanding=100",
    ),
    ("cases paused by a promise", "/v1/cases?paused_by=promise"),
    ("cases in a rare state", "/v1/cases?state=stopped"),
    ("cases in a state without any", "/v1/cases?state=withheld"),
    ("cases in a currency", "/v1/cases?currency=CHF&sort=due_on"),
    ("cases at a stage, by due date", "/v1/cases?stage=reminder_2&sort=due_on"),
    ("cases of a collector", "/v1/cases?collector=collector-3@relance.example&sort=due_on"),
    ("cases due in a week of last month", "/v1/cases?due_from=2026-02-02&due_to=2026-02-08"),
    ("cases, a number searched", "/v1/cases?q=FA-0042"),
    ("cases, a name searched", "/v1/cases?q=chevalier"),
    ("cases, what nobody is called", "/v1/cases?q=nobody-at-all"),
    ("cases, what all are called", "/v1/cases?q=FA-"),
    ("cases closed, the latest first", "/v1/cases?open=false&sort=-closed_at"),
    ("tasks, by day", "/v1/tasks"),
    ("tasks overdue", "/v1/tasks?overdue=true"),
    ("tasks of a person", "/v1/tasks?assignee=collector-3@relance.example"),
    ("tasks of a kind, a company's", "/v1/tasks?kind=dispute&company=beta"),
    ("customers, oldest due first", "/v1/companies/alpha/customers"),
    ("customers, by reference", "/v1/companies/alpha/customers?sort=ref"),
    ("customers searched", "/v1/companies/alpha/customers?q=chevalier"),
    ("audit", "/v1/companies/alpha/audit"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds that requests took."""

    p50: float
    p95: float
    p99: float


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure with each number of cases."""
    figures: list[Figure] = []
    with scratch() as folder, postgres(folder, durable=True) as server:
        for size in sizes or (CASES,):
            with ledger(server) as engine:
                fill(engine, size)
                # The server's day is the one the ledger was made for.
                set_offset(engine, MONDAY - Clock().now())
                url = engine.url.render_as_string(hide_password=False)
                with _serving(url) as address, _client(address, _key(engine)) as client:
                    figures += _measure(client, engine, size)
    return figures


def _measure(client: httpx.Client, engine: Engine, size: int) -> Iterator[Figure]:
    some = sample(engine, REQUESTS)
    yield _figure(client, f"{size:,} cases: one company", [f"/v1/companies/{COMPANIES[0]}"] * REQUESTS)
    for what, path in _LISTS:
        yield _figure(client, f"{size:,} cases: {what}, page 1", [path] * REQUESTS)
        deep = _page(client, path, DEEP_PAGE)
        if deep is not None:
            yield _figure(client, f"{size:,} cases: {what}, page {DEEP_PAGE}", [deep] * REQUESTS)
    for what, paths in (
        ("one case whole", [f"/v1/companies/{c}/cases/{quote(n, safe='')}" for c, n, _ in some]),
        ("what follows for a case", [f"/v1/companies/{c}/cases/{n}/preview" for c, n, _ in some]),
        ("a case's timeline", [f"/v1/companies/{c}/cases/{n}/timeline" for c, n, _ in some]),
        ("one customer whole", [f"/v1/companies/{c}/customers/{r}" for c, _, r in some]),
        ("a customer's timeline", [f"/v1/companies/{c}/customers/{r}/timeline" for c, _, r in some]),
        ("a customer's messages", [f"/v1/companies/{c}/customers/{r}/communications" for c, _, r in some]),
    ):
        yield _figure(client, f"{size:,} cases: {what}", paths)


def _figure(client: httpx.Client, what: str, paths: Sequence[str]) -> Figure:
    taken: list[float] = []
    bare: list[float] = []
    # Some to warm up: statements are prepared, plans and calendars cached.
    for path in paths[:WARM_UP]:
        _milliseconds(client, path)
    for path in paths:
        taken.append(_milliseconds(client, path))
        bare.append(_milliseconds(client, "/healthz"))
    times, floor = _spread(taken), _spread(bare)
    return Figure(
        what=what,
        figure=times.p99,
        baseline=floor.p99,
        unit="ms p99",
        against="/healthz",
        aim=f"p99 below {AIM_MS:g} ms",
        met=times.p99 < AIM_MS,
        notes=(("p50, ms", times.p50), ("p95, ms", times.p95), ("/healthz p50, ms", floor.p50)),
    )


def _milliseconds(client: httpx.Client, path: str) -> float:
    started = time.perf_counter()
    answer = client.get(path)
    taken = (time.perf_counter() - started) * 1000
    assert answer.status_code == 200, (path, answer.text)
    return taken


def _spread(taken: Sequence[float]) -> Times:
    cuts = quantiles(taken, n=100, method="inclusive")
    return Times(cuts[49], cuts[94], cuts[98])


def _page(client: httpx.Client, path: str, page: int) -> str | None:
    """The address of a later page of a list; None when it has fewer."""
    address = path
    for _ in range(page - 1):
        following = client.get(address).json()["next"]
        if following is None:
            return None
        address = f"{path}{'&' if '?' in path else '?'}after={following}"
    return address


def _key(engine: Engine) -> str:
    with transaction(engine) as session:
        return create_key(
            session,
            name="bench",
            role=ApiRole.MANAGER,
            companies=None,
            expires_at=None,
            now=MONDAY,
            who="bench",
        )


@contextmanager
def _client(address: str, key: str) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=address, headers={"Authorization": f"Bearer {key}"}, timeout=60, trust_env=False
    ) as client:
        yield client


@contextmanager
def _serving(database_url: str) -> Iterator[str]:
    """The API as a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.api", str(port)],
        cwd=ROOT,
        env={"RELANCE_DATABASE_URL": database_url, "PATH": ""},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 300
        while True:
            try:
                httpx.get(f"{address}/healthz", trust_env=False)
                break
            except httpx.TransportError:
                assert process.poll() is None, "the server ended"
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def main(port: int) -> None:
    """The server that is measured."""
    import asyncio

    from activities.settings import Settings
    from admin.api.serve import serve

    asyncio.run(serve(Settings.load(), "127.0.0.1", port))


if __name__ == "__main__":
    main(int(sys.argv[1]))
