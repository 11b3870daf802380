"""The command that makes the file for an agency, a lawyer or a court."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer


def file(
    company: Annotated[str, typer.Option("--company", "-c", help="The creditor.")],
    invoice: Annotated[str | None, typer.Argument(help="One invoice, open or closed.")] = None,
    customer: Annotated[str | None, typer.Option(help="All open invoices of a customer instead.")] = None,
    save: Annotated[
        Path, typer.Option("--save", metavar="PATH", help="A folder, FILE.zip or FILE.pdf.")
    ] = Path(),
    language: Annotated[
        Literal["fr", "en"] | None, typer.Option(help="The creditor's own, if left out.")
    ] = None,
) -> None:
    """Make the file of a claim: statement, interest, what was said, every message and letter as exhibits.

    The ZIP holds the PDF, every exhibit as a file of its own with its proof, their list as CSV, and a
    manifest of hashes. Our own notes, pauses and risk classes are not in it. Taking it is written into the
    audit trail.

    Example: `relance file --customer C-101 -c brunet --save claim.zip`
    """
    from admin.cli.output import refuse
    from admin.file_desk import FileDesk

    if (invoice is None) == (customer is None):
        refuse("INVOICE or --customer: one of them")
    with FileDesk.open() as desk:
        typer.echo(desk.file(company, invoice, customer, save, language))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(file)
