"""Commands of the HTTP API: `serve`, and `key` for who may use it."""

from __future__ import annotations

from typing import Annotated

import typer

key = typer.Typer(help="Keys to the HTTP API: create, list, revoke.", no_args_is_help=True)


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8080,
) -> None:
    """Serve the HTTP API of the installation the environment names, else of the local stack.

    Put a proxy with TLS before it where others can reach it. `relance up` starts one by itself.

    Example: `relance serve --host 0.0.0.0`, then
    `curl -H "Authorization: Bearer relance_…" http://localhost:8080/v1/cases`.
    """
    import asyncio

    from sqlalchemy.exc import SQLAlchemyError

    from activities import logs
    from activities.settings import Settings
    from admin.api.serve import serve as run
    from admin.cli.output import refuse
    from admin.stack.connection import find_installation
    from models.errors import RelanceError

    find_installation()
    try:
        settings = Settings.load()
        logs.set_up(settings.log, settings.log_level)
        asyncio.run(run(settings, host, port))
    except RelanceError as error:
        refuse(str(error))
    except SQLAlchemyError as error:
        refuse(f"the ledger does not answer: {str(error.__cause__ or error).splitlines()[0]}")


def webhooks(
    again: Annotated[
        bool, typer.Option("--again", help="Let workers try once more what they refused.")
    ] = False,
) -> None:
    """Show what providers told and nobody could work on, and of which messages nobody knows.

    Example: `relance webhooks`, then, once the cause is mended, `relance webhooks --again`.
    """
    from admin.desk import Desk

    with Desk.open() as desk:
        typer.echo(desk.webhooks(again=again))


@key.command()
def create(
    name: Annotated[str, typer.Argument(help="What people and the audit trail call it.")],
    role: Annotated[str, typer.Option(help="viewer, collector or manager.")] = "viewer",
    company: Annotated[
        list[str] | None, typer.Option(help="A company it opens; give it again for more.")
    ] = None,
    all_companies: Annotated[
        bool, typer.Option("--all-companies", help="It opens every company, later ones included.")
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days until it expires.")] = 365,
) -> None:
    """Make a key, and show its secret this once.

    Example: `relance key create erp --role collector --company brunet --days 365`.
    """
    from datetime import timedelta

    from admin.cli.output import refuse, remark
    from admin.desk import Desk
    from models.tables.words import ApiRole

    if role not in list(ApiRole):
        refuse(f"role: {role!r} is none of {', '.join(ApiRole)}")
    if bool(company) == all_companies:
        refuse("company: name the companies it opens, or say --all-companies")
    with Desk.open() as desk:
        secret = desk.create_key(name, ApiRole(role), company, timedelta(days=days))
    remark("Keep it now: it cannot be shown again.")
    typer.echo(secret)


@key.command("list")
def list_() -> None:
    """List the keys, without their secrets."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from admin.desk import Desk

    with Desk.open() as desk:
        rows = desk.keys()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("name", "begins", "role", "companies", "expires", "revoked"):
        table.add_column(column, overflow="fold")
    for row, companies in rows:
        cells = (
            row.name,
            f"relance_{row.hint}…",
            row.role,
            "all" if row.all_companies else ", ".join(companies),
            str(row.expires_at.date()) if row.expires_at else "never",
            str(row.revoked_at.date()) if row.revoked_at else "",
        )
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table if rows else "No key yet: relance key create NAME --role …")


@key.command()
def revoke(name: Annotated[str, typer.Argument(help="The key's name.")]) -> None:
    """Refuse a key from now on."""
    from admin.desk import Desk

    with Desk.open() as desk:
        desk.revoke_key(name)
    typer.echo(f"{name}: revoked")


@key.command()
def local() -> None:
    """Print the key of the local stack, which it made at its first start.

    Example: `curl -H "Authorization: Bearer $(relance key local)" http://127.0.0.1:8080/v1/cases`.
    """
    import os

    from admin.cli.output import refuse
    from admin.stack.connection import find_installation

    find_installation()
    secret = os.environ.get("RELANCE_API_KEY")
    if not secret:
        refuse("no local stack with a key runs here; make one with `relance key create`")
    typer.echo(secret)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command()(serve)
    app.command()(webhooks)
    app.add_typer(key, name="key")
