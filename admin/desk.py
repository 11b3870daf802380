"""What the command line does with the ledger and the cases, one method a command."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Self
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Engine, cast, func
from sqlalchemy import String as Text
from sqlalchemy import select as alchemy_select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
from temporalio.service import RPCError

from activities.clock import Clock
from activities.envelope import fetch, fetch_files
from activities.installation import read_offset, who_runs
from activities.outbox import Courier
from activities.settings import Settings
from activities.store import api_keys, facts
from activities.store.absences import absences, end_absence, record_absence
from activities.store.bank import state_bank_day
from activities.store.bank_tasks import held_by_bank
from activities.store.customers import (
    allow_contact,
    customer_by_ref,
    set_address,
    stop_contact,
)
from activities.store.engine import make_engine, transaction
from activities.store.lookup import company_by_ref
from activities.store.postings import letter_of
from activities.store.receipts import retry_refused
from activities.store.work import Completion, complete_task
from activities.sweeper import Sweeper
from admin.cli.output import refuse, remark
from admin.proof import archive, summary
from admin.queries.proof import company_of, get_proof
from admin.queries.reading import snapshot
from admin.stack.connection import find_installation
from models.errors import Conflict, NotFound, RelanceError, Unreachable
from models.ids import CaseSignal
from models.messages import FACTS, Fact
from models.tables import (
    Absence,
    ApiKey,
    AuditEvent,
    Communication,
    Company,
    Task,
    UnknownEvent,
    WebhookReceipt,
)
from models.tables.words import ApiRole, ReceiptState, TaskStatus
from models.work import outcomes_of
from rules.calendar import Channel
from rules.facts import StopReason
from workflows.runtime import connect

_AS_THEY_COME = "payments are recorded as they come"

_SHOWN: Final = 100
"""Refused posts that are listed at most."""


class Desk:
    """One installation, as a command sees it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clock = Clock(read_offset(engine))

    @property
    def clock(self) -> Clock:
        """Business time."""
        return self._clock

    @property
    def engine(self) -> Engine:
        """The ledger, for what is only read."""
        return self._engine

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Self]:
        """The installation the environment names, else the local stack; errors end the command plainly."""
        find_installation()
        engine: Engine | None = None
        try:
            url = Settings.load().database_url
            if url is None:
                refuse("RELANCE_DATABASE_URL is not set, and no local stack runs here (`relance up`)")
            engine = make_engine(url.get_secret_value(), pool_size=2, application_name="relance")
            yield cls(engine)
        except (RelanceError, ValueError) as error:
            refuse(_plain(error))
        except SQLAlchemyError as error:
            refuse(f"the ledger does not answer: {str(error.__cause__ or error).splitlines()[0]}")
        finally:
            if engine is not None:
                engine.dispose()

    def tasks(
        self, *, everything: bool = False, company: str | None = None, mine: str | None = None
    ) -> Sequence[Task]:
        """Tasks by due date; open ones, unless `everything`; those of `mine` (an e-mail address) alone."""
        wanted = select(Task).order_by(col(Task.due_on), col(Task.opened_at))
        if not everything:
            wanted = wanted.where(Task.status == TaskStatus.OPEN)
        if company is not None:
            wanted = wanted.join(Company, col(Company.id) == Task.company_id).where(Company.ref == company)
        if mine is not None:
            wanted = wanted.where(func.lower(col(Task.assignee_email)) == mine.lower())
        with transaction(self._engine) as session:
            return session.exec(wanted).all()

    def show(self, task_id: str) -> str:
        """A task with its text, and the stored letter when it asks for approval."""
        with transaction(self._engine) as session:
            task = _task(session, task_id)
            parts = [
                f"{task.title}\n{task.kind}, {task.status}, for {_whose(task)}",
                task.body,
                _answers(task),
            ]
            if task.contact_id is not None:
                messages = session.exec(
                    select(Communication)
                    .where(Communication.contact_id == task.contact_id)
                    .order_by(col(Communication.planned_at))
                )
                for message in messages:
                    envelope = fetch(session, message.content_hash)
                    files = "".join(f"\n[{each.name}, {_size(each.size)}]" for each in envelope.attachments)
                    who = ", ".join((envelope.to_address, *envelope.cc)) if envelope.to_address else "nobody"
                    head = envelope.subject or message.kind
                    if message.channel != Channel.LETTER:
                        head = f"{message.channel} to {who}, {message.status}: {head}"
                    parts.append(f"--- {head} ---{files}\n{envelope.text}")
        return "\n\n".join(part for part in parts if part)

    def save(self, task_id: str, path: Path) -> str:
        """Write the pages of a task's letter, as they are stored, into a file that is not there yet."""
        with transaction(self._engine) as session:
            task = _task(session, task_id)
            letter = letter_of(session, task.contact_id) if task.contact_id is not None else None
            files = fetch_files(session, fetch(session, letter.content_hash)) if letter else ()
        if not files:
            raise NotFound(f"task {task_id}: it has no letter with pages to save")
        _write_new(path, files[0].content)
        return f"{path}: {files[0].name}, {_size(len(files[0].content))}"

    def prove(self, message: str, path: Path | None) -> str:
        """What proves a message: a page to read, or the archive in a file that is not there yet."""
        try:
            message_id = UUID(message)
        except ValueError:
            raise NotFound(f"{message!r} is no id of a message") from None
        with snapshot(self._engine) as session:
            evidence = get_proof(session, company_of(session, message_id), message_id)
        if path is None:
            return summary(evidence, evidence.proof.files)
        packed = archive(evidence)
        _write_new(path, packed)
        return f"{path}: {len(evidence.proof.events)} events, {_size(len(packed))}"

    def webhooks(self, *, again: bool) -> str:
        """What providers told that nobody could work on, and of which messages nobody knows.

        With `again`, workers try what they refused once more.
        """
        with transaction(self._engine) as session:
            refused = session.connection().execute(
                # Not the bodies: they are large, and hold addresses.
                alchemy_select(
                    col(WebhookReceipt.provider),
                    col(WebhookReceipt.kind),
                    col(WebhookReceipt.arrived_at),
                    col(WebhookReceipt.attempts),
                    col(WebhookReceipt.last_error),
                )
                .where(col(WebhookReceipt.state) == ReceiptState.REFUSED)
                .order_by(col(WebhookReceipt.id))
                .limit(_SHOWN)
            )
            unknown = session.exec(
                select(UnknownEvent.provider, UnknownEvent.kind, func.count())
                .group_by(UnknownEvent.provider, UnknownEvent.kind)
                .order_by(UnknownEvent.provider, UnknownEvent.kind)
            ).all()
            lines = [
                f"{provider} {kind} of {at:%Y-%m-%d %H:%M} UTC, tried {attempts} times: {error}"
                for provider, kind, at, attempts, error in refused
            ]
            lines += [f"{provider} {kind} of unknown messages: {count}" for provider, kind, count in unknown]
            if again:
                lines.append(f"{retry_refused(session)} posts will be tried again")
        return "\n".join(lines) or "Nothing was refused, and every message is known."

    def complete(self, task_id: str, completion: Completion) -> str:
        """Complete a task in the name of who runs the command."""
        with transaction(self._engine) as session:
            task = _task(session, task_id)
            done = complete_task(
                session, task_id=task.id, completion=completion, now=self._clock.now(), who=who_runs()
            )
            session.refresh(task)
            still = f"; still open, due on {task.due_on or 'the day a number is found'}"
            said = f"{task.title}: {completion.outcome or 'done'}"
            said += still if task.status == TaskStatus.OPEN else ""
        self.deliver(done.notes)
        return said

    def absent(self, staff: str, first_day: date, last_day: date, deputy: str) -> str:
        """Somebody will be away; what falls due meanwhile goes to the deputy."""
        with transaction(self._engine) as session:
            absence, moved = record_absence(
                session,
                staff=staff,
                first_day=first_day,
                last_day=last_day,
                deputy=deputy,
                now=self._clock.now(),
                who=who_runs(),
            )
            days = f"from {absence.first_day} to {absence.last_day}"
            return f"{staff} is away {days}; {moved} open tasks go to {deputy}"

    def back(self, staff: str) -> str:
        """Somebody is back, or does not go."""
        with transaction(self._engine) as session:
            absence, moved = end_absence(session, staff=staff, now=self._clock.now(), who=who_runs())
            days = f"from {absence.first_day} to {absence.last_day}"
            return f"{staff}: the absence {days} is over; {moved} tasks came back"

    def away(self) -> Sequence[Absence]:
        """Who is away, or will be."""
        with transaction(self._engine) as session:
            return absences(session, since=self._clock.now().date())

    def tell(self, company: str, number: str, signal: str, payload: str) -> str:
        """Record a fact told as JSON."""
        try:
            kind = CaseSignal(signal)
        except ValueError:
            raise NotFound(f"no signal {signal!r}; there are {', '.join(sorted(CaseSignal))}") from None
        fact: Fact = FACTS[kind].model_validate_json(payload)
        if fact.recorded:
            raise RelanceError("recorded: this is for Relance itself to say")
        with transaction(self._engine) as session:
            done = facts.record(
                session,
                now=self._clock.now(),
                invoice=(company, number),
                fact=fact,
                signal=kind,
                who=who_runs(),
            )
        if done.duplicate:
            return f"{number}: {signal} was recorded already ({done.event_id}); nothing changed"
        self.deliver(done.notes)
        return f"{number}: {signal} recorded ({done.event_id})"

    def reconcile(self, *, everything: bool = False) -> str:
        """One round of the sweeper for everything overdue, however little; or every open case."""

        async def run() -> str:
            client = await connect()
            courier = Courier(self._engine, client, asyncio.get_running_loop(), self._clock)
            sweeper = Sweeper(self._engine, self._clock, courier)
            if everything:
                return f"{await sweeper.wake_all()} open cases woken"
            swept = await sweeper.once(overdue=timedelta(0))
            return (
                f"{swept.woken} cases woken, {swept.strays} customers with unsettled messages nudged, "
                f"{swept.delivered} notes delivered"
            )

        return asyncio.run(run())

    def stop_contact(self, company: str, customer: str, reason: StopReason, *, lift: bool) -> str:
        """Stop all contact with a customer, or lift the stop."""
        with transaction(self._engine) as session:
            row = customer_by_ref(session, company, customer)
            change = allow_contact if lift else stop_contact
            notes = change(session, row, reason, self._clock.now(), who_runs())
        self.deliver(notes)
        return f"{customer}: {'contact allowed again' if lift else 'all contact stopped'} ({reason.value})"

    def set_address(self, company: str, customer: str, lines: Sequence[str]) -> str:
        """Record where letters to a customer go."""
        with transaction(self._engine) as session:
            row = customer_by_ref(session, company, customer)
            notes = set_address(session, row, lines, self._clock.now(), who_runs())
        self.deliver(notes)
        return f"{customer}: address recorded"

    def bank(self, company: str) -> str:
        """How far a company knows its bank, and what waits for the next file."""
        with transaction(self._engine) as session:
            row = company_by_ref(session, company)
            held = held_by_bank(session, row.id).get(row.id)
        known = f"the bank is known up to {row.bank_known_until}" if row.bank_known_until else _AS_THEY_COME
        waits = f"; {held.told} wait for a later file" if held else "; nothing waits for a file"
        return f"{company}: {known}{waits}"

    def bank_known(self, company: str, until: date | None, correction: str | None) -> str:
        """State up to which day the bank is known (None: payments are recorded as they come again)."""
        now, who = self._clock.now(), who_runs()
        with transaction(self._engine) as session:
            row = company_by_ref(session, company, lock=True)
            done = state_bank_day(session, row, until, now, who, correction=correction)
            if done.changed:
                detail = done.audit(correction)
                session.add(
                    AuditEvent(company_id=row.id, at=now, who=who, what="state_bank_known", detail=detail)
                )
        self.deliver(done.notes)
        known = f"the bank is known up to {until}" if until else _AS_THEY_COME
        if not done.changed:
            return f"{company}: {known} already; nothing changed"
        left = f" (the workers tell the other {done.left})" if done.left else ""
        return f"{company}: {known}; {len(done.notes) + done.left} waiting cases are told{left}"

    def create_key(self, name: str, role: ApiRole, companies: list[str] | None, lasts: timedelta) -> str:
        """Make a key to the API; its secret."""
        now = self._clock.now()
        with transaction(self._engine) as session:
            return api_keys.create_key(
                session,
                name=name,
                role=role,
                companies=companies,
                expires_at=now + lasts,
                now=now,
                who=who_runs(),
            )

    def keys(self) -> list[tuple[ApiKey, list[str]]]:
        """The keys to the API, each with the companies it opens."""
        with transaction(self._engine) as session:
            return api_keys.list_keys(session)

    def revoke_key(self, name: str) -> None:
        """Refuse a key from now on."""
        with transaction(self._engine) as session:
            api_keys.revoke_key(session, name, self._clock.now(), who_runs())

    def deliver(self, notes: Sequence[int]) -> None:
        """Tell the cases what was committed; later, if Temporal does not answer."""

        async def run() -> None:
            client = await connect()
            courier = Courier(self._engine, client, asyncio.get_running_loop(), self._clock)
            await courier.deliver_async(notes)

        try:
            asyncio.run(run())
        except (Unreachable, RPCError) as error:
            remark(f"relance: recorded; the cases are told as soon as Temporal answers ({error})")


def _write_new(path: Path, content: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(content)
    except FileExistsError:
        raise Conflict(f"{path}: there is such a file already") from None
    except OSError as error:
        raise RelanceError(f"{path}: cannot be written ({error.strerror})") from None


def _size(count: int) -> str:
    return f"{max(1, round(count / 1024))} kB"


def _plain(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "\n".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'payload'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
    return str(error)


def _whose(task: Task) -> str:
    asked = task.assignee_email or "nobody yet"
    if task.falls_to is not None:
        return f"{asked} (offered; {task.falls_to} after its day)"
    return asked if task.meant_for is None else f"{asked} (in the place of {task.meant_for})"


def _answers(task: Task) -> str:
    words = [outcome.word for outcome in outcomes_of(task.kind)]
    if not words or task.status != TaskStatus.OPEN:
        return ""
    return f"relance done {str(task.id)[:8]} {' | '.join(words)}\n(relance outcomes {task.kind} says more)"


def _task(session: Session, task_id: str) -> Task:
    if re.fullmatch(r"[0-9a-f-]{4,36}", task_id.lower()) is None:
        raise NotFound(f"no task {task_id!r}: give at least four characters of its id")
    found = session.exec(
        select(Task).where(cast(col(Task.id), Text).startswith(task_id.lower(), autoescape=True)).limit(2)
    ).all()
    if not found:
        raise NotFound(f"no task {task_id!r}")
    if len(found) > 1:
        raise NotFound(f"several tasks begin with {task_id!r}: give more of it")
    return found[0]
