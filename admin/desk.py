"""What the command line does with the ledger and the cases, one method a command."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import Engine, cast
from sqlalchemy import String as Text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select
from temporalio.service import RPCError

from activities.clock import Clock
from activities.envelope import fetch
from activities.installation import read_offset, who_runs
from activities.outbox import Courier
from activities.settings import Settings
from activities.store import facts
from activities.store.customers import add_contact, allow_contact, customer_by_ref, stop_contact
from activities.store.engine import make_engine, transaction
from activities.sweeper import Sweeper
from admin.cli.output import refuse, remark
from admin.portfolio import cells
from admin.stack.connection import find_installation
from models.errors import NotFound, RelanceError, Unreachable
from models.ids import CaseSignal
from models.messages import FACTS, Fact, TaskCompleted
from models.tables import Communication, Company, ContactItem, Customer, DunningCase, Invoice, Task
from models.tables.words import PhoneKind, TaskStatus
from rules.facts import Role, StopReason
from workflows.runtime import connect


class Desk:
    """One installation, as a command sees it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clock = Clock(read_offset(engine))

    @property
    def engine(self) -> Engine:
        """The ledger, for what is only read."""
        return self._engine

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Desk]:
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

    def tasks(self, *, everything: bool = False, company: str | None = None) -> Sequence[Task]:
        """Tasks by due date; open ones, unless `everything`."""
        wanted = select(Task).order_by(col(Task.due_on), col(Task.opened_at))
        if not everything:
            wanted = wanted.where(Task.status == TaskStatus.OPEN)
        if company is not None:
            wanted = wanted.join(Company, col(Company.id) == Task.company_id).where(Company.ref == company)
        with transaction(self._engine) as session:
            return session.exec(wanted).all()

    def show(self, task_id: str) -> str:
        """A task with its text, and the stored letter when it asks for approval."""
        with transaction(self._engine) as session:
            task = _task(session, task_id)
            parts = [
                f"{task.title}\n{task.kind}, {task.status}, for {task.assignee_email or 'nobody yet'}",
                task.body,
            ]
            if task.contact_id is not None:
                messages = session.exec(
                    select(Communication)
                    .where(Communication.contact_id == task.contact_id)
                    .order_by(col(Communication.planned_at))
                )
                for message in messages:
                    envelope = fetch(session, message.content_hash)
                    parts.append(f"--- {envelope.subject or message.kind} ---\n{envelope.text}")
        return "\n\n".join(part for part in parts if part)

    def complete(self, task_id: str, outcome: str, note: str | None) -> str:
        """Complete a task in the name of who runs the command."""
        with transaction(self._engine) as session:
            task = _task(session, task_id)
            invoice = session.get_one(Invoice, _about(session, task))
            fact = TaskCompleted(task_id=task.id, outcome=outcome, note=note, by=who_runs())
            done = facts.record(
                session,
                now=self._clock.now(),
                invoice=invoice,
                fact=fact,
                signal=CaseSignal.TASK_COMPLETED,
                who=who_runs(),
            )
        self._deliver(done.notes)
        return f"{task.title}: {outcome}"

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
        self._deliver(done.notes)
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
        self._deliver(notes)
        return f"{customer}: {'contact allowed again' if lift else 'all contact stopped'} ({reason.value})"

    def add_contact(
        self, company: str, customer: str, role: Role, email: str | None, phone: str | None, name: str | None
    ) -> str:
        """Add someone to write to; addresses are checked as an import checks them."""
        with transaction(self._engine) as session:
            row = customer_by_ref(session, company, customer)
            number = cells.phone(phone, row.country) if phone else None
            notes = add_contact(
                session,
                row,
                role,
                self._clock.now(),
                who_runs(),
                name=name,
                email=cells.email(email) if email else None,
                phone=number.number if number else None,
                phone_kind=PhoneKind(number.kind) if number else None,
            )
        self._deliver(notes)
        return f"{customer}: {role.value} contact added"

    def _deliver(self, notes: Sequence[int]) -> None:
        async def run() -> None:
            client = await connect()
            courier = Courier(self._engine, client, asyncio.get_running_loop(), self._clock)
            await courier.deliver_async(notes)

        try:
            asyncio.run(run())
        except (Unreachable, RPCError) as error:
            remark(f"relance: recorded; the cases are told as soon as Temporal answers ({error})")


def _plain(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "\n".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'payload'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
    return str(error)


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


def _about(session: Session, task: Task) -> UUID:
    """An invoice the task is about: tasks over several invoices, or none, are completed through one."""
    if task.invoice_id is not None:
        return task.invoice_id
    if task.contact_id is not None:
        found = session.exec(
            select(ContactItem.invoice_id).where(ContactItem.contact_id == task.contact_id).limit(1)
        ).one_or_none()
        if found is not None:
            return found
    found = session.exec(
        select(DunningCase.invoice_id)
        .join(Customer, col(Customer.id) == DunningCase.customer_id)
        .where(Customer.id == task.customer_id)
        .limit(1)
    ).one_or_none()
    if found is None:
        raise NotFound(f"task {task.id} is about no invoice")
    return found
