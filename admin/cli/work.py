"""Commands for the people at work: what waits, what is done, what a case is told; and healing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def tasks(
    everything: Annotated[bool, typer.Option("--all", help="Closed ones too.")] = False,
    company: Annotated[str | None, typer.Option(help="Only this company's.")] = None,
    mine: Annotated[str | None, typer.Option(help="Only those of this e-mail address.")] = None,
) -> None:
    """List what people are asked to do: calls, approvals, addresses to find, messages to clear up.

    Example: `relance tasks`, then `relance done TASK approved`.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from admin.desk import Desk

    with Desk.open() as desk:
        rows = desk.tasks(everything=everything, company=company, mine=mine)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("task", "due", "kind", "for", "what", "status"):
        table.add_column(column, overflow="fold")
    for row in rows:
        status = row.status if row.outcome is None else f"{row.status}: {row.outcome}"
        cells = (
            str(row.id)[:8],
            str(row.due_on or ""),
            row.kind,
            row.assignee_email or "",
            row.title,
            status,
        )
        # Names come from files: what looks like markup in them is shown as it is.
        table.add_row(*(Text(cell) for cell in cells))
    Console().print(table if rows else "Nothing waits for anybody.")


def task(
    task_id: Annotated[str, typer.Argument(help="Its id, or the first characters of it.")],
    save: Annotated[Path | None, typer.Option(help="Write the letter's pages (PDF) into this file.")] = None,
) -> None:
    """Show one task whole: a call's script and numbers, a letter that waits for approval or to be posted.

    Example: `relance task 3f2a91c0`, `relance task 3f2a91c0 --save notice.pdf`.
    """
    from admin.desk import Desk

    with Desk.open() as desk:
        typer.echo(desk.show(task_id) if save is None else desk.save(task_id, save))


def proof(
    message: Annotated[str, typer.Argument(help="The message's id, as a task or the API names it.")],
    save: Annotated[Path | None, typer.Option(help="Write the archive (ZIP) into this file.")] = None,
) -> None:
    """Prove a message: what it said, to whom, what became of it, with the SHA-256 of every part.

    Example: `relance proof 0b1f6f0e-6a55-4c39-8f0c-2f1f9f3c6a10 --save proof.zip`.
    """
    from admin.desk import Desk

    with Desk.open() as desk:
        typer.echo(desk.prove(message, save))


def done(  # noqa: PLR0913, PLR0917 (each is one option)
    task_id: Annotated[str, typer.Argument(help="Its id, or the first characters of it.")],
    outcome: Annotated[
        str, typer.Argument(help="What came of it: `relance outcomes` lists them. Else in your words.")
    ] = "done",
    on: Annotated[
        str | None,
        typer.Option(help="The day promised, paid, posted, received …: 2026-03-20."),
    ] = None,
    amount: Annotated[str | None, typer.Option(help="Of a promise, a dispute, a credit: 1234.56.")] = None,
    currency: Annotated[str | None, typer.Option(help="Of the amount, where there are several.")] = None,
    cause: Annotated[
        str | None, typer.Option(help="Why it is disputed or late: not_received, price, payment_run …")
    ] = None,
    invoice: Annotated[
        str | None, typer.Option(help="The one invoice that it is about, where there are several.")
    ] = None,
    contact_id: Annotated[
        str | None, typer.Option("--contact", help="Whose number is wrong, or who left: the contact's id.")
    ] = None,
    email: Annotated[str | None, typer.Option(help="Of somebody new to write to.")] = None,
    phone: Annotated[str | None, typer.Option(help="Of somebody new to call.")] = None,
    name: Annotated[str | None, typer.Option(help="Of somebody new.")] = None,
    role: Annotated[str | None, typer.Option(help="accounting (if left out), buyer or executive.")] = None,
    note: Annotated[str | None, typer.Option(help="What you want remembered with it.")] = None,
    number: Annotated[str | None, typer.Option(help="posted: the registered letter's number.")] = None,
) -> None:
    """Say what came of a task; its cases know at once.

    Examples:

    `relance done 3f2a91c0 approved`

    `relance done 3f2a91c0 promise --on 2026-03-20 --amount 500 --note "Mme Durand"`

    `relance done 3f2a91c0 dispute --cause price --amount 100 --invoice FA-1`

    `relance done 3f2a91c0 contact_changed --email compta@client.example`

    `relance done 7be0c114 posted --number RK123 --on 2026-03-12`: the task stays until its receipt is back

    `relance outcomes phone_call` says what each outcome means, and what goes with it.
    """
    from admin.cli.people import completion
    from admin.desk import Desk

    with Desk.open() as desk:
        given = {"amount": amount, "currency": currency, "cause": cause, "invoice": invoice}
        given |= {"contact_id": contact_id, "note": note, "tracking_number": number}
        person = {"email": email, "phone": phone, "name": name, "role": role}
        typer.echo(desk.complete(task_id, completion(outcome, on, given, person)))


def tell(
    company: Annotated[str, typer.Argument(help="The creditor, as in the portfolio.")],
    invoice: Annotated[str, typer.Argument(help="The invoice's number.")],
    signal: Annotated[str, typer.Argument(help="payment_received, dispute_opened, paused …")],
    payload: Annotated[str, typer.Argument(help="The fact as JSON.")] = "{}",
) -> None:
    """Record a fact about an invoice, and tell its case.

    Example: `relance tell brunet FA-1001 payment_received '{"amount": "120.00", "currency": "EUR"}'`.
    Give an `event_id` (the bank's, the ERP's) and telling it twice changes nothing.
    """
    from admin.desk import Desk

    with Desk.open() as desk:
        typer.echo(desk.tell(company, invoice, signal, payload))


def address(
    company: Annotated[str, typer.Argument(help="The creditor, as in the portfolio.")],
    customer: Annotated[str, typer.Argument(help="The customer, as in the portfolio.")],
    lines: Annotated[list[str], typer.Argument(help="Its lines, as on an envelope, without the name.")],
) -> None:
    """Record where letters to a customer go; one that waits for approval is composed again with it.

    Example: `relance address brunet C-101 "ZI des Paluds" "13400 Aubagne"`.
    """
    from admin.desk import Desk

    with Desk.open() as desk:
        typer.echo(desk.set_address(company, customer, lines))


def stop(
    company: Annotated[str, typer.Argument(help="The creditor, as in the portfolio.")],
    customer: Annotated[str, typer.Argument(help="The customer, as in the portfolio.")],
    reason: Annotated[
        str, typer.Argument(help="do_not_contact or represented_by_lawyer.")
    ] = "do_not_contact",
    lift: Annotated[bool, typer.Option("--lift", help="Contact is allowed again.")] = False,
) -> None:
    """Stop all contact with a customer at once, or lift the stop.

    Example: `relance stop brunet C-101 represented_by_lawyer`. Insolvency is told as a fact of an invoice:
    `relance tell brunet FA-1001 insolvency_opened '{"opened_on": "2026-11-02"}'`.
    """
    from admin.cli.output import refuse
    from admin.desk import Desk
    from rules.facts import StopReason

    if reason not in list(StopReason):
        refuse(f"reason: {reason!r} is none of do_not_contact, represented_by_lawyer")
    with Desk.open() as desk:
        typer.echo(desk.stop_contact(company, customer, StopReason(reason), lift=lift))


def reconcile(
    everything: Annotated[bool, typer.Option("--all", help="Wake every open case, overdue or not.")] = False,
) -> None:
    """Wake every case whose next action is overdue, and deliver every note that waits.

    Workers do this by themselves every half minute for what is an hour late; this does it now. After a
    Temporal store was lost or restored, `--all` brings every case back at once.
    """
    from admin.desk import Desk

    with Desk.open() as desk:
        typer.echo(desk.reconcile(everything=everything))


def migrate() -> None:
    """Bring the ledger to the newest schema, with the built-in policies in it.

    It is the one RELANCE_DATABASE_URL names, else the local stack's.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from activities.settings import Settings
    from admin.cli.output import refuse
    from admin.stack.connection import find_installation
    from admin.stack.up import prepare_ledger
    from models.errors import RelanceError

    find_installation()
    try:
        url = Settings.load().database_url
        if url is None:
            refuse("RELANCE_DATABASE_URL is not set, and no local stack was found: which ledger?")
        prepare_ledger(url.get_secret_value())
    except RelanceError as error:
        refuse(str(error))
    except SQLAlchemyError as error:
        refuse(f"the ledger does not answer: {str(error.__cause__ or error).splitlines()[0]}")
    typer.echo("The ledger is at the newest schema.")


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (tasks, task, proof, done, tell, address, stop, reconcile, migrate):
        app.command()(command)
