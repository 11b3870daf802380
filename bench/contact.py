"""CPU of one contact in our own code, from the facts to the hand-over and back, per message.

Measured: `prepare_contact` (load, decide, compose, render, store) and `send_communication` (take, hand
over, settle), one e-mail each, to customers with three open invoices. The provider agrees at once, and
nobody is told by Temporal. Time is that of this process's CPU, all threads; the database's own is not in it.

The baseline is what no sender with an outbox can leave out: the same customer locked three times, one row
of content and one message written, marked as being sent, marked as sent; each its own transaction, by
plain psycopg. Nothing is decided or rendered in it.

Where the time goes is measured on other customers of the same run, since watching costs some of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final
from uuid import UUID, uuid4

import psycopg
from sqlalchemy import Engine, func
from sqlmodel import select
from temporalio.testing import ActivityEnvironment

from activities.outbox import Courier
from activities.registry import Needs, activities
from activities.store.engine import transaction
from admin.portfolio.load import load_portfolio
from bench.figures import Figure
from bench.harness import (
    MONDAY,
    StandingClock,
    agreeing_providers,
    found_company,
    ledger,
    postgres,
    scratch,
    settings,
    stopwatch,
)
from bench.samples import write_due
from bench.stages import Split
from bench.statements import statements
from models.messages import OutreachNow, Prepared, SendInput, SendResult
from models.tables import Communication, Customer
from models.tables.words import CommunicationStatus

MESSAGES: Final = 200
WARM: Final = 10
WATCHED: Final = 50
AIM_MS: Final = 5.0


class NoCourier(Courier):
    """Leaves every note in the outbox: what happens after the hand-over is not measured."""

    def __init__(self) -> None:
        """Nothing is needed to do nothing."""

    def deliver(self, ids: Sequence[int]) -> int:  # noqa: ARG002 - the signature of what it stands for
        """Deliver none."""
        return 0


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure with each number of messages."""
    figures = []
    with scratch() as folder, postgres(folder) as server:
        for size in sizes or (MESSAGES,):
            with ledger(server) as engine:
                found_due(engine, folder / "due.csv", size + WARM + WATCHED)
                figures.append(_measure(engine, size))
    return figures


def found_due(engine: Engine, path: Path, customers: int) -> None:
    """Fill a ledger with customers who are to get their first reminder."""
    policies = found_company(engine, MONDAY)
    invoices = write_due(path, customers)
    report = load_portfolio(engine, path, now=MONDAY, policies=policies)
    assert report.cases_to_start == invoices, report


def _measure(engine: Engine, size: int) -> Figure:
    with transaction(engine) as session:
        customers = list(session.exec(select(Customer.id).order_by(Customer.ref)))
    contacts = Contacts(engine)
    for customer in customers[:WARM]:
        contacts.make(customer)
    stages = {"prepare": 0.0, "send": 0.0}
    each = []
    measured = customers[WARM:-WATCHED]
    for customer in measured:
        prepare_s, send_s = contacts.make(customer)
        stages["prepare"] += prepare_s
        stages["send"] += send_s
        each.append(prepare_s + send_s)
    split = Split()
    with split.running(), statements(engine) as seen:
        for customer in customers[-WATCHED:]:
            contacts.make(customer)
    assert contacts.taken == len(customers), contacts.taken
    with transaction(engine) as session:
        sent = session.exec(
            select(func.count())
            .select_from(Communication)
            .where(Communication.status == CommunicationStatus.SENT)
        ).one()
    assert sent == len(customers), sent
    ours = sum(each) / size * 1000
    return Figure(
        what=f"CPU per message over {size:,} messages",
        figure=ours,
        baseline=_bare(engine, measured) / size * 1000,
        unit="ms",
        against="its three transactions alone",
        aim=f"at most {AIM_MS:g} ms",
        met=ours <= AIM_MS,
        notes=(
            ("prepare, ms", stages["prepare"] / size * 1000),
            ("send, ms", stages["send"] / size * 1000),
            ("median, ms", median(each) * 1000),
            ("SQL statements", len(seen) / WATCHED),
            *((f"{stage}, ms", seconds / WATCHED * 1000) for stage, seconds in split.seconds.items()),
        ),
    )


class Contacts:
    """The activities of an outreach on one ledger, called as a worker calls them."""

    def __init__(self, engine: Engine) -> None:
        self._env = ActivityEnvironment()
        providers, self._email, self._sms = agreeing_providers()
        needs = Needs(engine, StandingClock(MONDAY), NoCourier(), settings(), providers)
        offered = {activity.__name__: activity for activity in activities(needs)}
        self._prepare: Callable[[OutreachNow], Prepared] = offered["prepare_contact"]
        self._send: Callable[[SendInput], SendResult] = offered["send_communication"]

    @property
    def taken(self) -> int:
        """How many messages the providers have."""
        return self._email.taken + self._sms.taken

    def make(self, customer: UUID) -> tuple[float, float]:
        """Make what is due for one customer; seconds of CPU of preparing and of sending."""
        with stopwatch() as preparing:
            prepared = self._env.run(self._prepare, OutreachNow(customer_id=customer, now=MONDAY))
        with stopwatch() as sending:
            for message in prepared.send:
                self._env.run(self._send, SendInput(communication_id=message, customer_id=customer))
        return preparing.cpu_s, sending.cpu_s


def _bare(engine: Engine, customers: Sequence[UUID]) -> float:
    """Seconds of CPU that the baseline takes for one message to each of the customers."""
    with _plain(engine) as connection:
        sample = connection.execute(
            "SELECT c.body, m.company_id, m.to_address, m.subject FROM communication m "
            "JOIN content c ON c.hash = m.content_hash LIMIT 1"
        ).fetchone()
        assert sample is not None
        body, company, address, subject = sample
        with stopwatch() as lap:
            for customer in customers:
                message, digest = uuid4(), f"bench:{uuid4()}"
                with connection.transaction():
                    _lock(connection, customer)
                    connection.execute(
                        "INSERT INTO content (hash, media_type, body) VALUES (%s, %s, %s)",
                        (digest, "application/json", body),
                    )
                    connection.execute(
                        "INSERT INTO communication (id, customer_id, company_id, kind, audience, channel, "
                        "to_address, cc, language, subject, content_hash, status, ledger_seq, "
                        "balance_quoted, planned_at, attempts) VALUES (%s, %s, %s, 'courteous_reminder', "
                        "'debtor', 'email', %s, '[]', 'fr', %s, %s, 'planned', 0, '{}', %s, 0)",
                        (message, customer, company, address, subject, digest, MONDAY),
                    )
                with connection.transaction():
                    _lock(connection, customer)
                    connection.execute(
                        "UPDATE communication SET status = 'sending', sending_at = %s WHERE id = %s",
                        (MONDAY, message),
                    )
                with connection.transaction():
                    _lock(connection, customer)
                    connection.execute(
                        "UPDATE communication SET status = 'sent', sent_at = %s WHERE id = %s",
                        (MONDAY, message),
                    )
    return lap.cpu_s


@contextmanager
def _plain(engine: Engine) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def _lock(connection: psycopg.Connection[tuple[object, ...]], customer: UUID) -> None:
    connection.execute("SELECT id FROM customer WHERE id = %s FOR UPDATE", (customer,))
