"""A file that somebody dropped: what it is, and what it would change. Found out by doing it, and undone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from activities.bank_files import BadFile as BadBankFile
from activities.bank_files import Opened
from activities.bank_files import read as read_statements
from activities.store.bank_lines import accounts_of, same_account
from activities.store.engine import trial
from activities.store.lookup import company_by_ref, lock_customer
from admin.bank_preview import BankPreview, preview_bank_file
from admin.console.door import CompanyVisit
from admin.console.recognising import What, what_is
from admin.intake.booking import Import
from admin.intake.columns import Field
from admin.intake.einvoice import Refused, read
from admin.intake.einvoice.document import Document
from admin.intake.einvoice.enter import Choices, Entered, enter
from admin.intake.items import Reading
from admin.intake.known import known_invoices
from admin.intake.plan import Options
from admin.intake.readers import read_items
from admin.intake.recognise import recognised, source_of
from admin.intake.report import IntakeReport
from admin.intake.statuses import BadFile, status_of, statuses_in, take_status
from admin.portfolio.row import Row
from models.errors import InvalidFact, NotFound, RelanceError
from models.tables import Invoice
from rules.lifecycle import STATUSES

SHOWN: Final = 200
"""Rows of each list on a page; the count goes on."""
MOST_STATUSES: Final = 2_000
"""Statuses that are taken in one request; the command takes longer files."""
MAX_TABLE: Final = 20 * 1024 * 1024
"""Bytes, as the API has it: a file is one transaction, for whose end other imports wait."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """How a person has a file taken. `mapping` is the header by field, empty where none holds it."""

    name: str
    options: Options = field(default_factory=Options)
    mapping: Mapping[str, str] = field(default_factory=dict)
    customer: str | None = None
    read_as: What | None = None


@dataclass(frozen=True, slots=True)
class Corrected:
    """One field of an invoice that a file corrects."""

    invoice: str
    field: str
    before: Decimal | date | str | None
    after: Decimal | date | str
    currency: str


@dataclass(frozen=True, slots=True)
class StatusSeen:
    """A line of a file of statuses, and what would follow from it. Refused, `why` says why."""

    line: int
    invoice: str
    code: str
    follows: str
    new: bool
    why: str | None = None


@dataclass(slots=True)
class Preview:
    """What a file would change. `seen` is a mark of all of it: another plan has another.

    `refusal` says why nothing of the file can be taken. `headers` are those of a table, to choose from;
    `stranger` is a statement's account that the company does not read.
    """

    what: What
    refusal: str | None = None
    report: IntakeReport | None = None
    new: list[Row] = field(default_factory=list)
    corrected: list[Corrected] = field(default_factory=list)
    headers: tuple[str, ...] = ()
    document: Document | None = None
    entered: Entered | None = None
    statuses: list[StatusSeen] = field(default_factory=list)
    bank: BankPreview | None = None
    stranger: str | None = None
    changes: bool = False
    seen: str = ""
    notes: list[int] = field(default_factory=list)
    """To deliver, if what was found out is kept after all."""


def preview(at: CompanyVisit, content: bytes, chosen: Chosen) -> Preview:
    """What a file would change as things stand; nothing is written.

    A file that is refused is no error: the preview says why.
    """
    what = chosen.read_as
    try:
        what = what or what_is(chosen.name, content)
    except InvalidFact as error:
        return Preview(What.INVOICES, refusal=str(error))
    with trial(at.api.engine) as session:
        found = preview_in(session, at, content, chosen, what)
        if found.refusal is not None and what is What.BANK:
            found.stranger = _stranger(session, at, content, chosen)
    if found.refusal is not None and what is What.INVOICES:
        found.headers = _headers(content, chosen)
    return found


def preview_in(
    session: Session, at: CompanyVisit, content: bytes, chosen: Chosen, what: What | None = None
) -> Preview:
    """As `preview`, within a transaction. Kept, it is the import itself, but for tables and bank files."""
    what = what or chosen.read_as or what_is(chosen.name, content)
    of_kind = {What.INVOICES: _table, What.DOCUMENT: _document, What.STATUSES: _statuses, What.BANK: _bank}
    found = Preview(what)
    try:
        of_kind[what](session, at, content, chosen, found)
    except (RelanceError, Refused, BadFile) as error:
        found.refusal = str(error)
    return found


def table_import(
    session: Session, at: CompanyVisit, content: bytes, chosen: Chosen, *, dry_run: bool
) -> Import:
    """The import of a table within a transaction that is under way, as the API makes it."""

    @contextmanager
    def joined() -> Iterator[Session]:
        yield session

    source = source_of(chosen.name, content)
    if source.size > MAX_TABLE:
        raise source.refused(f"{source.size:,} bytes, at most {MAX_TABLE:,}: use `relance invoices`")
    told = chosen.options
    return Import(
        joined,
        at.ref,
        source,
        now=at.api.clock.now(),
        who=at.visit.who,
        options=Options(told.terms, told.currency, told.full, told.settle, dry_run),
        mapping=chosen.mapping,
    )


def _table(session: Session, at: CompanyVisit, content: bytes, chosen: Chosen, found: Preview) -> None:
    work = table_import(session, at, content, chosen, dry_run=True)
    found.report = report = work.run()
    plan = work.plan
    found.new = plan.rows
    known = known_invoices(session.connection(), at.company_id, [change.number for change in plan.changes])
    for number, fact in plan.changes:
        before = known[number]
        for name, after in fact.model_dump(exclude_unset=True, include=set(_CORRECTS)).items():
            found.corrected.append(Corrected(number, name, getattr(before, name), after, before.currency))
    found.headers = tuple(report.columns.values()) and _headers(content, chosen)
    found.changes = bool(plan.rows or plan.changes or plan.settlements or plan.credits or plan.kept)
    told = {
        "counts": [report.items, report.new, report.unchanged, report.credited, report.missing.count],
        "lines": [each.lines for each in (report.changed, report.lower, report.kept, report.refused)],
        "rows": [[row.invoice, row.customer, str(row.amount), str(row.due_on)] for row in plan.rows],
        "settled": [[each.number, str(each.amount), str(each.left)] for each in plan.settlements],
        "credits": [[credit.number, about] for credit, about in plan.credits],
        "columns": report.columns,
    }
    found.seen = _mark_of(told)


_CORRECTS: Final = ("due_on", "issued_on", "total", "order_ref")


def _headers(content: bytes, chosen: Chosen) -> tuple[str, ...]:
    """The headers of a table, also of one whose columns cannot be told."""
    source = source_of(chosen.name, content)
    reading = Reading()
    with suppress(InvalidFact):
        next(iter(read_items(recognised(source), source, reading)), None)
    return tuple(header for header in reading.headers if header)


def fields_to_map() -> tuple[str, ...]:
    """What a column of a table may hold, the most wanted first."""
    return tuple(each.value for each in Field)


def _document(session: Session, at: CompanyVisit, content: bytes, chosen: Chosen, found: Preview) -> None:
    found.document = read(content, chosen.name)
    company = company_by_ref(session, at.ref)
    choices = Choices(chosen.customer, terms=chosen.options.terms)
    found.entered = enter(
        session, company, found.document, content, choices, now=at.api.clock.now(), who=at.visit.who
    )
    found.notes += found.entered.notes
    found.changes = found.entered.what != "known"
    found.seen = _mark_of([found.entered.what, found.entered.invoice, found.entered.customer])


def _statuses(session: Session, at: CompanyVisit, content: bytes, chosen: Chosen, found: Preview) -> None:
    """Take every status of a file in one transaction; one that is refused leaves the others alone."""
    rows = list(islice(statuses_in(content, chosen.name), MOST_STATUSES + 1))
    if len(rows) > MOST_STATUSES:
        raise InvalidFact(f"{chosen.name}: more than {MOST_STATUSES:,} statuses: use the command")
    company = company_by_ref(session, at.ref)
    known = _locked(session, at, {cells.get("invoice", "") for _, cells in rows})
    for line, cells in rows:
        number = cells.get("invoice", "")
        try:
            if number not in known:
                raise NotFound(f"no invoice {number!r}")
            told = status_of(cells, known[number])
            with session.begin_nested():
                done = take_status(session, company, told, now=at.api.clock.now(), who=at.visit.who)
        except (RelanceError, ValueError) as error:
            seen = StatusSeen(line, number, cells.get("status", ""), "", False, str(error))
        else:
            name = f"{STATUSES[told.code][0]} ({told.code})"
            seen = StatusSeen(line, number, name, done.follows, done.new)
            found.notes += done.notes
        found.statuses.append(seen)
    found.changes = any(each.new for each in found.statuses)
    found.seen = _mark_of([[each.line, each.invoice, each.follows, each.why] for each in found.statuses])


def _locked(session: Session, at: CompanyVisit, numbers: set[str]) -> dict[str, str]:
    """The currency of each invoice; their customers are held in one order, as all do who hold several."""
    rows = session.execute(
        select(col(Invoice.number), col(Invoice.currency), col(Invoice.customer_id)).where(
            col(Invoice.company_id) == at.company_id, col(Invoice.number).in_(numbers)
        )
    ).all()
    for customer_id in sorted({row.customer_id for row in rows}):
        lock_customer(session, customer_id)
    return {row.number: row.currency for row in rows}


def _bank(session: Session, at: CompanyVisit, content: bytes, chosen: Chosen, found: Preview) -> None:
    company = company_by_ref(session, at.ref)
    found.bank = preview_bank_file(session, company, content, chosen.name, at.api.clock.now(), at.visit.who)
    found.changes = not found.bank.here
    found.seen = found.bank.told.kind or "bank"


def _stranger(session: Session, at: CompanyVisit, content: bytes, chosen: Chosen) -> str | None:
    """The first account of a file that is none of the company's; None where that is not what is wrong."""
    ours = accounts_of(session, company_by_ref(session, at.ref))
    with suppress(BadBankFile):
        for part in read_statements(content, chosen.name):
            if isinstance(part, Opened) and part.account is not None:
                told = part.account
                if not any(same_account(each, told) for each in ours):
                    return told
    return None


def _mark_of(told: object) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
