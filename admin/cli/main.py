"""The `relance` command: one application, its commands by subject.

A module of commands is named in `MODULES` and has a function `register(app)`. It imports only what its
options need; whatever is heavy (SQL, Temporal, rich) is imported inside the command that uses it, so that
`relance preview` starts at once.
"""

from importlib import import_module
from typing import Final

import typer

from workflows.ending import run_to_end

MODULES: Final = (
    *("stack", "chaos", "portfolio", "cutover", "invoices", "work"),
    *(
        "contacts",
        "bank",
        "allocation",
        "bank_details",
        "interest",
        "file",
        "suspend",
        "replies",
        "registered",
        "people",
        "users",
        "api",
    ),
)
"""Modules of commands, in the order `relance --help` shows them."""

app = typer.Typer(
    name="relance",
    help="Durable collection of unpaid invoices: what will be sent, when, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
)

for _name in MODULES:
    import_module(f"admin.cli.{_name}").register(app)


def main() -> None:
    """Run the command line; the console script points here."""
    run_to_end(app)
