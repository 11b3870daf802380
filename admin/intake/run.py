"""Files of invoices, one after the other: each its own transaction, a bad one never stops the good ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from activities.installation import who_runs
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from admin.desk import Desk
from admin.intake.einvoice import Refused, read
from admin.intake.einvoice.enter import Choices, enter
from admin.intake.einvoice.pdf import MAX_PDF_BYTES


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
        with transaction(self._engine) as session:
            company_by_ref(session, company)
        for path in files:
            yield self._one(company, path, choices)

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
