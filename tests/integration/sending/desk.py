"""The activities of one worker, called by hand: a ledger, a stopped clock, a provider that can fail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

from pydantic import SecretStr
from sqlalchemy import Engine, func
from sqlmodel import col, select
from temporalio.testing import ActivityEnvironment

from activities.clock import Clock
from activities.envelope import Envelope, fetch
from activities.outbox import Courier
from activities.providers import Providers
from activities.registry import Needs, activities
from activities.settings import Sending, Settings
from activities.store.cases import open_case
from activities.store.engine import transaction
from activities.store.facts import Recorded, record
from activities.store.policies import ensure_builtin
from admin.sandbox import SandboxMessage, SandboxServer
from models.ids import CaseSignal
from models.messages import FACTS, CaseView, OutreachNow, Prepared, ReviewInput, SendInput, SendResult
from models.tables import (
    CaseEvent,
    Communication,
    Company,
    Contact,
    ContactItem,
    ContactMade,
    Customer,
    DunningCase,
    Invoice,
    OutboxNote,
    Task,
)
from models.tables.words import PhoneKind
from policies import builtin_policy_texts
from rules.facts import Role

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
"""A Tuesday, 10:00 in Paris, inside the hours of every channel."""

ISSUED, DUE = date(2026, 2, 3), date(2026, 3, 5)
"""Five days before: the first reminder is due."""


@dataclass
class StoppedClock(Clock):
    """Business time is Temporal's, and stands where the test puts it."""

    at: datetime = NOW

    def __post_init__(self) -> None:
        super().__init__()

    def temporal_now(self) -> datetime:
        """Where it stands."""
        return self.at


class Notes:
    """Stands for the courier: notes stay in the outbox, where a test reads them."""

    def deliver(self, ids: Sequence[int]) -> int:
        """Nothing goes anywhere."""
        return len(ids)


@dataclass
class Desk:
    """One installation without Temporal. Instants are business time."""

    engine: Engine
    sandbox: SandboxServer
    settings: Settings
    clock: StoppedClock = field(default_factory=StoppedClock)
    providers: Providers | None = None
    company_id: UUID = field(default_factory=uuid4)
    customers: dict[str, UUID] = field(default_factory=dict)
    invoices: dict[str, UUID] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with transaction(self.engine) as session:
            self.versions = ensure_builtin(session, builtin_policy_texts(), NOW)
            session.add(
                Company(
                    id=self.company_id,
                    ref="acme",
                    name="Acme",
                    country="FR",
                    email="compta@acme.example",
                    phone="+33145678901",
                    iban="FR7630006000011234567890189",
                    signatory_name="Margot Manager",
                    signatory_email="manager@acme.example",
                )
            )

    # ---------------------------------------------------------------- facts

    def customer(
        self, ref: str = "C-1", *, email: str | None = "", phone: str | None = "+33612345678"
    ) -> UUID:
        """A French customer with a mailbox and a mobile in accounting; None where there is none."""
        address = f"compta@{ref.lower()}.example" if email == "" else email
        with transaction(self.engine) as session:
            row = Customer(
                id=uuid4(),
                company_id=self.company_id,
                ref=ref,
                name=f"Client {ref}",
                country="FR",
                collector_email="claire@acme.example",
            )
            session.add(row)
            session.flush()
            self.customers[ref] = row.id
        self.person(ref, Role.ACCOUNTING, address, phone)
        return row.id

    def person(self, ref: str, role: Role, email: str | None, phone: str | None = None) -> None:
        """Someone at a customer's."""
        with transaction(self.engine) as session:
            session.add(
                Contact(
                    id=uuid4(),
                    customer_id=self.customers[ref],
                    role=role,
                    name="Comptabilité",
                    email=email,
                    phone=phone,
                    phone_kind=PhoneKind.MOBILE if phone else None,
                )
            )

    def invoice(
        self,
        number: str,
        *,
        customer: str = "C-1",
        due: date = DUE,
        total: str = "1200.00",
        last: tuple[str, date] | None = None,
    ) -> UUID:
        """An invoice with its case; `last` is a step it has behind it, and the day of that."""
        if customer not in self.customers:
            self.customer(customer)
        with transaction(self.engine) as session:
            row = session.get_one(Customer, self.customers[customer])
            invoice = Invoice(
                id=uuid4(),
                company_id=self.company_id,
                customer_id=row.id,
                number=number,
                issued_on=due - timedelta(days=30),
                due_on=due,
                total=Decimal(total),
                currency="EUR",
                created_at=NOW,
            )
            session.add(invoice)
            session.flush()
            open_case(session, invoice, row, "standard", self.versions["standard"], self.clock.at, "test")
            self.invoices[number] = invoice.id
            if last is not None:
                _behind(session, row, invoice, *last)
            return invoice.id

    def tell(self, signal: CaseSignal, number: str, **told: Any) -> Recorded:
        """Record one fact, as the API does."""
        fact = FACTS[signal].model_validate(told)
        with transaction(self.engine) as session:
            return record(
                session, now=self.clock.at, invoice=("acme", number), fact=fact, signal=signal, who="test"
            )

    def pay(self, number: str, amount: str = "1200.00") -> Recorded:
        """Money comes."""
        return self.tell(
            CaseSignal.PAYMENT_RECEIVED, number, amount=amount, currency="EUR", event_id=f"bank/{uuid4()}"
        )

    def done(self, task: Task, outcome: str = "done") -> None:
        """A person finishes a task."""
        number = next(n for n, i in self.invoices.items() if i == (task.invoice_id or i))
        self.tell(CaseSignal.TASK_COMPLETED, number, task_id=task.id, outcome=outcome)

    # ----------------------------------------------------------- activities

    def worker(self, **other: Any) -> tuple[Callable[..., Any], ...]:
        """`review`, `prepare_contact` and `send_communication` of one worker."""
        needs = Needs(
            engine=self.engine,
            clock=self.clock,
            courier=cast(Courier, Notes()),
            settings=self.settings,
            providers=self.providers or Providers.of(self.settings),
        )
        return tuple(activities(replace(needs, **other)))

    def call(self, which: int, argument: Any, **other: Any) -> Any:
        """Call an activity as Temporal would."""
        return ActivityEnvironment().run(self.worker(**other)[which], argument)

    def review(self, number: str) -> CaseView:
        """One wake of a case."""
        what = ReviewInput(company="acme", number=number, invoice_id=self.invoices[number], now=self.clock.at)
        return cast(CaseView, self.call(0, what))

    def prepare(self, customer: str = "C-1") -> Prepared:
        """One pass of the outreach."""
        what = OutreachNow(customer_id=self.customers[customer], now=self.clock.at)
        return cast(Prepared, self.call(1, what))

    def send(self, message: UUID, **other: Any) -> SendResult:
        """Hand one message over."""
        return cast(SendResult, self.call(2, self.to_send(message), **other))

    def to_send(self, message: UUID) -> SendInput:
        """What the outreach asks for."""
        return SendInput(communication_id=message, customer_id=self.message(message).customer_id)

    def due(self, customer: str = "C-1") -> UUID:
        """Review every case of the customer and prepare the one message that is due."""
        for number in self.invoices:
            self.review(number)
        (message,) = self.prepare(customer).send
        return message

    # -------------------------------------------------------- what happened

    def message(self, message: UUID) -> Communication:
        """The row of a message."""
        with transaction(self.engine) as session:
            return session.get_one(Communication, message)

    def messages(self) -> list[Communication]:
        """Every message, in the order it was composed."""
        with transaction(self.engine) as session:
            return list(session.exec(select(Communication).order_by(col(Communication.planned_at))))

    def envelope(self, message: UUID) -> Envelope:
        """What a message says."""
        with transaction(self.engine) as session:
            return fetch(session, session.get_one(Communication, message).content_hash)

    def contact(self, message: UUID) -> ContactMade:
        """The contact a message belongs to."""
        with transaction(self.engine) as session:
            row = session.get_one(Communication, message)
            return session.get_one(ContactMade, row.contact_id)

    def items(self, message: UUID) -> dict[str, bool]:
        """Invoice number to whether its step counts as done by this message's contact."""
        numbers = {i: number for number, i in self.invoices.items()}
        with transaction(self.engine) as session:
            contact = session.get_one(Communication, message).contact_id
            rows = session.exec(select(ContactItem).where(ContactItem.contact_id == contact))
            return {numbers[item.invoice_id]: item.concluded for item in rows}

    def case(self, number: str) -> DunningCase:
        """The row of a case."""
        with transaction(self.engine) as session:
            return session.get_one(DunningCase, self.invoices[number])

    def tasks(self, kind: str | None = None, status: str | None = None) -> list[Task]:
        """Tasks, oldest first."""
        with transaction(self.engine) as session:
            rows = session.exec(select(Task).order_by(col(Task.opened_at), col(Task.key)))
            return [t for t in rows if kind in (None, t.kind) and status in (None, t.status)]

    def notes(self) -> list[tuple[str, str]]:
        """Notes that wait: an invoice's number or `outreach`, and the signal; taken off as they are read."""
        numbers = {i: number for number, i in self.invoices.items()}
        with transaction(self.engine) as session:
            rows = session.exec(select(OutboxNote).order_by(col(OutboxNote.id))).all()
            for row in rows:
                session.delete(row)
            return [(numbers.get(row.key, row.workflow), row.signal) for row in rows]

    def journal(self, what: str) -> int:
        """How many lines of a kind the journal has."""
        with transaction(self.engine) as session:
            return session.exec(
                select(func.count()).select_from(CaseEvent).where(CaseEvent.what == what)
            ).one()

    def asked(self) -> Sequence[SandboxMessage]:
        """Every request a provider got, taken or not."""
        return self.sandbox.messages(accepted=None)


def settings_for(sandbox_url: str, **more: Any) -> Settings:
    """Live, aimed at the sandbox, which is given time: a short wait makes doubts on a busy machine."""
    given: dict[str, Any] = {
        "sending": Sending.LIVE,
        "sendgrid_api_key": SecretStr("SG.test"),
        "sendgrid_host": sandbox_url,
        "twilio_account_sid": "AC" + "0" * 32,
        "twilio_auth_token": SecretStr("token"),
        "twilio_from": "+33700000001",
        "twilio_base_url": sandbox_url,
        "sendgrid_timeout": 20,
        "twilio_timeout": 20,
        "worker_slots": 8,
    }
    return Settings(**{**given, **more})


def _behind(session: Any, customer: Customer, invoice: Invoice, step: str, day: date) -> None:
    at = datetime(day.year, day.month, day.day, 8, 30, tzinfo=UTC)
    made = ContactMade(
        id=uuid4(),
        customer_id=customer.id,
        step=step,
        channel="email",
        tone="courteous",
        status="sent",
        composed_at=at,
        composed_on=day,
        concluded_at=at,
        on_day=day,
        ledger_seq=0,
        facts_hash="",
    )
    session.add(made)
    session.flush()
    session.add(
        ContactItem(
            contact_id=made.id,
            invoice_id=invoice.id,
            step=step,
            offset_days=15,
            tone="courteous",
            channel="email",
            concluded=True,
            concluded_at=at,
            on_day=day,
        )
    )
