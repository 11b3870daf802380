"""`relance demo`: bring the stack up on an invented portfolio, let 09:30 come, show what left and why."""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from sqlalchemy import Engine, and_, func, or_
from sqlmodel import Session, col, select

from activities.clock import Clock
from activities.installation import read_offset
from activities.outbox import Courier, deliver_pending
from activities.store.engine import make_engine, transaction
from admin.demo.before import close_a_mailbox, files_under_way, live_through
from admin.demo.manager import EMAIL, manager_password
from admin.demo.portfolio import COMPANY, write
from admin.demo.report import local, show_report
from admin.portfolio.companies import read_companies, write_companies
from admin.portfolio.load import load_portfolio
from admin.portfolio.start import ledger_policies
from admin.stack.datafolder import DataFolder
from admin.stack.errors import StackError
from admin.stack.up import Stack, local_stack
from models.tables import Communication, Company, ContactMade, DunningCase, OutboxNote
from models.tables.words import CommunicationStatus, ContactStatus
from rules.calendar import BusinessCalendar, business_calendar
from workflows.runtime import connect

DEFAULT_FOLDER: Final = Path(".relance-demo")
BEFORE_THE_SLOT: Final = timedelta(seconds=45)
"""How long before 09:30 a new demonstration's clock starts: time to load the portfolio and look."""

QUIET_WITHIN_S: Final = 180.0
_POLL_S: Final = 0.5

Say = Callable[[str], None]


def demo_offset(wall: datetime, calendar: BusinessCalendar) -> timedelta:
    """Business time less `wall`, so that it is almost 09:30 of today, or of the next business day."""
    day = calendar.first_business_day(calendar.local_day(wall))
    return calendar.slot(day) - BEFORE_THE_SLOT - wall


def run(
    folder: DataFolder,
    *,
    once: bool,
    console: Console | None = None,
    after: Callable[[Stack], None] | None = None,
) -> int:
    """Run the demonstration; with `once` it ends when all has been shown. Returns the exit status.

    `after` is called with the stack still up, when all has been shown.

    Raises:
        StackError: the stack does not come up, or reminders do not leave in time.
        StopRequested: Ctrl-C while it starts.
    """
    out = console or Console(highlight=False)
    calendar = business_calendar("FR", None)

    def say(text: str) -> None:
        out.print(f"[dim]{escape(text)}[/]", soft_wrap=True)

    out.print(
        "[bold]Relance[/] [dim]demonstration: an invented creditor, real PostgreSQL, Temporal, clients[/]"
    )
    with local_stack(folder, say=say, offset=lambda: demo_offset(datetime.now(UTC), calendar)) as stack:
        engine = make_engine(stack.database_url, pool_size=2, application_name="relance demo")
        try:
            clock = Clock(read_offset(engine))
            began = _load(engine, stack, clock, calendar, say)
            _until_quiet(engine, clock, stack, began, out)
            show(stack, out)
            if after is not None:
                after(stack)
        finally:
            engine.dispose()
        if once:
            return 0
        out.print(
            f"\nIt stays up until Ctrl-C, and goes on where it was when started again "
            f"([b]{escape(str(_as_typed(folder.root)))}[/]).",
            soft_wrap=True,
        )
        stack.supervisor.wait()
    return 0


def _load(
    engine: Engine, stack: Stack, clock: Clock, calendar: BusinessCalendar, say: Say
) -> datetime | None:
    """Load a new demonstration's portfolio; returns the slot to wait for, None when that was done before."""
    now = clock.now()
    with transaction(engine) as session:
        known = session.exec(select(Company.id).where(Company.ref == COMPANY)).one_or_none()
    if known is not None:
        say(f"the demonstration goes on: its clock stands at {local(now, calendar)}")
        return None
    portfolio, companies = write(stack.folder.root / "demo", calendar.local_day(now))
    write_companies(engine, read_companies(companies), now, "demo")
    report = load_portfolio(engine, portfolio, now=now, policies=ledger_policies(engine, clock))
    if report.rejected or report.conflicts:
        raise StackError(f"the demonstration's own portfolio was refused: see {report.rejects_file}")
    live_through(engine, portfolio.parent, calendar, now)
    close_a_mailbox(stack.sandbox_url)
    asyncio.run(_start(engine, clock))
    say(f"{report.inserted} invoices of {_as_typed(portfolio)} are in the ledger, their cases are started")
    say(f"the demonstration's clock stands at {local(now, calendar)}: reminders leave at 09:30")
    return calendar.slot(calendar.local_day(now))


async def _start(engine: Engine, clock: Clock) -> None:
    client = await connect()
    await deliver_pending(Courier(engine, client, asyncio.get_running_loop(), clock))


def _until_quiet(engine: Engine, clock: Clock, stack: Stack, slot: datetime | None, out: Console) -> None:
    """Wait for the slot, then until nothing is due or under way."""
    deadline = time.monotonic() + QUIET_WITHIN_S
    with out.status("waiting for 09:30 …") as status:
        while True:
            # Ctrl-C, or a child that keeps crashing, ends the wait.
            stack.supervisor.check()
            now = clock.now()
            if slot is not None and now <= slot + timedelta(seconds=2):
                status.update(f"{(slot - now).total_seconds():3.0f} s until 09:30 business time …")
            else:
                with transaction(engine) as session:
                    busy = _busy(session, now)
                if not busy:
                    return
                status.update(f"{busy} cases and messages under way …")
            if time.monotonic() > deadline:
                raise StackError(f"reminders are still under way after {QUIET_WITHIN_S:.0f} s: see the logs")
            stack.supervisor.wait(_POLL_S)


def _busy(session: Session, now: datetime) -> int:
    due = session.exec(
        select(func.count())
        .select_from(DunningCase)
        .where(
            col(DunningCase.closed_at).is_(None),
            or_(
                col(DunningCase.state) == "due",
                and_(col(DunningCase.state) == "waiting", col(DunningCase.next_at) <= now),
            ),
        )
    ).one()
    sending = session.exec(
        select(func.count())
        .select_from(Communication)
        .join(ContactMade, col(ContactMade.id) == Communication.contact_id, isouter=True)
        .where(
            col(Communication.status).in_((CommunicationStatus.PLANNED, CommunicationStatus.SENDING)),
            col(ContactMade.status).is_distinct_from(ContactStatus.DRAFT),
        )
    ).one()
    notes = session.exec(select(func.count()).select_from(OutboxNote)).one()
    return due + sending + notes + files_under_way(session)


def show(stack: Stack, out: Console) -> None:
    """Say what left, what people are asked to do and what comes next, and where to look."""
    calendar = business_calendar("FR", None)
    engine = make_engine(stack.database_url, pool_size=1, application_name="relance demo")
    try:
        clock = Clock(read_offset(engine))
        with transaction(engine) as session:
            show_report(session, clock.now(), calendar, out)
        password = manager_password(engine, stack.folder, clock.now())
    finally:
        engine.dispose()
    relance = _this_program()
    folder = _as_typed(stack.folder.root)
    lines = [
        ("Console", f"{stack.api_url}/console"),
        ("  sign in as", f"{EMAIL}  password {password}"),
        ("Messages, as their readers see them", stack.sandbox_url),
        ("Cases in the Temporal UI", stack.temporal_ui),
        ("HTTP API (its key: relance key local)", f"{stack.api_url}/openapi.json"),
        ("Tasks", f"RELANCE_DATA_DIR={folder} {relance} tasks"),
    ]
    out.print()
    for what, where in lines:
        if where:
            out.print(f"[bold]{what}[/]  [cyan]{escape(where)}[/]", soft_wrap=True)


def _this_program() -> str:
    """How to call `relance` where this was called from."""
    called = Path(sys.argv[0]).name == "relance"
    return sys.argv[0] if called and shutil.which("relance") is None else "relance"


def _as_typed(folder: Path) -> Path:
    """A folder as it is named from here."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder
