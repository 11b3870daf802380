"""The command that changes where a company is paid: one person asks, another approves, a day passes."""

from __future__ import annotations

from typing import Annotated

import typer


def bank_details(
    company: Annotated[str, typer.Argument(help="The creditor, as in the portfolio.")],
    action: Annotated[
        str | None, typer.Argument(metavar="[approve|cancel]", help="What to do with the change under way.")
    ] = None,
    iban: Annotated[str | None, typer.Option(help="The new IBAN, with or without spaces.")] = None,
    bic: Annotated[str | None, typer.Option(help="The new BIC.")] = None,
    payee: Annotated[str | None, typer.Option(help="The new beneficiary's name.")] = None,
    payment_link: Annotated[str | None, typer.Option(help="The new page to pay online.")] = None,
    reason: Annotated[str | None, typer.Option(help="Why; the other managers read it.")] = None,
    by: Annotated[str | None, typer.Option(help="Who you are: a manager's e-mail address.")] = None,
) -> None:
    """Show, ask for, approve or cancel a change of a company's bank details.

    It takes two managers and 24 hours; until then messages give the present details. Every manager is told by
    e-mail at each step. Where a company has no details yet, `relance companies` writes them at once.

    Example: `relance bank-details brunet --iban "DE89 3704 0044 0532 0130 00" --by nadia@brunet.example`,
    then `relance bank-details brunet approve --by hugo@brunet.example`.
    """
    from admin.bank_desk import BankDesk
    from admin.cli.output import refuse
    from admin.portfolio.companies import bic as checked_bic
    from admin.portfolio.companies import payment_link as checked_link
    from rules.iban import iban as checked_iban

    given = {"iban": iban, "bic": bic, "payee": payee, "payment_link": payment_link}
    wanted = {name: value.strip() for name, value in given.items() if value is not None}
    if action not in (None, "approve", "cancel"):
        refuse(f"{action!r}: approve or cancel, or nothing")
    if action is not None and wanted:
        refuse(f"{action}: goes without new details")
    if (action is not None or wanted) and by is None:
        refuse("--by: required, a manager's e-mail address: who are you?")
    for name, check in (("iban", checked_iban), ("bic", checked_bic), ("payment_link", checked_link)):
        if name in wanted:
            try:
                wanted[name] = check(wanted[name])
            except ValueError as error:
                refuse(f"--{name.replace('_', '-')}: {error}")
    with BankDesk.open() as desk:
        if by is None:
            typer.echo(desk.bank_details(company))
        elif action is None:
            typer.echo(desk.ask_bank_details(company, wanted, by, reason))
        else:
            typer.echo(desk.settle_bank_details(company, by, approve=action == "approve"))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(name="bank-details")(bank_details)
