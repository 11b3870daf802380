"""How far a company knows its bank: stating it, telling what waited for it, asking for the next file.

A case that waits carries the day it waits for (`dunning_case.awaits_bank`). Once the bank is known that far,
it is told in batches, each a transaction of its own: whoever states the day tells the first, the sweepers
tell the rest. Told, it no longer carries the day: what must still wait says so again at its review.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session, col, select

from activities.store.outbox import add_notes
from activities.store.sql import run
from activities.store.tasks import close_task
from models.errors import InvalidFact
from models.ids import CaseSignal
from models.tables import BankStatementRow, Company, Task
from models.tables.words import NoteTo, TaskKind, TaskStatus
from rules.calendar import business_calendar

BATCH: Final = 100
"""Cases told in one transaction."""

_READY: Final = """
    k.closed_at IS NULL AND k.awaits_bank IS NOT NULL
    AND (c.bank_known_until IS NULL OR k.awaits_bank <= c.bank_known_until)
"""
# Rows that a review or another teller holds are passed over: what they miss, the next round finds.
_TELL: Final = f"""
    WITH ready AS MATERIALIZED (
        SELECT found.*
          FROM company c
         CROSS JOIN LATERAL (
               SELECT k.invoice_id, k.awaits_bank, k.next_at
                 FROM dunning_case k
                WHERE k.company_id = c.id AND {_READY}
                ORDER BY k.awaits_bank, k.next_at, k.invoice_id
                LIMIT %(limit)s
                  FOR NO KEY UPDATE SKIP LOCKED) found
         WHERE %(company)s::uuid IS NULL OR c.id = %(company)s
         LIMIT %(limit)s),
    told AS (
        UPDATE dunning_case k SET awaits_bank = NULL FROM ready WHERE k.invoice_id = ready.invoice_id)
    SELECT invoice_id FROM ready ORDER BY awaits_bank, next_at, invoice_id
"""  # noqa: S608 (the constant above)
_WAITING: Final = f"""
    SELECT count(*) FROM dunning_case k JOIN company c ON c.id = k.company_id
     WHERE c.id = %(company)s AND {_READY}
"""  # noqa: S608 (the constant above)
# What was found of promises and claims was found on days that are not known after all.
_LOOK_AGAIN: Final = """
    UPDATE dunning_case k SET awaits_bank = %(day)s
     WHERE k.company_id = %(company)s AND k.closed_at IS NULL
       AND (k.awaits_bank IS NOT NULL
            OR EXISTS (SELECT FROM payment_plan p
                        WHERE p.invoice_id = k.invoice_id AND p.cancelled_at IS NULL)
            OR EXISTS (SELECT FROM payment_claim p
                        WHERE p.invoice_id = k.invoice_id AND p.withdrawn_at IS NULL))
"""


@dataclass(frozen=True, slots=True)
class Stated:
    """What stating a day changed. `notes` are to be delivered; `left` cases are told by the workers."""

    before: date | None
    until: date | None
    notes: tuple[int, ...] = ()
    left: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything was new."""
        return self.before != self.until

    def audit(self, correction: str | None) -> dict[str, object]:
        """What the audit trail keeps of it."""
        days = {
            name: None if day is None else str(day)
            for name, day in (("from", self.before), ("to", self.until))
        }
        return {"bank_known_until": days, **({"correction": correction} if correction else {})}


def state_bank_day(
    session: Session,
    company: Company,
    until: date | None,
    now: datetime,
    who: str,
    *,
    correction: str | None = None,
) -> Stated:
    """Say that every bank movement up to a day is recorded. The day itself said again changes nothing.

    Args:
        session: the transaction.
        company: its row, locked.
        until: that day, at the creditor's place; None, that payments are recorded as they come again.
        now: business time.
        who: who says so.
        correction: why what was said before was wrong: only then may the day go back, or be taken away.

    Raises:
        InvalidFact: the day goes back, is taken away, or lies in the future.
    """
    before = company.bank_known_until
    if until == before:
        return Stated(before, until)
    if until is not None:
        today = business_calendar(company.country, company.zone).local_day(now)
        if until > today:
            raise InvalidFact(f"bank_known_until: {until} lies in the future (today is {today})")
    back = before is not None and (until is None or until < before)
    if back and correction is None:
        raise InvalidFact(
            f"bank_known_until: the bank is known up to {before}; to go back is a correction, with its reason"
        )
    if back:
        _retract(session, company.id, until, now, who)
    if until is not None and not _stated(session, company.id, until):
        session.add(
            BankStatementRow(
                company_id=company.id, known_until=until, stated_at=now, stated_by=who, reason=correction
            )
        )
    company.bank_known_until = until
    session.flush()
    if back:
        run(session, _LOOK_AGAIN, company=company.id, day=until or before)
    _close_tasks(session, company, now, who)
    notes = tell_ready(session, now, company.id)
    left = run(session, _WAITING, company=company.id).scalar_one()
    return Stated(before, until, tuple(notes), left)


def tell_ready(
    session: Session, now: datetime, company_id: UUID | None = None, limit: int = BATCH
) -> list[int]:
    """Tell up to `limit` cases, of one company or all, that the bank is known as far as they wait for.

    Those that have waited for the earliest day come first. Returns the notes to deliver after the commit;
    fewer than `limit`: nobody else waits, or others hold them.
    """
    cases = list(run(session, _TELL, company=company_id, limit=limit).scalars())
    return add_notes(session, cases, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})


def _retract(session: Session, company_id: UUID, until: date | None, now: datetime, who: str) -> None:
    too_far = [col(BankStatementRow.company_id) == company_id, col(BankStatementRow.retracted_at).is_(None)]
    if until is not None:
        too_far.append(col(BankStatementRow.known_until) > until)
    session.exec(update(BankStatementRow).where(*too_far).values(retracted_at=now, retracted_by=who))


def _stated(session: Session, company_id: UUID, until: date) -> bool:
    wanted = select(BankStatementRow.id).where(
        BankStatementRow.company_id == company_id,
        BankStatementRow.known_until == until,
        col(BankStatementRow.retracted_at).is_(None),
    )
    return session.exec(wanted.limit(1)).first() is not None


def _close_tasks(session: Session, company: Company, now: datetime, who: str) -> None:
    """The file that was asked for is here; should it not be enough, the next one is asked for."""
    until = company.bank_known_until
    outcome = "payments are recorded as they come" if until is None else f"the bank is known up to {until}"
    asked = select(Task).where(
        Task.company_id == company.id, Task.kind == TaskKind.BANK_FILE, Task.status == TaskStatus.OPEN
    )
    for task in session.exec(asked.with_for_update()):
        close_task(task, TaskStatus.DONE, outcome, who, now)
    session.flush()
