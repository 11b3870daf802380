"""Commands about who may sign in to the console."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

user = typer.Typer(help="People of the console: add, list, password, disable.", no_args_is_help=True)

_Stdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of the input.")
]
_Email = Annotated[str, typer.Argument(metavar="EMAIL", help="By which they sign in.")]


@user.command()
def add(
    email: _Email,
    name: Annotated[str, typer.Option(help="As others read it.")],
    role: Annotated[
        str, typer.Option(help="viewer (looks), collector (works the cases), manager (approves too).")
    ] = "collector",
    company: Annotated[
        list[str] | None, typer.Option("--company", "-c", help="One they see; give it again for more.")
    ] = None,
    all_companies: Annotated[
        bool, typer.Option("--all-companies", help="They see every company, later ones included.")
    ] = False,
    language: Annotated[str, typer.Option(help="fr or en.")] = "fr",
    stdin: _Stdin = False,
) -> None:
    """Let somebody sign in to the console. The password is asked for: 12 characters at least.

    Example: `relance user add claire@brunet.example --name "Claire Morel" --role manager -c brunet`
    """
    from admin.cli.output import refuse
    from admin.user_desk import UserDesk
    from models.tables.words import ApiRole

    if role not in list(ApiRole):
        refuse(f"role: {role!r} is none of {', '.join(ApiRole)}")
    if bool(company) == all_companies:
        refuse("company: name the companies they see, or say --all-companies")
    password = _password(stdin)
    with UserDesk.open() as desk:
        typer.echo(desk.add(email, name, password, ApiRole(role), company, language))


@user.command("list")
def list_() -> None:
    """List who may sign in."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from admin.user_desk import UserDesk

    with UserDesk.open() as desk:
        rows = desk.rows()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("e-mail", "name", "role", "companies", "language", "disabled"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table if rows else "No user yet: relance user add EMAIL --name …")


@user.command()
def password(email: _Email, stdin: _Stdin = False) -> None:
    """Give somebody another password. Their sessions end."""
    from admin.user_desk import UserDesk

    given = _password(stdin)
    with UserDesk.open() as desk:
        desk.password(email, given)
    typer.echo(f"{email}: another password; their sessions have ended")


@user.command()
def disable(email: _Email) -> None:
    """Let somebody in no more. Their sessions end at once; what they did stays in the journal."""
    from admin.user_desk import UserDesk

    with UserDesk.open() as desk:
        done = desk.disable(email)
    typer.echo(f"{email}: {'disabled' if done else 'was disabled already'}")


def _password(stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(user, name="user")
