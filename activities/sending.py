"""A message leaves once: take it under the customer's lock, call the provider, write what became of it.

Neither provider takes an idempotency key. So a row goes `planned -> sending` in one transaction that has
checked the facts, the hours and the switch; only then is the provider called. Whoever finds a row in
`sending` cannot know whether it left: it becomes *uncertain* and a person decides; never a blind second
send.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import watch
from activities.channels.outcomes import NotSent, Outcome, Rejected, Sent, Uncertain
from activities.channels.sendgrid_email import Attachment, Email
from activities.channels.twilio_sms import Sms
from activities.clock import Clock
from activities.conclude import BANK_TOO_OLD, SUSPENDED, conclude, take_back, withdraw
from activities.discreet import told
from activities.envelope import Envelope, fetch, fetch_files
from activities.evidence import question, question_key, settle_from_events
from activities.inbound.places import COMMUNICATION, status_callback
from activities.outbox import Courier
from activities.providers import Providers
from activities.settings import Settings
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
               AND (x.customer_id IS NULL OR x.customer_id = m.customer_id))
      FROM communication m JOIN company c ON c.id = m.company_id
      LEFT JOIN contact_made k ON k.id = m.contact_id
     WHERE m.id = %(message)s
       FOR UPDATE OF m
"""  # noqa: S608 (our own column names)
_WIDTH: Final = len(fields(MessageRecord))
_CREDITOR: Final = _WIDTH + len(fields(CreditorRecord))
_TAKE: Final = """
    UPDATE communication
       SET status = 'sending', sending_at = %(now)s, attempts = attempts + 1, sender_run = %(sender_run)s
     WHERE id = %(message)s
"""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A message that is ours to hand over."""

    message_id: UUID
    envelope: Envelope
    custom_args: dict[str, str]
    validity_seconds: int | None
    files: tuple[Attachment, ...]


@dataclass(slots=True)
class _At:
    """One message under its customer's lock, in one transaction; `notes` go out after the commit."""

    session: Session
    customer: CustomerRecord
    message: MessageRecord
    contact: ContactRecord | None
    creditor: CreditorRecord
    suspended: bool
    calendar: BusinessCalendar
    now: datetime
    fingerprint: str
    notes: list[int]

    def write(self, status: CommunicationStatus, **values: object) -> None:
        """Write the message's status, and other columns by their names."""
        named = {"status": status.value, **values}
        written = ", ".join(f"{name} = %({name})s" for name in named)
        sql = f"UPDATE communication SET {written} WHERE id = %(id)s"  # noqa: S608 (our own column names)
        run(self.session, sql, id=self.message.id, **named)
        self.message = replace(self.message, status=status.value)

    def conclude(self, status: ContactStatus, reason: str | None = None) -> None:
        """End the contact, if this message is the one that decides: while it is under way."""
        if self.contact is not None and self.contact.status == ContactStatus.SENDING:
            self.notes += conclude(
                self.session,
                self.customer.id,
                self.contact.id,
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
            customer_id=self.customer.id,
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
                f"The e-mail copy of the notice to {self.customer.name} has not left",
                f"{reason}. The letter itself stands. Send the pages to {self.message.to_address} yourself, "
                "or leave it at that; then complete this task.",
            )
        return True

    def ask(self, kind: TaskKind, key: str, title: str, body: str) -> None:
        """Open a task about this message."""
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

    # A worker that stops must not lose the answer: the row would count as uncertain for nothing.
    @activity.defn(name="send_communication", no_thread_cancel_exception=True)
    def send_communication(self, what: SendInput) -> SendResult:
        """Send one communication, or say why not.

        Raises:
            ApplicationError: of type `NotSent`, when the provider certainly did not take it: try again.
        """
        with transaction(self._engine) as session:
            at = self._lock(session, what)
            taken = self._take(at)
        if isinstance(taken, SendResult):
            watch.message_settled(taken.communication_id, at.message.channel, taken.outcome)
            self._courier.deliver(at.notes)
            return taken
        outcome = watch.provider_call(taken.envelope.channel, lambda: self._hand_over(taken))
        at, result = self._write(what, outcome)
        watch.message_settled(result.communication_id, at.message.channel, result.outcome)
        self._courier.deliver(at.notes)
        if isinstance(outcome, NotSent) and result.outcome == "not_sent":
            raise ApplicationError(outcome.reason, type="NotSent", next_retry_delay=outcome.retry_after)
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
                    at = self._lock(session, what)
                    return at, self._settle(at, outcome)
            except OperationalError as error:
                if time.monotonic() + WRITE_AGAIN_S > deadline:
                    raise
                log.warning("outcome of %s not written, tried again: %s", what.communication_id, told(error))
                time.sleep(WRITE_AGAIN_S)

    def _lock(self, session: Session, what: SendInput) -> _At:
        customer = locked_customer(session, what.customer_id)
        row = run(session, _MESSAGE, message=what.communication_id).one_or_none()
        if row is None:
            raise ApplicationError(
                f"no communication {what.communication_id}", type="NotFound", non_retryable=True
            )
        message = of_row(MessageRecord, row[:_WIDTH])
        return _At(
            session=session,
            customer=customer,
            message=message,
            contact=of_row(ContactRecord, row[_CREDITOR:-2]) if message.contact_id else None,
            creditor=of_row(CreditorRecord, row[_WIDTH:_CREDITOR]),
            suspended=row[-2],
            calendar=business_calendar(customer.country, customer.zone).closed_on(closures_of(row[-1])),
            now=self._clock.now(),
            fingerprint=self._settings.sending_fingerprint,
            notes=[],
        )

    def _take(self, at: _At) -> _Taken | SendResult:
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
        run(at.session, _TAKE, message=message.id, now=at.now, sender_run=_attempt())
        return self._taken(at)

    def _taken(self, at: _At) -> _Taken:
        envelope = fetch(at.session, at.message.content_hash)
        allowed = tuple(address for address in envelope.cc if self._settings.may_send_to(address))
        closes_at = at.calendar.closes_at(Channel(at.message.channel), at.now)
        return _Taken(
            message_id=at.message.id,
            envelope=envelope.model_copy(update={"cc": allowed}),
            custom_args={
                COMMUNICATION: str(at.message.id),
                "customer": str(at.customer.id),
                "company": str(at.message.company_id),
            },
            # A queued SMS must not leave at night: it is valid until the hours close.
            validity_seconds=max(60, int((closes_at - at.now).total_seconds())) if closes_at else None,
            files=fetch_files(at.session, envelope),
        )

    def _hand_over(self, taken: _Taken) -> Outcome:
        envelope = taken.envelope
        if envelope.channel == Channel.SMS:
            if self._providers.sms is None:
                return Rejected("no SMS provider is set up (TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)", None)
            return self._providers.sms.send(
                Sms(
                    to_number=envelope.to_address,
                    body=envelope.text,
                    sender=self._providers.sms_sender,
                    validity_seconds=taken.validity_seconds,
                    status_callback=status_callback(self._settings.public_url, taken.message_id),
                )
            )
        if self._providers.email is None:
            return Rejected("no e-mail provider is set up (SENDGRID_API_KEY)", None)
        return self._providers.email.send(
            Email(
                from_address=envelope.from_address or "",
                from_name=envelope.from_name or "",
                to_address=envelope.to_address,
                to_name=envelope.to_name,
                reply_to_address=envelope.reply_to_address or envelope.from_address or "",
                reply_to_name=envelope.reply_to_name or envelope.from_name or "",
                cc=envelope.cc,
                subject=envelope.subject or "",
                text=envelope.text,
                html=envelope.html,
                custom_args=taken.custom_args,
                attachments=taken.files,
            )
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
                        f"The provider refused {message.kind} to {at.customer.name}: {outcome.reason}",
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
                    f"Did {message.kind} to {at.customer.name} leave?",
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
    if at.message.audience != Audience.DEBTOR:
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
