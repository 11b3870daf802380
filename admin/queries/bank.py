"""How far a company knows its bank, who said so, and what waits for the next file."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import Session, col, select

from activities.store.bank_tasks import held_by_bank
from admin.queries.models import Amount, Answer
from models.tables import BankStatementRow, Company

SHOWN = 20
"""How many statements are shown."""


class StatementTold(Answer):
    """Somebody said that the bank was known up to a day; `retracted_at` when that was wrong."""

    known_until: date
    stated_at: datetime
    stated_by: str
    reason: str | None
    retracted_at: datetime | None
    retracted_by: str | None


class HeldSum(Answer):
    """What is owed on the invoices that wait, in one currency."""

    currency: Annotated[str, Field(examples=["EUR"])]
    amount: Amount


class BankKnown(Answer):
    """How far the bank is known (absent: payments are recorded as they come), and what waits for a file.

    One contact is made for all that is due to a customer.
    """

    company: str
    bank_known_until: date | None
    held_contacts: Annotated[int, Field(description="Contacts that wait for a later file")]
    held_invoices: int
    held_sums: list[HeldSum]
    statements: Annotated[list[StatementTold], Field(description="The latest twenty, the last one first")]


def bank_known(session: Session, company_id: UUID) -> BankKnown:
    """As the ledger holds it at this moment."""
    company = session.get_one(Company, company_id)
    held = held_by_bank(session, company_id).get(company_id)
    rows = session.exec(
        select(BankStatementRow)
        .where(BankStatementRow.company_id == company_id)
        .order_by(col(BankStatementRow.id).desc())
        .limit(SHOWN)
    )
    return BankKnown(
        company=company.ref,
        bank_known_until=company.bank_known_until,
        held_contacts=held.customers if held else 0,
        held_invoices=held.invoices if held else 0,
        held_sums=[HeldSum(currency=currency, amount=held.sums[currency]) for currency in sorted(held.sums)]
        if held
        else [],
        statements=[StatementTold.model_validate(row) for row in rows],
    )
