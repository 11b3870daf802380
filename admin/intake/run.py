"""Files of invoices, one after the other: each its own transaction, a bad one never stops the good ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from activities.installation import who_runs
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref, invoice_by_number
from admin.desk import Desk
from admin.intake.einvoice import Refused, read
from admin.intake.einvoice.enter import Choices, enter
from admin.intake.einvoice.pdf import MAX_PDF_BYTES
from admin.intake.statuses import read_statuses, status_of, take_status
from models.errors import RelanceError
from rules.lifecycle import STATUSES


class Told(NamedTuple):
    """What became of a file, in words; `refused` when it was."""

    file: str
    text: str
    refused: bool = False


class IntakeDesk(Desk):
    """One installation, as the command for invoices sees it."""

    def enter(self, company: str, files: Sequence[Path], choices: Choices) -> Iterator[Told]:
        """Enter each file's invoice; what became of it, as it comes.

        Raises:
            NotFound: no such company.
        """
        self.check(company)
        for path in files:
            yield self._one(company, path, choices)

    def take(self, company: str, path: Path) -> Iterator[Told]:
        """Take each status of a file; what followed from it, as it comes.

        Raises:
            NotFound: no such company.
            BadFile: the file as a whole cannot be read.
        """
        self.check(company)
        for line, cells in read_statuses(path):
            place = f"{path.name}: line {line}"
            try:
                with transaction(self._engine) as session:
                    row = company_by_ref(session, company)
                    currency = invoice_by_number(session, company, cells.get("invoice", "")).currency
                    told = status_of(cells, currency)
                    done = take_status(session, row, told, now=self._clock.now(), who=who_runs())
            except (RelanceError, ValueError) as error:
                yield Told(path.name, f"{place}: refused: {error}", refused=True)
                continue
            self.deliver(done.notes)
            yield Told(path.name, f"{told.invoice}: {STATUSES[told.code][0]} ({told.code}): {done.follows}")

    def check(self, company: str) -> None:
        """See that there is such a company.

        Raises:
            NotFound: there is none.
        """
        with transaction(self._engine) as session:
            company_by_ref(session, company)

    def _one(self, company: str, path: Path, choices: Choices) -> Told:
        name = path.name
        try:
            size = path.stat().st_size
            if size > MAX_PDF_BYTES:
                raise Refused(name, f"{size / 2**20:.0f} MB, at most {MAX_PDF_BYTES // 2**20} are read")
            content = path.read_bytes()
            document = read(content, name)
            with transaction(self._engine) as session:
                done = enter(
                    session,
                    company_by_ref(session, company),
                    document,
                    content,
                    choices,
                    now=self._clock.now(),
                    who=who_runs(),
                )
        except Refused as refused:
            where = refused.where if refused.where == name else f"{name}: {refused.where}"
            return Told(name, f"{where}: refused: {refused.reason}", refused=True)
        except OSError as error:
            return Told(name, f"{name}: refused: {error.strerror or error}", refused=True)
        self.deliver(done.notes)
        what = {
            "created": f"{done.invoice} of {done.customer}: in the ledger, its case starts",
            "replaced": f"{done.invoice} of {done.customer}: in the ledger",
            "known": f"{done.invoice} of {done.customer}: known already",
            "credited": f"{document.number}: credit note on {done.invoice} of {done.customer}",
        }[done.what]
        return Told(name, "; ".join((f"{name}: {what}", *done.remarks)))
