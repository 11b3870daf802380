"""An act tried: the very function of the API, in a transaction that is undone unless it is confirmed.

What is shown before is thus what the ledger itself would hold after, decided by the rules that decide the
case; nothing of it stays. Confirming does the same again in one transaction, and commits only if the case
then stands as was shown.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from fastapi.responses import Response
from sqlmodel import Session

from activities.outbox import BATCH
from activities.store.api_keys import KeyHolder
from activities.store.engine import transaction
from activities.store.sql import run
from admin.api.changes import Changed, Changes, Work
from admin.api.context import Api
from admin.api.security import Access
from admin.console.door import CompanyVisit
from admin.queries.case import CasePage, CasePreview, get_case, preview_case
from admin.queries.customer import CustomerPage, get_customer

_LOOKED_BACK = 1000
_BEFORE = f"""
    SELECT count(*)
      FROM (SELECT e.who, e.detail FROM audit_event e WHERE e.company_id = %(company)s
             ORDER BY e.id DESC LIMIT {_LOOKED_BACK}) lately
     WHERE lately.who = %(who)s AND lately.detail ->> 'form' = %(form)s
"""  # noqa: S608 (a number of ours)


class Tried(Changes):
    """Stands where the API's own door stands: the change is made in a transaction that others end."""

    def __init__(self, session: Session, now: datetime, who: str, key: str | None) -> None:
        # Not the parent's: there is no request of the API, and the transaction is not ours.
        self._work = Work(session, now, who, key)
        self.changed: Changed | None = None

    def make(self, by: Access | KeyHolder, work: Callable[[Work], Changed], status: int = 200) -> Response:  # noqa: ARG002 (as the API calls it)
        """Do `work` in the transaction at hand."""
        self.changed = work(self._work)
        return Response(status_code=status)


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at one moment: the customer, and the case in question with its steps to come."""

    customer: CustomerPage
    case: CasePage | None = None
    foreseen: CasePreview | None = None

    @property
    def mark(self) -> str:
        """A short text that is another one when a decision, a sum or a day is."""
        next_contact = self.customer.next_contact
        told = [
            next_contact
            and (next_contact.on, next_contact.step, next_contact.channel, next_contact.invoices),
            [
                (
                    item.invoice,
                    item.outstanding,
                    item.disputed,
                    item.policy,
                    item.case.state,
                    item.case.next and (item.case.next.step, item.case.next.channel, item.case.next.on),
                )
                for item in self.customer.items
            ],
            self.case and _told(self.case),
            self.foreseen and [(each.step, each.channel, each.on) for each in self.foreseen.steps],
            sorted(repr((each.role, each.email, each.phone, each.usable)) for each in self.customer.contacts),
        ]
        return sha256(repr(told).encode()).hexdigest()[:24]


def _told(case: CasePage) -> object:
    # In an order of their own: what was told in one instant comes in that of ids, which are given anew.
    promises = sorted(
        repr((each.in_force, [(part.due_on, part.amount) for part in each.instalments]))
        for each in case.promises
    )
    pauses = sorted(repr((each.reason, each.until)) for each in case.pauses if each.ended_at is None)
    return (case.decision.state, case.balance, case.policy, promises, pauses)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an act changes, or changed if it is `done`. `duplicate`: it had been told before."""

    before: Standing
    after: Standing
    done: bool
    duplicate: bool = False
    event_id: str | None = None


class _UndoneError(Exception):
    """Ends the transaction of an act that was only tried."""


def stand(session: Session, at: CompanyVisit, customer: str, invoice: str | None, now: datetime) -> Standing:
    """How a customer, and one of its cases, stand in a transaction; NotFound for what is not there."""
    about = (session, at.company_id, at.ref)
    settings = at.api.settings
    return Standing(
        get_customer(*about, customer, settings, now),
        None if invoice is None else get_case(*about, invoice, settings, now),
        None if invoice is None else preview_case(*about, invoice, settings, now),
    )


def attempt(
    at: CompanyVisit,
    operation: str,
    tell: Callable[[Tried, Api], object],
    *,
    customer: str,
    invoice: str | None,
    form: UUID | None,
    shown: str | None,
) -> Outcome:
    """Try an act; with `shown` (the mark of what a person saw and confirmed), do it if it still holds.

    Args:
        at: who asks, and of which company.
        operation: the API's name of the act.
        tell: calls the API's function with the given door.
        customer: whom it is about.
        invoice: the case it is about, if it is about one.
        form: the id that its form carries; sent twice, it counts once.
        shown: `Standing.mark` of what was shown as coming after; None only to look.

    Raises:
        RelanceError: what the ledger refuses; nothing was changed then.
    """
    now, api = at.api.clock.now(), at.api
    confirmed = shown is not None and form is not None
    key = None if form is None else f"console:{form}"
    outcome: Outcome | None = None
    notes: tuple[int, ...] = ()
    try:
        with transaction(api.engine) as session:
            before = stand(session, at, customer, invoice, now)
            if confirmed and _known(session, at, str(form)):
                return Outcome(before, before, done=True, duplicate=True)
            door = Tried(session, now, at.visit.who, key)
            tell(door, api)
            session.flush()
            after = stand(session, at, customer, invoice, now)
            changed = door.changed
            if changed is None:
                raise AssertionError(f"{operation} changed nothing")
            duplicate = bool(getattr(changed.body, "duplicate", False))
            event_id = getattr(changed.body, "event_id", None)
            done = confirmed and (duplicate or after.mark == shown)
            outcome = Outcome(before, after, done=done, duplicate=duplicate, event_id=event_id)
            if not done:
                raise _UndoneError
            at.audit(session, operation, form=str(form), **changed.audit)
            notes = tuple(changed.notes)
    except _UndoneError:
        pass
    if outcome is None:
        raise AssertionError("an act ends in an outcome or an error")
    if outcome.done:
        api.courier.deliver(notes[:BATCH])
    return outcome


def _known(session: Session, at: CompanyVisit, form: str) -> bool:
    """Whether this very form was sent before: not every act has an event id of its own."""
    return bool(run(session, _BEFORE, company=at.company_id, who=at.visit.who, form=form).scalar_one())
