"""`prepare_contact`: one pass of a customer's outreach, up to the messages that are ready to leave."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.asking_reps import rep_questions
from activities.clock import Clock
from activities.compose import Composer, NoAddress
from activities.conclude import conclude
from activities.contact_writer import ContactWriter
from activities.decisions import decisions_of, settle_customer
from activities.envelope import TooLarge
from activities.letters import leave_by_hand
from activities.outbox import Courier
from activities.policy_review import ask_about_policies
from activities.rendering import RenderError, Tone
from activities.settings import Settings
from activities.store.engine import transaction
from activities.store.load import LoadedCase, LoadedToWrite, load_case, load_to_write
from activities.store.lookup import locked_customer
from activities.store.marks import open_marks
from activities.store.planned import withdraw_contact
from activities.store.records import ContactRecord, CustomerRecord
from activities.store.tasks import owner
from models.errors import NotFound
from models.messages import OutreachNow, Prepared
from models.tables import (
    Communication,
    ContactItem,
    ContactMade,
    DunningCase,
    HoldRow,
)
from models.tables.words import CommunicationStatus, ContactStatus, TaskKind
from rules.calendar import BusinessCalendar, Channel, business_calendar
from rules.decide import APPROVAL_BUSINESS_DAYS, Decision, decide
from rules.ledger import received
from rules.outreach import Contact, contact_due, owes_thanks
from rules.policy import Assignment

log = logging.getLogger(__name__)

THANKS_WITHIN = timedelta(days=5)


class OutreachActivities:
    """The activity that each pass of an outreach runs. Safe to run twice."""

    def __init__(
        self, engine: Engine, clock: Clock, courier: Courier, settings: Settings, assignment: Assignment
    ) -> None:
        self._assignment = assignment
        self._engine = engine
        self._clock = clock
        self._courier = courier
        self._settings = settings

    # Cancelled, a thread would get an exception wherever it stands: in the middle of a text, which would pass
    # for a template that cannot be written, or of a commit. Each transaction ends by itself, and soon.
    @activity.defn(name="prepare_contact", no_thread_cancel_exception=True)
    def prepare_contact(self, what: OutreachNow) -> Prepared:
        """Find what is due for the customer and make it ready: compose, store, open tasks.

        Raises:
            ApplicationError: of type `NotFound`, final: the ledger has no such customer.
        """
        try:
            with transaction(self._engine) as session:
                customer = locked_customer(session, what.customer_id)
                work = _Pass(
                    session,
                    customer,
                    self._clock.business(what.now),
                    self._settings.sending_fingerprint,
                    self._assignment,
                    self._settings.may_send_to,
                    self._settings.inbound_domain,
                )
                prepared = work.run()
        except NotFound as error:
            raise ApplicationError(str(error), type="NotFound", non_retryable=True) from error
        self._courier.deliver(work.notes)
        if prepared.wake_at is not None:
            prepared = prepared.model_copy(update={"wake_at": self._clock.temporal(prepared.wake_at)})
        return prepared


@dataclass(slots=True)
class _Pass:
    """One pass, in one transaction, under the customer's lock."""

    session: Session
    customer: CustomerRecord
    now: datetime
    fingerprint: str
    assignment: Assignment
    may_send: Callable[[str], bool]
    reply_domain: str | None = None
    notes: list[int] = field(default_factory=list)
    write: ContactWriter = field(init=False)

    def __post_init__(self) -> None:
        self.write = ContactWriter(self.session, self.customer, self.now, self.reply_domain)

    def run(self) -> Prepared:
        """Leftovers first, then the one contact that is due, then a thank-you."""
        loaded = load_to_write(self.session, self.customer.id, self.now, self.fingerprint)
        decisions = decisions_of(loaded, self.now)
        # Sending what is left over again is safe: what is `planned` has its facts checked once more, and what
        # is found in `sending` becomes uncertain.
        left = (
            *loaded.outreach.left_over,
            *self._tell_of_holds(loaded, decisions),
            *self._ask_reps(loaded, decisions),
        )
        if left:
            return Prepared(send=left, step="left over", again=True)
        ask_about_policies(self.session, loaded, decisions, self.assignment, self.now)
        contact = contact_due([case.facts for case in loaded.cases], decisions)
        if contact is None:
            return self._thanks(loaded, decisions)
        composer = Composer(self.session, loaded, decisions, self.now)
        if contact.step.approval and not contact.needs_approval:
            return self._leave_approved(self._approved(contact, loaded), contact, loaded)
        self._withdraw_old_drafts(contact, loaded)
        if contact.needs_approval:
            return self._draft(contact, loaded, composer)
        return self._make(contact, loaded, composer)

    # ------------------------------------------------------------- delivery holds

    def _tell_of_holds(self, loaded: LoadedToWrite, decisions: Sequence[Decision]) -> list[UUID]:
        """Tell sales and logistics of a delivery hold placed or released, once each; the messages for it."""
        if not loaded.outreach.has_holds:
            return []
        holds = self.session.exec(select(HoldRow).where(HoldRow.customer_id == self.customer.id)).all()
        told = set(
            self.session.exec(
                select(Communication.purpose_key).where(
                    Communication.customer_id == self.customer.id, Communication.kind == "hold_notice"
                )
            )
        )
        composer = Composer(self.session, loaded, decisions, self.now)
        return [
            self.write.message(message, None, {}, None)
            for hold in holds
            for message in composer.hold_notices(hold)
            if message.purpose_key not in told
        ]

    def _ask_reps(self, loaded: LoadedToWrite, decisions: Sequence[Decision]) -> list[UUID]:
        """The messages that ask sales representatives about steps to come."""
        if not loaded.outreach.to_ask:
            return []
        composer = Composer(self.session, loaded, decisions, self.now)
        questions = rep_questions(composer, loaded.outreach.to_ask, decisions)
        return [self.write.message(question, None, {}, None) for question in questions]

    # ------------------------------------------------------------- approvals

    def _approved(self, contact: Contact, loaded: LoadedToWrite) -> ContactMade:
        """The approved draft of this contact; what it quotes still holds, or the rules would ask again.

        Nothing leaves in its stead: should there be none, the pass fails and is seen.
        """
        lead = next(item.invoice for item in contact.items if not item.folded)
        invoice_id = next(case.invoice.id for case in loaded.cases if case.facts.invoice == lead)
        return self.session.exec(
            select(ContactMade)
            .join(ContactItem, col(ContactItem.contact_id) == ContactMade.id)
            .where(
                ContactItem.invoice_id == invoice_id,
                ContactMade.status == ContactStatus.APPROVED,
                ContactMade.step == contact.step.key,
            )
            .with_for_update(of=ContactMade)
        ).one()

    def _leave_approved(self, made: ContactMade, contact: Contact, loaded: LoadedToWrite) -> Prepared:
        """Exactly the approved bytes leave: by hand for a letter, by the provider for the rest."""
        calendar = self._calendar()
        self._drop_done_items(made, contact, loaded)
        if contact.route.channel is Channel.LETTER:
            notes, copies = leave_by_hand(
                self.session,
                self.customer,
                made,
                self._messages(made),
                calendar,
                self.now,
                self.fingerprint,
                self.may_send,
            )
            self.notes += notes
            return Prepared(contact_id=made.id, step=made.step, send=copies, again=True)
        made.status = ContactStatus.SENDING
        messages = self._messages(made)
        for message in messages:
            message.ledger_seq = self.customer.ledger_seq
        self.session.flush()
        return Prepared(contact_id=made.id, step=made.step, send=tuple(message.id for message in messages))

    def _drop_done_items(self, made: ContactMade, contact: Contact, loaded: LoadedToWrite) -> None:
        """What the draft carried along and has gone out by itself meanwhile does not advance again."""
        by_number = {case.facts.invoice: case.invoice.id for case in loaded.cases}
        due = {(by_number[item.invoice], item.step.key) for item in contact.items}
        for item in _items(self.session, made):
            if (item.invoice_id, item.step) not in due:
                self.session.delete(item)
        self.session.flush()

    def _messages(self, made: ContactMade) -> Sequence[Communication]:
        return self.session.exec(
            select(Communication)
            .where(
                Communication.contact_id == made.id,
                Communication.status == CommunicationStatus.PLANNED,
            )
            .order_by(col(Communication.planned_at), col(Communication.id))
        ).all()

    def _withdraw_old_drafts(self, contact: Contact, loaded: LoadedToWrite) -> None:
        """A draft whose items are due again is stale or too old: it is composed again."""
        acted = {item.invoice for item in contact.items}
        waiting = [case for case in loaded.cases if case.facts.invoice in acted and case.facts.drafts]
        if not waiting:
            return
        ids = [case.invoice.id for case in waiting]
        drafts = self.session.exec(
            select(ContactMade)
            .where(
                col(ContactMade.id).in_(
                    select(ContactItem.contact_id).where(
                        col(ContactItem.invoice_id).in_(ids), col(ContactItem.folded).is_(False)
                    )
                ),
                col(ContactMade.status).in_((ContactStatus.DRAFT, ContactStatus.APPROVED)),
                ContactMade.step == contact.step.key,
            )
            .with_for_update()
        ).all()
        for draft in drafts:
            self._withdraw(
                draft, f"composed again: its facts changed, or {APPROVAL_BUSINESS_DAYS} days passed"
            )

    def _withdraw(self, made: ContactMade, why: str) -> None:
        withdraw_contact(self.session, made, self.now, why, "relance")
        self.session.flush()

    def _draft(self, contact: Contact, loaded: LoadedToWrite, composer: Composer) -> Prepared:
        """Compose, store the bytes, ask one person. Nothing leaves, and no gap begins."""
        made = self.write.contact(contact, loaded, composer, ContactStatus.DRAFT)
        try:
            self.write.store(made, contact, composer.draft(contact), loaded, composer)
        except (NoAddress, RenderError, TooLarge) as error:
            return self._block(made, contact, loaded, error)
        task = self.write.task(
            made,
            contact,
            loaded,
            TaskKind.APPROVAL,
            f"approval/{made.id}",
            f"Approve {contact.step.key} to {self.customer.name}",
            f"About {', '.join((*contact.invoices, *contact.also))}. Read the stored text, then complete "
            "this task: approved, or refused. It is composed again when a fact it quotes changes.",
            loaded.company.signatory_email,
            due_in=APPROVAL_BUSINESS_DAYS,
        )
        self.session.get_one(ContactMade, made.id).approval_task_id = task.id
        self.session.flush()
        self.notes += settle_customer(self.session, self.customer.id, self.now, self.fingerprint)
        return Prepared(contact_id=made.id, step=contact.step.key)

    # ------------------------------------------------------------- the contact

    def _make(self, contact: Contact, loaded: LoadedToWrite, composer: Composer) -> Prepared:
        """Make the contact: messages to send, or a call to open (which is the contact)."""
        made = self.write.contact(contact, loaded, composer, ContactStatus.SENDING)
        try:
            if contact.unreachable:
                raise NoAddress(f"nobody can be reached by {contact.route.channel.value}")
            messages = composer.contact_messages(contact)
            sheet = None
            if contact.route.channel is Channel.PHONE:
                acted = {item.invoice for item in contact.items}
                tone = Tone(contact.tone.value)
                sheet = composer.call_sheet(acted, contact.route.template, tone, contact.route.role)
            ids = self.write.store(made, contact, messages, loaded, composer)
        except (NoAddress, RenderError, TooLarge) as error:
            return self._block(made, contact, loaded, error)
        if contact.step.propose_hold:
            self.write.task(
                made,
                contact,
                loaded,
                TaskKind.HOLD_PROPOSAL,
                f"hold-proposal/{made.id}",
                f"Stop deliveries to {self.customer.name}?",
                f"{', '.join((*contact.invoices, *contact.also))} are late. Place a delivery hold "
                "(place), or do not (decline).",
                loaded.company.signatory_email,
            )
        if sheet is not None:
            caller, falls_to = composer.caller(contact)
            self.write.task(
                made,
                contact,
                loaded,
                TaskKind.PHONE_CALL,
                f"call/{made.id}",
                sheet.subject,
                sheet.text,
                caller,
                falls_to=falls_to,
            )
            self.notes += conclude(
                self.session,
                self.customer.id,
                made.id,
                ContactStatus.BY_HAND,
                self._calendar(),
                self.now,
                self.fingerprint,
            )
        return Prepared(contact_id=made.id, step=contact.step.key, send=tuple(ids))

    def _block(
        self, made: ContactRecord, contact: Contact, loaded: LoadedToWrite, error: Exception
    ) -> Prepared:
        """The message cannot be made: it counts as nothing, and a person is asked once for all its items."""
        missing = isinstance(error, NoAddress)
        row = self.session.get_one(ContactMade, made.id)
        row.status, row.reason, row.concluded_at = ContactStatus.FAILED, str(error), self.now
        for item in _items(self.session, row):
            # Whoever finds the address mends it for every item that needed it.
            item.folded = False
        self.write.task(
            made,
            contact,
            loaded,
            TaskKind.FIND_CONTACT if missing else TaskKind.DELIVERY_FAILED,
            f"find-contact/{made.id}" if missing else f"delivery-failed/{made.id}",
            f"Find a contact at {self.customer.name}" if missing else f"{contact.step.key} cannot be written",
            f"{error}. {contact.step.key} waits for it; complete this task once it is mended."
            + (self._known_marks() if missing else ""),
            owner(self.customer, loaded.company),
        )
        self.notes += settle_customer(self.session, self.customer.id, self.now, self.fingerprint)
        return Prepared(contact_id=made.id, step=contact.step.key, again=True)

    def _known_marks(self) -> str:
        """What is known against the customer's addresses, for who looks for another one."""
        lines = [
            f"- {mark.address}: {mark.cause.replace('_', ' ')} on {self._calendar().local_day(mark.since)}"
            for mark in open_marks(self.session, self.customer.id)
        ]
        return "\n\nNot used:\n" + "\n".join(lines) if lines else ""

    # ------------------------------------------------------------- thank-you

    def _thanks(self, loaded: LoadedToWrite, decisions: Sequence[Decision]) -> Prepared:
        """A thank-you for what was paid lately, once a day, outside ladder and gap; in the hours only."""
        if loaded.customer.stopped_by is not None:
            return Prepared()
        paid = self._paid_lately()
        if not paid:
            return Prepared()
        calendar = loaded.customer.contact_days
        today = calendar.local_day(self.now)
        closed = [(case.facts, decide(case.facts, case.customer, case.policy, self.now)) for case in paid]
        others = [(case.facts, decision) for case, decision in zip(loaded.cases, decisions, strict=True)]
        if not owes_thanks(closed, others, today):
            return Prepared()
        if not calendar.is_open(Channel.EMAIL, self.now):
            slot = calendar.slot(calendar.first_business_day(today))
            opens = slot if slot > self.now else calendar.slot(calendar.add_business_days(today, 1))
            return Prepared(wake_at=opens)
        composer = Composer(self.session, loaded, decisions, self.now)
        items = [(case.invoice, received(case.facts, self.now)) for case in paid]
        try:
            message = composer.thank_you(items, today)
        except RenderError:
            # A courtesy must not stop what is owed: it is logged, and left out.
            log.exception("the thank-you to customer %s cannot be written", self.customer.id)
            return Prepared()
        if message is None:
            return Prepared()
        return Prepared(step="thank_you", send=(self.write.message(message, None, {}, None),))

    def _paid_lately(self) -> list[LoadedCase]:
        """Cases paid in full within five days, since the last thank-you; not those that came here paid."""
        last = self.session.exec(
            select(Communication.planned_at)
            .where(
                Communication.customer_id == self.customer.id,
                Communication.kind == "thank_you",
                col(Communication.status).not_in(
                    (CommunicationStatus.WITHDRAWN, CommunicationStatus.WITHHELD)
                ),
            )
            .order_by(col(Communication.planned_at).desc())
            .limit(1)
        ).one_or_none()
        calendar = self._calendar()
        if last is not None and calendar.local_day(last) == calendar.local_day(self.now):
            return []
        since = max(filter(None, (last, self.now - THANKS_WITHIN)))
        ids = self.session.exec(
            select(DunningCase.invoice_id).where(
                DunningCase.customer_id == self.customer.id,
                col(DunningCase.closed_at) > since,
                col(DunningCase.closed_at) > DunningCase.opened_at,
                DunningCase.closing_reason == "paid in full",
            )
        ).all()
        return [load_case(self.session, invoice_id, self.now, self.fingerprint) for invoice_id in ids]

    def _calendar(self) -> BusinessCalendar:
        return business_calendar(self.customer.country, self.customer.zone)


def _items(session: Session, made: ContactMade) -> Sequence[ContactItem]:
    return session.exec(select(ContactItem).where(ContactItem.contact_id == made.id)).all()
