"""How a cut-over is written: a table and its sum for people, JSON lines and CSV for programs."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from admin.portfolio.cutover import HORIZON, CutOver, Totals
from admin.portfolio.cutover_lines import Ahead
from admin.portfolio.tables import CHUNK, console_of, local, show_rows, when
from rules.decide import State

_WORDS: Final[Mapping[State, str]] = {
    State.WAITING: "asleep until their next step",
    State.PAUSED: "paused (promise, dispute)",
    State.BELOW_MINIMUM: "below the minimum: not chased",
    State.LADDER_DONE: "at the end of their ladder",
    State.CLOSED: "paid already: no case starts",
}


def cutover_json(found: CutOver) -> None:
    """One object an invoice, in the order of the file, then one with the `summary`."""
    for ahead in found.invoices:
        sys.stdout.write(json.dumps(_values(ahead), ensure_ascii=False) + "\n")
    sys.stdout.write(json.dumps({"summary": _summary(found.totals)}, ensure_ascii=False) + "\n")


def cutover_csv(found: CutOver) -> None:
    """A header and one row an invoice; several values of a cell are separated by semicolons."""
    write_csv(
        ({name: _flat(value) for name, value in _values(ahead).items()} for ahead in found.invoices),
        COLUMNS,
    )


COLUMNS: Final = (
    *("company", "customer", "customer_name", "invoice", "outstanding", "currency", "policy"),
    *("last_step", "last_contacted_on", "state", "step", "channel", "role", "to", "at", "announced_at"),
    *("together", "why", "tasks", "warnings"),
)
"""Columns of the CSV, keys of each JSON object."""


def write_csv(rows: Iterable[Mapping[str, object]], columns: Sequence[str]) -> None:
    """Write rows to standard output with a header; what a spreadsheet would run as a formula is quoted."""
    writer = csv.DictWriter(sys.stdout, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)


def _harmless(value: object) -> object:
    """A text beginning as a formula does gets an apostrophe, which spreadsheets take for "this is text"."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")) and not value[1:].isdecimal():
        return f"'{value}"
    return value


def _values(ahead: Ahead) -> dict[str, Any]:
    row, calendar = ahead.row, ahead.calendar
    values = (
        *(row.company, row.customer, row.customer_name, row.invoice, str(ahead.outstanding), row.currency),
        ahead.policy,
        row.last_step,
        None if row.last_contacted_on is None else row.last_contacted_on.isoformat(),
        ahead.state.value,
        ahead.step,
        None if ahead.channel is None else ahead.channel.value,
        *(ahead.role, ahead.to),
        None if ahead.at is None else local(calendar, ahead.at),
        None if ahead.announced_at is None else local(calendar, ahead.announced_at),
        list(ahead.together),
        ahead.why,
        [{"kind": task.kind, "on": task.on.isoformat(), "why": task.why} for task in ahead.tasks],
        list(ahead.warnings),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _flat(value: Any) -> object:
    if not isinstance(value, list):
        return value
    return "; ".join(
        f"{item['on']} {item['kind']}: {item['why']}" if isinstance(item, dict) else str(item)
        for item in value
    )


def _summary(totals: Totals) -> dict[str, Any]:
    return {
        "invoices": totals.invoices,
        "customers": totals.customers,
        "customers_contacted_on_the_first_day": totals.first_day,
        "invoices_acting_on_the_first_day": totals.acting,
        "states": {state.value: totals.states[state] for state in State if totals.states[state]},
        "with_warnings": totals.warned,
        "days": [
            {
                "day": on.isoformat(),
                "contacts": day.contacts,
                "invoices": day.invoices,
                "channels": dict(sorted(day.channels.items())),
                "approvals": day.approvals,
                "addresses": day.addresses,
                "decisions": day.decisions,
            }
            for on, day in totals.days.items()
        ],
        "rejected": [
            {"line": reject.line, "field": reject.field, "reason": reject.reason} for reject in totals.rejects
        ],
    }


def show_cutover(found: CutOver) -> None:
    """The lines as a table, what needs attention below, then the sum."""
    console = console_of()
    columns = ("customer", "invoice", "last step", "state", "next", "by", "to", "at", "why")
    cells = _cells(found.invoices)
    first = True
    while chunk := list(islice(cells, CHUNK)):
        show_rows(console, columns, chunk, header=first, wide="why")
        first = False
    for title, told in (
        ("Look at these first", ((ahead.row.invoice, list(ahead.warnings)) for ahead in found.invoices)),
        ("Tasks that will open", ((ahead.row.invoice, _flat_tasks(ahead)) for ahead in found.invoices)),
    ):
        lines: list[tuple[str, ...]] = [(invoice, line) for invoice, each in told for line in each]
        if lines:
            console.print()
            console.print(title, style="bold")
            show_rows(console, ("invoice", "what"), lines, header=False, wide="what")
    show_totals(found.totals, console)


def _flat_tasks(ahead: Ahead) -> list[str]:
    return [f"{task.on} {task.kind}: {task.why}" for task in ahead.tasks]


def _cells(invoices: Iterable[Ahead]) -> Iterator[tuple[str, ...]]:
    for ahead in invoices:
        row = ahead.row
        yield (
            row.customer,
            row.invoice,
            f"{row.last_step} {row.last_contacted_on}" if row.last_step else "",
            ahead.state.value,
            ahead.step or "",
            ahead.channel.value if ahead.channel else "",
            ahead.to or "",
            when(ahead.calendar, ahead.at) if ahead.at else "",
            ahead.why,
        )


def show_totals(totals: Totals, console: Console) -> None:
    """What a credit manager reads before saying yes."""
    console.print()
    console.print(
        f"{totals.invoices:,} invoices of {totals.customers:,} customers; {totals.first_day:,} customers are "
        f"contacted on the first business day. {totals.warned:,} invoices have warnings.",
        soft_wrap=True,
    )
    if totals.acting:
        console.print(f"{totals.acting:>7,} act on it, or ask somebody to")
    for state, count in totals.states.most_common():
        if quiet := count - (totals.acting if state is State.WAITING else 0):
            console.print(f"{quiet:>7,} {_WORDS.get(state, state.value.replace('_', ' '))}")
    if totals.days:
        console.print()
        console.print(_days(totals))
    if totals.rejects:
        console.print()
        rows = "1 row" if len(totals.rejects) == 1 else f"{len(totals.rejects):,} rows"
        console.print(f"{rows} would be refused:", style="bold")
        for reject in totals.rejects:
            console.print(f"  {reject}", markup=False, soft_wrap=True)


def _days(totals: Totals) -> Table:
    table = Table(
        title=f"What leaves in the first {HORIZON} business days, if nobody pays, approves or mends anything",
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
    )
    table.add_column("day")
    for name in (
        "contacts",
        "about invoices",
        "email",
        "sms",
        "phone",
        "to approve",
        "no address",
        "decisions",
    ):
        table.add_column(name, justify="right")
    for on, day in totals.days.items():
        numbers = (day.contacts, day.invoices, *(day.channels[name] for name in ("email", "sms", "phone")))
        asked = (day.approvals, day.addresses, day.decisions)
        table.add_row(f"{on:%Y-%m-%d}", *(f"{number:,}" if number else "" for number in (*numbers, *asked)))
    return table
