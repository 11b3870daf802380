"""What the command line does with files of invoices, one method a command."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import TaskID
from sqlmodel import Session

from activities.installation import who_runs
from activities.store.companies import change_company
from activities.store.customers import customer_by_ref
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from activities.store.parties import change_customer
from admin.desk import Desk
from admin.intake.booking import Import
from admin.intake.items import IntakeError, Source
from admin.intake.plan import Options
from admin.intake.report import IntakeReport
from admin.portfolio.start import RATE, progress_bars, start_cases
from models.errors import InvalidFact
from models.tables import AuditEvent
from rules.terms_text import parse_terms

_PHASES: Final = {"read": "Reading", "record": "Entering into the ledger"}


class InvoiceDesk(Desk):
    """One installation, as the commands about files of invoices see it."""

    def take(
        self, path: Path, company: str, options: Options, mapping: Mapping[str, str], *, start: bool = True
    ) -> IntakeReport:
        """Bring a file into the ledger and start its cases, unless `options` ask for a dry run.

        Raises:
            IntakeError: the file cannot be opened, or cannot be taken.
        """
        console = Console(stderr=True, highlight=False)
        with _opened(path) as source, progress_bars(console) as bars:
            tasks: dict[str, TaskID] = {}

            def on_progress(phase: str, done: int, total: int) -> None:
                if phase not in tasks:
                    tasks[phase] = bars.add_task(_PHASES[phase], total=total)
                bars.update(tasks[phase], completed=done, total=total)

            report = Import(
                self._transaction,
                company,
                source,
                now=self.clock.now(),
                who=who_runs(),
                options=options,
                mapping=mapping,
                on_progress=on_progress,
            ).run()
        if start and not options.dry_run:
            asyncio.run(start_cases(self.engine, self.clock, RATE, console))
        return report

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with transaction(self.engine) as session:
            yield session

    def set_terms(self, company: str, customer: str | None, terms: str | None) -> str:
        """Set the payment terms of a company or of one of its customers; None takes them away.

        Raises:
            InvalidFact: the text says no terms.
        """
        now, who = self.clock.now(), who_runs()
        try:
            shown = str(parse_terms(terms)) if terms else "none of its own"
        except ValueError as error:
            raise InvalidFact(f"terms: {error}") from None
        told = {"payment_terms": terms}
        with transaction(self.engine) as session:
            if customer is not None:
                notes = change_customer(session, customer_by_ref(session, company, customer), told, now, who)
            else:
                row = company_by_ref(session, company, lock=True)
                notes, detail = change_company(session, row, told, now, who)
                session.add(
                    AuditEvent(company_id=row.id, at=now, who=who, what="change_company", detail=detail)
                )
        self.deliver(notes)
        return f"{customer or company}: payment terms: {shown}"


@contextmanager
def _opened(path: Path) -> Iterator[Source]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise IntakeError(f"{path}: {error.strerror or error}") from None
    with file:
        try:
            size = path.stat().st_size
        except OSError as error:
            raise IntakeError(f"{path}: {error.strerror or error}") from None
        yield Source(path.name, file, size)
