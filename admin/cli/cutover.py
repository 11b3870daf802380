"""Coming from another tool: `cutover` (what cases will do once imported), `next` (what they say now)."""

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli.output import SOME_REJECTED, piped, refuse, remark
from admin.cli.portfolio import File, day_option

if TYPE_CHECKING:
    from admin.portfolio.cutover_lines import Creditor
    from admin.portfolio.row import Reject
    from rules.calendar import BusinessCalendar


class Listing(StrEnum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


As = Annotated[
    Listing,
    typer.Option(
        "--format", help="`table` is for reading, `json` one object a line, `csv` for a spreadsheet."
    ),
]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("cutover")(cutover)
    app.command("next")(next_)


def cutover(
    file: File,
    companies: Annotated[
        Path | None,
        typer.Option(
            "--companies",
            metavar="TOML",
            help="The creditors' particulars, as for `import`: the gap between contacts, and who signs.",
        ),
    ] = None,
    today: Annotated[
        date | None,
        typer.Option(
            "--today",
            metavar="DATE",
            parser=day_option,
            help="The day of the import, from its start. Left out: today, where the customer is.",
        ),
    ] = None,
    form: As = Listing.TABLE,
) -> None:
    """Show what each case will do next once it comes here from another tool, before anything is live.

    Needs no server and sends nothing. The file says where each invoice stands: **last_step** and
    **last_contacted_on** (the last thing the other tool did, by the name of a step of the policy here),
    **promised_on** and **promised_amount** (a promise to pay; all that is owed, if no amount is given),
    **paid**, **disputed_on**, **policy**. A case goes on with the step after its last one, and no sooner than
    the gaps allow.

    One row an invoice: the next step, by which channel, to whom, when (where the customer is) and why; what
    people will be asked; what to look at first. Then the sum: what leaves on each of the first ten business
    days, grouped as the customer will receive it, if nobody pays, approves a letter or finds an address.
    `at` is when it comes about, `announced_at` what `relance next` shows right after the import: they differ
    where another contact with the customer comes first.

    Example: **relance cutover samples/cutover.csv --companies samples/companies.toml --today 2026-03-02**

    The whole procedure is in docs/cut-over.md. Status: 0 all good, 1 some rows would be refused, 2 a file or
    an option cannot be used.
    """
    from admin.portfolio.cutover import cutover_file
    from admin.portfolio.cutover_tables import cutover_csv, cutover_json, show_cutover
    from admin.portfolio.row import PortfolioError

    # One reading of the clock for the whole run, so that a run over midnight agrees with itself.
    now = datetime.now(UTC)

    def day_of(calendar: "BusinessCalendar") -> date:
        return today or calendar.local_day(now)

    def told(reject: "Reject") -> None:
        # A table names them at its end.
        if form is not Listing.TABLE:
            remark(str(reject))

    try:
        creditors = _creditors(companies) if companies else {}
        found = cutover_file(file, creditors=creditors, today=day_of, on_reject=told)
    except PortfolioError as error:
        refuse(str(error))
    with piped():
        {Listing.TABLE: show_cutover, Listing.JSON: cutover_json, Listing.CSV: cutover_csv}[form](found)
    if found.totals.rejects:
        raise typer.Exit(SOME_REJECTED)


def _creditors(path: Path) -> "dict[str, Creditor]":
    from admin.portfolio.companies import read_companies
    from admin.portfolio.cutover_lines import Creditor

    return {
        entry.ref: Creditor(entry.gap_days, entry.signatory.email if entry.signatory else None)
        for entry in read_companies(path).company
    }


def next_(
    company: Annotated[str | None, typer.Option(help="Only this creditor's cases.")] = None,
    form: As = Listing.TABLE,
) -> None:
    """Show what every open case of the ledger does next, earliest first: its step, its time and its why.

    After an import, compare it with what **relance cutover** foresaw. It only reads: nothing is woken.

    Example: **relance next --company LUMIERE --format csv > next.csv**
    """
    from admin.desk import Desk
    from admin.standing import next_csv, next_json, show_next, standing

    with Desk.open() as desk:
        rows = standing(desk.engine, company)
    with piped():
        {Listing.TABLE: show_next, Listing.JSON: next_json, Listing.CSV: next_csv}[form](rows)
