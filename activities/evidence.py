"""Evidence about a message nobody was sure of: it left after all, or a person is asked."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, or_
from sqlmodel import Session, col, select

from activities.conclude import conclude
from activities.logs import fields
from activities.store.events import add_event
from activities.store.lookup import still_open
from activities.store.message_events import proof_of
from activities.store.outbox import add_notes
from activities.store.planned import withdraw_contact
from activities.store.tasks import open_task, owner, withdraw_tasks
from models.ids import CaseSignal
from models.tables import Communication, Company, ContactItem, ContactMade, Customer
from models.tables.words import Audience, CommunicationStatus, ContactStatus, NoteTo, Provider, TaskKind
from rules.calendar import BusinessCalendar, Channel, business_calendar

log = logging.getLogger(__name__)

_MAY_HAVE_LEFT = (CommunicationStatus.SENDING, CommunicationStatus.SENT, CommunicationStatus.UNCERTAIN)
_MADE = (ContactStatus.SENT, ContactStatus.UNCERTAIN, ContactStatus.BY_HAND, ContactStatus.OPENING)
_WAITING = (ContactStatus.DRAFT, ContactStatus.APPROVED, ContactStatus.SENDING)


def question_key(message_id: UUID) -> str:
    """Key of the task that asks whether a message left."""
    return f"uncertain/{message_id}"


def locked_message(session: Session, message_id: UUID) -> Communication:
    """A message, freshly read and locked; its customer is locked already.

    Not FOR UPDATE: events of this and other messages are inserted meanwhile, each holding its message's key,
    and two of those in turn would wait for each other.
    """
    return session.exec(
        select(Communication)
        .where(Communication.id == message_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one()


@dataclass(frozen=True, slots=True)
class At:
    """One message under its customer's lock, both rows freshly read; `now` is business time."""

    session: Session
    customer: Customer
    message: Communication
    now: datetime
    fingerprint: str

    @property
    def calendar(self) -> BusinessCalendar:
        """The customer's."""
        return business_calendar(self.customer.country, self.customer.zone)

    def contact(self) -> ContactMade | None:
        """The contact it belongs to, freshly read."""
        if self.message.contact_id is None:
            return None
        self.session.flush()
        return self.session.get_one(ContactMade, self.message.contact_id, populate_existing=True)

    def log(self, what: str, why: str | None, **detail: str) -> None:
        """A line in the customer's journal."""
        contact = self.contact()
        add_event(
            self.session,
            company_id=self.message.company_id,
            customer_id=self.customer.id,
            at=self.now,
            who=self.message.provider or "relance",
            what=f"message_{what}",
            why=why,
            detail={
                "communication": str(self.message.id),
                "kind": self.message.kind,
                "channel": self.message.channel,
                "step": contact.step if contact else None,
                **detail,
            },
        )

    def ask(self, kind: TaskKind, key: str, title: str, body: str, *, manager: bool = False) -> None:
        """Open a task about this message, for who follows the customer or for the credit manager."""
        company = self.session.get_one(Company, self.message.company_id)
        contact = self.contact()
        open_task(
            self.session,
            key=key,
            kind=kind,
            company_id=company.id,
            customer_id=self.customer.id,
            contact_id=contact.id if contact else None,
            communication_id=self.message.id,
            step=contact.step if contact else None,
            title=title[:300],
            body=body,
            now=self.now,
            today=self.calendar.local_day(self.now),
            assignee_email=company.signatory_email if manager else owner(self.customer, company),
        )

    def ask_whether_it_left(self) -> None:
        """No evidence came: a person looks, and answers."""
        message = self.message
        self.ask(
            TaskKind.UNCERTAIN_MESSAGE,
            question_key(message.id),
            f"Did {message.kind} to {self.customer.name} leave?",
            question(message.id, message.error),
        )

    def taken(self, provider: Provider, provider_id: str | None, how: str) -> list[int]:
        """The provider has taken it, for certain: whatever we believed, it left. The notes to deliver.

        Args:
            provider: who proves it.
            provider_id: the provider's name of the message, where it is known.
            how: by what we know.
        """
        message, before = self.message, CommunicationStatus(self.message.status)
        if before is CommunicationStatus.SENDING:
            # Its worker writes the answer in a moment, or is dead: then it is found uncertain, and looked at.
            return []
        if message.provider_id is None:
            message.provider, message.provider_id = provider.value, provider_id
        if before is CommunicationStatus.SENT:
            return []
        message.status, message.error = CommunicationStatus.SENT, None
        message.sent_at = message.sending_at or self.now
        self.session.flush()
        if before is CommunicationStatus.UNCERTAIN:
            return self._certain(how)
        return self._surprising(before, how)

    def _certain(self, how: str) -> list[int]:
        """Nobody need look any more; the step was counted as done and stays so."""
        why = f"{how}: it had left"
        key = question_key(self.message.id)
        withdraw_tasks(self.session, now=self.now, why=why, keys=(key,))
        self.log("proved", why)
        contact = self.contact()
        if contact is None:
            return []
        if contact.status == ContactStatus.UNCERTAIN and not self._others((CommunicationStatus.UNCERTAIN,)):
            contact.status = ContactStatus.SENT
        return self._tell(contact.id)

    def _surprising(self, before: CommunicationStatus, how: str) -> list[int]:
        """It left although we had it as not sent. The step is done by it, unless it was taken again since."""
        contact = self.contact()
        self.log("proved", f"{how}: it had left, although it was {before}")
        if contact is None or contact.status in _MADE:
            return []
        if self._again(contact):
            return self._possible_double(before, how)
        notes = conclude(
            self.session,
            self.customer.id,
            contact.id,
            ContactStatus.SENT,
            self.calendar,
            self.now,
            self.fingerprint,
            how,
        )
        return notes or self._tell(contact.id)

    def _possible_double(self, before: CommunicationStatus, how: str) -> list[int]:
        message = self.message
        why = f"{how}: it had left, although it was {before}; its step was taken again meanwhile"
        self.log("possible_double", why)
        log.error("a message may have left twice", extra=fields(communication=message.id, before=before))
        self.ask(
            TaskKind.POSSIBLE_DOUBLE,
            f"possible-double/{message.id}",
            f"{self.customer.name} may have got {message.kind} twice",
            f"Our message {message.id} was taken to be {before}, so its step was made again. Now {how}: it "
            "had left as well. Look at both messages, tell the customer if need be, then complete this task.",
            manager=True,
        )
        return []

    def _again(self, contact: ContactMade) -> bool:
        """Whether a step of this contact was taken again; what is only composed for it is withdrawn."""
        mine = select(ContactItem.invoice_id).where(ContactItem.contact_id == contact.id)
        steps = select(ContactItem.step).where(ContactItem.contact_id == contact.id)
        others = self.session.exec(
            select(ContactMade)
            .where(
                ContactMade.id != contact.id,
                col(ContactMade.status).in_((*_MADE, *_WAITING)),
                exists().where(
                    col(ContactItem.contact_id) == col(ContactMade.id),
                    col(ContactItem.invoice_id).in_(mine),
                    col(ContactItem.step).in_(steps),
                ),
            )
            .with_for_update()
        ).all()
        made = [each for each in others if each.status in _MADE or self._left(each.id)]
        if not made:
            for each in others:
                withdraw_contact(self.session, each, self.now, "the one before it had left", "relance")
            self.session.flush()
        return bool(made)

    def _left(self, contact_id: UUID) -> bool:
        found = self.session.exec(
            select(Communication.id).where(
                Communication.contact_id == contact_id, col(Communication.status).in_(_MAY_HAVE_LEFT)
            )
        ).first()
        return found is not None

    def _others(self, statuses: tuple[CommunicationStatus, ...]) -> bool:
        """Whether another message to the debtor, of the same contact, is in one of these."""
        found = self.session.exec(
            select(Communication.id).where(
                Communication.contact_id == self.message.contact_id,
                Communication.id != self.message.id,
                Communication.audience == Audience.DEBTOR,
                or_(*(col(Communication.status) == status for status in statuses)),
            )
        ).first()
        return found is not None

    def _tell(self, contact_id: UUID) -> list[int]:
        """Let the cases look again, so that what they show is true."""
        cases = still_open(self.session, contact_id)
        if not cases:
            return []
        return add_notes(
            self.session, cases, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, self.now, {"recorded": True}
        )


def settle_from_events(
    session: Session, message_id: UUID, now: datetime, fingerprint: str
) -> tuple[bool, list[int]]:
    """Settle an uncertain message by what its provider told before, if it told anything.

    To be called under the customer's lock. Returns whether it is certain now, and the notes to deliver.
    """
    found, provider_id = proof_of(session, message_id)
    if not found:
        return False, []
    message = session.get_one(Communication, message_id, populate_existing=True)
    if message.customer_id is None:
        word_taken(session, message, provider_of(message), provider_id, now)
        return True, []
    at = At(session, session.get_one(Customer, message.customer_id), message, now, fingerprint)
    return True, at.taken(provider_of(message), provider_id, "the provider had told of it")


def word_taken(
    session: Session, message: Communication, provider: Provider, provider_id: str | None, now: datetime
) -> None:
    """The provider has taken word to our own people: no customer, contact or task is behind it."""
    if message.status == CommunicationStatus.SENDING:
        return
    if message.provider_id is None:
        message.provider, message.provider_id = provider.value, provider_id
    if message.status == CommunicationStatus.SENT:
        return
    before = message.status
    message.status, message.error, message.sent_at = CommunicationStatus.SENT, None, message.sending_at or now
    add_event(
        session,
        company_id=message.company_id,
        at=now,
        who=provider.value,
        what="message_proved",
        why=f"the provider told of it: it had left, although it was {before}",
        detail={"communication": str(message.id), "kind": message.kind, "channel": message.channel},
    )


def provider_of(message: Communication) -> Provider:
    """Who carries a message."""
    return Provider.TWILIO if message.channel == Channel.SMS else Provider.SENDGRID


def question(message_id: UUID, reason: str | None) -> str:
    """What a person is asked who looks whether a message left."""
    return (
        f"{reason or 'nothing is known of it'}. Look in the provider's log for our id {message_id}, then "
        "answer: sent, or not_sent."
    )
