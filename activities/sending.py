"""A message leaves once: take it under the customer's lock, call the provider, write what became of it.

Neither provider takes an idempotency key. So a row goes `planned -> sending` in one transaction that has
checked the facts, the hours and the switch; only then is the provider called. Whoever finds a row in
`sending` cannot know whether it left: it becomes *uncertain* and a person decides; never a blind second
send.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities import watch
from activities.channels.outcomes import NotSent, Outcome, Rejected, Sent, Uncertain
from activities.clock import Clock
from activities.conclude import BANK_TOO_OLD, SUSPENDED, take_back, withdraw
from activities.discreet import told
from activities.envelope import fetch_files, opened
from activities.evidence import question, question_key, settle_from_events
from activities.handing_over import Taken, hand_over
from activities.inbound.places import COMMUNICATION
from activities.message_at import MessageAt, lock_message, refusal_of
from activities.outbox import Courier
from activities.providers import Providers
from activities.settings import Settings
from activities.store.allowance import block, take_turn
from activities.store.engine import transaction
from activities.store.reachability import mark_refused
from activities.store.tasks import withdraw_tasks
from activities.turns import LAST_CALL, MOMENT_S, Wait, allowance_of, validity, within
from models.messages import SendInput, SendResult
from models.tables import Communication
from models.tables.words import Audience, CommunicationStatus, ContactStatus, TaskKind
from rules.calendar import Channel

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

    def _turn(self, what: SendInput) -> tuple[MessageAt, Taken | SendResult | Wait]:
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

    def _write(self, what: SendInput, outcome: Outcome) -> tuple[MessageAt, SendResult]:
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

    def _lock(self, session: Session, what: SendInput, *, whole: bool) -> MessageAt:
        return lock_message(session, what, self._clock.now(), self._settings.sending_fingerprint, whole=whole)

    def _take(self, at: MessageAt) -> Taken | SendResult | Wait:
        """`planned -> sending`; otherwise the outcome that stands."""
        message = at.message
        if message.status == CommunicationStatus.SENDING:
            reason = "the worker stopped while the provider was being called"
            return self._uncertain(at, reason)
        if message.status != CommunicationStatus.PLANNED:
            outcome = _SETTLED[CommunicationStatus(message.status)]
            return SendResult(communication_id=message.id, outcome=outcome, reason=message.error)
        refusal = refusal_of(at)
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

    def _taken(self, at: MessageAt) -> Taken:
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

    def _settle(self, at: MessageAt, outcome: Outcome) -> SendResult:
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

    def _uncertain(self, at: MessageAt, reason: str) -> SendResult:
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

    def _mark(self, at: MessageAt, refused: Rejected) -> bool:
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

    def _left_after_all(self, at: MessageAt) -> None:
        """A later attempt called it uncertain while this one was still waiting; now it is certain."""
        key = question_key(at.message.id)
        withdraw_tasks(at.session, now=at.now, why="the provider took it", keys=(key,))
        contact = at.contact_row()
        if contact is not None and contact.status == ContactStatus.UNCERTAIN:
            contact.status = ContactStatus.SENT

    def _not_left_after_all(self, at: MessageAt, reason: str) -> None:
        """As `_left_after_all`, the other way round."""
        at.write(CommunicationStatus.FAILED, error=reason)
        withdraw_tasks(at.session, now=at.now, why=reason, keys=(question_key(at.message.id),))
        contact = at.contact_row()
        if contact is not None and contact.status == ContactStatus.UNCERTAIN:
            at.notes += take_back(at.session, contact, reason, at.now)


def _attempt() -> str:
    info = activity.info()
    return f"{info.workflow_run_id}/{info.activity_id}/{info.attempt}"
