"""What every worker does beside its tasks: work on what providers told, give registered letters to theirs,
deliver left-over notes, wake overdue cases, settle strays, hand tasks over where somebody is away, see to
what waits for a bank file or for the end of a suspension, let changes of bank details take effect, write the
week's digests, begin the trials anew whose workflow was lost, and keep what a worker of an earlier version
has not kept of what was owed.

Several workers may sweep at once: notes are claimed with SKIP LOCKED, and waking a case twice is
harmless.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, and_, case, func, or_
from sqlmodel import Session, col, select

from activities import watch
from activities.clock import Clock
from activities.discreet import told
from activities.doubts import Doubts
from activities.inbound.inbox import Inbox
from activities.outbox import BATCH, Courier
from activities.payment_details import apply_change, due_changes
from activities.registered_mail import RegisteredPost
from activities.store.absences import pass_on_calls, settle_absences
from activities.store.bank import tell_ready
from activities.store.bank_tasks import settle_bank_tasks
from activities.store.closures import tell_reopened
from activities.store.digests import digests_due
from activities.store.engine import transaction
from activities.store.outbox import add_notes
from activities.store.owed import mend_owed
from activities.store.questions import close_silent
from activities.store.suspensions import end_those_due, tell_released
from activities.store.trials import trials_at_rest
from activities.weekly_digest import write_digests
from models.ids import START_NOTE, CaseSignal, NoticesSignal, OutreachSignal
from models.tables import Communication, ContactMade, DunningCase, OutboxNote
from models.tables.words import CommunicationStatus, ContactStatus, NoteTo

log = logging.getLogger(__name__)

OVERDUE = timedelta(hours=1)
STRAY = timedelta(minutes=15)
WAKE_BATCH = 500
OWED_EVERY = timedelta(hours=1)
OWED_BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Swept:
    """How many notes were delivered, cases woken, customers with a stray message nudged, cases told that
    nothing holds them any more."""

    delivered: int = 0
    woken: int = 0
    strays: int = 0
    told: int = 0


class Sweeper:
    """Heals what a crash, or a lost Temporal store, left behind."""

    def __init__(
        self,
        engine: Engine,
        clock: Clock,
        courier: Courier,
        *,
        inbox: Inbox | None = None,
        doubts: Doubts | None = None,
        post: RegisteredPost | None = None,
        every: float = 30.0,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._courier = courier
        self._inbox = inbox
        self._doubts = doubts
        self._post = post
        self._every = every
        self._owed_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Sweep every `every` seconds until `stop` is set; an error is logged, and the next round tries."""
        while not stop.is_set():
            try:
                began = perf_counter()
                swept = await self.once()
                watch.swept(swept.delivered, swept.woken, swept.strays, swept.told, perf_counter() - began)
            except Exception as error:
                watch.sweep_failed()
                log.warning("sweep failed; tried again in %s s: %s", self._every, told(error))
            try:
                await asyncio.wait_for(stop.wait(), self._every)
            except TimeoutError:
                continue

    async def once(self, overdue: timedelta = OVERDUE) -> Swept:
        """One round: posts, doubts, notes, cases whose action is `overdue`, strays, registered letters."""
        if self._inbox is not None:
            await asyncio.to_thread(self._inbox.drain)
            await asyncio.to_thread(self._inbox.forget)
        if self._doubts is not None:
            await asyncio.to_thread(self._doubts.once)
        await asyncio.to_thread(self._bank_details)
        await asyncio.to_thread(self._digests)
        await asyncio.to_thread(self._owed)
        delivered = await self._notes()
        woken, strays = await asyncio.to_thread(self._overdue, overdue)
        delivered += await self._notes()
        told = 0
        # Batch by batch, delivered in between: a hundred thousand cases are never a hundred thousand notes.
        while more := await asyncio.to_thread(self._released):
            told += more
            delivered += await self._notes()
        await asyncio.to_thread(self._bank_files)
        if self._post is not None:
            # Last: a folder on a slow server holds up nothing else of this round.
            await asyncio.to_thread(self._post.once)
        return Swept(delivered, woken, strays, told)

    async def wake_all(self) -> int:
        """Wake every open case, overdue or not (after a Temporal store was lost); how many there are."""
        woken = await asyncio.to_thread(self._everyone)
        await self._notes()
        return woken

    def _bank_details(self) -> None:
        """Changes of bank details whose time has come take effect, each in a transaction of its own."""
        with transaction(self._engine) as session:
            due = due_changes(session, self._clock.now())
        for change in due:
            try:
                with transaction(self._engine) as session:
                    if apply_change(session, change, self._clock.now()):
                        log.warning("bank details changed as two people agreed (change %s)", change)
            except Exception as error:
                # One that fails never stops the others; the next round tries it again.
                log.warning("a change of bank details waits: %s", told(error))

    def _digests(self) -> None:
        """What sales representatives hear once a week, each company in a transaction of its own."""
        with transaction(self._engine) as session:
            due = digests_due(session, self._clock.now())
        for company, week in due:
            try:
                with transaction(self._engine) as session:
                    written = write_digests(session, company, week, self._clock.now())
                if written:
                    log.info("%d weekly digests written", written)
            except Exception as error:
                # One that fails never stops the others; the next round tries it again.
                log.warning("a weekly digest waits: %s", told(error))

    def _owed(self) -> None:
        """Now and then: no worker of this version leaves anything out."""
        now = self._clock.now()
        if self._owed_at is not None and now < self._owed_at + OWED_EVERY:
            return
        with transaction(self._engine) as session:
            mended = mend_owed(session, OWED_BATCH)
        self._owed_at = now
        if mended:
            log.warning("what %d invoices owed by days is kept anew: their cases said otherwise", mended)

    def _everyone(self) -> int:
        with transaction(self._engine) as session:
            cases = session.exec(
                select(DunningCase.invoice_id)
                .where(col(DunningCase.closed_at).is_(None))
                .order_by(col(DunningCase.next_at))
            ).all()
            now = self._clock.now()
            add_notes(session, cases, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})
            return len(cases)

    async def _notes(self) -> int:
        total = 0
        while taken := await self._courier.sweep(BATCH):
            total += taken
        return total

    def _released(self) -> int:
        """Cases told that the bank is known far enough, or that what suspended them is over."""
        with transaction(self._engine) as session:
            now = self._clock.now()
            ended = end_those_due(session, now)
            told = (*tell_ready(session, now), *tell_released(session, now), *tell_reopened(session, now))
            return len(ended) + len(told)

    def _bank_files(self) -> None:
        with transaction(self._engine) as session:
            settle_bank_tasks(session, self._clock.now())

    def _overdue(self, overdue: timedelta) -> tuple[int, int]:
        with transaction(self._engine) as session:
            now = self._clock.now()
            cases = _overdue_cases(session, now - overdue)
            if cases:
                log.warning("waking %d cases whose next action is overdue", len(cases))
                add_notes(session, cases, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True})
            close_silent(session, now)
            moved = settle_absences(session, now) + pass_on_calls(session, now)
            if moved:
                log.info("%d tasks changed hands: somebody left, is back, or has not called", moved)
            strays = _strays(session, now - STRAY)
            add_notes(session, strays, NoteTo.OUTREACH, OutreachSignal.NUDGED, now)
            untold = _untold(session, now - STRAY)
            add_notes(session, untold, NoteTo.NOTICES, NoticesSignal.NUDGED, now)
            add_notes(session, trials_at_rest(session, now - STRAY), NoteTo.POLICY_TRIAL, START_NOTE, now)
            return len(cases), len(strays)


def late(before: datetime) -> ColumnElement[bool]:
    """The condition for an open case that should have been looked at before an instant of business time."""
    # While it is held, a case shows when its step was due; only its other instants are to be kept.
    held = col(DunningCase.state).in_(("awaiting_bank", "suspended"))
    step_at = case((held, None), else_=col(DunningCase.next_at))
    return and_(
        col(DunningCase.closed_at).is_(None),
        or_(
            # LEAST passes over what is NULL: a decided case without either time waits for a fact.
            and_(
                func.least(step_at, col(DunningCase.wake_at)) < before,
                # Also tried again an hour after it was woken, not at every sweep.
                col(DunningCase.decided_at) < before,
            ),
            # Started, and lost before its first look.
            and_(col(DunningCase.decided_at).is_(None), col(DunningCase.opened_at) < before),
        ),
        col(DunningCase.state).not_in(("awaiting_person", "stopped")),
    )


def _overdue_cases(session: Session, before: datetime) -> list[UUID]:
    """Open cases that should have acted before `before` and have no note waiting."""
    return list(
        session.exec(
            select(DunningCase.invoice_id)
            .where(
                late(before),
                col(DunningCase.invoice_id).not_in(
                    select(OutboxNote.key).where(OutboxNote.workflow == NoteTo.CASE)
                ),
            )
            .order_by(col(DunningCase.next_at))
            .limit(WAKE_BATCH)
        )
    )


def _strays(session: Session, before: datetime) -> list[UUID]:
    """Customers with a message that should have been settled long ago: its outreach was lost."""
    found = session.exec(
        select(Communication.customer_id)
        .join(ContactMade, col(ContactMade.id) == Communication.contact_id, isouter=True)
        .where(
            col(Communication.status).in_((CommunicationStatus.SENDING, CommunicationStatus.PLANNED)),
            col(Communication.planned_at) < before,
            col(Communication.customer_id).is_not(None),
            or_(
                col(Communication.contact_id).is_(None),
                col(ContactMade.status).not_in((ContactStatus.DRAFT, ContactStatus.APPROVED)),
            ),
            col(Communication.customer_id).not_in(
                select(OutboxNote.key).where(OutboxNote.workflow == NoteTo.OUTREACH)
            ),
        )
        .distinct()
        .limit(WAKE_BATCH)
    )
    return [customer for customer in found if customer is not None]


def _untold(session: Session, before: datetime) -> list[UUID]:
    """Companies with word to their own people that should have gone long ago."""
    return list(
        session.exec(
            select(Communication.company_id)
            .where(
                col(Communication.customer_id).is_(None),
                col(Communication.status).in_((CommunicationStatus.SENDING, CommunicationStatus.PLANNED)),
                col(Communication.planned_at) < before,
                col(Communication.company_id).not_in(
                    select(OutboxNote.key).where(OutboxNote.workflow == NoteTo.NOTICES)
                ),
            )
            .distinct()
            .limit(WAKE_BATCH)
        )
    )
