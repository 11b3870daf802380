"""Commands that run the local stack: `up`, `demo`, `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", help="Folder that keeps everything. Default: RELANCE_DATA_DIR, else ./.relance."
    ),
]


def up(data_dir: DataDir = None) -> None:
    """Start the local stack: PostgreSQL, Temporal with its UI, sandbox providers, a worker, the HTTP API.

    Everything is kept in one data folder; Ctrl-C stops it cleanly, starting again resumes. With
    RELANCE_DATABASE_URL, TEMPORAL_ADDRESS or provider keys set, those are used instead.

    Example: `relance up`, then in another window `relance import samples/portfolio.csv`.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from admin.stack.datafolder import DataFolder
    from admin.stack.errors import StackError, StopRequested
    from admin.stack.up import local_stack
    from models.errors import RelanceError

    folder = DataFolder.locate(data_dir)
    try:
        with local_stack(folder, say=typer.echo) as stack:
            typer.echo("")
            typer.echo(f"Temporal UI     {stack.temporal_ui or 'as TEMPORAL_ADDRESS names'}")
            typer.echo(f"Sandbox inbox   {stack.sandbox_url or 'none: a real provider is set up'}")
            typer.echo(f"HTTP API        {stack.api_url} (OpenAPI at /openapi.json)")
            typer.echo(f"Data folder     {folder.root}")
            typer.echo("Import invoices in another window: relance import samples/portfolio.csv")
            typer.echo("Ctrl-C stops; starting again resumes.")
            stack.supervisor.wait()
    except StopRequested:
        return
    except (StackError, RelanceError, SQLAlchemyError) as error:
        typer.echo(f"relance up: {_plain(error)}", err=True)
        raise typer.Exit(1) from None


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Stop, with status 0, once it has shown what left.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Show Relance at work on a small portfolio dated around today; stays up until Ctrl-C.

    Its clock stands just before 09:30 on a business day, when reminders leave. Stopped and started again,
    it goes on where it was; remove its data folder to begin anew.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from admin.demo.show import DEFAULT_FOLDER, run
    from admin.stack.datafolder import DataFolder
    from admin.stack.errors import StackError, StopRequested
    from models.errors import RelanceError

    try:
        status = run(DataFolder.locate(data_dir or DEFAULT_FOLDER), once=once)
    except StopRequested:
        return
    except (StackError, RelanceError, SQLAlchemyError) as error:
        typer.echo(f"relance demo: {_plain(error)}", err=True)
        status = 1
    if status:
        raise typer.Exit(status)


def doctor(data_dir: DataDir = None) -> None:
    """Say what is missing or late: settings, database, schema, Temporal, workers, notes, cases, messages.

    The exit status is 0 when nothing needs you, 1 when something does.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from admin.doctor import examine
    from admin.findings import Mark
    from admin.stack.connection import find_installation
    from admin.stack.datafolder import DataFolder

    find_installation(DataFolder.locate(data_dir))
    findings = examine()
    table = Table(show_header=True, header_style="bold", box=None, pad_edge=False)
    for column in ("", "what", "finding", "what to do"):
        table.add_column(column)
    for finding in findings:
        words = (finding.what, finding.says, finding.advice)
        table.add_row(finding.mark.symbol, *(Text(word) for word in words))
    Console().print(table)
    if any(finding.mark is Mark.BAD for finding in findings):
        raise typer.Exit(1)


def _plain(error: Exception) -> str:
    """Our own errors as they are; of a database's, its first line, without the statement it was about."""
    from sqlalchemy.exc import SQLAlchemyError

    if isinstance(error, SQLAlchemyError):
        return f"the ledger does not answer: {str(error.__cause__ or error).splitlines()[0]}"
    return str(error)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(up)
    app.command()(demo)
    app.command()(doctor)
