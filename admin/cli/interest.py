"""Commands about interest: what lateness costs, and the reference rates it is reckoned with."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

rates_app = typer.Typer(help="Reference rates: those this version knows, and those entered since.")


@rates_app.callback(invoke_without_command=True)
def rates(context: typer.Context) -> None:
    """Show every reference rate that is known, latest first."""
    if context.invoked_subcommand is not None:
        return
    from admin.cli.output import piped
    from admin.interest_desk import InterestDesk

    with InterestDesk.open() as desk:
        page = desk.rates()
    with piped():
        for row in page.items:
            typer.echo(f"{row.series:9} {row.half_year}  {row.percent:>7} %  {row.source}")


@rates_app.command(name="add")
def add_rate(
    series: Annotated[str, typer.Argument(help="ecb, fr_legal, de_base or boe.")],
    half: Annotated[str, typer.Argument(metavar="HALF-YEAR", help="2027-1 for January to June, 2027-2.")],
    rate: Annotated[str, typer.Argument(metavar="PERCENT", help="Percent a year, as 2.40.")],
    source: Annotated[str, typer.Option(help="Who published it, and where.")],
) -> None:
    """Enter a half-year's rate once it is published. Letters reckon with it from then on.

    Of the Bank of England, the rate of 31 December serves the first half-year, that of 30 June the second.

    Example: `relance rates add ecb 2027-1 2.40 --source "ECB, main refinancing operations"`
    """
    from admin.interest_desk import InterestDesk

    with InterestDesk.open() as desk:
        typer.echo(desk.add_rate(series, half, rate, source))


def interest(
    company: Annotated[str, typer.Option("--company", "-c", help="The creditor.")],
    invoice: Annotated[str | None, typer.Argument(help="One invoice, open or closed.")] = None,
    customer: Annotated[str | None, typer.Option(help="All open invoices of a customer instead.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Last day reckoned; today.")] = None,
    first_to: Annotated[
        Literal["principal", "interest"] | None,
        typer.Option(help="What payments go to first; else as the company has it."),
    ] = None,
    form: Annotated[Literal["table", "json"], typer.Option("--format", help="How to show it.")] = "table",
) -> None:
    """Reckon late-payment interest and the fixed sum, line by line, for a person or a judge to check.

    Days run from the day after the due date; the year has 365; the sum is rounded once. A half-year whose
    rate is not known is refused, never guessed: enter it with `relance rates add`.

    Example: `relance interest FA-1001 -c brunet --until 2026-08-31`
    """
    from admin.cli.output import piped, refuse
    from admin.interest_desk import InterestDesk, printed
    from admin.portfolio.cells import day
    from rules.interest import Imputation

    if (invoice is None) == (customer is None):
        refuse("INVOICE or --customer: one of them")
    with InterestDesk.open() as desk:
        page = desk.interest(
            company,
            invoice=invoice,
            customer=customer,
            until=None if until is None else day(until),
            imputation=None if first_to is None else Imputation(first_to),
        )
    with piped():
        if form == "json":
            typer.echo(page.model_dump_json())
        else:
            typer.echo("\n".join(printed(page)))
    if any(item.refused for item in page.invoices):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(interest)
    app.add_typer(rates_app, name="rates")
