"""Import a portfolio and start its cases: what `relance import` and `python starter.py` both do.

First the ledger is filled, then the cases are started, earliest action first, at a bounded rate. It can be
stopped at any moment and run again: what is in the ledger is not entered twice, what has started is not
started twice, and workers deliver what this command did not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from sqlalchemy import Engine, func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select
from temporalio.service import RPCError

import migrations
from activities.clock import Clock
from activities.installation import read_offset, who_runs
from activities.outbox import Courier, deliver_pending
from activities.settings import Settings
from activities.store.engine import make_engine, transaction
from activities.store.policies import current_policies, ensure_builtin
from admin.cli.output import ALL_GOOD, REFUSED, SOME_REJECTED, remark
from admin.portfolio.companies import read_companies, write_companies
from admin.portfolio.load import Report, load_portfolio
from admin.portfolio.row import PortfolioError
from admin.stack.connection import find_installation
from models.errors import RelanceError, Unreachable
from models.tables import OutboxNote
from policies import builtin_policy_texts
from rules.policy import Policy
from workflows.runtime import connect

RATE: Final = 200.0
"""Cases started in a second unless told otherwise: what a development server takes with ease."""

STOPPED: Final = 130
"""128 + SIGINT."""

_PHASES: Final = {"survey": "Reading", "record": "Entering into the ledger"}


def run(
    path: Path,
    *,
    rejects: Path | None = None,
    rate: float = RATE,
    start: bool = True,
    companies: Path | None = None,
) -> int:
    """Import `path` and start its cases; returns the exit status.

    :param rejects: where to write rejected rows; beside the file, if left out.
    :param rate: notes delivered in a second, at most.
    :param start: whether to start cases now; otherwise a worker does.
    :param companies: a TOML file with the creditors' particulars, written first.
    :returns: 0 all good, 1 some rows rejected, 2 nothing could be done, 130 stopped by Ctrl-C.
    """
    return _told(lambda engine: _run(engine, path, rejects, rate, start, companies))


def run_companies(path: Path) -> int:
    """Write a companies file into the ledger; returns the exit status, 0 or 2."""

    def write(engine: Engine) -> int:
        _write_companies(engine, path, Clock(read_offset(engine)))
        return ALL_GOOD

    return _told(write)


def _write_companies(engine: Engine, path: Path, clock: Clock) -> None:
    written = write_companies(engine, read_companies(path), clock.now(), who_runs())
    remark(f"{written.companies} companies and {written.staff} people written.")
    for ref in written.asked:
        remark(
            f"{ref}: other bank details are asked for, and not written: somebody else approves them "
            f"(relance bank-details {ref}), and they take effect after 24 hours."
        )


def _told(work: Callable[[Engine], int]) -> int:
    """Do `work` on the installation's ledger; what goes wrong is told in one line and gives the status."""
    try:
        find_installation()
        url = Settings.load().database_url
        if url is None:
            raise RelanceError("RELANCE_DATABASE_URL is not set, and no local stack runs here (`relance up`)")
        with _ledger(url.get_secret_value()) as engine:
            return work(engine)
    except (PortfolioError, RelanceError) as error:
        for line in str(error).splitlines():
            remark(f"relance: {line}")
        return REFUSED
    except SQLAlchemyError as error:
        remark(f"relance: the ledger does not answer: {str(error).splitlines()[0]}")
        return REFUSED
    except KeyboardInterrupt:
        remark("Stopped. Nothing is lost and nothing was done twice: run the same command again to go on.")
        return STOPPED


@contextmanager
def _ledger(url: str) -> Iterator[Engine]:
    """An engine on a ledger at the newest schema; an empty database gets one.

    Raises:
        RelanceError: the schema is of another version.
    """
    found = migrations.current(url)
    if found is None:
        migrations.upgrade(url)
    elif found != migrations.head():
        raise RelanceError(
            f"the ledger's schema is {found}, this version needs {migrations.head()}: "
            "run `relance migrate` first"
        )
    engine = make_engine(url, pool_size=2, application_name="relance import")
    try:
        yield engine
    finally:
        engine.dispose()


def _run(
    engine: Engine, path: Path, rejects: Path | None, rate: float, start: bool, companies: Path | None
) -> int:
    console = Console(stderr=True, highlight=False)
    clock = Clock(read_offset(engine))
    if companies is not None:
        _write_companies(engine, companies, clock)
    with progress_bars(console) as bars:
        tasks: dict[str, TaskID] = {}

        def on_progress(phase: str, done: int, total: int) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(_PHASES[phase], total=total)
            bars.update(tasks[phase], completed=done, total=total)

        report = load_portfolio(
            engine,
            path,
            now=clock.now(),
            policies=ledger_policies(engine, clock),
            on_progress=on_progress,
            on_reject=lambda reject: bars.console.print(str(reject), markup=False, soft_wrap=True),
            rejects_path=rejects,
        )
    _tell(console, report)
    if start:
        asyncio.run(start_cases(engine, clock, rate, console))
    return SOME_REJECTED if report.rejected or report.conflicts else ALL_GOOD


@contextmanager
def progress_bars(console: Console) -> Iterator[Progress]:
    """Bars for a terminal, with what is left to wait."""
    with Progress(
        TextColumn("{task.description:<25}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
    ) as bars:
        yield bars


def _tell(console: Console, report: Report) -> None:
    console.print(
        f"{report.rows:,} rows: {report.inserted:,} new invoices ({report.closed:,} paid already), "
        f"{report.unchanged + report.repeated:,} known, {report.conflicts:,} in conflict, "
        f"{report.rejected:,} rejected.",
        soft_wrap=True,
    )
    if report.rejects_file is not None:
        console.print(f"Mend {report.rejects_file} and import it.", markup=False, soft_wrap=True)


def ledger_policies(engine: Engine, clock: Clock) -> dict[str, Policy]:
    """Every policy of the ledger at its latest version, the built-in ones made known first."""
    with transaction(engine) as session:
        ensure_builtin(session, builtin_policy_texts(), clock.now())
        return current_policies(session)


async def start_cases(engine: Engine, clock: Clock, rate: float, console: Console) -> None:
    """Deliver the notes that wait, those of an earlier run included."""
    waiting = await asyncio.to_thread(_waiting, engine)
    if not waiting:
        return
    try:
        client = await connect()
    except (Unreachable, RPCError) as error:
        reason = str(error).splitlines()[0]
        remark(f"relance: Temporal does not answer ({reason}).")
        notes = "1 note waits" if waiting == 1 else f"{waiting:,} notes wait"
        remark(f"{notes} in the ledger: a worker delivers them, or this command run again.")
        raise RelanceError("no case was started") from None
    courier = Courier(engine, client, asyncio.get_running_loop(), clock)
    with Progress(
        TextColumn("{task.description:<25}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console,
    ) as bars:  # fmt: skip
        task = bars.add_task("Starting cases", total=waiting)
        await deliver_pending(courier, rate=rate, on_progress=lambda more: bars.advance(task, more))
    left = await asyncio.to_thread(_waiting, engine)
    if left:
        remark(f"{left:,} notes are still in the ledger: held by another process, or to be tried again soon.")
        remark("A worker delivers them, or this command run again.")


def _waiting(engine: Engine) -> int:
    with transaction(engine) as session:
        return session.exec(select(func.count()).select_from(OutboxNote)).one()
