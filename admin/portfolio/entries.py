"""The rows an import writes for new invoices, copied table by table: the fastest way in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID, uuid4

from psycopg import sql
from sqlalchemy import Connection
from sqlmodel import Session

from activities.store.owed import keep_owed
from admin.portfolio.facts import BEFORE
from admin.portfolio.ledger import CustomerRow, facts_of, keys_by_index, raw
from admin.portfolio.opening import Opening
from models.ids import START_NOTE, CaseSignal
from models.tables.words import ContactStatus, NoteTo, TaskKind, TaskStatus
from rules.calendar import BusinessCalendar

WHO: Final = "import"
"""Who recorded it, in the journal."""

RESOLUTION_BUSINESS_DAYS: Final = 10
"""By when a dispute should be settled, as for one that is told later."""

_LATER: Final = timedelta(days=366)
"""Cases with nothing to do by themselves are started last."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A new invoice and the customer it belongs to."""

    opening: Opening
    customer: CustomerRow


class Entries:
    """The rows of one batch, by table."""

    _TABLES: Final = (
        "invoice",
        "dunning_case",
        "owed",
        "fact",
        "payment",
        "dispute",
        "payment_plan",
        "instalment",
        "contact_made",
        "contact_item",
        "task",
        "case_event",
        "outbox_note",
    )
    """In the order they depend on each other."""

    def __init__(self, now: datetime, source: str, who: str = WHO) -> None:
        """`now` is business time, `source` the name of the file, kept in the journal with `who` told it."""
        self._now = now
        self._source = source
        self._who = who
        self._columns: dict[str, tuple[str, ...]] = {}
        self._rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in self._TABLES}
        self._paid: dict[UUID, tuple[BusinessCalendar, list[UUID]]] = {}

    def write(self, connection: Connection) -> None:
        """Copy everything into the ledger."""
        with keys_by_index(connection):
            for table in self._TABLES:
                if self._rows[table]:
                    _copy(connection, table, self._columns[table], self._rows[table])
        if not self._paid:
            return
        # Joins the transaction that is under way, and leaves its end to whoever began it.
        with Session(connection) as session:
            for calendar, invoices in self._paid.values():
                keep_owed(session, invoices, calendar, new=True)

    def _put(self, table: str, **values: object) -> None:
        """Add a row. The columns of a table are those of its first row: each table has one call."""
        self._columns.setdefault(table, tuple(values))
        self._rows[table].append(tuple(values.values()))

    def add(self, entry: Entry) -> None:
        """Add one invoice with its case, its facts, its line in the journal and the note that starts it."""
        at, customer, row = entry.opening, entry.customer, entry.opening.row
        self._put(
            "invoice",
            id=at.invoice_id,
            company_id=customer.company_id,
            customer_id=customer.id,
            number=row.invoice,
            issued_on=row.issued_on,
            due_on=row.due_on,
            total=row.amount,
            currency=row.currency,
            order_ref=row.order_ref,
            policy=row.policy,
            created_at=self._now,
        )
        self._case(entry)
        self._owed(entry)
        self._payments(entry)
        self._dispute(entry)
        self._promise(entry)
        self._contact(entry)
        self._event(entry)
        if not at.closed:
            self._start(entry)

    def _case(self, entry: Entry) -> None:
        at, decision, action = entry.opening, entry.opening.decision, entry.opening.decision.next
        self._put(
            "dunning_case",
            invoice_id=at.invoice_id,
            company_id=entry.customer.company_id,
            customer_id=entry.customer.id,
            due_on=at.row.due_on,
            currency=at.row.currency,
            policy_key=at.policy.key,
            policy_version=at.policy.version,
            state=decision.state.value,
            stage=decision.stage,
            opened_at=self._now,
            opened_on=at.today,
            next_step=action.step.key if action else None,
            next_channel=action.route.channel.value if action else None,
            next_at=action.at if action else None,
            wake_at=decision.wake_at,
            next_why=decision.why,
            paused_by=decision.paused_by,
            awaits_bank=decision.awaits_bank,
            suspension_id=decision.suspension,
            outstanding=decision.balance.outstanding,
            disputed=decision.balance.disputed,
            decided_at=self._now,
            decided_seq=entry.customer.seq + 1,
            closed_at=self._now if at.closed else None,
            closing_reason=decision.closing_reason,
        )

    def _owed(self, entry: Entry) -> None:
        """What nobody has paid or closed owes its total since it was issued; else the facts are asked."""
        at, customer = entry.opening, entry.customer
        if at.closed or at.settled or at.row.paid is not None:
            _, invoices = self._paid.setdefault(customer.company_id, (customer.company, []))
            invoices.append(at.invoice_id)
            return
        self._put(
            "owed",
            invoice_id=at.invoice_id,
            from_on=min(at.row.issued_on, customer.company.local_day(self._now)),
            company_id=customer.company_id,
            customer_id=customer.id,
            currency=at.row.currency,
            due_on=at.row.due_on,
            rest=at.row.amount,
        )

    def _event(self, entry: Entry) -> None:
        at, customer = entry.opening, entry.customer
        detail = {
            "file": self._source,
            "line": at.row.line,
            "policy": f"{at.policy.key}@{at.policy.version}",
            "row": facts_of(at.row),
        }
        self._put(
            "case_event",
            company_id=customer.company_id,
            customer_id=customer.id,
            invoice_id=at.invoice_id,
            at=self._now,
            who=self._who,
            what="imported",
            why=at.decision.why,
            detail=_json(detail),
        )

    def _start(self, entry: Entry) -> None:
        decision = entry.opening.decision
        first = decision.next.at if decision.next else decision.wake_at or self._now + _LATER
        self._put(
            "outbox_note",
            workflow=NoteTo.CASE.value,
            key=entry.opening.invoice_id,
            signal=START_NOTE,
            payload="{}",
            with_start=True,
            order_at=max(first, self._now),
            created_at=self._now,
            attempts=0,
        )

    def _fact(self, entry: Entry, word: str, kind: CaseSignal, payload: dict[str, Any]) -> tuple[UUID, str]:
        fact_id, event_id = uuid4(), f"{word}/{entry.opening.row.invoice}"
        self._put(
            "fact",
            id=fact_id,
            company_id=entry.customer.company_id,
            event_id=event_id,
            kind=kind.value,
            invoice_id=entry.opening.invoice_id,
            customer_id=entry.customer.id,
            payload=_json(payload),
            recorded_at=self._now,
            recorded_by=self._who,
        )
        return fact_id, event_id

    def _payments(self, entry: Entry) -> None:
        at, row = entry.opening, entry.opening.row
        told = (
            ("opening", row.paid, at.today, self._now - BEFORE),
            ("settled", at.settled or None, row.settled_on, self._now),
        )
        for word, amount, day, known_at in told:
            if amount is None:
                continue
            payload = {"amount": str(amount), "currency": row.currency, "received_on": str(day)}
            fact_id, event_id = self._fact(entry, word, CaseSignal.PAYMENT_RECEIVED, payload)
            self._put(
                "payment",
                id=uuid4(),
                fact_id=fact_id,
                invoice_id=at.invoice_id,
                customer_id=entry.customer.id,
                amount=amount,
                currency=row.currency,
                received_on=day,
                recorded_at=known_at,
                event_id=event_id,
            )

    def _dispute(self, entry: Entry) -> None:
        at = entry.opening
        if at.disputed_at is None:
            return
        fact_id, event_id = self._fact(entry, "disputed", CaseSignal.DISPUTE_OPENED, {})
        dispute_id = uuid4()
        if at.resolved_at is not None:
            self._fact(entry, "resolved", CaseSignal.DISPUTE_RESOLVED, {"dispute_event_id": event_id})
        self._put(
            "dispute",
            id=dispute_id,
            fact_id=fact_id,
            invoice_id=at.invoice_id,
            opened_at=at.disputed_at,
            resolved_at=at.resolved_at,
            resolution="resolved before it came here" if at.resolved_at is not None else None,
        )
        if at.resolved_at is None and not at.closed:
            self._dispute_task(entry, dispute_id)

    def _promise(self, entry: Entry) -> None:
        """A plan of one instalment, under the same fact as one that is told later."""
        at, promise = entry.opening, entry.opening.promise
        if promise is None:
            return
        (instalment,) = promise.instalments
        told = {"due_on": str(instalment.due_on), "amount": f"{instalment.amount.normalize():f}"}
        fact_id, _ = self._fact(entry, "promised", CaseSignal.PAYMENT_PLAN_AGREED, {"instalments": [told]})
        plan_id = uuid4()
        self._put(
            "payment_plan",
            id=plan_id,
            fact_id=fact_id,
            invoice_id=at.invoice_id,
            agreed_at=promise.agreed_at,
        )
        self._put("instalment", plan_id=plan_id, place=1, due_on=instalment.due_on, amount=instalment.amount)

    def _dispute_task(self, entry: Entry, dispute_id: UUID) -> None:
        at, customer = entry.opening, entry.customer
        self._put(
            "task",
            id=uuid4(),
            company_id=customer.company_id,
            customer_id=customer.id,
            invoice_id=at.invoice_id,
            kind=TaskKind.DISPUTE.value,
            key=f"dispute/{dispute_id}",
            title=f"Dispute on invoice {at.row.invoice}: all of it, cause not known yet",
            body=f"Disputed since {at.row.disputed_on}.",
            assignee_email=customer.owner,
            opened_at=self._now,
            opened_on=at.today,
            due_on=customer.facts.calendar.add_business_days(at.today, RESOLUTION_BUSINESS_DAYS),
            status=TaskStatus.OPEN.value,
        )

    def _contact(self, entry: Entry) -> None:
        at, done = entry.opening, entry.opening.opened
        if done is None:
            return
        contact_id = uuid4()
        made_at = entry.customer.facts.calendar.slot(done.on)
        self._put(
            "contact_made",
            id=contact_id,
            customer_id=entry.customer.id,
            step=done.step,
            channel=done.channel.value,
            tone=done.tone.value,
            status=ContactStatus.OPENING.value,
            composed_at=made_at,
            composed_on=done.on,
            concluded_at=made_at,
            on_day=done.on,
            ledger_seq=entry.customer.seq + 1,
            facts_hash="",
        )
        self._put(
            "contact_item",
            contact_id=contact_id,
            invoice_id=at.invoice_id,
            step=done.step,
            offset_days=done.offset_days,
            tone=done.tone.value,
            channel=done.channel.value,
            folded=False,
            concluded=True,
            concluded_at=made_at,
            on_day=done.on,
        )


_json: Final = json.JSONEncoder(ensure_ascii=False).encode
"""One encoder for every row: `json.dumps` makes one for each call that is not plain."""


def _copy(
    connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    """COPY in text format, which psycopg's own adaptation of each value would make several times slower."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with raw(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for block in _blocks(rows):
            copy.write(block)


def _blocks(rows: Sequence[tuple[object, ...]], size: int = 500) -> Iterator[str]:
    for start in range(0, len(rows), size):
        yield "".join("\t".join(map(_cell, row)) + "\n" for row in rows[start : start + size])


_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def _cell(value: object) -> str:
    if value is None:
        return "\\N"
    if type(value) is not str:
        return _written(value) if type(value) in _REPEATED else str(value)
    return value if value.isprintable() and "\\" not in value else value.translate(_ESCAPES)


_REPEATED: Final = frozenset({UUID, date, datetime})


@lru_cache(maxsize=8192)
def _written(value: object) -> str:
    """An id, a day or an instant: most stand in several rows of a batch, and are slow to write."""
    return str(value)
