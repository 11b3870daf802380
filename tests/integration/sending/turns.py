"""Messages ready to leave, and the allowances of their senders as tests read and move them.

An allowance's instants are the database's own.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from activities.store.engine import transaction
from models.tables import Communication, ProviderAllowance
from tests.integration.sending.desk import Desk

# Long after the first letter: the next step is an SMS.
SMS_DUE, REMINDED = date(2026, 2, 4), ("reminder_2", date(2026, 2, 24))


def emails(desk: Desk, count: int) -> list[UUID]:
    """So many messages, each to another customer, ready to leave."""
    return [ready(desk, f"C-{place}") for place in range(count)]


def texts(desk: Desk, count: int) -> list[UUID]:
    """The same by SMS."""
    return [ready(desk, f"C-{place}", sms=True) for place in range(count)]


def ready(desk: Desk, customer: str, *, sms: bool = False) -> UUID:
    """One message to a customer."""
    number = f"F/{customer}"
    if sms:
        desk.invoice(number, customer=customer, due=SMS_DUE, last=REMINDED)
    else:
        desk.invoice(number, customer=customer)
    desk.review(number)
    return desk.prepare(customer).send[0]


def unblock(desk: Desk) -> None:
    """The time that providers asked for has passed."""
    with transaction(desk.engine) as session:
        for row in session.exec(select(ProviderAllowance)):
            assert row.blocked_until is not None
            row.blocked_until -= timedelta(days=2)


def later(desk: Desk, seconds: float) -> None:
    """So much time passes for every allowance, and every place in a queue."""
    passed = timedelta(seconds=seconds)
    with transaction(desk.engine) as session:
        for row in session.exec(select(ProviderAllowance)):
            row.free_at -= passed
            row.queue_until -= passed
            if row.blocked_until is not None:
                row.blocked_until -= passed
        for message in session.exec(select(Communication).where(col(Communication.turn_at).is_not(None))):
            assert message.turn_at is not None
            message.turn_at -= passed


def allowances(desk: Desk) -> dict[tuple[str, str], ProviderAllowance]:
    """By provider and sender."""
    with transaction(desk.engine) as session:
        return {(row.provider, row.sender): row for row in session.exec(select(ProviderAllowance))}


def note_grants(desk: Desk) -> None:
    """From now on, the ledger notes from when on each call that is granted lets the next one through.

    Not when it noted that: a process that is made to wait in between would bring two calls together.
    """
    with transaction(desk.engine) as session:
        for sql in (
            "CREATE TABLE granted (at timestamptz NOT NULL)",
            "CREATE FUNCTION note_grant() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "INSERT INTO granted VALUES (NEW.free_at); RETURN NEW; END $$",
            "CREATE TRIGGER note_grant AFTER INSERT OR UPDATE OF free_at ON provider_allowance "
            "FOR EACH ROW EXECUTE FUNCTION note_grant()",
        ):
            session.connection().execute(text(sql))


def grants(desk: Desk, apart: timedelta) -> list[datetime]:
    """When calls were granted, in order, by the clock that decided it; `apart` lies between two of them."""
    with transaction(desk.engine) as session:
        noted = session.connection().execute(text("SELECT at FROM granted ORDER BY at")).scalars()
        return [at - apart for at in noted]
