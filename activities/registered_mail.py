"""Registered letters go to their provider, and what it tells of them is recorded. Part of a worker's sweep.

Exactly the approved pages leave, once. Several workers may sweep at once: everything is done under the
customer's lock. Why a crash neither loses a letter nor doubles it: see `activities.channels.registered`.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeVar
from uuid import UUID, uuid4

from pypdf import PdfReader
from sqlalchemy import Engine
from sqlmodel import Session

from activities import watch
from activities.channels.registered import (
    Party,
    Place,
    Product,
    RegisteredLetter,
    RegisteredMail,
    Told,
    Unreadable,
)
from activities.clock import Clock
from activities.creditor import creditor_of
from activities.discreet import told as kind_of
from activities.envelope import fetch, fetch_files, store_bytes
from activities.message_at import MessageAt, lock_message
from activities.settings import Sending, Settings
from activities.store.engine import transaction
from activities.store.events import add_event
from activities.store.facts.letters import outcome_of
from activities.store.lookup import lock_customer
from activities.store.registered import (
    Staged,
    Waiting,
    keep_receipt,
    locked_mail,
    mail_by_content_id,
    may_still_leave,
    staged,
    still_waits,
    waiting,
)
from activities.store.work import Completion, complete_task
from models.errors import Conflict, NotFound, RelanceError, WrongState
from models.messages import SendInput
from models.tables import Communication, Company, RegisteredMailRow, Task
from models.tables.words import RegisteredState, TaskStatus

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

WHO: Final = "registered mail"
AT_ONCE: Final = 100
"""Letters handed over in one round; the next goes on."""

DEPOSIT_BUSINESS_DAYS: Final = 3
"""By then a provider has printed and deposited what it took; else somebody asks it."""

CHANGED: Final = "what it quotes changed since it was approved"
BY_HAND: Final = "its task is closed, or somebody posted it by hand"


class Notes(Protocol):
    """Who delivers what was committed."""

    def deliver(self, notes: Sequence[int], /) -> object:
        """Deliver these notes."""
        ...


@dataclass(frozen=True, slots=True)
class Posted:
    """What one round did: letters handed over, taken back, receipts recorded, receipts refused."""

    handed: int = 0
    taken_back: int = 0
    recorded: int = 0
    refused: int = 0


class RegisteredPost:
    """Hands approved letters to a registered-mail provider, and records what becomes of them."""

    def __init__(
        self, engine: Engine, clock: Clock, courier: Notes, settings: Settings, provider: RegisteredMail
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._courier = courier
        self._settings = settings
        self._provider = provider

    def once(self) -> Posted:
        """One round. A letter or a receipt that fails stops no other; the next round tries it again."""
        handed = back = 0
        for state in filter(None, self._hand_over()):
            handed += state is RegisteredState.HANDED
            back += state is RegisteredState.TAKEN_BACK
            watch.registered("handed" if state is RegisteredState.HANDED else "kept_back")
        recorded = refused = 0
        try:
            for told in self._provider.told():
                done = self._record(told)
                recorded += done is True
                refused += done is False
        except OSError as error:
            log.warning("receipts of registered mail cannot be read; tried again: %s", kind_of(error))
        return Posted(handed, back, recorded, refused)

    # ------------------------------------------------------------------ out

    def _hand_over(self) -> list[RegisteredState | None]:
        # What was begun before the switch went off is looked at all the same: it may have left.
        with transaction(self._engine) as session:
            begun = staged(session)
        found = [self._attempt("released", self._release, each) for each in begun]
        if self._settings.sending is Sending.OFF:
            return found
        with transaction(self._engine) as session:
            new = waiting(session, self._settings.registered_product)
        allowed = (each for each in new if self._settings.may_send_to(each.to_address))
        for each in allowed:
            mail = self._attempt("staged", self._stage, each)
            found.append(self._attempt("released", self._release, mail) if isinstance(mail, Staged) else mail)
            # What waits, suspended for instance, takes no other's place.
            if len(found) - found.count(None) >= AT_ONCE:
                break
        return found

    def _attempt(self, what: str, do: Callable[[T], R], each: T) -> R | None:
        try:
            return do(each)
        except Exception as error:
            log.warning("a registered letter is not %s; tried again: %s", what, kind_of(error))
            return None

    def _stage(self, each: Waiting) -> Staged | RegisteredState | None:
        """Put the pages with the provider, and note it; nothing leaves. None: it is not to leave now."""
        now = self._clock.now()
        with transaction(self._engine) as session:
            at = self._locked(session, each.message, each.customer, now)
            task = still_waits(session, each.task)
            if task is None or at.suspended:
                return None
            letter, pages_hash = self._letter(session, at, task)
            row = RegisteredMailRow(
                id=uuid4(),
                content_id=letter.content_id,
                task_id=task.id,
                communication_id=each.message,
                pages_hash=pages_hash,
                product=letter.product.value,
                staged_at=now,
            )
            session.add(row)
            if _changed(at):
                self._keep_back(session, at, row, task, CHANGED)
                return RegisteredState.TAKEN_BACK
            session.flush()
            self._provider.stage(letter)
            return Staged(row.id, each.message, each.customer)

    def _release(self, each: Staged) -> RegisteredState | None:
        """Let it leave, unless something came in between; None: it waits."""
        now = self._clock.now()
        with transaction(self._engine) as session:
            at = self._locked(session, each.message, each.customer, now)
            row = locked_mail(session, each.id)
            if row.state != RegisteredState.STAGED:
                return None
            task = session.get_one(Task, row.task_id, populate_existing=True)
            place = self._provider.place(row.content_id)
            why = None if may_still_leave(session, task) else BY_HAND
            if why is None and _changed(at):
                why = CHANGED
            if place is Place.STAGED and why is not None:
                self._provider.take_back(row.content_id)
                place = Place.TAKEN_BACK
            if place is Place.TAKEN_BACK:
                self._keep_back(session, at, row, task, why or "it was taken back before it left")
                return RegisteredState.TAKEN_BACK
            if place is Place.STAGED:
                if at.suspended or not self._settings.may_send_to(at.message.to_address):
                    return None
                self._provider.release(row.content_id)
            self._handed(session, at, row, task)
            return RegisteredState.HANDED

    def _locked(self, session: Session, message: UUID, customer: UUID, now: datetime) -> MessageAt:
        what = SendInput(communication_id=message, customer_id=customer)
        return lock_message(session, what, now, self._settings.sending_fingerprint, whole=False)

    def _letter(self, session: Session, at: MessageAt, task: Task) -> tuple[RegisteredLetter, str]:
        customer = at.customer
        if customer is None:
            raise NotFound(f"the letter {at.message.id} has no customer")
        company = session.get_one(Company, at.message.company_id)
        today = at.calendar.local_day(at.now)
        creditor = creditor_of(company, today)
        envelope = fetch(session, at.message.content_hash)
        enclosed = next((each for each in envelope.attachments if each.media_type == "application/pdf"), None)
        if enclosed is None:
            raise NotFound(f"the letter {at.message.id} has no pages")
        pdf = next(each.content for each in fetch_files(session, envelope) if each.name == enclosed.name)
        letter = RegisteredLetter(
            content_id=_content_id(task.id, enclosed.hash),
            product=self._settings.registered_product,
            reference=f"{company.ref}/{customer.ref}/{today}",
            sender=Party(
                creditor.legal_name,
                _lines(company.address),
                company.country,
                email=creditor.email or None,
                phone=creditor.phone or None,
            ),
            recipient=Party(
                customer.name,
                _lines(customer.address),
                customer.country,
                attention=envelope.to_name,
                email=at.message.to_address or None
                if self._settings.registered_product is Product.EIDAS
                else None,
            ),
            pages=len(PdfReader(io.BytesIO(pdf)).pages),
            pdf=pdf,
        )
        return letter, enclosed.hash

    def _handed(self, session: Session, at: MessageAt, row: RegisteredMailRow, task: Task) -> None:
        row.state, row.handed_at = RegisteredState.HANDED, at.now
        today = at.calendar.local_day(at.now)
        if task.status == TaskStatus.OPEN:
            task.title = f"Await the deposit of the registered letter to {at.whom}"[:300]
            task.due_on = at.calendar.add_business_days(today, DEPOSIT_BUSINESS_DAYS)
            task.body = (
                f"The letter was handed to the registered-mail provider on {today} ({row.product}), as "
                f"{row.content_id}. Do not post it yourself. Its number, its deposit and its receipt are "
                "recorded as the provider tells them; if nothing is, ask the provider about that id.\n"
                f"{task.body}"
            )
        self._log(session, at, "registered_letter_handed", None, row)

    def _keep_back(
        self, session: Session, at: MessageAt, row: RegisteredMailRow, task: Task, why: str
    ) -> None:
        """It stays with the person who was asked to post it, who is told why."""
        row.state, row.reason = RegisteredState.TAKEN_BACK, why
        if task.status == TaskStatus.OPEN and why != BY_HAND:
            task.body = (
                f"Not handed to the registered-mail provider: {why}. Look at the pages before you post them; "
                f"if they no longer hold, give the letter up (not_posted).\n{task.body}"
            )
        self._log(session, at, "registered_letter_kept_back", why, row)
        session.flush()

    @staticmethod
    def _log(session: Session, at: MessageAt, what: str, why: str | None, row: RegisteredMailRow) -> None:
        add_event(
            session,
            company_id=at.message.company_id,
            customer_id=at.customer.id if at.customer else None,
            at=at.now,
            who=WHO,
            what=what,
            why=why,
            detail={
                "communication": str(at.message.id),
                "id": row.content_id,
                "product": row.product,
                "sha256": row.pages_hash,
            },
        )

    # ------------------------------------------------------------------ back

    def _record(self, told: Told | Unreadable) -> bool | None:
        """Whether it is recorded; False: it cannot be, and was put aside. None: tried again."""
        try:
            if isinstance(told, Unreadable):
                return self._refuse(told.source, told.reason)
            notes: list[int] = []
            try:
                with transaction(self._engine) as session:
                    notes = self._tell(session, told)
            except RelanceError as error:
                return self._refuse(told.source, str(error))
            self._courier.deliver(notes)
            self._provider.settle(told.source)
            watch.registered("recorded")
        except Exception as error:
            log.warning("a receipt of registered mail is not recorded; tried again: %s", kind_of(error))
            return None
        return True

    def _refuse(self, source: str, reason: str) -> bool | None:
        if not self._provider.refuse(source, reason):
            return None
        watch.registered("put_aside")
        return False

    def _tell(self, session: Session, told: Told) -> list[int]:
        mail = mail_by_content_id(session, told.content_id)
        if mail is None:
            raise NotFound(f"id: no registered letter {told.content_id}")
        message = session.get_one(Communication, mail.communication_id)
        if message.customer_id is None:
            raise NotFound(f"id: the letter {told.content_id} has no customer")
        lock_customer(session, message.customer_id)
        mail = locked_mail(session, mail.id)
        if mail.state == RegisteredState.TAKEN_BACK:
            raise NotFound(f"id: the letter {told.content_id} was taken back before it left")
        _same(mail, told)
        now = self._clock.now()
        if mail.state == RegisteredState.STAGED:
            # Told before a crash was healed: who tells of it has it.
            mail.state, mail.handed_at = RegisteredState.HANDED, now
        notes = self._told_of_task(session, mail, told, now)
        mail.number, mail.deposited_on = told.number, told.deposited_on
        if told.ended is not None:
            mail.outcome, mail.ended_on = outcome_of(told.ended.outcome), told.ended.on
        if told.receipt is not None:
            name, media_type, body = told.receipt
            keep_receipt(session, mail.id, store_bytes(session, media_type, body), name, now)
        session.flush()
        return notes

    def _told_of_task(
        self, session: Session, mail: RegisteredMailRow, told: Told, now: datetime
    ) -> list[int]:
        """What its task is told, each once; one that nobody waits for any more keeps the proof only."""
        task = session.get_one(Task, mail.task_id, populate_existing=True)
        if task.status != TaskStatus.OPEN:
            if task.outcome == "not_posted" and mail.number is None:
                raise WrongState("id: the letter was given up by hand (not_posted): clear up whether it left")
            return []
        told_now = []
        if mail.number is None:
            told_now.append(
                Completion(
                    outcome="posted",
                    tracking_number=told.number,
                    posted_on=told.deposited_on,
                    event_id=f"registered/{mail.content_id}/posted",
                )
            )
        if told.ended is not None and mail.outcome is None:
            told_now.append(
                Completion(
                    outcome=told.ended.outcome,
                    received_on=told.ended.on,
                    event_id=f"registered/{mail.content_id}/ended",
                )
            )
        notes: list[int] = []
        for each in told_now:
            notes += complete_task(session, task_id=task.id, completion=each, now=now, who=WHO).notes
        return notes


def _same(mail: RegisteredMailRow, told: Told) -> None:
    """What was told before stays as it was told."""
    if mail.number is not None and (mail.number, mail.deposited_on) != (told.number, told.deposited_on):
        raise Conflict(
            f"number, deposited_on: told before as {mail.number} of {mail.deposited_on}, "
            f"now {told.number} of {told.deposited_on}"
        )
    if mail.outcome is None or told.ended is None:
        return
    if (mail.outcome, mail.ended_on) != (outcome_of(told.ended.outcome), told.ended.on):
        raise Conflict(
            f"delivered_on, returned_on: told before as {mail.outcome} on {mail.ended_on}, "
            f"now {told.ended.outcome} on {told.ended.on}"
        )


def _changed(at: MessageAt) -> bool:
    return at.customer is None or at.message.ledger_seq != at.customer.ledger_seq


def _content_id(task_id: UUID, pages_hash: str) -> str:
    """The same for the same posting of the same bytes; posted again, a letter has another task."""
    return hashlib.sha256(f"{task_id}/{pages_hash}".encode()).hexdigest()[:32]


def _lines(address: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for line in (address or "").splitlines() if line.strip())
