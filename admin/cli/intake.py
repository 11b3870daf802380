"""The command that enters invoices from the files they were issued as."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def invoices(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Factur-X (PDF), CII or UBL (XML).")],
    company: Annotated[str, typer.Option("--company", "-c", help="The creditor.")],
    customer: Annotated[
        str | None, typer.Option(help="The customer's reference, where the buyer's numbers do not tell it.")
    ] = None,
    due_days: Annotated[
        int | None, typer.Option(min=0, max=999, help="Days to pay in, where a file names no due date.")
    ] = None,
) -> None:
    """Enter electronic invoices and credit notes, recognised by what is in them; their cases start.

    The buyer is found by its numbers, or made. A PDF is kept as the invoice's copy, and goes with
    reminders. A credit note lessens the invoice it names. Safe to run again: what is known is entered once.

    Example: `relance invoices out/*.pdf -c brunet`

    Status: 0 all good, 1 some files refused, 2 nothing could be done.
    """
    from admin.cli.output import SOME_REJECTED, piped, remark
    from admin.intake.einvoice.enter import Choices
    from admin.intake.run import IntakeDesk

    refused = 0
    with IntakeDesk.open() as desk, piped():
        for told in desk.enter(company, files, Choices(customer, due_days)):
            refused += told.refused
            if told.refused:
                remark(told.text)
            else:
                typer.echo(told.text)
    if refused:
        remark(f"{refused} of {len(files)} refused; nothing of them was entered")
        raise typer.Exit(SOME_REJECTED)


def statuses(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="CSV: invoice, status; at, reason, amount, text.")
    ],
    company: Annotated[str, typer.Option("--company", "-c", help="The creditor.")],
) -> None:
    """Take the statuses of electronic invoices that a platform tells, by code or by name.

    Refused, disputed or suspended opens a dispute; rejected or cancelled stops the chase until the invoice
    is issued again; payment transmitted is a claimed payment. The rest is noted in the journal. Safe to run
    again.

    Example: `relance statuses statuses.csv -c brunet`

    Status: 0 all good, 1 some rows refused, 2 the file cannot be read.
    """
    from admin.cli.output import SOME_REJECTED, piped, remark
    from admin.intake.run import IntakeDesk

    refused = 0
    with IntakeDesk.open() as desk, piped():
        for told in desk.take(company, file):
            refused += told.refused
            if told.refused:
                remark(told.text)
            else:
                typer.echo(told.text)
    if refused:
        raise typer.Exit(SOME_REJECTED)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(invoices)
    app.command()(statuses)
