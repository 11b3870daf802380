"""How a preview and a simulation are written: JSON lines for programs, tables for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from admin.portfolio.foresee import Lived, Told
from rules.calendar import BusinessCalendar
from rules.simulate import Contacted, Summary

CHUNK: Final = 500
"""Rows laid out at a time: a table of a million rows is written as it comes, not gathered first."""

PIPED_WIDTH: Final = 200
"""Columns of a table that does not go to a terminal."""


def preview_json(rows: Iterable[Told]) -> None:
    """One object a line, `at` in the customer's local time with its offset."""
    for told in rows:
        step = told.step
        _line(
            invoice=step.invoice,
            step=step.step,
            channel=step.channel.value,
            planned=step.planned.isoformat(),
            at=local(told.calendar, step.at),
            why=step.why,
        )


def simulate_json(lived: Lived) -> None:
    """One object a contact, `at` in the customer's local time with its offset."""
    for contact, calendar in lived.contacts:
        _line(
            customer=contact.customer,
            at=local(calendar, contact.at),
            channel=contact.channel.value,
            step=contact.step,
            invoices=list(contact.invoices),
            also=list(contact.also),
        )


def _line(**values: Any) -> None:
    sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")


def local(calendar: BusinessCalendar, at: Any) -> str:
    """An instant with the offset of the customer's zone, for programs."""
    local: str = at.astimezone(calendar.zone).isoformat()
    return local


def when(calendar: BusinessCalendar, at: Any) -> str:
    """Day and hour where the customer is, for people."""
    shown: str = at.astimezone(calendar.zone).strftime("%Y-%m-%d %H:%M")
    return shown


def console_of(to_stderr: bool = False) -> Console:
    """A console on standard output or error; a pipe is given room for wide tables."""
    console = Console(stderr=to_stderr, highlight=False)
    return console if console.is_terminal else Console(stderr=to_stderr, highlight=False, width=PIPED_WIDTH)


class PreviewTable:
    """The table of a preview: the invoice is named once, above its steps."""

    _COLUMNS: Final = ("invoice", "step", "channel", "planned", "happens", "why")

    def show(self, rows: Iterable[Told]) -> None:
        """Write the rows, laid out `CHUNK` at a time."""
        console = console_of()
        cells = self._cells(rows)
        first = True
        while chunk := list(islice(cells, CHUNK)):
            show_rows(console, self._COLUMNS, chunk, header=first, wide="why")
            first = False
        if first:
            console.print("Nothing would happen: every invoice is paid, disputed or too small to chase.")

    @staticmethod
    def _cells(rows: Iterable[Told]) -> Iterator[tuple[str, ...]]:
        invoice = None
        for told in rows:
            step = told.step
            shown = step.invoice if step.invoice != invoice else ""
            invoice = step.invoice
            yield (
                shown,
                step.step,
                step.channel.value,
                step.planned.isoformat(),
                when(told.calendar, step.at),
                step.why,
            )


def show_contacts(lived: Lived) -> None:
    """The contacts of a simulation."""
    console = console_of()
    cells = (_contact_cells(contact, calendar) for contact, calendar in lived.contacts)
    first = True
    while chunk := list(islice(cells, CHUNK)):
        columns = ("happens", "customer", "channel", "step", "invoices", "also")
        show_rows(console, columns, chunk, header=first, wide="invoices")
        first = False


def _contact_cells(contact: Contacted, calendar: BusinessCalendar) -> tuple[str, ...]:
    return (
        when(calendar, contact.at),
        contact.customer,
        contact.channel.value,
        contact.step,
        ", ".join(contact.invoices),
        ", ".join(contact.also),
    )


def show_rows(
    console: Console, columns: tuple[str, ...], rows: list[tuple[str, ...]], *, header: bool, wide: str
) -> None:
    """Lay rows out as a table; the column `wide` and one called `also` may be broken."""
    table = Table(box=None, show_header=header, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, no_wrap=name not in (wide, "also"), overflow="fold")
    for row in rows:
        # As text, never as markup: an invoice may well be called [2026]-17.
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)


def show_summary(summary: Summary, *, to_stderr: bool = False) -> None:
    """What a credit manager reads of a simulation."""
    console = console_of(to_stderr)
    console.print()
    console.print(
        f"{summary.invoices:,} invoices of {summary.customers:,} customers, "
        f"{summary.customers_contacted:,} of them contacted; {summary.still_open:,} invoices still open."
    )
    if summary.first_at is not None and summary.last_at is not None:
        console.print(f"First contact on {summary.first_at:%Y-%m-%d}, last on {summary.last_at:%Y-%m-%d}.")
    console.print(f"{summary.saved_by_grouping:,} contacts saved by writing once for several invoices.")
    if summary.decisions:
        console.print(f"{summary.decisions:,} decisions left to a credit manager (hand-over).")
    for title, unit, counts in (
        ("Contacts by step", "contacts", summary.contacts),
        ("Contacts by channel", "contacts", summary.channels),
        ("Invoices closed after", "invoices", summary.paid_after),
    ):
        if counts:
            console.print()
            console.print(_counted(title, unit, counts))


def _counted(title: str, unit: str, counts: Mapping[str, int]) -> Table:
    total = sum(counts.values())
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("")
    table.add_column(unit, justify="right")
    table.add_column("share", justify="right")
    for key, count in counts.items():
        name = "no contact at all" if key == "none" else key
        table.add_row(Text(name), f"{count:,}", f"{count / total:.0%}")
    table.add_row("total", f"{total:,}", "", style="bold")
    return table
