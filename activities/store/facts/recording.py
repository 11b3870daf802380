"""What every fact needs while it is being recorded: the rows it is about, and where to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast
from uuid import UUID, uuid4

from sqlmodel import Session, select

from activities.store.amounts import exact
from activities.store.events import add_event
from activities.store.lookup import case_of, open_cases
from activities.store.outbox import add_notes
from activities.store.owed import keep_owed
from activities.store.tasks import open_task, owner
from models.errors import InvalidFact, NotFound
from models.ids import CaseSignal, OutreachSignal
from models.messages import Fact
from models.tables import Company, Customer, DunningCase, FactRow, Invoice
from models.tables.words import NoteTo, TaskKind
from rules.calendar import BusinessCalendar, business_calendar

# A bank's day may be ahead of the customer's: at most one calendar day lies between any two zones.
_ZONE_SLACK = timedelta(days=1)


def as_told(fact: Fact) -> dict[str, Any]:
    """A fact as JSON, without its event id; 10, 10.0 and 10.00 are one amount and one text."""
    return cast(
        dict[str, Any], _plain(fact.model_dump(exclude={"event_id", "recorded"}, exclude_defaults=True))
    )


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value) if isinstance(value, date | UUID) else value


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording did. `notes` are the outbox notes to deliver once the transaction is committed."""

    duplicate: bool
    notes: tuple[int, ...]
    event_id: str


@dataclass(slots=True)
class Recording:
    """One fact being recorded, under its customer's lock."""

    session: Session
    now: datetime
    today: date
    calendar: BusinessCalendar
    company: Company
    customer: Customer
    invoice: Invoice
    case: DunningCase
    signal: CaseSignal
    event_id: str
    payload: dict[str, Any]
    who: str
    fact_id: UUID = field(default_factory=uuid4)
    notes: list[int] = field(default_factory=list)
    told: set[UUID] = field(default_factory=set)

    @property
    def is_open(self) -> bool:
        """Whether the case is open."""
        return self.case.closed_at is None

    def also(self, signal: CaseSignal, fact: Fact, invoice: Invoice) -> Recording:
        """A further fact that follows from this one, about one of the customer's invoices.

        It is recorded in the same transaction, under an event id of its own; its notes go with this one's.
        """
        return replace(
            self,
            invoice=invoice,
            case=case_of(self.session, invoice.id),
            signal=signal,
            event_id=f"{self.event_id}/{signal}/{invoice.number}",
            payload=as_told(fact),
            fact_id=uuid4(),
        )

    def registered(self, fact: Fact, **more: object) -> None:
        """Write the fact's own row, its line in the journal, and the customer's new sequence number.

        `more` is what the line says besides.
        """
        self.session.add(
            FactRow(
                id=self.fact_id,
                company_id=self.company.id,
                event_id=self.event_id,
                kind=self.signal,
                invoice_id=self.invoice.id,
                customer_id=self.customer.id,
                payload=self.payload,
                recorded_at=self.now,
                recorded_by=self.who,
            )
        )
        self.customer.ledger_seq += 1
        self.log(self.signal, fact.note, {**self.payload, **more, "event_id": self.event_id}, who=fact.by)
        # Rows of the fact refer to it, and nothing orders inserts but a flush.
        self.session.flush()

    def log(
        self, what: str, why: str | None = None, detail: dict[str, Any] | None = None, who: str | None = None
    ) -> None:
        """Add a line to the journal of this case."""
        add_event(
            self.session,
            company_id=self.company.id,
            invoice_id=self.invoice.id,
            customer_id=self.customer.id,
            at=self.now,
            who=who or self.who,
            what=what,
            why=why,
            detail=detail,
        )

    def keep_owed(self) -> None:
        """Keep by days what the invoice owed, and one it took the place of, as the facts stand now."""
        about = [each for each in (self.invoice.id, self.invoice.replaces_id) if each is not None]
        keep_owed(self.session, about, business_calendar(self.company.country, self.company.zone))

    def tell(self) -> None:
        """Tell this case, if it is open; a closed one has nothing to decide."""
        if self.is_open:
            self.tell_cases([self.invoice.id])

    def tell_all(self) -> None:
        """Tell every open case of the customer."""
        self.tell_cases(open_cases(self.session, self.customer.id))

    def tell_cases(self, invoice_ids: list[UUID], signal: CaseSignal | None = None) -> None:
        """Tell the cases of these invoices. Starting one that does not run is harmless: it looks and ends."""
        self.told.update(invoice_ids)
        payload = {"recorded": True, "event_id": self.event_id}
        self.notes += add_notes(
            self.session, invoice_ids, NoteTo.CASE, signal or self.signal, self.now, payload
        )

    def nudge(self) -> None:
        """Let the customer's outreach look again."""
        self.notes += add_notes(
            self.session, [self.customer.id], NoteTo.OUTREACH, OutreachSignal.NUDGED, self.now
        )

    def ask(
        self,
        kind: TaskKind,
        key: str,
        title: str,
        body: str = "",
        due_on: date | None = None,
        about_invoice: bool = True,
    ) -> None:
        """Open a task for who follows the customer."""
        open_task(
            self.session,
            key=key,
            kind=kind,
            company_id=self.company.id,
            customer_id=self.customer.id,
            invoice_id=self.invoice.id if about_invoice else None,
            title=title,
            body=body,
            now=self.now,
            today=self.today,
            due_on=due_on,
            assignee_email=owner(self.customer, self.company),
        )

    def amount(
        self, amount: Decimal | None, currency: str | None = None, field_name: str = "amount"
    ) -> Decimal:
        """A required amount in the invoice's currency; InvalidFact names what is wrong."""
        if amount is None:
            raise InvalidFact(f"{field_name}: required")
        if currency is not None and currency != self.invoice.currency:
            raise InvalidFact(f"currency: {currency} given, the invoice is in {self.invoice.currency}")
        return exact(field_name, amount, self.invoice.currency)

    def past_day(self, name: str, day: date | None) -> date:
        """A day that has come (today, if left out); InvalidFact when it lies in the future."""
        if day is None:
            return self.today
        if day > self.today + _ZONE_SLACK:
            raise InvalidFact(f"{name}: {day} lies in the future (today is {self.today})")
        return day

    def fact_named(self, name: str, event_id: str, kind: CaseSignal) -> FactRow:
        """The earlier fact another one refers to; NotFound when there is none of that kind."""
        found = self.session.exec(
            select(FactRow).where(FactRow.company_id == self.company.id, FactRow.event_id == event_id)
        ).one_or_none()
        if found is None or found.kind != kind or found.customer_id != self.customer.id:
            raise NotFound(f"{name}: no {kind} {event_id!r} of this customer")
        return found
