"""Commands about customers' people: adding one, who is known and reachable, what data lack."""

from __future__ import annotations

from typing import Annotated

import typer

_COMPANY = typer.Argument(help="The creditor, as in the portfolio.")
_CUSTOMER = typer.Argument(help="The customer, as in the portfolio.")


def contact(
    company: Annotated[str, _COMPANY],
    customer: Annotated[str, _CUSTOMER],
    role: Annotated[str, typer.Option(help="accounting, buyer or executive.")] = "accounting",
    email: Annotated[str | None, typer.Option(help="E-mail address.")] = None,
    phone: Annotated[str | None, typer.Option(help="Telephone number, national or international.")] = None,
    name: Annotated[str | None, typer.Option(help="The person's name.")] = None,
    language: Annotated[str | None, typer.Option(help="What they read: fr, en, fr-BE.")] = None,
    preference: Annotated[
        int | None, typer.Option(min=1, max=999, help="Within the role, the lowest is written to first.")
    ] = None,
    copy: Annotated[
        bool, typer.Option("--copy", help="Gets a copy of e-mails to another of the role.")
    ] = False,
    known_by: Annotated[
        str | None,
        typer.Option(help="The colleague who knows them, and is offered a call first: an e-mail address."),
    ] = None,
) -> None:
    """Add someone to write to at a customer's; messages that waited for an address go out.

    Example: `relance contact brunet C-101 --role buyer --email achats@client.example`.
    """
    from admin.cli.output import refuse
    from admin.contact_desk import ContactDesk
    from rules.facts import Role

    if role not in list(Role):
        refuse(f"role: {role!r} is none of {', '.join(Role)}")
    with ContactDesk.open() as desk:
        added = desk.add_contact(
            company,
            customer,
            Role(role),
            email=email,
            phone=phone,
            name=name,
            language=language,
            preference=preference,
            in_copy=copy,
            known_by=known_by,
        )
        typer.echo(added)


def contacts(company: Annotated[str, _COMPANY], customer: Annotated[str, _CUSTOMER]) -> None:
    """List who is known at a customer's, in the order they are written to, and what is marked of them.

    Example: `relance contacts brunet C-101`.
    """
    from admin.contact_desk import ContactDesk

    with ContactDesk.open() as desk:
        people = desk.contacts(company, customer)
    for person in people:
        known = [text for text in (person.name, person.email, person.phone) if text]
        if person.phone is not None:
            known[-1] += f" ({person.phone_kind or 'other'})"
        if person.in_copy:
            known.append("in copy")
        if person.known_by:
            known.append(f"known by {person.known_by}")
        typer.echo(f"{person.role}  {', '.join(known)}" + ("" if person.usable else "  NOT USED"))
        if person.opted_out_at is not None:
            typer.echo(f"    opted out on {person.opted_out_at.date()}")
        if person.invalid_since is not None:
            typer.echo(f"    out of use since {person.invalid_since.date()}: {person.invalid_reason}")
        for mark in person.marks:
            told = f" ({mark.detail})" if mark.detail else ""
            cause = mark.cause.replace("_", " ")
            typer.echo(f"    no {mark.channel} since {mark.since.date()}: {cause}{told}")
    if not people:
        typer.echo("Nobody is known there.")


def clear_mark(
    company: Annotated[str, _COMPANY],
    customer: Annotated[str, _CUSTOMER],
    address: Annotated[str, typer.Argument(help="The e-mail address or telephone number that works.")],
    why: Annotated[str, typer.Option("--why", help="How you know.")],
) -> None:
    """Say that an address works after all, which had bounced or been refused; what waited for it goes on.

    Example: `relance clear-mark brunet C-101 compta@client.example --why "their mailbox was full"`.
    """
    from admin.contact_desk import ContactDesk
    from admin.portfolio import cells

    with ContactDesk.open() as desk:
        typer.echo(desk.clear_marks(company, customer, address, cells.text(why)))


def data_quality(
    company: Annotated[str, _COMPANY],
    kind: Annotated[
        str | None, typer.Option(help="missing_mobile, unusable_address …; all, without.")
    ] = None,
    output: Annotated[str, typer.Option("--format", help="table, or json: one object a line.")] = "table",
) -> None:
    """List the customers whose data lack something for the steps to come: a mobile, an e-mail address …

    Example: `relance data-quality brunet --kind missing_mobile`.
    """
    from admin.cli.output import piped, refuse
    from admin.contact_desk import ContactDesk
    from rules.gaps import GapKind

    if kind is not None and kind not in list(GapKind):
        refuse(f"kind: {kind!r} is none of {', '.join(GapKind)}")
    if output not in ("table", "json"):
        refuse(f"format: {output!r} is none of table, json")
    count = 0
    with ContactDesk.open() as desk, piped():
        for row in desk.data_quality(company, GapKind(kind) if kind else None):
            count += 1
            if output == "json":
                typer.echo(row.model_dump_json())
                continue
            typer.echo(f"{row.customer}  {row.name}")
            for finding in row.findings:
                what = [finding.kind.replace("_", " ")]
                what += [text for text in (finding.role, finding.channel, finding.address) if text]
                if finding.cause is not None and finding.since is not None:
                    what.append(f"{finding.cause.replace('_', ' ')} on {finding.since.date()}")
                steps = f" ({', '.join(finding.steps)})" if finding.steps else ""
                typer.echo(f"    {', '.join(what)}: {finding.effect.replace('_', ' ')}{steps}")
    if output == "table" and not count:
        typer.echo("Nothing is missing.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (contact, contacts, clear_mark, data_quality):
        app.command()(command)
