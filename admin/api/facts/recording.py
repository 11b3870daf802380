"""How every fact is recorded, and what its caller is answered: the case as it stands now."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from activities.store import facts
from activities.store.load import load_case
from activities.store.lookup import invoice_by_number
from admin.api.changes import Changed, Work
from admin.api.context import Api
from admin.api.paths import decoded
from admin.api.security import Access
from models.errors import InvalidFact
from models.ids import CaseSignal
from models.messages import CurrencyCode, Fact, Ref, Text
from models.tables import FactRow, Invoice
from rules.decide import decide
from rules.money import round_money

Amount = Annotated[
    Decimal, Field(gt=0, max_digits=19, decimal_places=4, allow_inf_nan=False, examples=["1234.56"])
]
Currency = Annotated[
    CurrencyCode | None, Field(description="The invoice's, to be sure; another one is refused")
]
EventId = Annotated[
    Ref | None,
    Field(description="Your own id of this event (the bank's, the ERP's): told twice, it is recorded once"),
]

F = TypeVar("F", bound=Fact)


class Told(BaseModel):
    """What every fact may carry."""

    model_config = ConfigDict(extra="forbid")

    event_id: EventId = None
    note: Annotated[Text | None, Field(description="What people should remember with it")] = None


class CaseNow(BaseModel):
    """A case as decided on the facts the ledger holds at this moment."""

    company: str
    invoice: str
    state: str
    stage: str
    currency: str
    outstanding: Decimal
    disputed: Decimal
    next_step: str | None
    next_channel: str | None
    next_on: date | None
    next_at: datetime | None
    why: str
    paused_by: str | None


class FactRecorded(BaseModel):
    """The fact is in the ledger. `duplicate`: it was there already, and nothing changed."""

    event_id: str
    duplicate: bool
    case: CaseNow


def with_event_id(work: Work, fact: F) -> F:
    """The fact under the caller's event id, else under the idempotency key, else as it is."""
    if fact.event_id is None and work.key is not None:
        return fact.model_copy(update={"event_id": work.key})
    return fact


def case_now(session: Session, api: Api, access: Access, invoice: Invoice, now: datetime) -> CaseNow:
    """Decide a case on what the transaction holds, without writing anything."""
    session.flush()
    loaded = load_case(session, invoice.id, now, api.settings.sending_fingerprint)
    decision = decide(loaded.facts, loaded.customer, loaded.policy, now)
    action = decision.next
    return CaseNow(
        company=access.company_ref,
        invoice=invoice.number,
        state=decision.state.value,
        stage=decision.stage,
        currency=invoice.currency,
        outstanding=round_money(decision.balance.outstanding, invoice.currency),
        disputed=round_money(decision.balance.disputed, invoice.currency),
        next_step=action.step.key if action else None,
        next_channel=action.route.channel.value if action else None,
        next_on=action.day if action else None,
        next_at=action.at if action else None,
        why=decision.why,
        paused_by=decision.paused_by,
    )


def latest_fact(
    session: Session, kind: CaseSignal, customer_id: UUID, invoice_id: UUID | None = None
) -> FactRow | None:
    """The latest fact of a kind about a customer, or about one of its invoices."""
    about = [FactRow.customer_id == customer_id, FactRow.kind == kind]
    if invoice_id is not None:
        about.append(FactRow.invoice_id == invoice_id)
    asked = select(FactRow).where(*about).order_by(col(FactRow.recorded_at).desc(), col(FactRow.id))
    return session.exec(asked).first()


def record_fact(
    work: Work,
    api: Api,
    access: Access,
    number: str,
    signal: CaseSignal,
    fact: Fact,
    currency: str | None = None,
) -> Changed:
    """Record a fact about one of the company's invoices, and answer with its case.

    Without an event id of the caller's, the idempotency key stands in; without that, a hash of the fact.
    A `currency` told with a fact that has none of its own must be the invoice's.

    Raises:
        RelanceError: as `activities.store.facts.record`.
    """
    invoice = invoice_by_number(work.session, access.company_ref, decoded(number))
    if currency is not None and currency != invoice.currency:
        raise InvalidFact(f"currency: {currency} given, the invoice is in {invoice.currency}")
    fact = with_event_id(work, fact)
    done = facts.record(work.session, now=work.now, invoice=invoice, fact=fact, signal=signal, who=work.who)
    case = case_now(work.session, api, access, invoice, work.now)
    return Changed(
        FactRecorded(event_id=done.event_id, duplicate=done.duplicate, case=case),
        notes=done.notes,
        audit={"invoice": invoice.number, "event_id": done.event_id, "duplicate": done.duplicate},
    )
