"""Commands that stop contact and let it go on: `suspend`, `resume`, `closure`."""

from __future__ import annotations

from typing import Annotated

import typer


def suspend(
    company: Annotated[str, typer.Argument(help="The creditor, as in the portfolio.")],
    because: Annotated[
        str | None, typer.Option(help="Why; required. Without it, what is suspended is listed.")
    ] = None,
    customer: Annotated[str | None, typer.Option(help="One customer only.")] = None,
    channel: Annotated[str | None, typer.Option(help="One channel only: email, sms, phone, letter.")] = None,
    policy: Annotated[str | None, typer.Option(help="One policy only.")] = None,
    until: Annotated[str | None, typer.Option(help="It ends by itself as this day begins.")] = None,
) -> None:
    """Suspend contact at once: of the whole company, or of a customer, a channel or a policy.

    What is due waits, what is composed does not leave. Facts are recorded as ever.

    Examples:

    `relance suspend brunet --because "the ERP migration" --until 2026-09-01`

    `relance suspend brunet --channel sms --because "the provider's numbers are blocked"`

    `relance suspend brunet` lists what is suspended, by whom, why, and how much it holds
    """
    from admin.cli.output import refuse
    from admin.portfolio.cells import day
    from admin.switch_desk import Switch

    given = [
        name for name, value in (("customer", customer), ("channel", channel), ("policy", policy)) if value
    ]
    if len(given) > 1:
        refuse(f"--{given[0]} and --{given[1]}: one of them only")
    with Switch.open() as switch:
        if because is None:
            if given or until:
                refuse("--because: required: why is it suspended?")
            for line in switch.suspensions(company):
                typer.echo(line)
            return
        ends = None if until is None else day(until)
        scope = given[0] if given else "company"
        typer.echo(switch.suspend(company, scope, customer, channel or policy, because, ends))


def resume(
    company: Annotated[str, typer.Argument(help="The creditor, as in the portfolio.")],
    suspension: Annotated[
        int, typer.Argument(min=1, help="Its number: `relance suspend COMPANY` lists them.")
    ],
    per_day: Annotated[
        int | None,
        typer.Option(
            min=1, help="Customers a business day; else the company's setting, else within five days."
        ),
    ] = None,
) -> None:
    """End a suspension: what it held goes on customer by customer, spread over business days.

    Example: `relance resume brunet 7 --per-day 40`.
    """
    from admin.switch_desk import Switch

    with Switch.open() as switch:
        typer.echo(switch.resume(company, suspension, per_day))


def closure(
    company: Annotated[str, typer.Argument(help="The creditor, as in the portfolio.")],
    first_day: Annotated[str | None, typer.Argument(help="First day: 2026-08-03; left out, a list.")] = None,
    last_day: Annotated[str | None, typer.Argument(help="Last day, included.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only this customer's.")] = None,
    yearly: Annotated[bool, typer.Option("--yearly", help="On the same days of every year after.")] = False,
    because: Annotated[str | None, typer.Option(help="Why, if you like.")] = None,
    end: Annotated[int | None, typer.Option(min=1, help="Take this closure back, by its number.")] = None,
) -> None:
    """Name days on which nothing leaves; what falls on them leaves on the next business day after.

    Examples:

    `relance closure brunet 2026-08-03 2026-08-21 --because "summer"`

    `relance closure brunet 2026-12-24 2027-01-03 --yearly --customer C-101`

    `relance closure brunet` lists them, `relance closure brunet --end 3` takes one back
    """
    from admin.cli.output import refuse
    from admin.portfolio.cells import day
    from admin.switch_desk import Switch

    with Switch.open() as switch:
        if end is not None:
            if first_day or last_day or customer or yearly or because:
                refuse("--end: goes with nothing else")
            typer.echo(switch.reopen(company, end))
            return
        if first_day is None or last_day is None:
            if first_day or customer or yearly or because:
                refuse("FIRST_DAY and LAST_DAY: both are required")
            for line in switch.closures(company):
                typer.echo(line)
            return
        typer.echo(switch.close(company, day(first_day), day(last_day), customer, because, yearly=yearly))


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (suspend, resume, closure):
        app.command()(command)
