"""Bring a portfolio into the ledger: batch by batch, each whole or not at all, and again without harm.

The file is read twice. The first reading adds up what each customer owes, because the policy of an invoice
depends on it; the second writes. Between the two only sums are remembered, so memory grows with the number
of customers and hardly with the number of invoices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Final, TypeAlias

from psycopg.errors import UniqueViolation
from sqlalchemy import Connection, Engine

from admin.portfolio.debtors import Debtor, DebtorKey, debtor_key, reach
from admin.portfolio.entries import WHO, Entries, Entry
from admin.portfolio.ledger import (
    CustomerRow,
    answer_searches,
    debtors_of,
    known_invoices,
    known_numbers,
    lock_customers,
    raw,
)
from admin.portfolio.opening import Decider
from admin.portfolio.parties import Parties
from admin.portfolio.reader import PortfolioReader
from admin.portfolio.rejects import RejectsFile, reject_of, rejects_beside
from admin.portfolio.row import CellFault, Reject, Row
from policies import builtin_assignment
from rules.calendar import BusinessCalendar
from rules.facts import CustomerFacts
from rules.policy import Policy

BATCH: Final = 2_000
"""Rows of one transaction."""

IMPORT_LOCK: Final = 7_311_002
"""Imports write one after another, batch by batch: no two can make the same customer or invoice."""

_ATTEMPTS: Final = 3
"""Times a batch is tried when someone else writes one of its invoices at that very moment."""

_Refused: TypeAlias = tuple[Row, CellFault]

OnProgress: TypeAlias = Callable[[str, int, int], None]
"""Told the phase (`survey` or `record`), and how many bytes of how many have been read in it."""


@dataclass(slots=True)
class Report:
    """What an import did. `rows` are all data rows of the file: the sum of the five that follow.

    `closed` of the inserted ones were paid already; the others, `cases_to_start`, have a note in the outbox.
    """

    rows: int = 0
    inserted: int = 0
    unchanged: int = 0
    repeated: int = 0
    conflicts: int = 0
    rejected: int = 0
    closed: int = 0
    rejects_file: Path | None = None

    @property
    def cases_to_start(self) -> int:
        """How many cases this import has to start."""
        return self.inserted - self.closed


def load_portfolio(
    engine: Engine,
    path: Path,
    *,
    now: datetime,
    policies: Mapping[str, Policy],
    on_progress: OnProgress | None = None,
    on_reject: Callable[[Reject], None] | None = None,
    rejects_path: Path | None = None,
    default_country: str = "FR",
    batch: int = BATCH,
) -> Report:
    """Load the invoices of a portfolio that the ledger does not have yet.

    A number it has with the same facts is unchanged; with other facts, it is a conflict, reported and left
    alone. Stopped at any moment, the batches committed stay, and the same call goes on from there.

    :param now: business time, aware UTC.
    :param policies: the ledger's policies by key, each at the version new cases take.
    :param on_reject: told each row refused, conflicts included.
    :param rejects_path: where to write them; beside the portfolio, if left out.
    :raises PortfolioError: the file cannot be read; nothing was loaded.
    """
    return _Load(engine, path, now, policies, on_progress, default_country).run(
        on_reject, rejects_path or rejects_beside(path), batch
    )


class _Load:
    def __init__(
        self,
        engine: Engine,
        path: Path,
        now: datetime,
        policies: Mapping[str, Policy],
        on_progress: OnProgress | None,
        default_country: str,
    ) -> None:
        self._engine = engine
        self._path = path
        self._now = now
        self._policies = policies
        self._on_progress = on_progress
        self._default_country = default_country
        self._parties = Parties(default_country)
        self._decider = Decider(policies, builtin_assignment(), now)
        self._debtors: dict[DebtorKey, Debtor] = {}

    def run(self, on_reject: Callable[[Reject], None] | None, rejects_path: Path, batch: int) -> Report:
        self._survey(batch)
        report = Report()
        with RejectsFile(rejects_path) as rejects:

            def refuse(reject: Reject) -> None:
                rejects.columns = reader.columns
                rejects.add(reject)
                if on_reject is not None:
                    on_reject(reject)

            reader = self._reader(refuse)
            for rows in _batches(reader, batch):
                self._write(rows, reader.columns, report, refuse)
                self._progress("record", reader)
            self._progress("record", reader)
            report.rejected += reader.rejected
            report.repeated = reader.repeated
            report.rows = reader.rows + reader.rejected + reader.repeated
            if rejects.count:
                report.rejects_file = rejects_path
        return report

    def _reader(self, on_reject: Callable[[Reject], None]) -> PortfolioReader:
        return PortfolioReader(
            self._path,
            on_reject=on_reject,
            policies=self._policies,
            today=self._today,
            default_country=self._default_country,
        )

    def _today(self, calendar: BusinessCalendar) -> date:
        return calendar.local_day(self._now)

    def _progress(self, phase: str, reader: PortfolioReader) -> None:
        if self._on_progress is not None:
            self._on_progress(phase, reader.bytes_read, reader.size)

    def _survey(self, batch: int) -> None:
        """Add up what each customer owes: its open cases in the ledger, and what the file adds."""
        reader = self._reader(lambda _: None)
        for rows in _batches(reader, batch):
            with self._engine.connect() as connection:
                new = {key for row in rows if (key := debtor_key(row)) not in self._debtors}
                if new:
                    self._debtors |= debtors_of(connection, new, self._today)
                known = known_numbers(connection, rows)
            for row in rows:
                key = debtor_key(row)
                debtor = self._debtors.get(key)
                if debtor is None:
                    debtor = Debtor(row.country, row.timezone, row.segment, row.risk)
                    self._debtors[key] = debtor
                is_new = (row.company, row.invoice) not in known
                debtor.add(row, self._today(debtor.calendar) if is_new else None, self._policies)
            self._progress("survey", reader)

    def _write(
        self, rows: Sequence[Row], columns: Sequence[str], report: Report, refuse: Callable[[Reject], None]
    ) -> None:
        """One batch, in one transaction."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._engine.begin() as connection:
                    entered, conflicts, misplaced = self._enter(connection, rows)
                self._parties.keep()
                break
            except UniqueViolation:
                # Someone wrote one of these invoices otherwise than by an import: it is known by now.
                if attempt == _ATTEMPTS:
                    raise
        report.inserted += len(entered)
        report.closed += sum(entry.opening.closed for entry in entered)
        report.conflicts += len(conflicts)
        report.rejected += len(misplaced)
        report.unchanged += len(rows) - len(entered) - len(conflicts) - len(misplaced)
        for row, fault in sorted(conflicts + misplaced, key=lambda refused: refused[0].line):
            refuse(reject_of(row, fault, columns))

    def _enter(
        self, connection: Connection, rows: Sequence[Row]
    ) -> tuple[list[Entry], list[_Refused], list[_Refused]]:
        """What was entered, what contradicts the ledger, and what names a step its policy does not have."""
        raw(connection).execute("SELECT pg_advisory_xact_lock(%s)", (IMPORT_LOCK,))
        # The driver prepares what it runs often, and a plan made while the tables were empty would be kept.
        raw(connection).execute("SET LOCAL plan_cache_mode = force_custom_plan")
        known = known_invoices(connection, rows)
        conflicts: list[_Refused] = []
        misplaced: list[_Refused] = []
        new = []
        for row in rows:
            found = known.get((row.company, row.invoice))
            if found is not None:
                if differences := found.differences(row):
                    conflicts.append((row, _conflict(differences)))
            elif row.last_step and (fault := self._decider.refused(row, self._debtors[debtor_key(row)])):
                misplaced.append((row, fault))
            else:
                new.append(row)
        return self._open(connection, new) if new else [], conflicts, misplaced

    def _open(self, connection: Connection, rows: Sequence[Row]) -> list[Entry]:
        return open_rows(
            connection, rows, self._debtors, self._parties, self._decider, self._now, self._path.name
        )


def open_rows(
    connection: Connection,
    rows: Sequence[Row],
    debtors: Mapping[DebtorKey, Debtor],
    parties: Parties,
    decider: Decider,
    now: datetime,
    source: str,
    who: str = WHO,
) -> list[Entry]:
    """Write invoices that the ledger does not have, with their customers, cases and what starts them.

    :param debtors: every customer of the rows, with its totals over the whole file.
    :param source: the file's name, for the journal.
    """
    ids = parties.ensure(connection, rows)
    customers = lock_customers(connection, list(ids.values()))
    answer_searches(connection, parties.entered, now, who)
    facts = {key: _facts(customers[ids[key]], debtors[key]) for key in ids}
    entries = Entries(now, source, who)
    opened = []
    for row in rows:
        key = debtor_key(row)
        entry = Entry(decider.opening(row, debtors[key], facts[key]), customers[ids[key]])
        entries.add(entry)
        opened.append(entry)
    entries.write(connection)
    raw(connection).execute(
        "UPDATE customer SET ledger_seq = ledger_seq + 1 WHERE id = ANY(%s)", (list(customers),)
    )
    return opened


def _facts(customer: CustomerRow, debtor: Debtor) -> CustomerFacts:
    """The ledger's facts of a customer, with what later rows of the file will add to them."""
    days = [day for day in (customer.facts.last_contact_on, debtor.last_contact_on) if day is not None]
    means = [known | told for known, told in zip(customer.means, debtor.means, strict=True)]
    return replace(customer.facts, last_contact_on=max(days, default=None), reach=reach(*means))


def _conflict(differences: list[tuple[str, str, str]]) -> CellFault:
    told = "; ".join(
        f"{name} is {ledger or 'empty'} in the ledger, {file or 'empty'} in the file"
        for name, ledger, file in differences
    )
    name, _, value = differences[0]
    return CellFault(name, value, f"conflict: {told}")


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while found := list(islice(iterator, size)):
        yield found
