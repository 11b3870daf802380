"""Commands about invoices that come in files, and the terms they are paid on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from admin.intake.report import IntakeReport

_COMPANY = typer.Option("--company", "-c", help="The creditor.")


def invoices(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="The format of each is told by its content.")
    ],
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
    currency: Annotated[str, typer.Option(help="Of invoices in tables that name none.")] = "EUR",
    full: Annotated[
        bool, typer.Option("--full", help="A table has every open invoice: report what it lacks.")
    ] = False,
    settle: Annotated[
        bool,
        typer.Option("--settle", help="Record as received what is less open than here; keep loose credits."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Of tables: report, and do nothing.")] = False,
    customer: Annotated[
        str | None, typer.Option(help="Of electronic invoices whose buyer's numbers do not tell it.")
    ] = None,
    no_start: Annotated[bool, typer.Option("--no-start", help="A worker starts the cases.")] = False,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="How tables are reported.")
    ] = "text",
) -> None:
    """Bring invoices into the ledger: open-items lists (CSV, XLSX), a FEC, Factur-X, CII and UBL.

    New invoices start their cases. Of a table, what changed of known ones is corrected and their cases are
    told; one that a full export lacks is reported, never closed; a file that is cut off or does not balance
    is refused as a whole, a row that cannot be read by itself. An electronic invoice brings its own copy; a
    credit note lessens the invoice it names. The same file twice changes nothing.

    Example: `relance invoices balance-agee.csv -c brunet --full --dry-run`

    Example: `relance invoices out/*.pdf -c brunet`

    Status: 0 all good, 1 something refused, 2 nothing could be done.
    """
    import json
    from dataclasses import asdict

    from admin.cli.output import SOME_REJECTED, piped, refuse, remark
    from admin.intake.plan import Options
    from admin.intake.run import Told
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
    refused = 0
    with InvoiceDesk.open() as desk, piped():
        for told in desk.bring(company, files, options, chosen, customer, start=not no_start):
            if isinstance(told, Told):
                refused += told.refused
                (remark if told.refused else typer.echo)(told.text)
                continue
            refused += told.refused.count
            if form == "json":
                typer.echo(json.dumps(asdict(told), ensure_ascii=False, indent=2))
            else:
                _tell(told)
    if refused:
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
        ("Customers' credit", report.kept),
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
    app.command("payment-terms")(payment_terms)
    app.command()(statuses)
