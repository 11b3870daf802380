"""What the command line does with files of invoices, one method a command."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
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
from admin.intake.booking import Import
from admin.intake.einvoice.enter import Choices
from admin.intake.items import IntakeError, Source
from admin.intake.plan import Options
from admin.intake.readers import DOCUMENTS
from admin.intake.recognise import recognised
from admin.intake.report import IntakeReport
from admin.intake.run import IntakeDesk, Told
from admin.portfolio.start import RATE, progress_bars, start_cases
from models.errors import InvalidFact
from models.tables import AuditEvent
from rules.terms_text import parse_terms

_PHASES: Final = {"read": "Reading", "record": "Entering into the ledger"}


class InvoiceDesk(IntakeDesk):
    """One installation, as the commands about files of invoices see it."""

    def bring(
        self,
        company: str,
        paths: Sequence[Path],
        options: Options,
        mapping: Mapping[str, str],
        customer: str | None = None,
        *,
        start: bool = True,
    ) -> Iterator[IntakeReport | Told]:
        """Bring files into the ledger, each by itself; what became of each, as it comes.

        Args:
            company: the creditor's reference.
            paths: tables and electronic invoices in any order.
            options: how tables are taken; the terms are of both.
            mapping: the columns of tables, as a person chose.
            customer: whose the electronic invoices are, where their own words do not tell.
            start: whether cases start now; otherwise a worker starts them.

        Raises:
            NotFound: no such company.
            InvalidFact: the terms are not understood.
        """
        self.check(company)
        for path in paths:
            try:
                with _opened(path) as source:
                    if recognised(source) not in DOCUMENTS:
                        yield self._table(source, company, options, mapping)
                        continue
            except IntakeError as error:
                yield Told(path.name, f"refused: {error}", refused=True)
                continue
            if options.dry_run:
                yield Told(path.name, f"{path.name}: an electronic invoice, left alone by a dry run")
                continue
            yield from self.enter(company, [path], Choices(customer, terms=options.terms))
        if start and not options.dry_run:
            asyncio.run(start_cases(self.engine, self.clock, RATE, Console(stderr=True, highlight=False)))

    def _table(
        self, source: Source, company: str, options: Options, mapping: Mapping[str, str]
    ) -> IntakeReport:
        console = Console(stderr=True, highlight=False)
        with progress_bars(console) as bars:
            tasks: dict[str, TaskID] = {}

            def on_progress(phase: str, done: int, total: int) -> None:
                if phase not in tasks:
                    tasks[phase] = bars.add_task(_PHASES[phase], total=total)
                bars.update(tasks[phase], completed=done, total=total)

            return Import(
                self._transaction,
                company,
                source,
                now=self.clock.now(),
                who=who_runs(),
                options=options,
                mapping=mapping,
                on_progress=on_progress,
            ).run()

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
