"""Registered letters and their provider in the ledger: which may be handed over, what is noted of each."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlmodel import Session, select

from activities.channels.registered import Product
from activities.store.sql import run
from models.tables import LetterPosting, RegisteredMailRow, Task
from models.tables.words import TaskStatus

# Electronic delivery goes to an address of its own; paper goes from one postal address to another.
_WAITING: Final = """
    SELECT t.id AS task, m.id AS message, m.customer_id AS customer, m.to_address
      FROM task t
      JOIN communication m ON m.contact_id = t.contact_id AND m.channel = 'letter'
      JOIN customer c ON c.id = t.customer_id
      JOIN company k ON k.id = t.company_id
     WHERE t.kind = 'registered_letter' AND t.status = 'open'
       AND NOT EXISTS (SELECT FROM letter_posting p WHERE p.task_id = t.id)
       AND NOT EXISTS (SELECT FROM registered_mail r WHERE r.task_id = t.id)
       AND CASE WHEN %(paper)s THEN c.address ~ '[^[:space:]]' AND k.address ~ '[^[:space:]]'
                ELSE m.to_address <> '' END
     ORDER BY t.opened_at, t.id
"""
_STAGED: Final = """
    SELECT r.id, r.communication_id AS message, m.customer_id AS customer
      FROM registered_mail r JOIN communication m ON m.id = r.communication_id
     WHERE r.state = 'staged'
     ORDER BY r.staged_at, r.id
"""
_NO_ADDRESS: Final = """
    SELECT count(*)
      FROM task t
      JOIN customer c ON c.id = t.customer_id
      JOIN company k ON k.id = t.company_id
     WHERE t.kind = 'registered_letter' AND t.status = 'open'
       AND NOT EXISTS (SELECT FROM letter_posting p WHERE p.task_id = t.id)
       AND NOT (coalesce(c.address, '') ~ '[^[:space:]]' AND coalesce(k.address, '') ~ '[^[:space:]]')
"""
_LINES: Final = """
    SELECT r.content_id, k.ref AS company, c.ref AS customer, r.product, r.state,
           coalesce(r.handed_at, r.staged_at) AS since, r.number, r.deposited_on,
           r.outcome, r.ended_on, r.reason
      FROM registered_mail r
      JOIN communication m ON m.id = r.communication_id
      JOIN customer c ON c.id = m.customer_id
      JOIN company k ON k.id = m.company_id
     WHERE (%(all)s OR r.state <> 'taken_back' AND r.outcome IS NULL)
       AND (%(company)s::text IS NULL OR k.ref = %(company)s)
     ORDER BY since DESC, r.content_id
     LIMIT %(limit)s
"""
_RECEIPT: Final = """
    INSERT INTO registered_receipt (mail_id, content_hash, name, received_at)
    VALUES (%(mail)s, %(hash)s, %(name)s, %(now)s)
    ON CONFLICT (mail_id, content_hash) DO NOTHING
"""


MOST_LINES: Final = 500
"""Letters shown at once."""


class Waiting(NamedTuple):
    """A letter that a task asks to be posted, and that no provider was given yet."""

    task: UUID
    message: UUID
    customer: UUID
    to_address: str


class Staged(NamedTuple):
    """A letter that may have been handed over, or not."""

    id: UUID
    message: UUID
    customer: UUID


class RegisteredLine(NamedTuple):
    """One letter a provider was given, for people to look at."""

    content_id: str
    company: str
    customer: str
    product: str
    state: str
    since: datetime
    number: str | None
    deposited_on: date | None
    outcome: str | None
    ended_on: date | None
    reason: str | None


def waiting(session: Session, product: Product) -> list[Waiting]:
    """Letters that could go to a provider, oldest first."""
    return [Waiting(*row) for row in run(session, _WAITING, paper=product is Product.LRAR)]


def still_waits(session: Session, task_id: UUID) -> Task | None:
    """The task, while it is open, nobody told of a posting, and no provider was given its letter.

    Read under the customer's lock, which whoever completes a task takes as well.
    """
    task = session.get_one(Task, task_id, populate_existing=True)
    given = session.exec(select(RegisteredMailRow.id).where(RegisteredMailRow.task_id == task_id)).first()
    return task if given is None and may_still_leave(session, task) else None


def may_still_leave(session: Session, task: Task) -> bool:
    """Whether its task still asks for the posting: it is open, and nobody posted the letter by hand."""
    posted = session.exec(select(LetterPosting.id).where(LetterPosting.task_id == task.id)).first()
    return task.status == TaskStatus.OPEN and posted is None


def staged(session: Session) -> list[Staged]:
    """Letters whose handing over was begun, oldest first."""
    return [Staged(*row) for row in run(session, _STAGED)]


def locked_mail(session: Session, mail_id: UUID) -> RegisteredMailRow:
    """One of them, freshly read and locked."""
    return session.exec(
        select(RegisteredMailRow)
        .where(RegisteredMailRow.id == mail_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def mail_by_content_id(session: Session, content_id: str) -> RegisteredMailRow | None:
    """The letter a provider knows by that id."""
    return session.exec(
        select(RegisteredMailRow).where(RegisteredMailRow.content_id == content_id)
    ).one_or_none()


def keep_receipt(session: Session, mail_id: UUID, digest: str, name: str, now: datetime) -> None:
    """Note a document that is kept under `digest`; the same bytes are noted once."""
    run(session, _RECEIPT, mail=mail_id, hash=digest, name=name, now=now)


def without_address(session: Session) -> int:
    """How many letters nobody can hand over for want of a postal address, the debtor's or our own."""
    return int(run(session, _NO_ADDRESS).scalar_one())


def lines(session: Session, company: str | None, *, everything: bool) -> list[RegisteredLine]:
    """Letters a provider was given, the latest first, `MOST_LINES` at most: those under way, or all."""
    rows = run(session, _LINES, company=company, all=everything, limit=MOST_LINES)
    return [RegisteredLine(*row) for row in rows]
