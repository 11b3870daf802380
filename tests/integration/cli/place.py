"""An installation for a test: its own ledger and Temporal server, sandbox providers, workers as processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from typer.testing import CliRunner

from activities.installation import set_offset
from admin.cli import app
from admin.sandbox import SandboxServer
from admin.stack.ports import free_port
from admin.stack.temporal import LocalTemporal
from models.ids import (
    SEARCH_ATTRIBUTE_TYPES,
    CaseSignal,
)
from models.messages import CaseView
from tests.fixtures.local_stack import (
    FRANCE,
    Ledger,
    Process,
    Program,
    Told,
    environment,
    killed_at_last,
    python,
    status_of,
    ten_o_clock,
    until,
)
from tests.fixtures.nursery import Nursery
from tests.fixtures.postgres import Server
from tests.integration.cli.debtors import COMPANIES, COMPANY, Debtor, write_portfolio

API_KEY = "SG.pAsSkEy-Q2h1dC4uLg.9f8e7d6c5b4a"
TOKEN = "b7c1tOkEn0f3e5d7a9b2c4"


@dataclass
class Installation:
    """A ledger and a Temporal server of its own, sandbox providers, and workers as processes."""

    folder: Path
    ledger: Ledger
    temporal: LocalTemporal
    sandbox: SandboxServer
    nursery: Nursery
    offset: timedelta
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """Business time."""
        return datetime.now(UTC) + self.offset

    @property
    def today(self) -> date:
        """The business day in France."""
        return FRANCE.local_day(self.now)

    @property
    def address(self) -> str:
        """Temporal's address."""
        return self.temporal.address

    @property
    def worker_log(self) -> Path:
        """What all workers wrote."""
        return self.folder / "worker.log"

    def relance(self, *words: str, **more: str) -> Told:
        """Run a command of `relance` as a process of its own."""
        return python("-m", "admin", *words, variables=environment(**self.variables | more))

    def here(self, *words: str, **more: str | None) -> Told:
        """Run a command of `relance` in this process, which saves a second; None leaves a variable out."""
        done = CliRunner().invoke(app, list(words), env={"COLUMNS": "250", **self.variables, **more})
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return Told(done.exit_code, done.stdout, done.stderr)

    def starter(self, *words: str | Path, **more: str) -> Told:
        """Run `starter.py`."""
        return python("starter.py", *map(str, words), variables=environment(**self.variables | more))

    @contextmanager
    def worker(self, *, ready: bool = True, anew: bool = False, **more: str) -> Iterator[Process]:
        """A worker that has said that it is ready; killed at the end if it still runs.

        One that is begun `anew` is the command itself; others are spared the seconds that its imports take.
        """
        variables = environment(**self.variables | more)
        started: Process
        if anew:
            started = Program("-W", "error", "-m", "worker", variables=variables, log=self.worker_log)
        else:
            started = self.nursery.hatch("worker", variables=variables, log=self.worker_log, strict=True)
        with killed_at_last(started):
            if ready:
                started.until("worker ready")
            yield started

    def portfolio(self, *debtors: Debtor) -> Path:
        """A file of these debtors, with the creditor's particulars beside it in `companies`."""
        return write_portfolio(self.folder / "portfolio.csv", debtors, self.today)

    @property
    def companies(self) -> Path:
        """The creditor's particulars."""
        path = self.folder / "companies.toml"
        path.write_text(COMPANIES, "utf-8")
        return path

    def load(self, *debtors: Debtor, **more: str) -> None:
        """Bring debtors in and start their cases."""
        words = ("import", str(self.portfolio(*debtors)), "--companies", str(self.companies))
        told = self.here(*words, **more)
        assert told.status == 0, told

    def settled(self) -> None:
        """Wait until nothing is due or under way."""
        until(lambda: self.ledger.unfinished(self.now) == 0, "settled")

    def status(self, debtor: Debtor) -> CaseView:
        """What the debtor's case answers."""
        return status_of(self.address, COMPANY, debtor.invoice)

    def reaches(self, debtor: Debtor, look: Callable[[CaseView], bool]) -> CaseView:
        """Wait until the case answers as `look` wants."""

        def answer() -> CaseView | None:
            view = self.status(debtor)
            return view if look(view) else None

        found = until(answer, f"{debtor.invoice}: {self.status(debtor)!r}")
        assert found is not None
        return found

    def case(self, debtor: Debtor, column: str) -> Any:
        """One column of the debtor's case in the ledger."""
        return self.ledger.value(
            f"SELECT c.{column} FROM dunning_case c JOIN invoice i ON i.id = c.invoice_id"
            " WHERE i.number = :n",
            n=debtor.invoice,
        )

    def facts(self, debtor: Debtor, signal: CaseSignal) -> int:
        """How many facts of a kind the ledger holds about the debtor's invoice."""
        return int(
            self.ledger.value(
                "SELECT count(*) FROM fact f JOIN invoice i ON i.id = f.invoice_id"
                " WHERE i.number = :n AND f.kind = :kind",
                n=debtor.invoice,
                kind=str(signal),
            )
        )

    def uncertain_task(self, communication: UUID | str) -> str:
        """The id of the open task that asks whether a message left."""
        return str(
            self.ledger.value(
                "SELECT id FROM task WHERE key = :key AND status = 'open'", key=f"uncertain/{communication}"
            )
        )


@contextmanager
def installation(server: Server, template: str, nursery: Nursery, folder: Path) -> Iterator[Installation]:
    """An installation without workers; its ledger is a copy of `template`."""
    name = server.create(template)
    ledger = Ledger(server.url_of(name))
    temporal = LocalTemporal(
        folder / "temporal" / "temporal.db",
        port=free_port(),
        ui=False,
        search_attributes=SEARCH_ATTRIBUTE_TYPES,
    )
    try:
        with temporal, SandboxServer(sendgrid_key=API_KEY, twilio_token=TOKEN) as sandbox:
            offset = ten_o_clock()
            set_offset(ledger.engine, offset)
            variables = {
                "RELANCE_DATABASE_URL": ledger.url,
                "RELANCE_DATA_DIR": str(folder / "nothing-here"),
                "RELANCE_SENDING": "live",
                "RELANCE_SWEEP_SECONDS": "0.5",
                "TEMPORAL_ADDRESS": temporal.address,
                "SENDGRID_API_KEY": API_KEY,
                "SENDGRID_HOST": sandbox.url,
                "RELANCE_SANDBOX_URL": sandbox.url,
                "TWILIO_ACCOUNT_SID": "AC" + "5a" * 16,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "TWILIO_FROM": "+33700000000",
                "TWILIO_BASE_URL": sandbox.url,
            }
            try:
                yield Installation(folder, ledger, temporal, sandbox, nursery, offset, variables)
            finally:
                # Asked to stop, it would take two seconds; nobody reads what it would leave behind.
                if temporal.pid is not None:
                    os.kill(temporal.pid, signal.SIGKILL)
    finally:
        ledger.engine.dispose()
        server.drop(name)
