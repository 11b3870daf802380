"""Recording a fact: once, whole, under its customer's lock."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import func
from sqlmodel import Session, col, select

from activities.store.facts import disputes, holds, money, outcomes, promises, steering, withdrawals
from activities.store.facts.recording import Recorded, Recording, as_told
from activities.store.lookup import case_of, invoice_by_number, lock_customer
from models.errors import Conflict, InvalidFact
from models.ids import CaseSignal, event_hash
from models.messages import FACTS, Fact
from models.tables import Company, FactRow, Invoice
from rules.calendar import business_calendar

Handler: TypeAlias = Callable[[Recording, Any], None]

HANDLERS: Final[Mapping[CaseSignal, Handler]] = {
    CaseSignal.PAYMENT_RECEIVED: money.payment_received,
    CaseSignal.PAYMENT_REVERSED: money.payment_reversed,
    CaseSignal.PAYMENT_CLAIMED: promises.payment_claimed,
    CaseSignal.CREDIT_NOTE_ISSUED: money.credit_note_issued,
    CaseSignal.DISPUTE_OPENED: disputes.dispute_opened,
    CaseSignal.DISPUTE_RESOLVED: disputes.dispute_resolved,
    CaseSignal.PAYMENT_PLAN_AGREED: promises.payment_plan_agreed,
    CaseSignal.PAYMENT_PLAN_CANCELLED: promises.payment_plan_cancelled,
    CaseSignal.DELIVERY_HOLD_PLACED: holds.delivery_hold_placed,
    CaseSignal.DELIVERY_HOLD_RELEASED: holds.delivery_hold_released,
    CaseSignal.PAUSED: steering.paused,
    CaseSignal.RESUMED: steering.resumed,
    CaseSignal.INVOICE_CHANGED: steering.invoice_changed,
    CaseSignal.POLICY_CHANGED: steering.policy_changed,
    CaseSignal.INSOLVENCY_OPENED: steering.insolvency_opened,
    CaseSignal.TASK_COMPLETED: outcomes.task_completed,
    CaseSignal.CLOSED: steering.closed,
    CaseSignal.FACT_WITHDRAWN: withdrawals.fact_withdrawn,
}
"""How each fact is recorded. `contact_concluded` is no fact: the ledger itself says it."""

_OF_THE_CUSTOMER: Final = frozenset(
    {CaseSignal.INSOLVENCY_OPENED, CaseSignal.DELIVERY_HOLD_RELEASED, CaseSignal.FACT_WITHDRAWN}
)
"""Facts that are the same whichever of the customer's invoices they are told by."""

_AGAIN_AFTER: Final[Mapping[CaseSignal, tuple[CaseSignal, ...]]] = {
    CaseSignal.PAUSED: (CaseSignal.RESUMED,),
    CaseSignal.RESUMED: (CaseSignal.PAUSED,),
    CaseSignal.PAYMENT_PLAN_AGREED: (CaseSignal.PAYMENT_PLAN_CANCELLED, CaseSignal.PAYMENT_PLAN_AGREED),
    CaseSignal.PAYMENT_PLAN_CANCELLED: (CaseSignal.PAYMENT_PLAN_AGREED,),
    CaseSignal.DELIVERY_HOLD_PLACED: (CaseSignal.DELIVERY_HOLD_RELEASED,),
    CaseSignal.DELIVERY_HOLD_RELEASED: (CaseSignal.DELIVERY_HOLD_PLACED,),
    CaseSignal.POLICY_CHANGED: (CaseSignal.POLICY_CHANGED,),
    CaseSignal.INVOICE_CHANGED: (CaseSignal.INVOICE_CHANGED, CaseSignal.FACT_WITHDRAWN),
    CaseSignal.PAYMENT_CLAIMED: (CaseSignal.FACT_WITHDRAWN,),
    CaseSignal.INSOLVENCY_OPENED: (CaseSignal.FACT_WITHDRAWN,),
    CaseSignal.CLOSED: (CaseSignal.FACT_WITHDRAWN,),
}
"""Facts that may be told again in the same words, without an event id, once one of these came between.

Paused, resumed and paused once more is two pauses. Money and disputes are not here: of those, the same
words without an event id are always the same fact, since counting one twice would be worse. So are two
completions of one task: `complete_task` numbers the tries of a call.
"""

_EARLIEST_DAY: Final = date(1990, 1, 1)
_LATEST_DAYS: Final = timedelta(days=3653)

_NOT_SUBSTANCE: Final = ("event_id", "recorded", "by", "note")


def record(
    session: Session,
    *,
    now: datetime,
    invoice: Invoice | tuple[str, str],
    fact: Fact,
    signal: CaseSignal,
    who: str,
) -> Recorded:
    """Record one fact and the notes that tell its cases. The caller commits, then delivers the notes.

    The same `event_id` twice changes nothing; without one, a hash of the fact stands in. A fact that is
    refused leaves nothing behind, so the session can go on with other facts.

    Args:
        session: the transaction. The customer's row stays locked until it ends.
        now: business time, aware.
        invoice: its row, or company reference and number.
        fact: what is told; `by` goes before `who` in the journal.
        signal: what kind of fact it is.
        who: who brought it (`api:<key>`, `temporal`, `import`).

    Raises:
        NotFound: the ledger does not know the invoice, or something the fact refers to.
        InvalidFact: the fact cannot be true; the text names the field.
        WrongState: what the fact is about is past that point.
        Conflict: the same event id came with another fact.
    """
    handler = HANDLERS.get(signal)
    if handler is None:
        raise InvalidFact(f"{signal} is not a fact that can be recorded")
    if not isinstance(fact, FACTS[signal]):
        raise InvalidFact(f"{signal} takes {FACTS[signal].__name__}, not {type(fact).__name__}")
    row = invoice_by_number(session, *invoice) if isinstance(invoice, tuple) else invoice
    told = as_told(fact)
    _check_texts(fact.model_dump())
    customer = lock_customer(session, row.customer_id)
    # Under the lock only: another transaction may have changed both since they were first read.
    row = session.get_one(Invoice, row.id, populate_existing=True)
    company = session.get_one(Company, row.company_id)
    event_id = fact.event_id or _stand_in(session, company, row, signal, told)
    if fact.recorded or _known(session, company, row, signal, event_id, told):
        return Recorded(duplicate=True, notes=(), event_id=event_id)
    calendar = business_calendar(customer.country, customer.zone)
    recording = Recording(
        session=session,
        now=now,
        today=calendar.local_day(now),
        calendar=calendar,
        company=company,
        customer=customer,
        invoice=row,
        case=case_of(session, row.id),
        signal=signal,
        event_id=event_id,
        payload=told,
        who=who,
    )
    _check_days(fact.model_dump(), recording.today)
    # A savepoint: should anything be refused half-way, what was written before goes with it.
    with session.begin_nested():
        handler(recording, fact)
    return Recorded(duplicate=False, notes=tuple(recording.notes), event_id=event_id)


def _stand_in(
    session: Session, company: Company, invoice: Invoice, signal: CaseSignal, told: dict[str, Any]
) -> str:
    """The event id of a fact that came without one: the same until the fact can be new again."""
    between = session.exec(
        select(func.count())
        .select_from(FactRow)
        .where(
            FactRow.invoice_id == invoice.id,
            col(FactRow.kind).in_(_AGAIN_AFTER.get(signal, ())),
            (col(FactRow.kind) != signal) | (col(FactRow.payload) != told),
        )
    ).one()
    subject = f"{company.ref}/{invoice.number}" + (f"#{between}" if between else "")
    return event_hash(signal, subject, _canonical(told))


def _known(
    session: Session,
    company: Company,
    invoice: Invoice,
    signal: CaseSignal,
    event_id: str,
    told: dict[str, Any],
) -> bool:
    """Whether the event is recorded already; Conflict when it was another fact."""
    found = session.exec(
        select(FactRow).where(FactRow.company_id == company.id, FactRow.event_id == event_id)
    ).one_or_none()
    if found is None:
        return False
    same_subject = (
        found.customer_id == invoice.customer_id
        if signal in _OF_THE_CUSTOMER
        else found.invoice_id == invoice.id
    )
    if found.kind != signal or not same_subject or _substance(found.payload) != _substance(told):
        raise Conflict(f"event_id: {event_id!r} was recorded before, as another {found.kind}")
    return True


def _substance(payload: dict[str, Any]) -> str:
    return _canonical({name: value for name, value in payload.items() if name not in _NOT_SUBSTANCE})


def _canonical(payload: dict[str, Any]) -> str:
    return json.dumps(payload, sort_keys=True, separators=(",", ":"))


def _check_texts(told: dict[str, Any]) -> None:
    for name, value in _leaves(told):
        if isinstance(value, str) and not _storable(value):
            raise InvalidFact(f"{name}: holds a character that cannot be stored")


def _storable(text: str) -> bool:
    """PostgreSQL stores neither NUL nor half of a surrogate pair."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _check_days(told: dict[str, Any], today: date) -> None:
    """Refuse days no calendar should reckon with: a typing error in the year, not a fact."""
    for name, value in _leaves(told):
        if isinstance(value, date) and not _EARLIEST_DAY <= value <= today + _LATEST_DAYS:
            raise InvalidFact(f"{name}: {value} is not between {_EARLIEST_DAY} and ten years from now")


def _leaves(value: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, item in cast(Mapping[str, object], value).items():
            yield from _leaves(item, f"{name}: {key}" if name else key)
    elif isinstance(value, list | tuple):
        for place, item in enumerate(value, start=1):
            yield from _leaves(item, f"{name} {place}")
    else:
        yield name, value
