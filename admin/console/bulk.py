"""One act on several cases: foreseen by doing it and taking it back, then done, case by case.

Each is recorded as the API records it, in a transaction of its own: one that is refused hinders no other, and
no two customers are locked together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final, cast
from uuid import UUID, uuid4, uuid5

from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, func, select

from activities.outbox import BATCH
from activities.store.customers import customer_by_ref
from activities.store.engine import glance, transaction, trial
from activities.store.lookup import invoice_by_number
from activities.store.parties import change_customer
from admin.api.changes import Work
from admin.api.facts.recording import CaseNow, FactRecorded, case_now, record_fact
from admin.api.security import Access
from admin.console.completing import Problem
from admin.console.door import CompanyVisit
from admin.console.words import word
from admin.console.words.refusals import french_refusal
from models.errors import NotFound, RelanceError, WrongState
from models.ids import CaseSignal
from models.messages import Fact, Paused, Resumed
from models.tables import Customer, DunningCase, Invoice

ACTS: Final = ("pause", "resume", "assign")
MOST: Final = 100
"""Cases at once: a page of them, with room to spare."""
_LONGEST_PAUSE: Final = timedelta(days=3653)
_SHORTEST_REASON: Final = 3
_LONGEST_REASON: Final = 200


@dataclass(frozen=True, slots=True)
class Act:
    """What is to be done to each."""

    kind: str
    until: date | None = None
    reason: str = ""
    collector: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an act does to one case (or to one customer, when a collector is assigned).

    `key` is the invoice's number, or the customer's reference; `cases` how many open ones a customer has.
    `why` says why nothing changes; `again`: it was recorded before.
    """

    key: str
    before: CaseNow | None = None
    after: CaseNow | None = None
    name: str = ""
    collector: str | None = None
    cases: int = 0
    why: str | None = None
    again: bool = False


def read_act(
    fields: Mapping[str, str], today: date, collectors: Sequence[str], language: str
) -> Act | Problem:
    """The act that a form asks for, or what is wrong with it."""

    def wrong(field: str) -> Problem:
        return Problem(field, word(language, f"bulk.problem.{field}"))

    kind = fields.get("act", "")
    if kind not in ACTS:
        return wrong("act")
    reason = fields.get("reason", "").strip()
    if kind == "pause":
        try:
            until = date.fromisoformat(fields.get("until", "").strip())
        except ValueError:
            return wrong("until")
        if not today < until <= today + _LONGEST_PAUSE:
            return wrong("until")
        if not _SHORTEST_REASON <= len(reason) <= _LONGEST_REASON:
            return wrong("reason")
        return Act(kind, until=until, reason=reason)
    if kind == "resume":
        return wrong("reason") if len(reason) > _LONGEST_REASON else Act(kind, reason=reason)
    collector = fields.get("collector", "").strip()
    return Act(kind, collector=collector) if collector in collectors else wrong("collector")


def ticked(fields: Mapping[str, str], name: str = "case") -> list[str]:
    """What was ticked, each once: fields `case.0`, `case.1` …"""
    found = (value for field, value in fields.items() if field.startswith(f"{name}.") and value)
    return list(dict.fromkeys(found))[:MOST]


def foresee(at: CompanyVisit, act: Act, numbers: Sequence[str]) -> list[Effect]:
    """What an act would do to each case; nothing is kept."""
    return _each(at, act, numbers, None)


def carry_out(at: CompanyVisit, act: Act, numbers: Sequence[str], form: UUID) -> list[Effect]:
    """Do it. The same form again changes nothing: its id and the invoice's number name the event."""
    return _each(at, act, numbers, form)


def _each(at: CompanyVisit, act: Act, numbers: Sequence[str], form: UUID | None) -> list[Effect]:
    notes: list[int] = []
    one = _assign if act.kind == "assign" else _tell
    keys = _customers_of(at, numbers) if act.kind == "assign" else numbers
    found = [_try(at, partial(one, at=at, act=act, key=key, form=form), key, form, notes) for key in keys]
    # The first are told at once, the relay has the rest.
    at.api.courier.deliver(notes[:BATCH])
    return found


def _try(
    at: CompanyVisit,
    work: Callable[[Session], tuple[Effect, Sequence[int]]],
    key: str,
    form: UUID | None,
    notes: list[int],
) -> Effect:
    begin = trial if form is None else transaction
    try:
        with begin(at.api.engine) as session:
            effect, more = work(session)
    except NotFound:
        return Effect(key, why=word(at.visit.user.language, "bulk.why.unknown"))
    except OperationalError:
        # Another change holds the customer for long. What was done before stays done, and is said to be.
        return Effect(key, why=word(at.visit.user.language, "bulk.why.busy"))
    except WrongState as error:
        known = "bulk.why.not_paused" if "is not paused by a person" in str(error) else None
        return Effect(key, why=word(at.visit.user.language, known) if known else _refusal(at, error))
    except RelanceError as error:
        return Effect(key, why=_refusal(at, error))
    if form is not None:
        notes += more
    return effect


def _refusal(at: CompanyVisit, error: RelanceError) -> str:
    told = str(error)
    return told if at.visit.user.language == "en" else french_refusal(told) or told


def _access(at: CompanyVisit) -> Access:
    return Access(at.visit.user.holder, at.company_id, at.ref)


def _tell(
    session: Session, *, at: CompanyVisit, act: Act, key: str, form: UUID | None
) -> tuple[Effect, Sequence[int]]:
    """Record a pause or its end, as the API does."""
    now = at.api.clock.now()
    invoice = invoice_by_number(session, at.ref, key)
    before = case_now(session, at.api, _access(at), invoice, now)
    customer = session.get_one(Customer, invoice.customer_id)
    if before.state == "closed":
        why = word(at.visit.user.language, "bulk.why.closed")
        return Effect(key, before=before, name=customer.name, why=why), ()
    signal, fact = _fact(act, f"console:{form_for(form or uuid4(), key)}")
    changed = record_fact(Work(session, now, at.visit.who, None), at.api, _access(at), key, signal, fact)
    told = cast(FactRecorded, changed.body)
    at.audit(session, f"{act.kind}_case", **changed.audit)
    effect = Effect(key, before=before, after=told.case, name=customer.name, again=told.duplicate)
    return effect, changed.notes


def _fact(act: Act, event_id: str) -> tuple[CaseSignal, Fact]:
    if act.kind == "pause":
        return CaseSignal.PAUSED, Paused(event_id=event_id, reason=act.reason, until=act.until)
    return CaseSignal.RESUMED, Resumed(event_id=event_id, note=act.reason or None)


def _assign(
    session: Session,
    *,
    at: CompanyVisit,
    act: Act,
    key: str,
    form: UUID | None,  # noqa: ARG001 (assigning twice changes nothing by itself)
) -> tuple[Effect, Sequence[int]]:
    """Let somebody else follow a customer, as the API does."""
    customer = customer_by_ref(session, at.ref, key)
    cases = session.exec(
        select(func.count())
        .select_from(DunningCase)
        .where(DunningCase.customer_id == customer.id, col(DunningCase.closed_at).is_(None))
    ).one()
    before = customer.collector_email
    if before == act.collector:
        why = word(at.visit.user.language, "bulk.why.same")
        return Effect(key, name=customer.name, collector=before, cases=cases, why=why), ()
    told = {"collector_email": act.collector}
    notes = change_customer(session, customer, told, at.api.clock.now(), at.visit.who)
    at.audit(session, "change_customer", customer=key, fields=sorted(told))
    return Effect(key, name=customer.name, collector=before, cases=cases), notes


def _customers_of(at: CompanyVisit, numbers: Sequence[str]) -> list[str]:
    with glance(at.api.engine) as session:
        return list(
            session.exec(
                select(Customer.ref)
                .join(Invoice, col(Invoice.customer_id) == Customer.id)
                .where(Invoice.company_id == at.company_id, col(Invoice.number).in_(numbers))
                .distinct()
                .order_by(col(Customer.ref))
            )
        )


def form_for(form: UUID, part: object) -> str:
    """The id of one part of a form that does several things."""
    return str(uuid5(form, str(part)))
