"""What a person needs to say what a bank line pays: open invoices; which payment a return may take back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlmodel import Session

from activities.store.amounts import REST
from activities.store.sql import run
from admin.queries.bank_lines import BankLineFilter, BankLineRow, LinePart, bank_lines
from admin.queries.models import Amount, Answer
from admin.queries.reading import rows_of
from models.errors import NotFound
from rules.money import round_money

MOST_OPEN: Final = 100
"""Invoices of a customer on one page, the oldest first; any other is named by its number."""
MOST_RETURNED: Final = 20

# What an invoice owes without this line, and what the line pays of it now.
_OPEN: Final = f"""
    SELECT i.number, i.order_ref, i.due_on, i.currency,
           {REST} + coalesce(here.amount, 0) AS owed, here.amount AS here
      FROM customer c
      JOIN invoice i ON i.customer_id = c.id
      LEFT JOIN LATERAL (SELECT sum(p.amount) AS amount FROM payment p
                          WHERE p.invoice_id = i.id AND p.reversed_at IS NULL
                            AND p.bank_line_id = %(line)s) AS here ON TRUE
     WHERE c.company_id = %(company)s AND c.ref = %(customer)s AND i.currency = %(currency)s
       AND (here.amount IS NOT NULL
            OR EXISTS (SELECT FROM dunning_case k WHERE k.invoice_id = i.id AND k.closed_at IS NULL))
     ORDER BY i.due_on, i.number
     LIMIT %(limit)s
"""
_CUSTOMER_OF: Final = """
    SELECT c.ref, c.name FROM invoice i JOIN customer c ON c.id = i.customer_id
     WHERE i.company_id = %(company)s AND i.number = %(number)s
"""
_CUSTOMER: Final = "SELECT ref, name FROM customer WHERE company_id = %(company)s AND ref = %(ref)s"
_WITH: Final = """
    SELECT is_return, end_to_end_id, bank_ref, return_reason FROM bank_line
     WHERE id = %(line)s AND company_id = %(company)s
"""
_RETURNED: Final = """
    SELECT l.id, l.booked_on, l.payer_name, l.text,
           (SELECT json_agg(json_build_object('invoice', i.number, 'amount', p.amount) ORDER BY i.number)
              FROM payment p LEFT JOIN invoice i ON i.id = p.invoice_id
             WHERE p.bank_line_id = l.id AND p.reversed_at IS NULL) AS booked
      FROM bank_line l
     WHERE l.company_id = %(company)s AND l.direction = 'in' AND l.amount = %(amount)s
       AND l.currency = %(currency)s AND l.booked_on <= %(until)s
       AND l.state IN ('new', 'booked', 'proposed', 'unallocated')
     ORDER BY l.booked_on DESC, l.id
     LIMIT %(limit)s
"""
_KEY: Final = """
    SELECT key FROM task
     WHERE id = %(task)s AND company_id = %(company)s AND kind IN ('bank_line', 'bank_return')
"""
_BY_KEY: Final = "SELECT id FROM bank_line WHERE company_id = %(company)s AND line_key = %(key)s"


class LineWhole(Answer):
    """A movement with what its page needs besides its row."""

    row: BankLineRow
    is_return: bool
    end_to_end_id: str | None
    bank_ref: str | None
    return_reason: str | None


class OpenForLine(Answer):
    """An invoice that a line may pay. `owed` is what it owes without the line, `here` what that pays."""

    number: str
    order_ref: str | None
    due_on: date
    currency: str
    owed: Amount
    here: Amount | None


class ReturnedMaybe(Answer):
    """A line that a return may take back, and where its money stands."""

    id: UUID
    booked_on: date
    payer_name: str | None
    text: str
    booked: list[LinePart]


class Named(Answer):
    """A customer by reference and name."""

    ref: str
    name: str


def whole_line(session: Session, company_id: UUID, line_id: UUID) -> LineWhole:
    """One line.

    Raises:
        NotFound: the company has none of that id.
    """
    items = bank_lines(session, company_id, BankLineFilter(), line_id).items
    if not items:
        raise NotFound(f"no bank line {line_id}")
    (more,) = rows_of(session, _WITH, line=line_id, company=company_id)
    return LineWhole(row=items[0], **more)


def open_for_line(session: Session, company_id: UUID, customer: str, line: BankLineRow) -> list[OpenForLine]:
    """The customer's open invoices in the line's currency, and those it pays now; the oldest first."""
    rows = rows_of(
        session,
        _OPEN,
        company=company_id,
        customer=customer,
        currency=line.currency,
        line=line.id,
        limit=MOST_OPEN,
    )
    found = [OpenForLine(**{**row, "owed": round_money(row["owed"], row["currency"])}) for row in rows]
    return [each for each in found if each.owed > 0]


def customer_named(session: Session, company_id: UUID, ref: str) -> Named | None:
    """A customer of the company, if there is one of that reference."""
    rows = rows_of(session, _CUSTOMER, company=company_id, ref=ref)
    return Named(**rows[0]) if rows else None


def customer_of_invoice(session: Session, company_id: UUID, number: str) -> Named | None:
    """Whose an invoice is."""
    rows = rows_of(session, _CUSTOMER_OF, company=company_id, number=number)
    return Named(**rows[0]) if rows else None


def returned_maybe(session: Session, company_id: UUID, line: BankLineRow) -> list[ReturnedMaybe]:
    """What a return may take back: money of the same amount that came before it, the latest first."""
    rows = rows_of(
        session,
        _RETURNED,
        company=company_id,
        amount=line.amount,
        currency=line.currency,
        until=line.booked_on,
        limit=MOST_RETURNED,
    )
    return [ReturnedMaybe(**{**row, "booked": row["booked"] or []}) for row in rows]


def line_of(session: Session, company_id: UUID, task_id: UUID) -> UUID:
    """The line that a task asks about.

    Raises:
        NotFound: no such task, or it asks about no line.
    """
    told = run(session, _KEY, task=task_id, company=company_id).one_or_none()
    kind, _, key = ("", "", "") if told is None else told.key.partition("/")
    if kind == "bank-line":
        return UUID(key)
    # `bank-return/<company>/<the line's own key>`
    found = run(session, _BY_KEY, company=company_id, key=key.partition("/")[2]).one_or_none()
    if found is None:
        raise NotFound(f"no bank line of task {task_id}")
    return UUID(str(found.id))


def prefilled(line: BankLineRow, invoices: list[OpenForLine]) -> dict[str, Decimal]:
    """What to propose in a form: where the money stands now, else the best proposal, else what fits exactly,
    else the oldest first (Code civil 1342-10)."""
    owed = {each.number: each.owed for each in invoices}
    here = {each.number: each.here for each in invoices if each.here is not None}
    if here:
        return here
    for proposal in line.proposals:
        parts = {part.invoice: part.amount for part in proposal.allocations if part.invoice is not None}
        if parts and all(number in owed and amount <= owed[number] for number, amount in parts.items()):
            return parts
    exact = [number for number, amount in owed.items() if amount == line.amount]
    if exact:
        return {exact[0]: line.amount}
    found: dict[str, Decimal] = {}
    rest = line.amount
    for each in invoices:
        if rest <= 0:
            break
        found[each.number] = min(each.owed, rest)
        rest -= found[each.number]
    return found
