"""The steps of a bank file's import: store its lines, match them chunk by chunk, conclude.

Each is safe to run twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Protocol
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.bank_files import BadFile
from activities.clock import Clock
from activities.outbox import Courier
from activities.store.bank import state_bank_day
from activities.store.bank_lines import accounts_of, add_account, counts, store_lines
from activities.store.bank_returned import WHO, settle_return
from activities.store.engine import transaction
from activities.store.sql import run
from models.errors import NotFound
from models.messages import BankChunk, BankFileNow, BankImported, BankMatched, BankStored
from models.tables import BankAccount, BankFile, Company, Content
from models.tables.words import BankFileState
from rules.calendar import business_calendar

log = logging.getLogger(__name__)

CHUNK: Final = 100
"""Lines matched in one transaction."""

_NEXT: Final = """
    SELECT id, place, direction
      FROM bank_line
     WHERE file_id = %(file)s AND place > %(after)s AND state = 'new'
     ORDER BY place
     LIMIT %(limit)s
"""

_UNMATCHED: Final = """
    SELECT count(*) FROM bank_line WHERE company_id = %(company)s AND state = 'new' AND direction = 'in'
"""


class Matcher(Protocol):
    """Decides what lines of money received pay."""

    def __call__(self, session: Session, company_id: UUID, lines: Sequence[UUID], now: datetime) -> list[int]:
        """Move each of these lines out of `new` (or leave it there), book what is sure; the notes to deliver.

        The caller commits. Customers are locked in the order of their ids.
        """
        ...


def leave(session: Session, company_id: UUID, lines: Sequence[UUID], now: datetime) -> list[int]:  # noqa: ARG001 (a `Matcher`)
    """Leave the lines as they are, for a person."""
    return []


class BankImportActivities:
    """What a worker does with a bank file."""

    def __init__(self, engine: Engine, clock: Clock, courier: Courier, match: Matcher = leave) -> None:
        self._engine = engine
        self._clock = clock
        self._courier = courier
        self._match = match

    @activity.defn(name="store_bank_lines", no_thread_cancel_exception=True)
    def store_bank_lines(self, what: BankFileNow) -> BankStored:
        """Read the file and store its new lines in one transaction; a bad one is refused and leaves none.

        Raises:
            ApplicationError: of type `NotFound`, final: the ledger has no such file.
        """
        now = self._clock.now()
        try:
            with transaction(self._engine) as session:
                file = _file(session, what.file_id)
                if file.state != BankFileState.RECEIVED:
                    return BankStored(
                        lines=int(file.report.get("lines", 0)), refused=file.state == BankFileState.REFUSED
                    )
                content = session.get_one(Content, file.content_hash)
                stored = store_lines(session, file, content.body, now, activity.heartbeat)
                file.kind, file.report = stored.kind, stored.report()
                file.state, file.stored_at = BankFileState.STORED, now
                return BankStored(lines=stored.lines)
        except BadFile as error:
            self._refuse(what.file_id, str(error), now)
            return BankStored(refused=True)

    @activity.defn(name="match_bank_lines", no_thread_cancel_exception=True)
    def match_bank_lines(self, what: BankChunk) -> BankMatched:
        """Match the next lines: what is sure is booked in the transaction that settles them."""
        now = self._clock.now()
        with transaction(self._engine) as session:
            file = _file(session, what.file_id)
            lines = run(session, _NEXT, file=file.id, after=what.after, limit=CHUNK).all()
            if not lines:
                return BankMatched(after=what.after, done=True)
            received = [line.id for line in lines if line.direction == "in"]
            notes = self._match(session, file.company_id, received, now) if received else []
        self._courier.deliver(notes)
        for line in lines:
            if line.direction == "out":
                activity.heartbeat(line.place)
                with transaction(self._engine) as session:
                    notes = settle_return(session, line.id, now)
                self._courier.deliver(notes)
        return BankMatched(after=lines[-1].place, done=len(lines) < CHUNK)

    @activity.defn(name="conclude_bank_file", no_thread_cancel_exception=True)
    def conclude_bank_file(self, what: BankFileNow) -> BankImported:
        """Move how far the bank is known, if the statements say so; count what became of the lines."""
        now = self._clock.now()
        notes: list[int] = []
        with transaction(self._engine) as session:
            file = _file(session, what.file_id)
            company = session.exec(
                select(Company).where(Company.id == file.company_id).with_for_update(key_share=True)
            ).one()
            if file.state == BankFileState.STORED:
                warnings = _follow(session, company, file, now)
                unmatched = run(session, _UNMATCHED, company=company.id).scalar_one()
                if unmatched:
                    # To ask for money that lies on our account would be worse than to wait.
                    warnings.append(f"payments not matched yet: {unmatched:,}; the bank is not known further")
                else:
                    notes = _know(session, company, now)
                file.report = {**file.report, "warnings": warnings}
                file.state, file.finished_at = BankFileState.DONE, now
            done = counts(session, file.id)
            told = BankImported(
                file_id=file.id,
                refused=file.state == BankFileState.REFUSED,
                lines=int(file.report.get("lines", 0)),
                booked=done["booked"],
                proposed=done["proposed"],
                unallocated=done["unallocated"],
                ignored=done["ignored"],
                returned=done["returned"],
                waiting=done["new"],
                bank_known_until=company.bank_known_until,
            )
        self._courier.deliver(notes)
        return told

    def _refuse(self, file_id: UUID, why: str, now: datetime) -> None:
        with transaction(self._engine) as session:
            file = _file(session, file_id)
            if file.state == BankFileState.RECEIVED:
                file.state, file.refusal, file.finished_at = BankFileState.REFUSED, why[:2000], now
        # The reason may quote the file: it stays in the ledger.
        log.warning("bank file %s is refused", file_id)


def _file(session: Session, file_id: UUID) -> BankFile:
    found = session.exec(select(BankFile).where(BankFile.id == file_id).with_for_update()).one_or_none()
    if found is None:
        raise ApplicationError(f"no bank file {file_id}", type=NotFound.__name__, non_retryable=True)
    return found


def _follow(session: Session, company: Company, file: BankFile, now: datetime) -> list[str]:
    """Take each account to the closing of its statements, as long as each opens where the last closed."""
    warnings: list[str] = []
    today = business_calendar(company.country, company.zone).local_day(now)
    statements: list[dict[str, Any]] = [one for one in file.report["statements"] if one["closed_on"]]
    for told in sorted(statements, key=lambda one: str(one["closed_on"])):
        closed_on = date.fromisoformat(told["closed_on"])
        account = add_account(session, company, told["account"], now, WHO)
        if account.known_until is not None and closed_on <= account.known_until:
            if closed_on == account.known_until and _decimal(told["opening"]) == account.closing:
                account.closing = _decimal(told["closing"])
            continue
        if closed_on > today:
            warnings.append(
                f"{account.account}: a statement that closes on {closed_on}, which has not come yet"
            )
            continue
        opening = _decimal(told["opening"])
        if account.closing is not None and opening is not None and opening != account.closing:
            warnings.append(
                f"{account.account}: the statement of {closed_on} opens with {opening:,.2f}, the one before "
                f"({account.known_until}) closed at {account.closing:,.2f}: one is missing between them, so "
                "the bank is not known further"
            )
            continue
        account.known_until, account.closing = closed_on, _decimal(told["closing"])
    session.flush()
    return warnings


def _know(session: Session, company: Company, now: datetime) -> list[int]:
    """The bank is known as far as its least known account is."""
    session.flush()
    rows = session.exec(select(BankAccount).where(BankAccount.company_id == company.id)).all()
    known = {row.account: row.known_until for row in rows}
    days = [known.get(account) for account in accounts_of(session, company)]
    reached = [day for day in days if day is not None]
    if not reached or len(reached) < len(days):
        return []
    until = min(reached)
    if company.bank_known_until is not None and until <= company.bank_known_until:
        return []
    return list(state_bank_day(session, company, until, now, WHO).notes)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
