"""Commands about our own people: which outcomes their tasks take, who is away and who stands in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from activities.store.work import Completion

_DAY_OF = {
    "promise": "promised_on",
    "claimed_paid": "paid_on",
    "paid": "paid_on",
    "call_back": "call_back_on",
    "posted": "posted_on",
    "received": "received_on",
    "refused": "received_on",
    "unclaimed": "received_on",
    "returned": "received_on",
    "veto": "until",
}
_OPTION_OF = dict.fromkeys(_DAY_OF.values(), "--on") | {
    "contact_id": "--contact",
    "tracking_number": "--number",
}


def completion(
    outcome: str, on: str | None, given: Mapping[str, str | None], person: Mapping[str, str | None]
) -> Completion:
    """The options of `relance done` as the ledger takes them; an error names the option or field."""
    from activities.store.work import Completion
    from models.errors import InvalidFact

    told: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    told["outcome"] = outcome
    if on is not None:
        if outcome not in _DAY_OF:
            raise InvalidFact(f"--on: {outcome} takes no day")
        told[_DAY_OF[outcome]] = on
    known = {name: value for name, value in person.items() if value is not None}
    if known:
        told["contact"] = known
    return Completion.model_validate(told)


def outcomes(
    kind: Annotated[str | None, typer.Argument(help="phone_call, decision …; all, if left out.")] = None,
) -> None:
    """List which outcomes a task takes, what then happens, and what goes with each.

    Example: `relance outcomes phone_call`, then `relance done TASK promise --on 2026-03-20`.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from admin.cli.output import refuse
    from models.tables.words import DisputeCause, TaskKind
    from models.work import outcomes_of

    if kind is not None and kind not in list(TaskKind):
        refuse(f"kind: {kind!r} is none of {', '.join(TaskKind)}")
    kinds = [each for each in TaskKind if kind in (None, each)]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("task", "outcome", "with", "what then happens"):
        table.add_column(column, overflow="fold")
    for each in kinds:
        rules = outcomes_of(each)
        for rule in rules:
            options = [*map(_option, rule.requires), *(f"[{_option(name)}]" for name in rule.takes)]
            table.add_row(*(Text(cell) for cell in (each.value, rule.word, " ".join(options), rule.means)))
        if not rules:
            table.add_row(*(Text(cell) for cell in (each.value, "done", "", "or in your words")))
    Console().print(table)
    typer.echo(f"Causes: {', '.join(DisputeCause)}. A --note goes with any outcome.")


def absent(
    staff: Annotated[
        str | None, typer.Argument(metavar="EMAIL", help="Who is away; without it, who is listed.")
    ] = None,
    first_day: Annotated[str | None, typer.Option("--from", help="First day away: 2026-08-03.")] = None,
    last_day: Annotated[str | None, typer.Option("--to", help="Last day away, included.")] = None,
    deputy: Annotated[str | None, typer.Option(help="Who stands in.")] = None,
    end: Annotated[bool, typer.Option("--end", help="They are back, or do not go.")] = False,
) -> None:
    """Say who is away: what falls due meanwhile goes to the deputy, and comes back after if it is still open.

    Where the deputy is away too, the credit manager is asked. Without options, it lists who is away.

    Example: `relance absent claire@acme.example --from 2026-08-03 --to 2026-08-21 --deputy paul@acme.example`
    """
    from admin.cli.output import refuse
    from admin.desk import Desk
    from admin.portfolio.cells import day

    if staff is None:
        if end or first_day or last_day or deputy:
            refuse("EMAIL: required: who is away?")
        with Desk.open() as desk:
            rows = desk.away()
        for row in rows:
            typer.echo(f"{row.staff_email}  {row.first_day} to {row.last_day}  {row.deputy_email} stands in")
        if not rows:
            typer.echo("Nobody is away.")
        return
    with Desk.open() as desk:
        if end:
            if first_day or last_day or deputy:
                refuse("--end: goes without --from, --to and --deputy")
            typer.echo(desk.back(staff))
            return
        if first_day is None or last_day is None or deputy is None:
            refuse("--from, --to and --deputy: required")
        typer.echo(desk.absent(staff, day(first_day), day(last_day), deputy))


def _option(field: str) -> str:
    return _OPTION_OF.get(field, "--email … --phone …" if field == "contact" else f"--{field}")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (outcomes, absent):
        app.command()(command)
