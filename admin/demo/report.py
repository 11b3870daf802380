"""What the demonstration says at its end: what left and why, who is asked to do what, what comes next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import func
from sqlmodel import Session, col, select

from models.tables import (
    Communication,
    Company,
    ContactItem,
    ContactMade,
    Customer,
    DunningCase,
    Invoice,
    Staff,
    Task,
)
from models.tables.words import Audience, CommunicationStatus, ContactStatus, TaskKind, TaskStatus
from rules.calendar import BusinessCalendar, business_calendar
from rules.money import minor_units

COMING_UP: Final = 6
"""How many of the next contacts are named."""

_LEFT: Final = (ContactStatus.SENT, ContactStatus.BY_HAND, ContactStatus.UNCERTAIN)
_CHANNELS: Final = {"email": "e-mail", "sms": "SMS", "phone": "telephone", "letter": "letter"}


def show_report(session: Session, now: datetime, calendar: BusinessCalendar, out: Console) -> None:
    """Write the whole report at the business time `now`, times as in `calendar`'s zone; fits 80 columns."""
    out.print(contacts_table(session, calendar))
    out.print(tasks_table(session))
    out.print(coming_table(session, now, calendar))
    out.print(_totals(session, now, calendar))


def local(instant: datetime, calendar: BusinessCalendar) -> str:
    """An instant as people there write it: `Monday 23 November 2026 09:30`."""
    return f"{instant.astimezone(calendar.zone):%A %-d %B %Y %H:%M}"


def amounts(quoted: Mapping[str, str]) -> str:
    """Sums by currency: `2,480.00 EUR + 40.00 GBP`; an account statement asks for nothing."""
    asked = {currency: Decimal(amount) for currency, amount in quoted.items()}
    texts = [f"{sum_:,.{minor_units(currency)}f} {currency}" for currency, sum_ in asked.items() if sum_]
    return " + ".join(texts) or "nothing asked"


def _table(title: str, *columns: str) -> Table:
    table = Table(
        title=f"\n{title}",
        title_justify="left",
        title_style="bold",
        header_style="bold",
        pad_edge=False,
        box=None,
    )
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def contacts_table(session: Session, calendar: BusinessCalendar) -> Table:
    """What left: a contact's customer and reason, as the rules gave it, beside its step, reader and sum."""
    table = _table("What left, and why", "at", "customer, and why now", "step, sum asked, whom, invoices")
    # The longest address of the demonstration stays on one line in a terminal of 80 columns.
    table.columns[2].min_width = 39
    rows = session.exec(
        select(ContactMade, Customer)
        .join(Customer, col(Customer.id) == ContactMade.customer_id)
        .where(
            col(ContactMade.concluded_at).is_not(None),
            col(ContactMade.status).in_(_LEFT),
            ContactMade.channel != "decision",
        )
        .order_by(col(ContactMade.concluded_at), Customer.ref)
    ).all()
    for made, customer in rows:
        messages = session.exec(
            select(Communication)
            .where(Communication.contact_id == made.id, Communication.audience == Audience.DEBTOR)
            .order_by(col(Communication.planned_at))
        ).all()
        quoted = messages[0].balance_quoted if messages else _owed(session, made)
        first = messages[0] if messages else None
        lines = [
            f"[cyan]{escape(made.step)}[/], {_CHANNELS[made.channel]}: [b]{amounts(quoted)}[/]",
            escape(_reader(session, made, first)),
            *(f"cc {escape(address)}" for address in (first.cc if first else ())),
            escape(_numbers(session, made)),
        ]
        if made.status == ContactStatus.UNCERTAIN:
            lines.append("[red]uncertain: a person is asked whether it left[/]")
        at = made.concluded_at or made.composed_at
        if table.row_count:
            table.add_row()
        table.add_row(
            f"{at.astimezone(calendar.zone):%H:%M}",
            f"[b]{escape(customer.name)}[/]\n[dim]{escape(made.reason or '')}[/]",
            "\n".join(lines),
        )
    return table


def _reader(session: Session, made: ContactMade, message: Communication | None) -> str:
    """Whom a contact reaches; for a call, who makes it."""
    if made.channel == "phone":
        task = session.exec(
            select(Task).where(Task.contact_id == made.id, Task.kind == TaskKind.PHONE_CALL).limit(1)
        ).one_or_none()
        who = _name(session, task.assignee_email if task else None) or "somebody"
        return f"{who} calls" + (" + a statement" if message else "")
    if message is None:
        return "sent by hand"
    others = session.exec(
        select(func.count())
        .select_from(Communication)
        .where(
            Communication.contact_id == made.id,
            Communication.audience == Audience.DEBTOR,
            Communication.status == CommunicationStatus.SENT,
        )
    ).one()
    return message.to_address + (" + a statement" if others > 1 else "")


def _numbers(session: Session, made: ContactMade) -> str:
    items = session.exec(
        select(Invoice.number, ContactItem.step)
        .join(ContactItem, col(ContactItem.invoice_id) == Invoice.id)
        .where(ContactItem.contact_id == made.id)
        .order_by(Invoice.number)
    ).all()
    if len(items) > 3:
        return f"{len(items)} invoices: {items[0][0]} … {items[-1][0]}"
    return ", ".join(number if step == made.step else f"{number} ({step})" for number, step in items)


def _owed(session: Session, made: ContactMade) -> dict[str, str]:
    """What the invoices at a call's own step owe: no message quotes it."""
    rows = session.exec(
        select(Invoice.currency, func.sum(DunningCase.outstanding - DunningCase.disputed))
        .join(ContactItem, col(ContactItem.invoice_id) == Invoice.id)
        .join(DunningCase, col(DunningCase.invoice_id) == Invoice.id)
        .where(ContactItem.contact_id == made.id, ContactItem.step == made.step)
        .group_by(Invoice.currency)
    ).all()
    return {currency: str(owed) for currency, owed in rows}


def tasks_table(session: Session) -> Table:
    """Open tasks, the most urgent first."""
    table = _table("What people are asked to do", "by", "who", "task", "about")
    for task in session.exec(
        select(Task).where(Task.status == TaskStatus.OPEN).order_by(col(Task.due_on), Task.kind, Task.title)
    ):
        table.add_row(
            f"{task.due_on:%-d %b}" if task.due_on else "",
            escape(_name(session, task.assignee_email) or "nobody yet"),
            f"[cyan]{escape(task.kind)}[/]",
            escape(task.title),
        )
    return table


def _name(session: Session, address: str | None) -> str | None:
    """The name behind one of our own addresses, else the address."""
    if address is None:
        return None
    name = session.exec(select(Staff.name).where(Staff.email == address)).one_or_none()
    signs = select(Company.signatory_name).where(Company.signatory_email == address).limit(1)
    return name or session.exec(signs).one_or_none() or address


def coming_table(session: Session, now: datetime, calendar: BusinessCalendar) -> Table:
    """The next contacts, one line for each customer and moment; whose clock differs from ours is told."""
    table = _table(f"What comes next ({calendar.zone.key} time)", "at", "customer", "step", "invoices")
    rows = session.exec(
        select(DunningCase, Invoice, Customer)
        .join(Invoice, col(Invoice.id) == DunningCase.invoice_id)
        .join(Customer, col(Customer.id) == DunningCase.customer_id)
        .where(
            col(DunningCase.closed_at).is_(None),
            DunningCase.state == "waiting",
            col(DunningCase.next_at) > now,
        )
        .order_by(col(DunningCase.next_at), Customer.ref, Invoice.number)
    ).all()
    groups: dict[tuple[datetime, str], list[tuple[DunningCase, Invoice, Customer]]] = {}
    for case, invoice, customer in rows:
        if case.next_at is not None:
            groups.setdefault((case.next_at, customer.ref), []).append((case, invoice, customer))
    for (at, _), members in list(groups.items())[:COMING_UP]:
        customer = members[0][2]
        theirs = at.astimezone(business_calendar(customer.country, customer.zone).zone)
        ours = at.astimezone(calendar.zone)
        there = f" [dim](there {theirs:%H:%M})[/]" if theirs.utcoffset() != ours.utcoffset() else ""
        numbers = [invoice.number for _, invoice, _ in members]
        table.add_row(
            f"{ours:%a %-d %b %H:%M}",
            f"{escape(customer.name)}{there}",
            ", ".join(dict.fromkeys(case.next_step or "" for case, _, _ in members)),
            ", ".join(numbers) if len(numbers) < 3 else f"{len(numbers)}: {numbers[0]} …",
        )
    return table


def _totals(session: Session, now: datetime, calendar: BusinessCalendar) -> str:
    counts = session.exec(
        select(DunningCase.state, func.count()).group_by(DunningCase.state).order_by(DunningCase.state)
    ).all()
    total = sum(count for _, count in counts)
    words = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in counts)
    return f"\n[bold]{total} cases[/] on {local(now, calendar)}: {words}"
