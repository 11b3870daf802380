"""The API's reads over real HTTP, at 100,000 cases: each list, search and page, by the clock and in CPU.

A server process of its own (uvicorn) answers one client on a kept-alive connection, one request at a time:
what a person waits for. The baseline is the bare server: `/healthz`, which asks the ledger nothing, asked in
turn with what is measured, so that both meet the same machine. CPU is the server process's own for each
request, all its threads together, and on Linux that of its PostgreSQL backends too: it tells the work from
the waiting where other programs run beside.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Final
from urllib.parse import quote

import httpx
from sqlalchemy import Engine, text

from activities.clock import Clock
from activities.installation import set_offset
from activities.store.api_keys import create_key
from activities.store.engine import transaction
from admin.stack.ports import free_port
from bench.api_ledger import COMPANIES, fill, large_customers, sample
from bench.figures import Figure
from bench.harness import MONDAY, ROOT, ledger, postgres, scratch
from models.tables.words import ApiRole

CASES: Final = 100_000
REQUESTS: Final = 300
DEEP_PAGE: Final = 50
WARM_UP: Final = 10
AIM_MS: Final = 50.0

_NAMES: Final = ("chevalier", "dubois", "ateliers", "MÜLLER", "clinique per")
"""Parts of names, from common to rare."""

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
    ("cases, what nobody is called", "/v1/cases?q=nobody-at-all"),
    ("cases, what all are called", "/v1/cases?q=FA-"),
    ("cases closed, the latest first", "/v1/cases?open=false&sort=-closed_at"),
    ("cases that come to an amount", "/v1/cases?q=1%20234,56"),
    ("cases of customers without a segment", "/v1/cases?company=alpha&segment=-&sort=-outstanding"),
    ("ageing of a company, by customer", "/v1/companies/alpha/ageing"),
    ("ageing of a company two months ago", "/v1/companies/alpha/ageing?on=2026-01-09"),
    ("tasks, by day", "/v1/tasks"),
    ("tasks overdue", "/v1/tasks?overdue=true"),
    ("tasks of a person", "/v1/tasks?assignee=collector-3@relance.example"),
    ("tasks of a kind, a company's", "/v1/tasks?kind=dispute&company=beta"),
    ("customers, oldest due first", "/v1/companies/alpha/customers"),
    ("customers, by reference", "/v1/companies/alpha/customers?sort=ref"),
    ("audit", "/v1/companies/alpha/audit"),
)  # fmt: skip

_DEEP: Final = frozenset(
    (
        *("cases, by next step", "cases, largest first", "cases in a currency", "cases of a collector"),
        *("cases, what all are called", "cases closed, the latest first", "tasks, by day"),
        *("customers, oldest due first", "customers, by reference"),
    )
)
"""Of which a later page is asked for, too: one of each way to find a page."""


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
                with serving(engine, {"Authorization": f"Bearer {_key(engine)}"}) as measured:
                    figures += _measure(measured, engine, size)
    return figures


def _measure(server: Server, engine: Engine, size: int) -> Iterator[Figure]:
    for what, paths in _paths(engine):
        yield figure_of(server, f"{size:,} cases: {what}", paths)
    for what, path in _LISTS:
        yield figure_of(server, f"{size:,} cases: {what}, page 1", [path] * REQUESTS)
        deep = _page(server, path, DEEP_PAGE) if what in _DEEP else None
        if deep is not None:
            yield figure_of(server, f"{size:,} cases: {what}, page {DEEP_PAGE}", [deep] * REQUESTS)


def _paths(engine: Engine) -> Iterator[tuple[str, list[str]]]:
    """What is asked of another case, customer or text each time."""
    some = sample(engine, REQUESTS)
    company = f"/v1/companies/{COMPANIES[0]}"
    turns = range(REQUESTS)
    yield "one case whole", [f"/v1/companies/{c}/cases/{quote(n, safe='')}" for c, n, _ in some]
    yield "what follows for a case", [f"/v1/companies/{c}/cases/{n}/preview" for c, n, _ in some]
    yield "a case's timeline", [f"/v1/companies/{c}/cases/{n}/timeline" for c, n, _ in some]
    yield "one customer whole", [f"/v1/companies/{c}/customers/{r}" for c, _, r in some]
    for ref, open_cases in large_customers(engine):
        yield f"one customer with {open_cases} open cases", [f"{company}/customers/{ref}"] * REQUESTS
    yield "a customer's timeline", [f"/v1/companies/{c}/customers/{r}/timeline" for c, _, r in some]
    yield "a customer's messages", [f"/v1/companies/{c}/customers/{r}/communications" for c, _, r in some]
    yield "one company", [company] * REQUESTS
    yield "cases, a number searched", [f"/v1/cases?q={n}" for _, n, _ in some]
    yield "cases, the beginning of a number searched", [f"/v1/cases?q={n[:7]}" for _, n, _ in some]
    yield "cases, an order's number searched", [f"/v1/cases?q=PO-{turn * 317 % 1000:03}" for turn in turns]
    yield "cases, a name searched", [f"/v1/cases?q={quote(_NAMES[turn % len(_NAMES)])}" for turn in turns]
    yield (
        "customers searched",
        [f"{company}/customers?q={quote(_NAMES[turn % len(_NAMES)])}" for turn in turns],
    )


def figure_of(server: Server, what: str, paths: Sequence[str]) -> Figure:
    """The time that each of `paths` takes, each asked in turn with the bare server."""
    # Some to warm up: statements are prepared, calendars cached.
    for path in paths[:WARM_UP]:
        server.get(path)
    taken: list[float] = []
    cpu: list[float] = []
    bare: list[float] = []
    ledger_cpu = server.ledger_cpu_ms()
    for path in paths:
        before = server.cpu_ms()
        taken.append(_milliseconds(server, path))
        cpu.append(server.cpu_ms() - before)
        bare.append(_milliseconds(server, "/healthz"))
    # The ledger's is counted in hundredths of a second: it is known of all requests together.
    each = (server.ledger_cpu_ms() - ledger_cpu) / len(paths)
    times, floor, work = _spread(taken), _spread(bare), _spread(cpu)
    return Figure(
        what=what,
        figure=times.p99,
        baseline=floor.p99,
        unit="ms p99",
        against="/healthz",
        aim=f"p99 below {AIM_MS:g} ms",
        met=times.p99 < AIM_MS,
        notes=(
            ("p50, ms", times.p50),
            ("p95, ms", times.p95),
            ("CPU p50, ms", work.p50),
            ("CPU p99, ms", work.p99),
            *((("PostgreSQL's CPU, ms", each),) if each else ()),
            ("/healthz p50, ms", floor.p50),
        ),
    )


def _milliseconds(server: Server, path: str) -> float:
    started = time.perf_counter()
    server.get(path)
    return (time.perf_counter() - started) * 1000


def _spread(taken: Sequence[float]) -> Times:
    cuts = quantiles(taken, n=100, method="inclusive")
    return Times(cuts[49], cuts[94], cuts[98])


def _page(server: Server, path: str, page: int) -> str | None:
    """The address of a later page of a list; None when it has fewer."""
    address = path
    for _ in range(page - 1):
        following = server.get(address).json()["next"]
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


@dataclass(frozen=True, slots=True)
class Server:
    """The API as a process of its own, and a client on a connection kept alive."""

    process: subprocess.Popen[str]
    client: httpx.Client
    backends: tuple[Path, ...]

    def get(self, path: str) -> httpx.Response:
        """Ask; what is not answered as it should be ends the run."""
        answer = self.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer

    def cpu_ms(self) -> float:
        """Milliseconds of CPU the process has taken, as it says itself."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline()) * 1000

    def ledger_cpu_ms(self) -> float:
        """Milliseconds of CPU its PostgreSQL backends have taken; 0 where nothing tells."""
        ticks = 0
        for stat in self.backends:
            # After the program's name in brackets: 13th and 14th are the ticks spent in it and for it.
            fields = stat.read_text("ascii").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks * 1000 / os.sysconf("SC_CLK_TCK") if ticks else 0.0


@contextmanager
def serving(engine: Engine, headers: Mapping[str, str]) -> Iterator[Server]:
    """The API over a ledger, as a process of its own; `headers` say to it who asks."""
    port = free_port()
    url = engine.url.render_as_string(hide_password=False)
    with (
        subprocess.Popen(
            [sys.executable, "-m", "bench.api", str(port)],
            cwd=ROOT,
            env={"RELANCE_DATABASE_URL": url, "PATH": ""},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers=dict(headers),
            timeout=60,
            trust_env=False,
        ) as client,
    ):
        try:
            deadline = time.monotonic() + 300
            while True:
                try:
                    client.get("/healthz").raise_for_status()
                    break
                except httpx.TransportError:
                    assert process.poll() is None, "the server ended"
                    assert time.monotonic() < deadline, "the server does not answer"
                    time.sleep(0.05)
            yield Server(process, client, _backends(engine))
        finally:
            process.terminate()
            process.wait(30)


def _backends(engine: Engine) -> tuple[Path, ...]:
    """Where Linux tells what the backends of the server's connections have taken.

    One client that asks one thing at a time is served by the connections there are after its first question.
    """
    asked = text(
        "SELECT pid FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'relance api'"
    )
    with engine.connect() as connection:
        stats = [Path(f"/proc/{pid}/stat") for (pid,) in connection.execute(asked)]
    return tuple(stat for stat in stats if stat.exists())


def main(port: int) -> None:
    """The server that is measured: it answers each line of input with the seconds of CPU it has taken."""
    import asyncio
    from threading import Thread

    from activities.settings import Settings
    from admin.api.serve import serve

    def tell() -> None:
        for _ in sys.stdin:
            print(time.process_time(), flush=True)

    Thread(target=tell, daemon=True).start()
    asyncio.run(serve(Settings.load(), "127.0.0.1", port))


if __name__ == "__main__":
    main(int(sys.argv[1]))
