"""Commands about what customers write back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def replies(
    everything: Annotated[
        bool, typer.Option("--all", help="All of them; without it, those nobody knows the customer of.")
    ] = False,
    company: Annotated[str | None, typer.Option(help="Only this company's.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only this customer's, all of them.")] = None,
) -> None:
    """List the replies of which somebody must say whose they are.

    Example: `relance replies`, then `relance reply 3f2a91c0 --customer brunet C-101`.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from admin.reply_desk import ReplyDesk

    with ReplyDesk.open() as desk:
        rows = desk.replies(everything=everything, company=company, customer=customer)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("reply", "received", "from", "subject", "whose", "kind"):
        table.add_column(column, overflow="fold")
    for row in rows:
        # What strangers wrote is shown as it is, whatever looks like markup in it.
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table if rows else "No reply waits for anybody.")


def reply(
    reply_id: Annotated[str, typer.Argument(help="Its id, or the first characters of it.")],
    customer: Annotated[
        tuple[str, str] | None, typer.Option(help="Whose it is: company and customer, as in the portfolio.")
    ] = None,
    dismiss: Annotated[str | None, typer.Option(help="Nothing follows from it; say why.")] = None,
    save: Annotated[Path | None, typer.Option(help="Write its files into this folder.")] = None,
) -> None:
    """Show one reply whole, say whose it is, or that it is nobody's.

    Examples:

    `relance reply 3f2a91c0`

    `relance reply 3f2a91c0 --customer brunet C-101`: its collector is asked to read it

    `relance reply 3f2a91c0 --dismiss advertising`

    `relance reply 3f2a91c0 --save ~/Documents`
    """
    from admin.cli.output import refuse
    from admin.reply_desk import ReplyDesk

    if sum(each is not None for each in (customer, dismiss, save)) > 1:
        refuse("--customer, --dismiss and --save do not go together")
    with ReplyDesk.open() as desk:
        if customer is not None:
            typer.echo(desk.assign(reply_id, *customer))
        elif dismiss is not None:
            typer.echo(desk.dismiss(reply_id, dismiss))
        elif save is not None:
            typer.echo(desk.save_files(reply_id, save))
        else:
            typer.echo(desk.show_reply(reply_id))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (replies, reply):
        app.command()(command)
