"""`relance demo`: bring the stack up on an invented portfolio, let 09:30 come, show what left and why."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Engine, and_, func, or_
from sqlmodel import Session, col, select

from activities.clock import Clock
from activities.installation import read_offset
from activities.outbox import Courier, deliver_pending
from activities.store.engine import make_engine, transaction
from admin.demo.portfolio import COMPANY, write
from admin.portfolio.companies import read_companies, write_companies
from admin.portfolio.load import load_portfolio
from admin.portfolio.start import ledger_policies
from admin.stack.datafolder import DataFolder
from admin.stack.errors import StackError
from admin.stack.up import Stack, local_stack
from models.tables import (
    Communication,
    Company,
    ContactItem,
    ContactMade,
    Customer,
    DunningCase,
    Invoice,
    OutboxNote,
    Task,
)
from models.tables.words import Audience, CommunicationStatus, ContactStatus, TaskStatus
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


def run(folder: DataFolder, *, once: bool, console: Console | None = None) -> int:
    """Run the demonstration; with `once` it ends when all has been shown. Returns the exit status.

    Raises:
        StackError: the stack does not come up, or reminders do not leave in time.
        StopRequested: Ctrl-C while it starts.
    """
    out = console or Console()
    calendar = business_calendar("FR", None)

    def say(text: str) -> None:
        out.print(f"[dim]{escape(text)}[/]")

    out.print(
        "[bold]Relance[/] [dim]demonstration: an invented creditor, real PostgreSQL, Temporal, clients[/]"
    )
    with local_stack(folder, say=say, offset=lambda: demo_offset(datetime.now(UTC), calendar)) as stack:
        engine = make_engine(stack.database_url, pool_size=2, application_name="relance demo")
        try:
            clock = Clock(read_offset(engine))
            began = _load(engine, folder, clock, calendar, say)
            _until_quiet(engine, clock, stack, began, out)
            _show(engine, clock, calendar, stack, out)
        finally:
            engine.dispose()
        if once:
            return 0
        out.print(
            f"\nIt stays up until Ctrl-C, and goes on where it was when started again ([b]{folder.root}[/])."
        )
        stack.supervisor.wait()
    return 0


def _load(
    engine: Engine, folder: DataFolder, clock: Clock, calendar: BusinessCalendar, say: Say
) -> datetime | None:
    """Load a new demonstration's portfolio; returns the slot to wait for, None when that was done before."""
    now = clock.now()
    with transaction(engine) as session:
        known = session.exec(select(Company.id).where(Company.ref == COMPANY)).one_or_none()
    if known is not None:
        say(f"the demonstration goes on: business time is {_local(now, calendar)}")
        return None
    portfolio, companies = write(folder.root / "demo", calendar.local_day(now))
    write_companies(engine, read_companies(companies))
    report = load_portfolio(engine, portfolio, now=now, policies=ledger_policies(engine, clock))
    if report.rejected or report.conflicts:
        raise StackError(f"the demonstration's own portfolio was refused: see {report.rejects_file}")
    started = asyncio.run(_start(engine, clock))
    say(f"{report.inserted} invoices of {portfolio} are in the ledger, {started} cases started")
    say(f"business time is {_local(now, calendar)}: reminders leave at 09:30")
    return calendar.slot(calendar.local_day(now))


async def _start(engine: Engine, clock: Clock) -> int:
    client = await connect()
    return await deliver_pending(Courier(engine, client, asyncio.get_running_loop(), clock))


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
    return due + sending + notes


def _show(engine: Engine, clock: Clock, calendar: BusinessCalendar, stack: Stack, out: Console) -> None:
    with transaction(engine) as session:
        out.print(_contacts(session, calendar))
        out.print(_tasks(session))
        out.print(_totals(session, clock.now(), calendar))
    lines = [
        ("Messages, as their readers see them", stack.sandbox_url),
        ("Cases in the Temporal UI", stack.temporal_ui),
        ("Tasks", "relance tasks --data-dir " + str(stack.folder.root)),
    ]
    out.print()
    for what, where in lines:
        if where:
            out.print(f"[bold]{what}[/]  [cyan]{escape(where)}[/]", soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=title, title_justify="left", title_style="bold", header_style="bold", pad_edge=False, box=None
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _contacts(session: Session, calendar: BusinessCalendar) -> Table:
    """What left: one line a contact, with its reason as the rules gave it."""
    table = _table("\nWhat left, and why", "at", "customer", "step", "by", "to", "invoices", "asked", "why")
    rows = session.exec(
        select(ContactMade, Customer)
        .join(Customer, col(Customer.id) == ContactMade.customer_id)
        .where(
            col(ContactMade.concluded_at).is_not(None),
            col(ContactMade.status).in_((ContactStatus.SENT, ContactStatus.BY_HAND, ContactStatus.UNCERTAIN)),
            ContactMade.channel != "decision",
        )
        .order_by(col(ContactMade.concluded_at), Customer.ref)
    ).all()
    for made, customer in rows:
        numbers = session.exec(
            select(Invoice.number)
            .join(ContactItem, col(ContactItem.invoice_id) == Invoice.id)
            .where(ContactItem.contact_id == made.id)
            .order_by(Invoice.number)
        ).all()
        message = session.exec(
            select(Communication)
            .where(Communication.contact_id == made.id, Communication.audience == Audience.DEBTOR)
            .order_by(col(Communication.planned_at))
            .limit(1)
        ).one_or_none()
        asked = message.balance_quoted if message else {}
        table.add_row(
            _local(made.concluded_at or made.composed_at, calendar)[-5:],
            customer.name,
            made.step,
            made.channel,
            message.to_address if message else "task",
            str(len(numbers)) if len(numbers) > 2 else ", ".join(numbers),
            " + ".join(f"{amount} {currency}" for currency, amount in asked.items()),
            made.reason or "",
        )
    return table


def _tasks(session: Session) -> Table:
    table = _table("\nWhat people are asked to do", "kind", "for", "what", "due")
    for task in session.exec(
        select(Task).where(Task.status == TaskStatus.OPEN).order_by(col(Task.due_on), Task.kind)
    ):
        table.add_row(task.kind, task.assignee_email or "", task.title, str(task.due_on or ""))
    return table


def _totals(session: Session, now: datetime, calendar: BusinessCalendar) -> str:
    counts = session.exec(
        select(DunningCase.state, func.count()).group_by(DunningCase.state).order_by(DunningCase.state)
    ).all()
    total = sum(count for _, count in counts)
    words = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in counts)
    return f"\n[bold]{total} cases[/] at {_local(now, calendar)}: {words}"


def _local(instant: datetime, calendar: BusinessCalendar) -> str:
    return f"{instant.astimezone(calendar.zone):%A %d %B %Y %H:%M}"
