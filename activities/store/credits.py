"""Money of a customer that no open invoice takes: overpayments, and payments nobody has allocated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID, uuid4

from sqlmodel import Session

from activities.store.events import add_event
from activities.store.lookup import open_cases
from activities.store.outbox import add_notes
from models.ids import CaseSignal, OutreachSignal
from models.tables import Customer, FactRow, PaymentRow
from models.tables.words import NoteTo
from rules.money import round_money


@dataclass(frozen=True, slots=True)
class Unallocated:
    """One credit; `amount` is positive, in `currency`."""

    reference: str
    dated: date
    amount: Decimal
    currency: str


# Payments without an invoice first, as they came; then what invoices were paid too much, credit notes
# included, by number.
UNALLOCATED: Final = """
    SELECT json_agg(json_build_array(reference, dated, amount, currency)
                    ORDER BY came_on NULLS LAST, place COLLATE "C")
      FROM (SELECT coalesce(nullif(p.reference, ''), p.event_id) AS reference, p.received_on AS dated,
                   p.amount, p.currency, p.received_on AS came_on, p.id::text AS place
              FROM payment p
             WHERE p.customer_id = (SELECT id FROM debtor)
               AND p.invoice_id IS NULL AND p.reversed_at IS NULL
             UNION ALL
            SELECT i.number, paid.last_on, paid.amount + credited.amount - i.total, i.currency, NULL, i.number
              FROM (SELECT p.invoice_id, sum(p.amount) AS amount, max(p.received_on) AS last_on
                      FROM payment p
                     WHERE p.customer_id = (SELECT id FROM debtor)
                       AND p.invoice_id IS NOT NULL AND p.reversed_at IS NULL
                     GROUP BY p.invoice_id) AS paid
              JOIN invoice i ON i.id = paid.invoice_id
             CROSS JOIN LATERAL (SELECT coalesce(sum(n.amount), 0) AS amount
                                   FROM credit_note n
                                  WHERE n.invoice_id = i.id AND n.cancelled_at IS NULL) AS credited
             WHERE paid.amount + credited.amount > i.total) AS found
"""
"""A part of the one statement in `load`: payments without an invoice, and what was paid too much."""


def unallocated(rows: Sequence[Sequence[Any]] | None) -> tuple[Unallocated, ...]:
    """The credits that `UNALLOCATED` found."""
    return tuple(
        Unallocated(reference, date.fromisoformat(dated), round_money(amount, currency), currency)
        for reference, dated, amount, currency in rows or ()
    )


@dataclass(frozen=True, slots=True)
class NewCredit:
    """Money to keep: `event_id` is new, `reference` what its customer reads of it."""

    event_id: str
    amount: Decimal
    currency: str
    received_on: date
    reference: str | None
    bank_line_id: UUID | None = None


def keep_credit(
    session: Session, customer: Customer, credit: NewCredit, now: datetime, who: str, why: str | None = None
) -> list[int]:
    """Keep money as its customer's credit, which the next contact takes into account.

    The customer is locked already. Returns the notes to deliver: what was composed without it is composed
    again.
    """
    told = {"amount": str(credit.amount), "currency": credit.currency}
    line = credit.bank_line_id
    fact = FactRow(
        id=uuid4(),
        company_id=customer.company_id,
        event_id=credit.event_id,
        kind=CaseSignal.PAYMENT_RECEIVED,
        customer_id=customer.id,
        payload=told | ({} if line is None else {"bank_line_id": str(line)}),
        recorded_at=now,
        recorded_by=who,
    )
    session.add(fact)
    session.flush()
    session.add(
        PaymentRow(
            id=uuid4(),
            fact_id=fact.id,
            customer_id=customer.id,
            amount=credit.amount,
            currency=credit.currency,
            received_on=credit.received_on,
            recorded_at=now,
            event_id=credit.event_id,
            reference=credit.reference,
            bank_line_id=line,
        )
    )
    return _tell(session, customer, "credit_kept", told | _line(line), now, who, why)


def end_credit(
    session: Session,
    customer: Customer,
    payment: PaymentRow,
    what: str,
    ended_on: date,
    now: datetime,
    who: str,
    why: str | None = None,
) -> list[int]:
    """Take a credit away: it went back, or on an invoice. `what` names that in the journal.

    The customer is locked already. Returns the notes to deliver.
    """
    payment.reversed_at, payment.reversed_on = now, ended_on
    told = {"amount": str(payment.amount), "currency": payment.currency}
    return _tell(session, customer, what, told | _line(payment.bank_line_id), now, who, why)


def _tell(
    session: Session,
    customer: Customer,
    what: str,
    detail: Mapping[str, str],
    now: datetime,
    who: str,
    why: str | None,
) -> list[int]:
    """Write it down; the notes by which what was composed with the former credit is composed again."""
    customer.ledger_seq += 1
    add_event(
        session,
        company_id=customer.company_id,
        customer_id=customer.id,
        at=now,
        who=who,
        what=what,
        why=why,
        detail=dict(detail),
    )
    session.flush()
    cases = open_cases(session, customer.id)
    notes = add_notes(session, cases, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})
    return notes + add_notes(session, [customer.id], NoteTo.OUTREACH, OutreachSignal.NUDGED, now)


def _line(bank_line_id: UUID | None) -> dict[str, str]:
    return {} if bank_line_id is None else {"bank_line": str(bank_line_id)}
