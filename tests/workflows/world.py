"""A whole installation on skipped time: real PostgreSQL, real Temporal, real clients, sandbox providers.

Business time starts where the story starts; the world moves from instant to instant and waits for what
each sets off.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import col, select
from temporalio import activity
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.api.testservice.v1 import SleepRequest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Interceptor, Worker

from activities.clock import Clock
from activities.discreet import DiscreetErrors
from activities.outbox import Courier
from activities.providers import Providers
from activities.registry import Needs, activities
from activities.settings import Sending, Settings
from activities.store.cases import open_case
from activities.store.engine import transaction
from activities.store.facts import Recorded, record
from activities.store.lookup import lock_customer
from activities.store.outbox import add_notes
from admin.sandbox import SandboxServer
from admin.stack.temporal import time_skipping_server_path
from models.ids import SEARCH_ATTRIBUTE_TYPES, START_NOTE, CaseSignal, case_id
from models.messages import FACTS, CaseView, TaskCompleted
from models.tables import (
    Contact,
    ContactItem,
    ContactMade,
    Customer,
    DunningCase,
    Invoice,
    Task,
)
from models.tables.words import ContactStatus, NoteTo, TaskKind, TaskStatus
from rules.calendar import BusinessCalendar, Channel, business_calendar
from rules.facts import Role
from rules.simulate import Contacted
from tests.workflows.actors import ApproveAtOnce, found
from tests.workflows.lost import unless_lost
from workflows.runtime import DATA_CONVERTER, WORKFLOWS, OneArgument, workflow_runner

PATIENCE = timedelta(minutes=9)
"""How long a busy machine may take for the time that passes; a test may take ten minutes."""

_TYPES = {"Keyword": 2, "Double": 4, "Datetime": 6}


@dataclass(frozen=True, slots=True)
class Person:
    """Someone at a customer's; a number without another kind is a mobile."""

    role: Role
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    mobile: bool = True
    language: str | None = None

    @property
    def phone_kind(self) -> str | None:
        """What the ledger keeps about the number."""
        return None if self.phone is None else "mobile" if self.mobile else "fixed"


class SkippedClock(Clock):
    """Business time for callers outside Temporal: the skipped server time as last read, plus the offset."""

    server_time: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def temporal_now(self) -> datetime:
        """The server's time in an activity, else as the world last read it."""
        if activity.in_activity() and not activity.info().is_local:
            return activity.info().started_time
        return self.server_time


@dataclass
class World:
    """The installation under test. Instants are business time, aware UTC."""

    env: WorkflowEnvironment
    engine: Engine
    sandbox: SandboxServer
    clock: SkippedClock
    courier: Courier
    needs: Needs
    approve_at_once: bool = True
    company_id: UUID = field(default_factory=uuid4)
    customers: dict[str, UUID] = field(default_factory=dict)
    invoices: dict[str, UUID] = field(default_factory=dict)
    calendar: BusinessCalendar = field(default_factory=lambda: business_calendar("FR", None))
    versions: dict[str, int] = field(default_factory=dict)
    make_worker: Callable[[], Worker] | None = None
    worker: Worker | None = None
    interceptors: Sequence[Interceptor] = ()

    # -------------------------------------------------------------- worker

    async def start_worker(self) -> None:
        """Let a worker take up what waits."""
        assert self.make_worker is not None
        self.worker = self.make_worker()
        await self.worker.__aenter__()

    async def stop_worker(self) -> None:
        """Stop the worker; in a world without `cached_runs`, the next one takes up all that waits at once."""
        worker, self.worker = self.worker, None
        if worker is not None:
            await worker.__aexit__(None, None, None)

    # ---------------------------------------------------------------- time

    async def now(self) -> datetime:
        """Business time."""
        self.clock.server_time = await self.env.get_current_time()
        return self.clock.business(self.clock.server_time)

    async def advance_to(self, instant: datetime) -> None:
        """Let time pass up to `instant`, with all that it sets off."""
        while (missing := instant - await self.now()) > timedelta(0):
            await self.let_pass(missing)
        await self.settled()

    async def let_pass(self, duration: timedelta) -> None:
        """Let time pass, with what that sets off but without waiting for outreaches under way.

        The server answers when all of it is done, which may take a busy machine longer than the thirty
        seconds that `WorkflowEnvironment.sleep` allows for.
        """
        wanted = SleepRequest()
        wanted.duration.FromTimedelta(duration)
        passes = self.env.client.test_service.unlock_time_skipping_with_sleep(wanted, timeout=PATIENCE)
        await unless_lost(passes, self.env, self._workflows())

    def _workflows(self) -> list[str]:
        """Every case and outreach there may be."""
        return [
            *(case_id("acme", number) for number in self.invoices),
            *(f"outreach/{customer}" for customer in self.customers.values()),
        ]

    async def day(self, day: date | str, hour: int = 0, minute: int = 0) -> None:
        """Let time pass up to an hour of a day, in the calendar of the world's country."""
        wanted = date.fromisoformat(day) if isinstance(day, str) else day
        start = self.calendar.start_of_day(wanted)
        await self.advance_to(start + timedelta(hours=hour, minutes=minute))

    async def settled(self) -> None:
        """Wait until no note and no outreach is under way; time stands still meanwhile."""
        waits = iter(range(1200))
        while True:
            await self.now()
            running = await asyncio.to_thread(self._under_way)
            if not running:
                return
            # A result that is waited for lets the server skip: by the time it is read, days may have gone.
            with self.env.auto_time_skipping_disabled():
                for customer in running:
                    handle = self.env.client.get_workflow_handle(f"outreach/{customer}")
                    try:
                        await unless_lost(handle.result(), self.env, self._workflows())
                    except RPCError as error:
                        # A case is due a moment before its outreach is asked to begin, and nothing tells of
                        # that: in a store that never had one of this customer, there is none to wait for yet.
                        if error.status is not RPCStatusCode.NOT_FOUND or next(waits, None) is None:
                            raise
                        await asyncio.sleep(0.05)

    def _under_way(self) -> list[UUID]:
        with transaction(self.engine) as session:
            return list(
                session.exec(
                    select(DunningCase.customer_id)
                    .where(DunningCase.state == "due", col(DunningCase.closed_at).is_(None))
                    .distinct()
                )
            )

    # ---------------------------------------------------------------- parties and facts

    def customer(
        self, ref: str = "C-1", *, country: str = "FR", people: Sequence[Person] | None = None, **more: Any
    ) -> UUID:
        """A customer; French and with a mailbox and a mobile in accounting, unless said otherwise."""
        accounting = Person(Role.ACCOUNTING, "Comptabilité", f"compta@{ref.lower()}.example", "+33612345678")
        with transaction(self.engine) as session:
            row = Customer(
                id=uuid4(),
                company_id=self.company_id,
                ref=ref,
                name=f"Client {ref}",
                country=country,
                collector_email="claire@acme.example",
                sales_rep_email="sam@acme.example",
                **more,
            )
            session.add(row)
            session.flush()
            for person in (accounting,) if people is None else people:
                session.add(
                    Contact(
                        id=uuid4(),
                        customer_id=row.id,
                        role=person.role,
                        name=person.name,
                        language=person.language,
                        email=person.email,
                        phone=person.phone,
                        phone_kind=person.phone_kind,
                    )
                )
            self.customers[ref] = row.id
            return row.id

    async def invoice(
        self,
        number: str,
        amount: str,
        issued: date | str,
        due: date | str,
        *,
        customer: str = "C-1",
        policy: str = "standard",
        start: bool = True,
        **more: Any,
    ) -> WorkflowHandle[Any, CaseView]:
        """Write an invoice, open its case and start it."""
        now = await self.now()
        note = await asyncio.to_thread(
            self._write_invoice, now, number, amount, issued, due, customer, policy, more
        )
        if start:
            await self.courier.deliver_async([note])
        return self.handle(number)

    def _write_invoice(
        self,
        now: datetime,
        number: str,
        amount: str,
        issued: date | str,
        due: date | str,
        customer: str,
        policy: str,
        more: dict[str, Any],
    ) -> int:
        if customer not in self.customers:
            self.customer(customer)
        with transaction(self.engine) as session:
            row = lock_customer(session, self.customers[customer])
            row.ledger_seq += 1
            invoice = Invoice(
                id=uuid4(),
                company_id=self.company_id,
                customer_id=row.id,
                number=number,
                issued_on=date.fromisoformat(str(issued)),
                due_on=date.fromisoformat(str(due)),
                total=Decimal(amount),
                currency=more.pop("currency", "EUR"),
                created_at=now,
                **more,
            )
            session.add(invoice)
            session.flush()
            open_case(session, invoice, row, policy, self.versions[policy], now, "test")
            self.invoices[number] = invoice.id
            (note,) = add_notes(session, [invoice.id], NoteTo.CASE, START_NOTE, now)
            return note

    def handle(self, number: str) -> WorkflowHandle[Any, CaseView]:
        """The case of an invoice."""
        return self.env.client.get_workflow_handle(case_id("acme", number), result_type=CaseView)

    async def tell(self, signal: CaseSignal, number: str, **told: Any) -> Recorded:
        """Record a fact in the ledger and tell the case, as the API does."""
        now = await self.now()
        done = await asyncio.to_thread(self._record, now, signal, number, told)
        await self.courier.deliver_async(done.notes)
        return done

    def _record(self, now: datetime, signal: CaseSignal, number: str, told: dict[str, Any]) -> Recorded:
        with transaction(self.engine) as session:
            fact = FACTS[signal].model_validate(told)
            return record(session, now=now, invoice=("acme", number), fact=fact, signal=signal, who="test")

    async def pay(self, number: str, amount: str, **more: Any) -> Recorded:
        """A payment, as the bank shows it."""
        more.setdefault("event_id", f"bank/{uuid4()}")
        return await self.tell(
            CaseSignal.PAYMENT_RECEIVED, number, amount=amount, currency=more.pop("currency", "EUR"), **more
        )

    def approve_open(self, now: datetime) -> tuple[int, ...]:
        """Approve every letter that waits; the notes to deliver."""
        notes: tuple[int, ...] = ()
        for task in self.tasks(TaskKind.APPROVAL, TaskStatus.OPEN):
            with transaction(self.engine) as session:
                invoice_id = (
                    task.invoice_id
                    or session.exec(
                        select(ContactItem.invoice_id).where(ContactItem.contact_id == task.contact_id)
                    ).first()
                )
                done = record(
                    session,
                    now=now,
                    invoice=session.get_one(Invoice, invoice_id),
                    fact=TaskCompleted(task_id=task.id, outcome="approved", event_id=f"approve/{task.id}"),
                    signal=CaseSignal.TASK_COMPLETED,
                    who="manager@acme.example",
                )
                notes += done.notes
        return notes

    # ---------------------------------------------------------------- what happened

    def tasks(self, kind: str | None = None, status: str | None = None) -> list[Task]:
        """Tasks, oldest first."""
        with transaction(self.engine) as session:
            found = session.exec(select(Task).order_by(col(Task.opened_at), col(Task.kind))).all()
            return [
                task
                for task in found
                if (kind is None or task.kind == kind) and (status is None or task.status == status)
            ]

    def contacts(self) -> list[Contacted]:
        """Every contact that counts, as `simulate` tells them; instants to the minute."""
        done = (ContactStatus.SENT, ContactStatus.BY_HAND, ContactStatus.UNCERTAIN)
        with transaction(self.engine) as session:
            rows = session.exec(
                select(ContactMade, Customer.ref)
                .join(Customer, col(Customer.id) == ContactMade.customer_id)
                .where(col(ContactMade.status).in_(done))
                .order_by(col(ContactMade.concluded_at), Customer.ref)
            ).all()
            numbers = {i.id: i.number for i in session.exec(select(Invoice))}
            items = session.exec(select(ContactItem)).all()
        found = []
        for made, ref in rows:
            own = [item for item in items if item.contact_id == made.id]
            assert made.concluded_at is not None
            found.append(
                Contacted(
                    customer=ref,
                    at=made.concluded_at.replace(second=0, microsecond=0),
                    channel=Channel(made.channel),
                    step=made.step,
                    invoices=tuple(sorted(numbers[i.invoice_id] for i in own if not i.folded)),
                    also=tuple(sorted(numbers[i.invoice_id] for i in own if i.folded)),
                )
            )
        return found

    def told(self) -> list[str]:
        """The contacts as lines a credit manager reads: `2026-03-30 09:30 pre_reminder email F-1`."""
        lines = []
        for contact in self.contacts():
            at = contact.at.astimezone(self.calendar.zone)
            also = f" (+{','.join(contact.also)})" if contact.also else ""
            lines.append(
                f"{at:%Y-%m-%d %H:%M} {contact.step} {contact.channel} {','.join(contact.invoices)}{also}"
            )
        return lines

    def case(self, number: str) -> DunningCase:
        """The case's row."""
        with transaction(self.engine) as session:
            return session.get_one(DunningCase, self.invoices[number])


@asynccontextmanager
async def world(
    engine: Engine,
    start: datetime,
    *,
    sending: Sending = Sending.LIVE,
    tweak: Callable[[Settings], Settings] = lambda settings: settings,
    interceptors: Sequence[Interceptor] = (),
    cached_runs: int = 1000,
    after: World | None = None,
) -> AsyncIterator[World]:
    """An installation whose business time starts at `start`; `after` another whose ledger it takes over."""
    with SandboxServer() as sandbox:
        settings = tweak(
            Settings(
                sending=sending,
                sendgrid_api_key=SecretStr("SG.test"),
                sendgrid_host=sandbox.url,
                twilio_account_sid="AC" + "0" * 32,
                twilio_auth_token=SecretStr("token"),
                twilio_from="+33700000001",
                twilio_base_url=sandbox.url,
                sendgrid_timeout=20,
                twilio_timeout=20,
                # A sender's turn is reckoned in real time, which stands almost still here.
                email_per_second=None,
                sms_per_second=None,
                worker_slots=8,
            )
        )
        env = await WorkflowEnvironment.start_time_skipping(
            data_converter=DATA_CONVERTER,
            test_server_existing_path=str(time_skipping_server_path()),
        )
        async with env:
            await env.client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(
                    namespace="default",
                    search_attributes={n: _TYPES[t] for n, t in SEARCH_ATTRIBUTE_TYPES.items()},  # type: ignore[misc]
                )
            )
            clock = SkippedClock(start - await env.get_current_time())
            loop = asyncio.get_running_loop()
            courier = Courier(engine, env.client, loop, clock)
            needs = Needs(engine, clock, courier, settings, Providers.of(settings))
            it = World(env, engine, sandbox, clock, courier, needs, interceptors=interceptors)
            if after is None:
                found(it, start)
            else:
                it.company_id, it.versions = after.company_id, after.versions
                it.customers, it.invoices = after.customers, after.invoices
            with ThreadPoolExecutor(2 * settings.worker_slots) as executor:
                it.make_worker = lambda: Worker(
                    env.client,
                    task_queue="relance",
                    workflows=WORKFLOWS,
                    activities=activities(needs),
                    activity_executor=executor,
                    workflow_runner=workflow_runner(),
                    max_cached_workflows=cached_runs,
                    interceptors=[OneArgument(), DiscreetErrors(), ApproveAtOnce(it), *it.interceptors],
                )
                await it.start_worker()
                try:
                    yield it
                finally:
                    await it.stop_worker()
