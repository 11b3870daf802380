"""The commands about the bank: import its files, name its accounts, say how far it is known."""

from __future__ import annotations

from pathlib import Path
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


def bank(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="CAMT.053/.054, CFONB120, MT940 or a bank's CSV, as it came."),
    ],
    company: Annotated[
        str | None, typer.Option(help="The creditor; left out: the one that the file's account is of.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what is in it and what would be new; write nothing.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the import has ended.")] = False,
) -> None:
    """Import a bank file: its payments find their invoices, and the bank is known up to its closing day.

    The file is recognised by what is in it. A line that another file brought is not brought twice. A file
    that is wrong (cut off, sums that do not add up, an account nobody named) is refused whole.

    Example: **relance bank releve-2026-04-02.xml --company brunet --wait**

    Status: 0 taken, 1 refused (with its line and the reason), 2 it cannot be used at all.
    """
    from admin.bank_file_desk import BankFileDesk
    from admin.cli.output import SOME_REJECTED, remark

    with BankFileDesk.open() as desk:
        told, taken = desk.bank_file(file, company, dry_run=dry_run, wait=wait)
        if taken:
            typer.echo(told)
            return
        remark(told)
        raise typer.Exit(SOME_REJECTED)


def bank_account(
    company: Annotated[str, typer.Argument(help="The creditor, as in the portfolio.")],
    account: Annotated[
        str | None,
        typer.Argument(metavar="ACCOUNT", help="An IBAN, or the number as the bank's files write it."),
    ] = None,
) -> None:
    """Name an account whose statements are read, or see those that are, and how far they go.

    The account that invoices ask to be paid on is read anyway.

    Example: **relance bank-account brunet FR7630006000011234567890189**
    """
    from admin.bank_file_desk import BankFileDesk

    with BankFileDesk.open() as desk:
        typer.echo(desk.bank_account(company, account))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(bank)
    app.command()(bank_account)
    app.command()(bank_known)
