"""Money that went back: the payment it was finds its end, and the case is owed again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from activities.matching.book import tell_credit
from activities.store.facts import record
from activities.store.lookup import lock_customer
from activities.store.sql import run
from activities.store.tasks import open_task, withdraw_tasks
from models.errors import RelanceError
from models.ids import CaseSignal
from models.messages import PaymentReversed
from models.tables import BankLine, Company, Invoice, PaymentRow
from models.tables.words import BankLineState, TaskKind
from rules.bank_returns import RECALLED_WITHIN, Incoming, Returned, find_returned
from rules.calendar import business_calendar

WHO: Final = "bank"

_BEFORE: Final = """
    SELECT id::text AS line, amount, currency, booked_on, end_to_end_id, bank_ref, payer_iban, payer_name
      FROM bank_line
     WHERE company_id = %(company)s AND direction = 'in' AND amount = %(amount)s
       AND currency = %(currency)s AND booked_on BETWEEN %(since)s AND %(until)s
       AND state IN ('new', 'booked', 'proposed', 'unallocated')
     ORDER BY booked_on DESC, id
     LIMIT 1000
"""


def settle_return(session: Session, line_id: UUID, now: datetime) -> list[int]:
    """Take back what a returned line had paid, or ask whose it was. Returns the notes to deliver.

    Safe to run twice: a line that is settled is left alone.
    """
    line = session.exec(select(BankLine).where(BankLine.id == line_id).with_for_update()).one()
    if line.state != BankLineState.NEW:
        return []
    company = session.get_one(Company, line.company_id)
    rows = run(
        session,
        _BEFORE,
        company=company.id,
        amount=line.amount,
        currency=line.currency,
        since=line.booked_on - RECALLED_WITHIN,
        until=line.booked_on,
    )
    back = Returned(
        line.amount,
        line.currency,
        line.booked_on,
        line.end_to_end_id,
        line.payer_iban,
        line.payer_name,
        line.text,
    )
    found = find_returned(back, [Incoming(*row) for row in rows])
    if found.line is None:
        _ask(session, company, line, found.why, found.candidates, now)
        return []
    paid = session.exec(select(BankLine).where(BankLine.id == UUID(found.line)).with_for_update()).one()
    try:
        with session.begin_nested():
            notes = _reverse(session, company, paid, line, now)
    except RelanceError as error:
        _ask(session, company, line, f"{found.why}, but: {error}", (str(paid.id),), now)
        return []
    line.state, line.reason, line.settled_at = BankLineState.RETURNED, found.why, now
    line.returned_key = paid.line_key
    paid.state, paid.settled_at = BankLineState.RETURNED, now
    paid.reason = f"taken back on {line.booked_on}" + (
        f" ({line.return_reason})" if line.return_reason else ""
    )
    withdraw_tasks(session, now=now, why=paid.reason, who=WHO, keys=(f"bank-line/{paid.id}",))
    session.flush()
    return notes


def _reverse(session: Session, company: Company, paid: BankLine, line: BankLine, now: datetime) -> list[int]:
    """Reverse every payment of a line, on invoices or kept as credit; the notes to deliver."""
    # A bank may book both on one day; the customer's calendar may still be a day behind ours.
    today = business_calendar(company.country, company.zone).local_day(now)
    payments = session.exec(
        select(PaymentRow)
        .where(PaymentRow.bank_line_id == paid.id, col(PaymentRow.reversed_at).is_(None))
        .order_by(col(PaymentRow.customer_id), col(PaymentRow.id))
    ).all()
    notes: list[int] = []
    for payment in payments:
        customer = lock_customer(session, payment.customer_id)
        reversed_on = min(max(line.booked_on, payment.received_on), today)
        if payment.invoice_id is None:
            payment.reversed_at, payment.reversed_on = now, reversed_on
            notes += tell_credit(session, paid, customer, "credit_returned", payment.amount, now, WHO)
            continue
        done = record(
            session,
            now=now,
            invoice=session.get_one(Invoice, payment.invoice_id),
            fact=PaymentReversed(
                event_id=f"bank-return/{line.line_key}/{payment.id}",
                payment_event_id=payment.event_id,
                reversed_on=reversed_on,
                note=line.return_reason,
            ),
            signal=CaseSignal.PAYMENT_REVERSED,
            who=WHO,
        )
        notes += done.notes
    return notes


def _ask(
    session: Session,
    company: Company,
    line: BankLine,
    why: str,
    candidates: Sequence[str],
    now: datetime,
) -> None:
    today = business_calendar(company.country, company.zone).local_day(now)
    possible = session.exec(
        select(BankLine)
        .where(col(BankLine.id).in_([UUID(one) for one in candidates[:20]]))
        .order_by(col(BankLine.booked_on))
    ).all()
    body = [
        f"On {line.booked_on} the bank took {line.amount:,.2f} {line.currency} back: {why}.",
        f"The bank says: {line.text or '-'}"
        + (f" (reason {line.return_reason})" if line.return_reason else ""),
        *(
            f"Possible: {paid.booked_on}, {paid.payer_name or 'payer not named'}, {paid.text[:120] or '-'}"
            for paid in possible
        ),
        "Reverse the payment it takes back (fact payment_reversed of its invoice), so that the case goes on.",
    ]
    open_task(
        session,
        key=f"bank-return/{company.id}/{line.line_key}",
        kind=TaskKind.BANK_RETURN,
        company_id=company.id,
        customer_id=None,
        title=f"{line.amount:,.2f} {line.currency} went back on {line.booked_on}: whose payment was it?",
        body="\n".join(body),
        now=now,
        today=today,
        assignee_email=company.signatory_email,
    )
    line.state, line.reason, line.settled_at = BankLineState.PROPOSED, why, now
    session.flush()
