"""Import a portfolio and start its cases: `python starter.py portfolio.csv`.

A thin door to the same code as `relance import`, with the same options (`--help` shows them). Running it
twice starts nothing twice.
"""

from __future__ import annotations

import typer

from admin.cli.portfolio import import_portfolio
from workflows.ending import run_to_end

app = typer.Typer(add_completion=False, pretty_exceptions_show_locals=False, rich_markup_mode="markdown")
app.command()(import_portfolio)


def main() -> None:
    """Run the command."""
    run_to_end(app)


if __name__ == "__main__":
    main()
