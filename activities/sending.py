"""A message leaves once: take it under the customer's lock, call the provider, write what became of it.

Neither provider takes an idempotency key. So a row goes `planned -> sending` in one transaction that has
checked the facts, the hours and the switch; only then is the provider called. Whoever finds a row in
`sending` cannot know whether it left: it becomes *uncertain* and a person decides; never a blind second
send.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import watch
from activities.channels.outcomes import NotSent, Outcome, Rejected, Sent, Uncertain
from activities.clock import Clock
from activities.conclude import BANK_TOO_OLD, SUSPENDED, conclude, take_back, withdraw
from activities.discreet import told
from activities.envelope import fetch_files, opened
from activities.evidence import question, question_key, settle_from_events
from activities.handing_over import Taken, hand_over
from activities.inbound.places import COMMUNICATION
from activities.outbox import Courier
from activities.providers import Providers
from activities.settings import Settings
from activities.store.allowance import block, take_turn
from activities.store.closures import closures_of
from activities.store.engine import transaction
from activities.store.events import Event, add_events
from activities.store.lookup import locked_customer, still_open
from activities.store.reachability import mark_refused
from activities.store.records import (
    ContactRecord,
    CreditorRecord,
    CustomerRecord,
    MessageRecord,
    columns,
    of_row,
)
from activities.store.sql import run
from activities.store.tasks import open_task, owner, withdraw_tasks
from activities.turns import LAST_CALL, MOMENT_S, Wait, allowance_of, closes_in, validity, within
from models.messages import SendInput, SendResult
from models.tables import Communication, Company, ContactMade
from models.tables.words import Audience, CommunicationStatus, ContactStatus, TaskKind
from rules.bank import too_old
from rules.calendar import BusinessCalendar, Channel, business_calendar
from rules.facts import Bank

log = logging.getLogger(__name__)

WRITE_WITHIN_S: Final = 30.0
"""How long an outcome is kept in hand for a ledger that is being restarted."""

WRITE_AGAIN_S: Final = 0.5

_REFUSED = {
    "stale": "a fact it quotes changed before it could leave",
    BANK_TOO_OLD: "the bank data grew too old before it could leave",
    SUSPENDED: "contact was suspended before it could leave",
    "out_of_hours": "the hours closed before it could leave",
}
_SETTLED = {
    CommunicationStatus.SENT: "sent",
    CommunicationStatus.FAILED: "failed",
    CommunicationStatus.WITHHELD: "withheld",
    CommunicationStatus.UNCERTAIN: "uncertain",
    CommunicationStatus.WITHDRAWN: "stale",
}

# What it says is read where it is to be handed over.
_MESSAGE: Final = f"""
    SELECT {columns(MessageRecord, "m")}, {columns(CreditorRecord, "c")}, {columns(ContactRecord, "k")},
           EXISTS (SELECT FROM suspension s
                    WHERE s.company_id = m.company_id AND s.ended_at IS NULL
                      AND (s.scope = 'company' OR s.customer_id = m.customer_id
                           OR s.scope = 'channel' AND s.target = m.channel
                           OR s.scope = 'policy'
                              AND EXISTS (SELECT FROM contact_item t
                                            JOIN dunning_case d ON d.invoice_id = t.invoice_id
                                           WHERE t.contact_id = m.contact_id AND d.policy_key = s.target))),
           (SELECT json_agg(json_build_array(x.first_day, x.last_day, x.yearly))
              FROM closure x
             WHERE x.company_id = m.company_id AND x.ended_at IS NULL
               AND (x.customer_id IS NULL OR x.customer_id = m.customer_id)),
           CASE WHEN %(whole)s THEN (SELECT t.body FROM content t WHERE t.hash = m.content_hash) END
      FROM communication m JOIN company c ON c.id = m.company_id
      LEFT JOIN contact_made k ON k.id = m.contact_id
     WHERE m.id = %(message)s
       FOR UPDATE OF m
"""  # noqa: S608 (our own column names)
_WIDTH: Final = len(MessageRecord._fields)
_CREDITOR: Final = _WIDTH + len(CreditorRecord._fields)


@dataclass(slots=True)
class _At:
    """One message under its customer's lock, in one transaction; `notes` go out after the commit.

    Word about a company has no customer: its own row is the lock.
    """

    session: Session
    customer: CustomerRecord | None
    message: MessageRecord
    contact: ContactRecord | None
    creditor: CreditorRecord
    suspended: bool
    calendar: BusinessCalendar
    now: datetime
    fingerprint: str
    notes: list[int]
    body: bytes | None

    @property
    def whom(self) -> str:
        """Whom it concerns, for the title of a task."""
        return self.message.to_address if self.customer is None else self.customer.name

    @property
    def closes_in(self) -> timedelta | None:
        """How long its hours last; None where it knows none, or they are over."""
        return closes_in(self.message, self.calendar, self.now)

    def write(self, status: CommunicationStatus, **values: object) -> None:
        """Write the message's status, and other columns by their names."""
        named = {"status": status.value, **values}
        written = ", ".join(f"{name} = %({name})s" for name in named)
        sql = f"UPDATE communication SET {written} WHERE id = %(id)s"  # noqa: S608 (our own column names)
        run(self.session, sql, id=self.message.id, **named)
        self.message = self.message._replace(status=status.value)

    def conclude(self, status: ContactStatus, reason: str | None = None) -> None:
        """End the contact, if this message is the one that decides: while it is under way."""
        contact, customer = self.contact, self.customer
        if contact is not None and customer is not None and contact.status == ContactStatus.SENDING:
            self.notes += conclude(
                self.session,
                customer.id,
                contact.id,
                status,
                self.calendar,
                self.now,
                self.fingerprint,
                reason,
            )

    def log(self, what: str, why: str | None) -> None:
        """A line in the customer's journal."""
        line = Event(
            company_id=self.message.company_id,
            customer_id=self.customer.id if self.customer else None,
            at=self.now,
            who="relance",
            what=f"message_{what}",
            why=why,
            detail={
                "communication": str(self.message.id),
                "kind": self.message.kind,
                "channel": self.message.channel,
                "step": self.contact.step if self.contact else None,
            },
        )
        add_events(self.session, [line])

    def contact_row(self) -> ContactMade | None:
        """The contact's row, to be changed."""
        return None if self.contact is None else self.session.get_one(ContactMade, self.contact.id)

    def tell_of_copy(self, reason: str) -> bool:
        """Whether this is the e-mail copy of a letter that left: then a task says that it did not.

        The letter stands, so its contact stays done and nothing is composed again.
        """
        contact = self.contact
        if contact is None or contact.channel != Channel.LETTER or contact.status != ContactStatus.BY_HAND:
            return False
        if still_open(self.session, contact.id):
            self.ask(
                TaskKind.NOTICE_COPY,
                f"notice-copy/{self.message.id}",
                f"The e-mail copy of the notice to {self.whom} has not left",
                f"{reason}. The letter itself stands. Send the pages to {self.message.to_address} yourself, "
                "or leave it at that; then complete this task.",
            )
        return True

    def ask(self, kind: TaskKind, key: str, title: str, body: str) -> None:
        """Open a task about this message; word about a company has nobody's task, the journal has it."""
        if self.customer is None:
            return
        company = self.session.get_one(Company, self.message.company_id)
        open_task(
            self.session,
            key=key,
            kind=kind,
            company_id=company.id,
            customer_id=self.customer.id,
            contact_id=self.contact.id if self.contact else None,
            communication_id=self.message.id,
            step=self.contact.step if self.contact else None,
            title=title[:300],
            body=body,
            now=self.now,
            today=self.calendar.local_day(self.now),
            assignee_email=owner(self.customer, company),
        )


class SendingActivities:
    """The activity that hands messages to providers."""

    def __init__(
        self, engine: Engine, clock: Clock, courier: Courier, settings: Settings, providers: Providers
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._courier = courier
        self._settings = settings
        self._providers = providers

    def _turn(self, what: SendInput) -> tuple[_At, Taken | SendResult | Wait]:
        """Take the message; a turn that comes in a moment is waited for, rather than in another attempt."""
        deadline = time.monotonic() + MOMENT_S
        while True:
            with transaction(self._engine) as session:
                at = self._lock(session, what, whole=True)
                taken = self._take(at)
            seconds = taken.turn.total_seconds() if isinstance(taken, Wait) else 0.0
            if not isinstance(taken, Wait) or time.monotonic() + seconds > deadline:
                return at, taken
            time.sleep(seconds)

    # A worker that stops must not lose the answer: the row would count as uncertain for nothing.
    @activity.defn(name="send_communication", no_thread_cancel_exception=True)
    def send_communication(self, what: SendInput) -> SendResult:
        """Send one communication, or say why not.

        Raises:
            ApplicationError: of type `NotSent`, when the provider certainly did not take it, or is not to be
                called yet: try again.
        """
        at, taken = self._turn(what)
        if isinstance(taken, Wait):
            watch.turn_awaited(at.message.channel)
            raise ApplicationError(
                f"the turn of this sender comes in {taken.turn.total_seconds():.1f} s",
                type="NotSent",
                next_retry_delay=taken.asked,
            )
        if isinstance(taken, SendResult):
            watch.message_settled(taken.communication_id, at.message.channel, taken.outcome)
            self._courier.deliver(at.notes)
            return taken
        outcome = watch.provider_call(
            taken.envelope.channel, lambda: hand_over(taken, self._settings, self._providers)
        )
        at, result = self._write(what, outcome)
        watch.message_settled(result.communication_id, at.message.channel, result.outcome)
        self._courier.deliver(at.notes)
        if isinstance(outcome, NotSent) and result.outcome == "not_sent":
            delay = None if outcome.retry_after is None else within(at.closes_in, outcome.retry_after)
            raise ApplicationError(outcome.reason, type="NotSent", next_retry_delay=delay)
        return result

    def _write(self, what: SendInput, outcome: Outcome) -> tuple[_At, SendResult]:
        """Write the outcome; a ledger that does not answer is asked again for a while.

        Nobody else knows what the provider said: given up at once, a restart of PostgreSQL would make every
        message in flight uncertain.

        Raises:
            OperationalError: it still does not answer after `WRITE_WITHIN_S`; the row stays in `sending`.
        """
        deadline = time.monotonic() + WRITE_WITHIN_S
        while True:
            try:
                with transaction(self._engine) as session:
                    at = self._lock(session, what, whole=False)
                    return at, self._settle(at, outcome)
            except OperationalError as error:
                if time.monotonic() + WRITE_AGAIN_S > deadline:
                    raise
                log.warning("outcome of %s not written, tried again: %s", what.communication_id, told(error))
                time.sleep(WRITE_AGAIN_S)

    def _lock(self, session: Session, what: SendInput, *, whole: bool) -> _At:
        customer = None if what.customer_id is None else locked_customer(session, what.customer_id)
        row = run(session, _MESSAGE, message=what.communication_id, whole=whole).one_or_none()
        if row is None:
            raise ApplicationError(
                f"no communication {what.communication_id}", type="NotFound", non_retryable=True
            )
        message = of_row(MessageRecord, row[:_WIDTH])
        creditor = of_row(CreditorRecord, row[_WIDTH:_CREDITOR])
        whose = customer or creditor
        return _At(
            session=session,
            customer=customer,
            message=message,
            contact=of_row(ContactRecord, row[_CREDITOR:-3]) if message.contact_id else None,
            creditor=creditor,
            suspended=row[-3],
            calendar=business_calendar(whose.country, whose.zone).closed_on(closures_of(row[-2])),
            now=self._clock.now(),
            fingerprint=self._settings.sending_fingerprint,
            notes=[],
            body=row[-1],
        )

    def _take(self, at: _At) -> Taken | SendResult | Wait:
        """`planned -> sending`; otherwise the outcome that stands."""
        message = at.message
        if message.status == CommunicationStatus.SENDING:
            reason = "the worker stopped while the provider was being called"
            return self._uncertain(at, reason)
        if message.status != CommunicationStatus.PLANNED:
            outcome = _SETTLED[CommunicationStatus(message.status)]
            return SendResult(communication_id=message.id, outcome=outcome, reason=message.error)
        refusal = _refusal(at)
        if refusal is not None:
            row = at.session.get_one(Communication, message.id)
            at.notes += withdraw(at.session, row, at.contact_row(), refusal, at.now)
            at.tell_of_copy(_REFUSED[refusal])
            return SendResult(communication_id=message.id, outcome=refusal)
        if not self._settings.may_send_to(message.to_address):
            # What would have left is kept and shown; it counts as nothing.
            why = f"RELANCE_SENDING={self._settings.sending.value}"
            at.write(CommunicationStatus.WITHHELD, error=why)
            at.log("withheld", why)
            at.conclude(ContactStatus.WITHHELD, why)
            at.tell_of_copy(why)
            return SendResult(communication_id=message.id, outcome="withheld")
        hours = at.closes_in
        if message.channel == Channel.SMS and hours is not None and hours < LAST_CALL:
            # It could still be queued at the provider when the hours close: then it is composed again.
            return Wait(hours, hours)
        taken = self._taken(at)
        allowance = allowance_of(Channel(message.channel), self._settings, self._providers)
        wait = take_turn(at.session, allowance, message.id, at.now, _attempt(), hours)
        return taken if wait is None else Wait(wait, within(hours, wait))

    def _taken(self, at: _At) -> Taken:
        envelope = opened(at.body, at.message.content_hash)
        allowed = tuple(address for address in envelope.cc if self._settings.may_send_to(address))
        return Taken(
            message_id=at.message.id,
            envelope=envelope if allowed == envelope.cc else envelope.model_copy(update={"cc": allowed}),
            custom_args={
                COMMUNICATION: str(at.message.id),
                **({"customer": str(at.customer.id)} if at.customer else {}),
                "company": str(at.message.company_id),
            },
            validity_seconds=validity(at.closes_in),
            files=fetch_files(at.session, envelope),
        )

    def _settle(self, at: _At, outcome: Outcome) -> SendResult:
        """Write what became of it; the same transaction concludes the contact and notes the cases."""
        message = at.message
        match outcome:
            case Sent() if (message.status, message.provider_id) == (
                CommunicationStatus.SENT,
                outcome.provider_id,
            ):
                # The ledger went away in the middle of the commit: it had gone through after all.
                return SendResult(communication_id=message.id, outcome="sent")
            case Sent():
                # Also when a later attempt has already called it uncertain: the provider's word is evidence.
                doubted = message.status != CommunicationStatus.SENDING
                at.write(
                    CommunicationStatus.SENT,
                    provider=outcome.provider,
                    provider_id=outcome.provider_id,
                    sent_at=at.now,
                    error=None,
                )
                at.log("sent", None)
                if doubted:
                    self._left_after_all(at)
                at.conclude(ContactStatus.SENT)
                return SendResult(communication_id=message.id, outcome="sent")
            case NotSent() if message.status == CommunicationStatus.UNCERTAIN:
                self._not_left_after_all(at, outcome.reason)
                return SendResult(communication_id=message.id, outcome="failed", reason=outcome.reason)
            case NotSent():
                if outcome.retry_after is not None:
                    allowance = allowance_of(Channel(message.channel), self._settings, self._providers)
                    block(at.session, allowance, outcome.retry_after)
                at.write(CommunicationStatus.PLANNED, error=outcome.reason)
                return SendResult(communication_id=message.id, outcome="not_sent", reason=outcome.reason)
            case Rejected():
                if message.status == CommunicationStatus.UNCERTAIN:
                    self._not_left_after_all(at, outcome.reason)
                at.write(CommunicationStatus.FAILED, error=outcome.reason)
                at.log("refused", outcome.reason)
                # The address is marked, so the step goes on by itself to the next person or channel.
                marked = self._mark(at, outcome)
                if not at.tell_of_copy(outcome.reason) and not marked:
                    at.ask(
                        TaskKind.DELIVERY_FAILED,
                        f"delivery-failed/{message.id}",
                        f"The provider refused {message.kind} to {at.whom}: {outcome.reason}",
                        "Correct the address or the settings, then complete this task: it is composed again.",
                    )
                at.conclude(ContactStatus.FAILED, outcome.reason)
                return SendResult(communication_id=message.id, outcome="failed", reason=outcome.reason)
            case Uncertain():
                return self._uncertain(at, outcome.reason)

    def _uncertain(self, at: _At, reason: str) -> SendResult:
        """Nobody knows whether it left: the step counts as done, and evidence or a person is to tell.

        Where the provider tells by itself what it took, it has a while for that: `activities.doubts` asks.
        """
        message = at.message
        if message.status != CommunicationStatus.SENT:
            at.write(CommunicationStatus.UNCERTAIN, error=reason)
            at.log("uncertain", reason)
            at.conclude(ContactStatus.UNCERTAIN, reason)
            certain, notes = settle_from_events(at.session, message.id, at.now, at.fingerprint)
            at.notes += notes
            if certain:
                return SendResult(communication_id=message.id, outcome="sent")
            if not self._settings.evidence_may_come(message.channel):
                at.ask(
                    TaskKind.UNCERTAIN_MESSAGE,
                    question_key(message.id),
                    f"Did {message.kind} to {at.whom} leave?",
                    question(message.id, reason),
                )
        return SendResult(communication_id=message.id, outcome="uncertain", reason=reason)

    def _mark(self, at: _At, refused: Rejected) -> bool:
        """Mark the addresses it was refused for; whether anything new is known by it."""
        if not refused.unreachable or at.message.audience != Audience.DEBTOR:
            return False
        news, notes = mark_refused(
            at.session,
            communication_id=at.message.id,
            refused=refused.unreachable,
            detail=refused.reason,
            now=at.now,
        )
        at.notes += notes
        return news

    def _left_after_all(self, at: _At) -> None:
        """A later attempt called it uncertain while this one was still waiting; now it is certain."""
        key = question_key(at.message.id)
        withdraw_tasks(at.session, now=at.now, why="the provider took it", keys=(key,))
        contact = at.contact_row()
        if contact is not None and contact.status == ContactStatus.UNCERTAIN:
            contact.status = ContactStatus.SENT

    def _not_left_after_all(self, at: _At, reason: str) -> None:
        """As `_left_after_all`, the other way round."""
        at.write(CommunicationStatus.FAILED, error=reason)
        withdraw_tasks(at.session, now=at.now, why=reason, keys=(question_key(at.message.id),))
        contact = at.contact_row()
        if contact is not None and contact.status == ContactStatus.UNCERTAIN:
            at.notes += take_back(at.session, contact, reason, at.now)


def _refusal(at: _At) -> str | None:
    """Why a planned message may not leave now: its facts moved, its contact is over or suspended, the hours
    are, or the bank data it asks for money on have grown too old."""
    if at.message.audience != Audience.DEBTOR or at.customer is None:
        return None
    if at.message.ledger_seq != at.customer.ledger_seq:
        return "stale"
    if at.contact is not None and at.contact.status in (ContactStatus.WITHDRAWN, ContactStatus.FAILED):
        return "stale"
    if at.suspended:
        return SUSPENDED
    if not at.calendar.is_open(Channel(at.message.channel), at.now):
        return "out_of_hours"
    return BANK_TOO_OLD if _bank_too_old(at) else None


def _bank_too_old(at: _At) -> bool:
    """As `rules.decide` found when it was composed, at this moment: the day may have changed since."""
    creditor = at.creditor
    if creditor.bank_known_until is None or at.contact is None:
        return False
    bank = Bank(creditor.bank_known_until, business_calendar(creditor.country, creditor.zone))
    return too_old(bank, at.contact.bank_max_age_days, at.now) is not None


def _attempt() -> str:
    info = activity.info()
    return f"{info.workflow_run_id}/{info.activity_id}/{info.attempt}"
