"""The command that says how far the bank is known."""

from __future__ import annotations

from typing import Annotated

import typer


def bank_known(
    company: Annotated[str, typer.Argument(help="The creditor, as in the portfolio.")],
    until: Annotated[
        str | None,
        typer.Argument(metavar="DATE", help="Last day whose movements are all recorded; without it, a look."),
    ] = None,
    correct: Annotated[
        str | None, typer.Option(help="Why what was said before was wrong: then the day may go back.")
    ] = None,
    as_they_come: Annotated[
        bool, typer.Option("--as-they-come", help="No files any more (with --correct): nothing waits.")
    ] = False,
) -> None:
    """Say up to which day the bank is known: reminders wait while that is too old for their policy.

    Record the payments of the file first, then state its last day. What waited leaves at once, inside its
    hours. Without a date, it shows how far the bank is known and what waits for the next file.

    Examples:

    `relance bank-known brunet 2026-04-02`

    `relance bank-known brunet 2026-04-01 --correct "the file of the 2nd was another account's"`
    """
    from admin.cli.output import refuse
    from admin.desk import Desk
    from admin.portfolio.cells import day

    if as_they_come and (until is not None or correct is None):
        refuse("--as-they-come: goes without a date, and with --correct REASON")
    with Desk.open() as desk:
        if until is None and not as_they_come:
            if correct is not None:
                refuse("DATE: required with --correct: which day is right?")
            typer.echo(desk.bank(company))
            return
        typer.echo(desk.bank_known(company, None if until is None else day(until), correct))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(bank_known)
