"""Portfolio commands: `preview` and `simulate` (rules alone), `import` and `companies` (the ledger)."""

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from admin.cli.output import SOME_REJECTED, piped, refuse, remark

if TYPE_CHECKING:
    from admin.portfolio.row import Reject
    from rules.calendar import BusinessCalendar
    from rules.policy import Policy


class Format(StrEnum):
    """How rows are written."""

    JSON = "json"
    TABLE = "table"


File = Annotated[Path, typer.Argument(metavar="FILE", help="The portfolio: CSV, UTF-8, with a header row.")]
As = Annotated[Format, typer.Option("--format", help="`json` is one object a line, `table` is for reading.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the application."""
    app.command("preview")(preview)
    app.command("simulate")(simulate)
    app.command("import")(import_portfolio)
    app.command("companies")(companies)


class _Rejects:
    """Tells each refused row on standard error and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, reject: "Reject") -> None:
        self.count += 1
        remark(str(reject))

    def conclude(self) -> None:
        """End the command: status 1 when rows were refused."""
        if self.count:
            rows = "1 row was" if self.count == 1 else f"{self.count:,} rows were"
            remark(f"{rows} rejected; the others are shown.")
            raise typer.Exit(SOME_REJECTED)


def _policy(name: str) -> "Policy":
    from admin.portfolio.ladders import named_policy
    from rules.policy import PolicyError

    try:
        return named_policy(name)
    except PolicyError as error:
        refuse(str(error))


def day_option(text: str) -> date:
    """A day given as an option; a wrong one is explained."""
    from admin.portfolio.cells import day

    try:
        return day(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def preview(
    file: File,
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            metavar="P",
            help="A built-in policy, or the path of a TOML file, for every invoice. "
            "Left out: the one the row names, else the one the assignment rules pick.",
        ),
    ] = None,
    today: Annotated[
        date | None,
        typer.Option(
            "--today",
            metavar="DATE",
            parser=day_option,
            help="Reckon from the start of this day. Left out: today, where the customer is.",
        ),
    ] = None,
    form: As = Format.TABLE,
) -> None:
    """Show what would happen, and when, if nobody paid.

    One row per invoice and step, each invoice on its own, in the order of the file. Nothing is sent and no
    server is needed. Rows that cannot be read are told on standard error with their line and the reason.

    Example: **relance preview samples/portfolio.csv --policy standard --today 2026-03-02**

    Status: 0 all good, 1 some rows rejected, 2 the file or an option cannot be used.
    """
    from admin.portfolio.foresee import preview_file
    from admin.portfolio.row import PortfolioError
    from admin.portfolio.tables import PreviewTable, preview_json

    ladder = None if policy is None else _policy(policy)
    # One reading of the clock for the whole run, so that a run over midnight agrees with itself.
    now = datetime.now(UTC)

    def day_of(calendar: "BusinessCalendar") -> date:
        return today or calendar.local_day(now)

    rejects = _Rejects()
    try:
        rows = preview_file(file, policy=ladder, today=day_of, on_reject=rejects)
        with piped():
            if form is Format.JSON:
                preview_json(rows)
            else:
                PreviewTable().show(rows)
    except PortfolioError as error:
        refuse(str(error))
    rejects.conclude()


def simulate(
    file: File,
    policy: Annotated[
        str,
        typer.Option("--policy", metavar="P", help="A built-in policy, or the path of a TOML file."),
    ],
    form: As = Format.TABLE,
    summary: Annotated[
        bool,
        typer.Option("--summary", help="With `--format json`: write the summary to standard error as well."),
    ] = False,
) -> None:
    """Live through a portfolio whose file says what the debtors did.

    Each case starts on its issue date; `settled_on`, `disputed_on` and `resolved_on` happen on their days;
    contacts are grouped by customer. One row per contact, by time, then a summary.

    Example: **relance simulate last-year.csv --policy standard --format json > contacts.jsonl**

    Status: 0 all good, 1 some rows rejected, 2 the file or an option cannot be used.
    """
    from admin.portfolio.foresee import simulate_file
    from admin.portfolio.row import PortfolioError
    from admin.portfolio.tables import show_contacts, show_summary, simulate_json

    ladder = _policy(policy)
    rejects = _Rejects()
    try:
        lived = simulate_file(file, policy=ladder, on_reject=rejects)
    except PortfolioError as error:
        refuse(str(error))
    with piped():
        if form is Format.JSON:
            simulate_json(lived)
            if summary:
                show_summary(lived.summary, to_stderr=True)
        else:
            show_contacts(lived)
            show_summary(lived.summary)
    rejects.conclude()


def import_portfolio(
    file: File,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="PATH", help="Where rejected rows go. Left out: FILE.rejects.csv."),
    ] = None,
    rate: Annotated[
        float, typer.Option("--rate", min=1, max=5000, help="Cases started in a second, at most.")
    ] = 200.0,
    no_start: Annotated[
        bool, typer.Option("--no-start", help="Fill the ledger only; a worker starts the cases.")
    ] = False,
    companies_file: Annotated[
        Path | None,
        typer.Option("--companies", metavar="TOML", help="The creditors' particulars, written first."),
    ] = None,
) -> None:
    """Bring a portfolio into the ledger, then start its cases, earliest action first.

    Safe to run again: a known invoice is not entered twice, a case not started twice. A row that cannot be
    read, or that says otherwise than the ledger, is told with its line and reason and written to the
    rejects file, which can be mended and imported.

    Example: **relance import samples/portfolio.csv --companies samples/companies.toml**

    Status: 0 all good, 1 some rows rejected, 2 nothing could be done, 130 stopped by Ctrl-C.
    """
    from admin.portfolio.start import run

    status = run(file, rejects=rejects, rate=rate, start=not no_start, companies=companies_file)
    if status:
        raise typer.Exit(status)


def companies(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="TOML with [[company]] and [[staff]].")],
) -> None:
    """Write the creditors' particulars (who signs, how to pay) and our own people into the ledger.

    Only what the file gives is changed.

    Example: **relance companies samples/companies.toml**
    """
    from admin.portfolio.start import run_companies

    status = run_companies(file)
    if status:
        raise typer.Exit(status)
