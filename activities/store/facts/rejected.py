"""Facts that could not be recorded: people see them, and the case goes on."""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from activities.store.events import add_event
from activities.store.lookup import lock_customer
from activities.store.tasks import open_task, owner
from models.errors import NotFound
from models.tables import Company, Invoice, Task
from models.tables.words import TaskKind, TaskStatus
from rules.calendar import business_calendar

PAYLOAD_LIMIT = 2000


def reject(
    session: Session,
    now: datetime,
    invoice_id: UUID,
    signal: str,
    payload_text: str,
    reason: str,
    who: str = "temporal",
) -> bool:
    """Keep a refused fact as a `rejected` line of the journal, and ask a person; return whether it is new.

    While the task for the same payload is open, telling it again (a retry) adds nothing.

    Args:
        session: the transaction.
        now: business time.
        invoice_id: the case it was sent to.
        signal: the name it came under.
        payload_text: as it came; the first 2,000 characters are kept.
        reason: why it was refused, naming the field.
        who: where it came from.

    Raises:
        NotFound: the ledger has no such invoice.
    """
    invoice = session.get(Invoice, invoice_id)
    if invoice is None:
        raise NotFound(f"no invoice {invoice_id}")
    customer = lock_customer(session, invoice.customer_id)
    company = session.get_one(Company, invoice.company_id)
    digest = hashlib.sha256(f"{signal}\n{payload_text}".encode(errors="replace")).hexdigest()[:16]
    key = f"rejected-fact/{invoice_id}/{digest}"
    before = session.exec(
        select(Task.status).where(
            Task.invoice_id == invoice_id,
            Task.kind == TaskKind.REJECTED_FACT,
            col(Task.key).startswith(key, autoescape=True),
        )
    ).all()
    if TaskStatus.OPEN in before:
        return False
    today = business_calendar(customer.country, customer.zone).local_day(now)
    name, kept, why = (_clean(text)[:PAYLOAD_LIMIT] for text in (signal, payload_text, reason))
    add_event(
        session,
        company_id=company.id,
        customer_id=customer.id,
        invoice_id=invoice_id,
        at=now,
        who=who,
        what="rejected",
        why=why,
        detail={"signal": name, "payload": kept},
    )
    open_task(
        session,
        key=f"{key}/{len(before) + 1}",
        kind=TaskKind.REJECTED_FACT,
        company_id=company.id,
        customer_id=customer.id,
        invoice_id=invoice_id,
        title=f"A fact about invoice {invoice.number} could not be recorded: {name}",
        body=f"{why}\n\n{kept}",
        now=now,
        today=today,
        assignee_email=owner(customer, company),
    )
    return True


def _clean(text: str) -> str:
    """Without what PostgreSQL cannot store: NUL and halves of surrogate pairs."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
