"""What a person decides about a bank line, tried first: what each invoice owes after it; then done once.

Both are the same functions as the API's and the command line's; the trial is undone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlmodel import Session

from activities.matching import allocate, set_aside
from activities.outbox import BATCH
from activities.store.amounts import REST
from activities.store.bank_returned import TakesBack, settle_by_hand
from activities.store.engine import transaction, trial
from activities.store.lookup import company_by_ref
from activities.store.sql import run
from admin.console.door import CompanyVisit
from admin.queries.reading import rows_of
from models.errors import NotFound
from rules.money import round_money


class Act(StrEnum):
    """What a person may say of a line."""

    ALLOCATE = "allocate"
    ASIDE = "aside"
    RETURN = "return"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says of a line. `amounts` are by invoice; `customer` has the rest as credit."""

    act: Act
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    customer: str | None = None
    reason: str = ""
    takes_back: TakesBack = field(default_factory=TakesBack)


@dataclass(frozen=True, slots=True)
class InvoiceEffect:
    """What an invoice owes before and after."""

    number: str
    customer: str
    name: str
    currency: str
    before: Decimal
    after: Decimal

    @property
    def closes(self) -> bool:
        """Whether nothing is owed any more: its case ends."""
        return self.before > 0 >= self.after

    @property
    def opens(self) -> bool:
        """Whether something is owed again: its case goes on."""
        return self.before <= 0 < self.after


@dataclass(frozen=True, slots=True)
class CreditEffect:
    """What a customer has as credit before and after."""

    customer: str
    name: str
    currency: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Effect:
    """What changes by a decision; `seen` marks how the line stood when it was found out."""

    invoices: tuple[InvoiceEffect, ...]
    credits: tuple[CreditEffect, ...]
    seen: str


class Moved(Exception):
    """The line does not stand any more as it did when the effect was shown."""


_OWING: Final = f"""
    SELECT i.number, c.ref AS customer, c.name, i.currency, {REST} AS owed
      FROM invoice i JOIN customer c ON c.id = i.customer_id
     WHERE i.company_id = %(company)s
       AND i.id IN (SELECT id FROM invoice WHERE company_id = %(company)s AND number = ANY (%(numbers)s)
                     UNION
                    SELECT invoice_id FROM payment
                     WHERE bank_line_id = ANY (%(lines)s::uuid[]) AND invoice_id IS NOT NULL)
     ORDER BY i.due_on, i.number
"""  # noqa: S608 (an expression of ours)
_CREDITS: Final = """
    SELECT c.ref AS customer, c.name, %(currency)s AS currency, coalesce(sum(p.amount), 0) AS credit
      FROM customer c
      LEFT JOIN payment p ON p.customer_id = c.id AND p.invoice_id IS NULL AND p.reversed_at IS NULL
                         AND p.currency = %(currency)s
     WHERE c.company_id = %(company)s
       AND c.id IN (SELECT id FROM customer WHERE company_id = %(company)s AND ref = ANY (%(refs)s)
                     UNION
                    SELECT customer_id FROM payment WHERE bank_line_id = ANY (%(lines)s::uuid[]))
     GROUP BY c.ref, c.name
     ORDER BY c.ref
"""
_STANDS: Final = """
    SELECT l.state, l.settled_at, l.decided_by, l.currency,
           (SELECT json_agg(p.id ORDER BY p.id) FROM payment p
             WHERE p.bank_line_id = l.id AND p.reversed_at IS NULL) AS payments
      FROM bank_line l
     WHERE l.id = %(line)s AND l.company_id = %(company)s
"""


def effect_of(at: CompanyVisit, line_id: UUID, decision: Decision) -> Effect:
    """What a decision would change, as things stand; nothing is written.

    Raises:
        NotFound: no such line, invoice or customer of this company.
        RelanceError: it cannot be; the text says why.
    """
    with trial(at.api.engine) as session:
        seen, currency = _stands(session, at, line_id)
        before = _owing(session, at, line_id, decision), _credits(session, at, line_id, decision, currency)
        _do(session, at, line_id, decision)
        session.flush()
        after = _owing(session, at, line_id, decision), _credits(session, at, line_id, decision, currency)
    # What a decision touches may only be known once it is done: whose credit an invoice's rest becomes.
    invoices = [
        InvoiceEffect(
            each["number"],
            each["customer"],
            each["name"],
            each["currency"],
            before[0].get(number, each)["owed"],
            each["owed"],
        )
        for number, each in after[0].items()
    ]
    credits = [
        CreditEffect(
            ref,
            each["name"],
            each["currency"],
            before[1].get(ref, {"credit": Decimal(0)})["credit"],
            each["credit"],
        )
        for ref, each in after[1].items()
    ]
    return Effect(
        tuple(each for each in invoices if each.before != each.after),
        tuple(each for each in credits if each.before != each.after),
        seen,
    )


def decide(at: CompanyVisit, line_id: UUID, decision: Decision, seen: str) -> None:
    """Do it for good, if the line still stands as it was shown.

    Raises:
        Moved: it does not: somebody decided meanwhile, or this form was sent twice.
        NotFound: no such line, invoice or customer of this company.
        RelanceError: it cannot be; nothing was changed.
    """
    with transaction(at.api.engine) as session:
        stands, _ = _stands(session, at, line_id, hold=True)
        if stands != seen:
            raise Moved
        notes = _do(session, at, line_id, decision)
        what, detail = _audited(line_id, decision)
        at.audit(session, what, **detail)
    at.api.courier.deliver(notes[:BATCH])


def _do(session: Session, at: CompanyVisit, line_id: UUID, decision: Decision) -> list[int]:
    company = company_by_ref(session, at.ref)
    now, who = at.api.clock.now(), at.visit.who
    if decision.act is Act.RETURN:
        _, notes = settle_by_hand(session, company, line_id, decision.takes_back, now=now, who=who)
    elif decision.act is Act.ASIDE:
        _, notes = set_aside(session, company, line_id, decision.reason, now=now, who=who)
    else:
        _, notes = allocate(
            session, company, line_id, decision.amounts, now=now, who=who, customer_ref=decision.customer
        )
    return notes


def _audited(line_id: UUID, decision: Decision) -> tuple[str, dict[str, Any]]:
    """As the API names the same acts."""
    if decision.act is Act.RETURN:
        told = {
            name: str(value)
            for name in ("line", "invoice", "payment_event_id", "elsewhere")
            if (value := getattr(decision.takes_back, name)) is not None
        }
        return "settle_bank_return", {"return": str(line_id), **told}
    if decision.act is Act.ASIDE:
        return "set_bank_line_aside", {"line": str(line_id), "reason": decision.reason}
    parts = {number: str(amount) for number, amount in decision.amounts.items()}
    return "allocate_bank_line", {"line": str(line_id), "parts": parts}


def _stands(session: Session, at: CompanyVisit, line_id: UUID, *, hold: bool = False) -> tuple[str, str]:
    """A mark of how a line stands, and its currency."""
    sql = _STANDS + (" FOR UPDATE OF l" if hold else "")
    row = run(session, sql, line=line_id, company=at.company_id).one_or_none()
    if row is None:
        raise NotFound(f"no bank line {line_id}")
    told = [row.state, str(row.settled_at), row.decided_by, row.payments]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest(), row.currency


def _lines(line_id: UUID, decision: Decision) -> list[UUID]:
    back = decision.takes_back.line
    return [line_id] if back is None else [line_id, back]


def _owing(
    session: Session, at: CompanyVisit, line_id: UUID, decision: Decision
) -> dict[str, dict[str, Any]]:
    named = decision.takes_back.invoice
    rows = rows_of(
        session,
        _OWING,
        company=at.company_id,
        numbers=[*decision.amounts, *([] if named is None else [named])],
        lines=_lines(line_id, decision),
    )
    return {row["number"]: {**row, "owed": round_money(row["owed"], row["currency"])} for row in rows}


def _credits(
    session: Session, at: CompanyVisit, line_id: UUID, decision: Decision, currency: str
) -> dict[str, dict[str, Any]]:
    rows = rows_of(
        session,
        _CREDITS,
        company=at.company_id,
        currency=currency,
        refs=[] if decision.customer is None else [decision.customer],
        lines=_lines(line_id, decision),
    )
    return {row["customer"]: {**row, "credit": round_money(row["credit"], currency)} for row in rows}
