"""The command about registered letters and their provider."""

from __future__ import annotations

from typing import Annotated

import typer


def registered(
    everything: Annotated[bool, typer.Option("--all", help="Those that ended, too.")] = False,
    company: Annotated[str | None, typer.Option(help="Only this company's.")] = None,
    now: Annotated[
        bool, typer.Option("--now", help="First hand over what waits and read the receipts, as workers do.")
    ] = False,
) -> None:
    """Show the registered letters that a provider was given, and what it told of them.

    Workers hand letters over by themselves where RELANCE_REGISTERED_DROP names a folder; without it, people
    post them (`relance tasks`).

    Example: `relance registered`, `relance registered --now`.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from admin.post_desk import PostDesk

    with PostDesk.open() as desk:
        if now:
            typer.echo(desk.post_now())
        rows = desk.registered(company, everything=everything)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("letter", "customer", "product", "since", "number", "deposited", "ended"):
        table.add_column(column, overflow="fold")
    for row in rows:
        ended = f"{row.outcome} on {row.ended_on}" if row.outcome else row.reason or ""
        cells = (
            row.content_id,
            f"{row.company}/{row.customer}",
            row.product,
            f"{row.state} {row.since:%Y-%m-%d %H:%M}",
            row.number or "",
            str(row.deposited_on or ""),
            ended,
        )
        # Names come from files: what looks like markup in them is shown as it is.
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table if rows else "No registered letter is under way with a provider.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(registered)
