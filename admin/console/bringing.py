"""A file whose preview somebody confirmed: taken as the API takes it, if it still does what they saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session

from activities.outbox import BATCH
from activities.store.bank_lines import keep_file
from activities.store.engine import transaction
from activities.store.lookup import company_by_ref
from admin.console.door import CompanyVisit
from admin.console.importing import (
    Chosen,
    Preview,
    preview_in,
    table_import,
)
from admin.console.proposed import let_go, proposed
from admin.console.recognising import What, what_is
from admin.intake.einvoice import Refused
from admin.intake.report import IntakeReport
from admin.intake.statuses import BadFile
from models.errors import InvalidFact


@dataclass(frozen=True, slots=True)
class Brought:
    """What a confirmed file did. `bank_file` is one whose import a worker does now."""

    what: What
    report: IntakeReport | None = None
    taken: int = 0
    bank_file: UUID | None = None


class Gone(Exception):
    """The file is not kept any more: it was confirmed already, or another one took its place."""


class Changed(Exception):
    """It would do something else by now than what was shown."""


def bring(at: CompanyVisit, digest: str, chosen: Chosen, seen: str) -> Brought:
    """Take a file for good. Sent twice, the second one finds it gone.

    Args:
        at: who confirms.
        digest: of the file.
        chosen: how it is taken, as in the preview.
        seen: the preview's mark.

    Raises:
        Gone: another file took its place, or it is taken already.
        Changed: the ledger moved on meanwhile.
        InvalidFact: it is refused; nothing was written.
    """
    with transaction(at.api.engine) as session:
        content = proposed(session, at, digest, hold=True)
        if content is None:
            raise Gone
        what = chosen.read_as or what_is(chosen.name, content)
        try:
            take = {
                What.INVOICES: _table,
                What.DOCUMENT: _document,
                What.STATUSES: _statuses,
                What.BANK: _bank,
            }[what]
            done, notes = take(session, at, content, chosen, seen)
        except (Refused, BadFile) as error:
            raise InvalidFact(str(error)) from None
        let_go(session, at)
    at.api.courier.deliver(notes[:BATCH])
    return done


def _table(
    session: Session, at: CompanyVisit, content: bytes, chosen: Chosen, seen: str
) -> tuple[Brought, Sequence[int]]:
    _as_seen(preview_in(session, at, content, chosen, What.INVOICES), seen)
    work = table_import(session, at, content, chosen, dry_run=False)
    report = work.run()
    counts = {"new": report.new, "changed": report.changed.count, "refused": report.refused.count}
    told = {"file": chosen.name, "kind": report.kind.value, "dry_run": False, **counts}
    at.audit(session, "import_invoices", **told)
    return Brought(What.INVOICES, report), work.notes


def _document(
    session: Session, at: CompanyVisit, content: bytes, chosen: Chosen, seen: str
) -> tuple[Brought, Sequence[int]]:
    # Entered here, once: what the preview entered was undone.
    found = preview_in(session, at, content, chosen, What.DOCUMENT)
    _as_seen(found, seen)
    if found.entered is None:
        raise Changed
    counts = {"new": int(found.entered.what in ("created", "replaced")), "changed": 0, "refused": 0}
    told = {"file": chosen.name, "kind": "document", "dry_run": False, **counts}
    at.audit(session, "import_invoices", **told)
    return Brought(What.DOCUMENT, taken=1), found.entered.notes


def _statuses(
    session: Session, at: CompanyVisit, content: bytes, chosen: Chosen, seen: str
) -> tuple[Brought, Sequence[int]]:
    found = preview_in(session, at, content, chosen, What.STATUSES)
    _as_seen(found, seen)
    taken = sum(each.new for each in found.statuses)
    counts = {"new": taken, "refused": sum(each.why is not None for each in found.statuses)}
    at.audit(session, "take_invoice_statuses", file=chosen.name, kind="statuses", **counts)
    return Brought(What.STATUSES, taken=taken), found.notes


def _bank(
    session: Session, at: CompanyVisit, content: bytes, chosen: Chosen, _seen: str
) -> tuple[Brought, Sequence[int]]:
    """The workflow checks all of it again: nothing of the preview is relied on."""
    company = company_by_ref(session, at.ref)
    row, notes = keep_file(session, company, content, chosen.name, at.api.clock.now(), at.visit.who)
    session.flush()
    at.audit(session, "import_bank_file", file=str(row.id), sha256=row.content_hash)
    return Brought(What.BANK, bank_file=row.id), notes


def _as_seen(found: Preview, seen: str) -> None:
    if found.refusal is not None:
        raise InvalidFact(found.refusal)
    if found.seen != seen or not found.changes:
        raise Changed
