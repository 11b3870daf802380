"""The command that kills servers: `chaos`."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

import typer


def chaos(
    contacts: Annotated[int, typer.Option("--contacts", help="Customers, each due one message.")] = 600,
    seed: Annotated[int, typer.Option("--seed", help="Another seed, another portfolio.")] = 1,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help="A folder that does not exist yet. Default: a temporary one."),
    ] = None,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep", help="Keep the folder. It is kept anyway unless all went well, or Ctrl-C stopped it."
        ),
    ] = False,
) -> None:
    """Kill the worker, Temporal and PostgreSQL while messages leave, and count what became of each message.

    A stack of its own, on real servers and a sandbox provider, is hit by kill -9 three times; then what the
    provider got is compared with what the rules intended and the ledger says. Nothing reaches anybody.

    Example: `relance chaos --contacts 120`.

    Status: 0 the promise held, 1 it did not, 2 it could not be tried, 130 stopped by Ctrl-C.
    """
    from rich.console import Console
    from sqlalchemy.exc import SQLAlchemyError

    from admin.chaos.campaign import Plan, run
    from admin.chaos.show import Screen, report
    from admin.cli.output import REFUSED, refuse
    from admin.stack.datafolder import DataFolder
    from admin.stack.errors import StackError, StopRequested
    from models.errors import RelanceError

    root = data_dir or Path(tempfile.gettempdir()) / f"relance-chaos-{secrets.token_hex(4)}"
    new = not root.exists()
    folder = DataFolder(root)
    out = Console(highlight=False)
    status = REFUSED
    try:
        with Screen(out) as screen:
            found = run(folder, Plan(contacts=contacts, seed=seed), screen)
        report(found, out)
        status = 0 if found.held else 1
    except StopRequested:
        out.print("Stopped.")
        status = 130
    except (StackError, RelanceError, ValueError) as error:
        refuse(str(error))
    except SQLAlchemyError as error:
        refuse(f"the ledger does not answer: {str(error.__cause__ or error).splitlines()[0]}")
    finally:
        if new and folder.root.exists():
            if keep or status in (1, REFUSED):
                out.print(
                    f"Kept in {folder.root}: `relance up --data-dir {folder.root}` brings it back, with the "
                    "Temporal UI and the sandbox inbox to look at.",
                    soft_wrap=True,
                )
            else:
                shutil.rmtree(folder.root)
    raise typer.Exit(status)


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(chaos)
