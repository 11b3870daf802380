"""Commands about bank lines: what came and what it pays."""

from __future__ import annotations

from typing import Annotated

import typer


def lines(
    company: Annotated[str, typer.Option("--company", "-c", help="The creditor.")],
    state: Annotated[
        str | None, typer.Option(help="new, booked, proposed, unallocated, ignored or returned.")
    ] = None,
) -> None:
    """Show movements of the bank, the latest first: what each pays, or may pay, and why.

    Example: `relance bank-lines -c brunet --state proposed`
    """
    from admin.allocation_desk import AllocationDesk
    from admin.cli.output import piped, refuse
    from models.tables.words import BankLineState

    if state is not None and state not in list(BankLineState):
        refuse(f"--state: {state!r} is not one of {', '.join(BankLineState)}")
    with AllocationDesk.open() as desk, piped():
        for line in desk.lines(company, None if state is None else BankLineState(state)):
            typer.echo(line)


def allocate(
    line: Annotated[str, typer.Argument(help="The line's id, or its beginning.")],
    parts: Annotated[
        list[str] | None, typer.Argument(metavar="INVOICE=AMOUNT...", help="What it pays; none: credit.")
    ] = None,
    customer: Annotated[str | None, typer.Option(help="Whose credit the rest is.")] = None,
) -> None:
    """Say what a bank line pays, for the first time or anew; what it stood on before is taken back.

    What is left over is kept as credit, which the next contact takes into account. The payer is known from
    then on.

    Example: `relance allocate 1c0f6f0e FA-1001=1000.00 FA-1002=234.56`
    """
    from admin.allocation_desk import AllocationDesk

    with AllocationDesk.open() as desk:
        typer.echo(desk.allocate(line, parts or (), customer))


def took_back(
    line: Annotated[str, typer.Argument(help="The return's id, or its beginning.")],
    paid: Annotated[
        str | None, typer.Option("--line", metavar="LINE", help="The bank line that it takes back.")
    ] = None,
    invoice: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="The invoice whose payment no bank file brought.")
    ] = None,
    payment: Annotated[
        str | None, typer.Option(metavar="EVENT", help="Which payment, if several are of that amount.")
    ] = None,
    elsewhere: Annotated[
        str | None, typer.Option(metavar="REASON", help="Nothing here is taken back, and why.")
    ] = None,
) -> None:
    """Say what money that went back takes back, where the bank did not tell. The case goes on.

    Example: `relance took-back 1c0f6f0e --line 7ab0c1d2`
    """
    from admin.allocation_desk import AllocationDesk

    with AllocationDesk.open() as desk:
        typer.echo(desk.took_back(line, paid, invoice, payment, elsewhere))


def discount(
    invoice: Annotated[str, typer.Argument(help="Its number.")],
    company: Annotated[str, typer.Option("--company", "-c", help="The creditor.")],
    percent: Annotated[
        str | None, typer.Argument(metavar="PERCENT", help="Let off, as 2.00; without it, none is.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Last day of payment, as the bank books it.")
    ] = None,
) -> None:
    """Grant a discount for paying early, or take it away. Who pays the rest in time has paid.

    Example: `relance discount FA-1001 2.00 --until 2026-04-10 -c brunet`
    """
    from admin.allocation_desk import AllocationDesk
    from admin.cli.output import refuse
    from admin.portfolio.cells import day

    if (percent is None) != (until is None):
        refuse("PERCENT and --until: both, or neither to take the discount away")
    with AllocationDesk.open() as desk:
        typer.echo(desk.discount(company, invoice, percent, None if until is None else day(until)))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(name="bank-lines")(lines)
    app.command()(allocate)
    app.command(name="took-back")(took_back)
    app.command()(discount)
