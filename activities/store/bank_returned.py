"""Money that went back: the payment it was finds its end, and the case is owed again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import Session, col, select

from activities.store.credits import end_credit
from activities.store.facts import record
from activities.store.lookup import invoice_by_number, lock_customer
from activities.store.sql import run
from activities.store.tasks import close_task, open_task, withdraw_tasks
from models.errors import InvalidFact, NotFound, RelanceError, WrongState
from models.ids import CaseSignal
from models.messages import PaymentReversed
from models.tables import BankLine, Company, Invoice, PaymentRow, Task
from models.tables.words import BankDirection, BankLineState, TaskKind, TaskStatus
from rules.bank_returns import RECALLED_WITHIN, Incoming, Returned, find_returned
from rules.calendar import business_calendar
from rules.money import round_money

WHO: Final = "bank"
_STANDING: Final = (
    BankLineState.NEW,
    BankLineState.BOOKED,
    BankLineState.PROPOSED,
    BankLineState.UNALLOCATED,
)

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
            return _take_back(session, company, paid, line, found.why, now, WHO)
    except RelanceError as error:
        _ask(session, company, line, f"{found.why}, but: {error}", (str(paid.id),), now)
        return []


@dataclass(frozen=True, slots=True)
class TakesBack:
    """What a person says a return takes back: one of the three.

    Args:
        line: the bank line that came before.
        invoice: an invoice whose payment did not come by a bank file.
        payment_event_id: which payment of it, if it has several.
        elsewhere: why nothing here is to be taken back.
    """

    line: UUID | None = None
    invoice: str | None = None
    payment_event_id: str | None = None
    elsewhere: str | None = None


def settle_by_hand(
    session: Session, company: Company, line_id: UUID, told: TakesBack, *, now: datetime, who: str
) -> tuple[BankLine, list[int]]:
    """Take back what a person says a return is about, and close the question. Returns the notes to deliver.

    Raises:
        NotFound: no such line, invoice or payment of this company.
        WrongState: the return is settled already, or what it is said to take back is.
        InvalidFact: not one of the three, or not the same money.
    """
    line = _of_company(session, company, line_id)
    if line.direction != BankDirection.OUT or not line.is_return:
        raise WrongState(f"bank line {line_id} is no return")
    if line.state not in (BankLineState.NEW, BankLineState.PROPOSED):
        raise WrongState(f"bank line {line_id} is {line.state} already")
    if sum(one is not None for one in (told.line, told.invoice, told.elsewhere)) != 1:
        raise InvalidFact("line, invoice or elsewhere: one of them is required")
    if told.payment_event_id is not None and told.invoice is None:
        raise InvalidFact("payment_event_id: only with an invoice")
    if told.line is not None:
        paid = _of_company(session, company, told.line)
        if paid.direction != BankDirection.IN or paid.state not in _STANDING:
            raise WrongState(f"line: bank line {told.line} is {paid.state}: nothing of it stands")
        if (paid.amount, paid.currency) != (line.amount, line.currency):
            raise InvalidFact(f"line: it is of {_money(paid)}, and {_money(line)} went back")
        notes = _take_back(session, company, paid, line, "as a person decided", now, who)
    elif told.invoice is not None:
        notes = _take_back_payment(session, company, line, told, now, who)
    else:
        notes = []
        line.state, line.reason, line.settled_at = BankLineState.RETURNED, told.elsewhere, now
    line.decided_by = who
    task = session.exec(select(Task).where(Task.key == _task_key(company, line))).one_or_none()
    if task is not None and task.status == TaskStatus.OPEN:
        close_task(task, TaskStatus.DONE, "settled", who, now)
    session.flush()
    return line, notes


def _of_company(session: Session, company: Company, line_id: UUID) -> BankLine:
    found = session.exec(
        select(BankLine).where(BankLine.id == line_id, BankLine.company_id == company.id).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound(f"no bank line {line_id}")
    return found


def _take_back(
    session: Session,
    company: Company,
    paid: BankLine,
    line: BankLine,
    why: str,
    now: datetime,
    who: str,
) -> list[int]:
    notes = _reverse(session, company, paid, line, now, who)
    line.state, line.reason, line.settled_at = BankLineState.RETURNED, why, now
    line.returned_key = paid.line_key
    paid.state, paid.settled_at = BankLineState.RETURNED, now
    paid.reason = f"taken back on {line.booked_on}" + (
        f" ({line.return_reason})" if line.return_reason else ""
    )
    withdraw_tasks(session, now=now, why=paid.reason, who=who, keys=(f"bank-line/{paid.id}",))
    session.flush()
    return notes


def _take_back_payment(
    session: Session, company: Company, line: BankLine, told: TakesBack, now: datetime, who: str
) -> list[int]:
    """Reverse a payment that no bank file brought."""
    invoice = invoice_by_number(session, company.ref, told.invoice or "")
    customer = lock_customer(session, invoice.customer_id)
    standing = select(PaymentRow).where(
        PaymentRow.invoice_id == invoice.id, col(PaymentRow.reversed_at).is_(None)
    )
    if told.payment_event_id is not None:
        standing = standing.where(PaymentRow.event_id == told.payment_event_id)
    payments = session.exec(standing).all()
    same = [each for each in payments if (each.amount, each.currency) == (line.amount, line.currency)]
    if len(same) != 1:
        found = "no payment" if not same else f"{len(same)} payments"
        raise InvalidFact(
            f"invoice: {invoice.number} has {found} of {_money(line)} that stand"
            + ("; name one by payment_event_id" if same else "")
        )
    today = business_calendar(company.country, company.zone).local_day(now)
    done = record(
        session,
        now=now,
        invoice=invoice,
        fact=PaymentReversed(
            event_id=f"bank-return/{line.line_key}/{same[0].id}",
            payment_event_id=same[0].event_id,
            reversed_on=min(max(line.booked_on, same[0].received_on), today),
            note=line.return_reason,
        ),
        signal=CaseSignal.PAYMENT_REVERSED,
        who=who,
    )
    line.state, line.reason, line.settled_at = BankLineState.RETURNED, "as a person decided", now
    line.customer_id = customer.id
    return list(done.notes)


def _money(line: BankLine) -> str:
    return f"{round_money(line.amount, line.currency)} {line.currency}"


def _task_key(company: Company, line: BankLine) -> str:
    return f"bank-return/{company.id}/{line.line_key}"


def _reverse(
    session: Session, company: Company, paid: BankLine, line: BankLine, now: datetime, who: str
) -> list[int]:
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
            notes += end_credit(
                session, customer, payment, "credit_returned", reversed_on, now, who, paid.reason
            )
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
            who=who,
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
            f"Possible: line {str(paid.id)[:8]}, {paid.booked_on}, {paid.payer_name or 'payer not named'}, "
            f"{paid.text[:120] or '-'}"
            for paid in possible
        ),
        f"Say what it takes back: relance took-back {str(line.id)[:8]} --line LINE, or --invoice NUMBER for a"
        " payment that no bank file brought, or --elsewhere REASON.",
    ]
    open_task(
        session,
        key=_task_key(company, line),
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
