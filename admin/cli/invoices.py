"""Commands about invoices that come in files, and the terms they are paid on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from admin.intake.report import IntakeReport

_COMPANY = typer.Option("--company", "-c", help="The creditor.")


def invoices(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Its format is recognised by its content.")],
    company: Annotated[str, _COMPANY],
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--mapping",
            "-m",
            metavar="FIELD=HEADER",
            help="The column that holds a field, such as `open=Reste dû`; remembered for files of the same "
            "headers. FIELD= alone: none holds it.",
        ),
    ] = None,
    terms: Annotated[
        str | None,
        typer.Option(help="Of invoices without a due date whose customer has none: `45 jours fin de mois`."),
    ] = None,
    currency: Annotated[str, typer.Option(help="Of invoices that name none.")] = "EUR",
    full: Annotated[
        bool, typer.Option("--full", help="The file has every open invoice: report what it lacks.")
    ] = False,
    settle: Annotated[
        bool,
        typer.Option("--settle", help="Record as received what is less open in the file than here."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report, and do nothing.")] = False,
    no_start: Annotated[bool, typer.Option("--no-start", help="A worker starts the cases.")] = False,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="How to report.")] = "text",
) -> None:
    """Bring invoices into the ledger: an open-items list (CSV, XLSX), a FEC.

    New invoices start their cases; what changed of known ones is corrected and their cases are told; the same
    file twice changes nothing. An invoice that a full export lacks is reported, never closed. A file that is
    cut off or does not balance is refused as a whole; a row that cannot be read is refused by itself.

    Example: `relance invoices balance-agee.csv -c brunet --full --dry-run`

    Status: 0 all good, 1 some rows refused, 2 nothing could be done.
    """
    import json
    from dataclasses import asdict

    from admin.cli.output import SOME_REJECTED, piped, refuse
    from admin.intake.plan import Options
    from admin.invoice_desk import InvoiceDesk
    from rules.money import MINOR_UNITS

    if currency not in MINOR_UNITS:
        refuse(f"currency: {currency!r} is no current ISO 4217 code such as EUR")
    chosen: dict[str, str] = {}
    for pair in mapping or []:
        field, sign, header = pair.partition("=")
        if not sign:
            refuse(f"mapping: {pair!r}: expected FIELD=HEADER, such as open=Solde")
        chosen[field.strip()] = header.strip()
    options = Options(terms, currency, full, settle, dry_run)
    with InvoiceDesk.open() as desk:
        report = desk.take(file, company, options, chosen, start=not no_start)
        with piped():
            if form == "json":
                typer.echo(json.dumps(asdict(report), ensure_ascii=False, indent=2))
            else:
                _tell(report)
    if report.refused.count:
        raise typer.Exit(SOME_REJECTED)


def _tell(report: IntakeReport) -> None:
    would = "would be " if report.dry_run else ""
    typer.echo(
        f"{report.source} ({report.kind}): {report.items:,} invoices: "
        f"{report.new:,} new{' (nothing is entered)' if report.dry_run else ''}, "
        f"{report.unchanged + report.repeated:,} known, {report.changed.count:,} {would}corrected, "
        f"{report.refused.count:,} refused."
    )
    if report.columns:
        typer.echo("Columns: " + ", ".join(f"{field}={header}" for field, header in report.columns.items()))
    settled = "recorded as received" if report.settle else "reported only (--settle records it as received)"
    for title, listed in (
        ("Refused", report.refused),
        (f"{would.capitalize()}corrected".capitalize(), report.changed),
        (f"Less open in the file than here, {settled}", report.lower),
        ("More open in the file than here: money it does not know of yet", report.higher),
        ("Open here, not in the file, left as they are", report.missing),
        ("Owed to customers, for a person to set against invoices", report.credits),
        ("Beyond what the law allows", report.warnings),
        ("Passed over", report.passed_over),
    ):
        if listed.count:
            typer.echo(f"{title} ({listed.count:,}):")
            for line in listed.lines[:20]:
                typer.echo(f"  {line}")
            if listed.count > 20:
                typer.echo(f"  … and {listed.count - 20:,} more (--format json shows {len(listed.lines):,})")


def payment_terms(
    company: Annotated[str, typer.Argument(help="The creditor, as in the portfolio.")],
    terms: Annotated[
        str, typer.Argument(help="`45 jours fin de mois`, `net 30`, `50 % 30 jours; 50 % 60 jours`; `none`.")
    ],
    customer: Annotated[str | None, typer.Option(help="Of this customer alone.")] = None,
) -> None:
    """Set the payment terms of invoices that come without a due date. It shows how the words were read.

    "End of month" is read in the order of the words: `45 jours fin de mois` is 45 days, then the end of that
    month; `fin de mois 45 jours` is the end of the month, then 45 days.

    Example: `relance payment-terms brunet "30 jours fin de mois le 10" --customer C-101`
    """
    from admin.invoice_desk import InvoiceDesk

    with InvoiceDesk.open() as desk:
        typer.echo(desk.set_terms(company, customer, None if terms == "none" else terms))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(invoices)
    app.command("payment-terms")(payment_terms)
