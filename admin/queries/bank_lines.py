"""Lines of bank files: what came, what it pays, what a person is asked."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field
from sqlmodel import Session

from admin.api.paging import Page
from admin.queries.models import Amount, Answer
from admin.queries.reading import DAY, Order, Paging, read_page
from models.tables.words import BankLineState

_LINES: Final = """
    SELECT {columns}, l.id, l.state, l.direction, l.amount, l.currency, l.booked_on,
           l.account_iban AS account, l.payer_name, l.payer_iban, l.text, l.reason, l.decided_by, l.proposals,
           (SELECT c.ref FROM customer c WHERE c.id = l.customer_id) AS customer,
           (SELECT json_agg(json_build_object('invoice', i.number, 'amount', p.amount) ORDER BY i.number)
              FROM payment p LEFT JOIN invoice i ON i.id = p.invoice_id
             WHERE p.bank_line_id = l.id AND p.reversed_at IS NULL) AS booked
      FROM bank_line l
     WHERE l.company_id = %(company)s AND NOT l.is_batch AND {beyond}
       AND {which}
       AND (%(state)s::text IS NULL OR l.state = %(state)s)
       AND (%(line)s::uuid IS NULL OR l.id = %(line)s)
     ORDER BY {order}
     LIMIT {limit}
"""

TO_ALLOCATE: Final = "(l.state = 'proposed' OR l.state = 'unallocated' AND l.customer_id IS NULL)"
"""SQL: a person has to say what a line pays, or whose it is. An index has those."""


class BankLineFilter(Paging):
    """Which lines."""

    state: Annotated[
        BankLineState | None, Field(description="`proposed`: a person is asked; `unallocated`: credit")
    ] = None
    to_allocate: Annotated[
        bool, Field(description="Only what a person has to see to: `proposed`, or of a payer nobody knows")
    ] = False


class LinePart(Answer):
    """A part of a line, on an invoice; without one, it is its customer's credit."""

    invoice: Annotated[str | None, Field(examples=["FA-1001"])]
    amount: Amount


class LineProposal(Answer):
    """Which invoices it may pay."""

    confidence: Annotated[int, Field(ge=0, le=100)]
    reasons: list[str]
    allocations: list[LinePart]


class BankLineRow(Answer):
    """A movement of an account, and what became of it."""

    id: UUID
    state: Annotated[str, Field(examples=["proposed"])]
    direction: Annotated[str, Field(examples=["in"])]
    amount: Amount
    currency: Annotated[str, Field(examples=["EUR"])]
    booked_on: date
    account: str
    payer_name: str | None
    payer_iban: str | None
    text: str
    reason: Annotated[str | None, Field(description="Why it is in its state")]
    decided_by: Annotated[str | None, Field(description="The person who said so")]
    customer: Annotated[str | None, Field(examples=["C-101"])]
    booked: Annotated[list[LinePart], Field(description="Where its money stands now")]
    proposals: Annotated[list[LineProposal], Field(description="Best first")]


def bank_lines(
    session: Session, company_id: UUID, wanted: BankLineFilter, line: UUID | None = None
) -> Page[BankLineRow]:
    """Lines of a company, the latest first; or one of them."""
    order = Order(f"bank lines {company_id}", "l.booked_on", "l.id", DAY, descending=True)

    which = TO_ALLOCATE if wanted.to_allocate else "TRUE"

    def build(beyond: str, limit: int) -> str:
        return _LINES.format(columns=order.columns, beyond=beyond, order=order.by(), limit=limit, which=which)

    rows, following = read_page(
        session, order, wanted, build, company=company_id, state=wanted.state, line=line
    )
    return Page(items=[_row(row) for row in rows], next=following)


def _row(row: dict[str, Any]) -> BankLineRow:
    told = dict(row)
    told["booked"] = [LinePart(**part) for part in told["booked"] or ()]
    told["proposals"] = [LineProposal.model_validate(each) for each in told["proposals"] or ()]
    return BankLineRow(**told)
