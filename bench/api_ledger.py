"""A large ledger for the API's reads, made by COPY: companies, customers, cases, contacts, tasks, journal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Engine, text
from sqlmodel import select

from activities.envelope import MEDIA_TYPE, Envelope
from activities.store.engine import transaction
from activities.store.owed import keep_owed
from activities.store.policies import ensure_builtin
from bench.harness import MONDAY
from models.tables import Invoice
from policies import builtin_policies, builtin_policy_texts
from rules.calendar import business_calendar
from rules.policy import Policy

COMPANIES: Final = ("alpha", "beta", "gamma")
CASES_A_CUSTOMER: Final = 5
LARGE: Final = (60, 250)
"""Cases of a few large customers, where there are ten times as many at least."""
CLOSED_IN: Final = 5
"""One case in so many is closed."""

_STATES: Final = (
    *(["waiting"] * 70),
    *(["paused"] * 12),
    *(["awaiting_approval"] * 4),
    *(["awaiting_person"] * 4),
    *(["ladder_done"] * 5),
    *(["below_minimum"] * 4),
    "stopped",
)
_PAUSES: Final = ("promise", "pause", "dispute", "claimed_paid", "plan")
_CURRENCIES: Final = (*(["EUR"] * 17), "USD", "GBP", "CHF")
_COLLECTORS: Final = tuple(f"collector-{place}@relance.example" for place in range(20))
_WORDS: Final = (
    *("Ateliers", "Boulangerie", "Transports", "Menuiserie", "Imprimerie", "Clinique", "Garage", "Librairie"),
    *("Dubois", "Lefèvre", "Moreau", "Garnier", "Chevalier", "Rousseau", "Perrin", "Blanchard", "Müller"),
)
_HASH: Final = "bench-message"


class Writer:
    """Rows by table, written with one COPY each."""

    def __init__(self) -> None:
        self._columns: dict[str, tuple[str, ...]] = {}
        self._rows: dict[str, list[tuple[object, ...]]] = {}

    def put(self, table: str, **values: object) -> None:
        """One row."""
        self._columns.setdefault(table, tuple(values))
        self._rows.setdefault(table, []).append(tuple(values.values()))

    def copy(self, connection: psycopg.Connection[Any], tables: Iterable[str]) -> None:
        """Write the tables that have rows, in this order."""
        for table in filter(self._rows.get, tables):
            columns = sql.SQL(", ").join(map(sql.Identifier, self._columns[table]))
            statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
            with connection.cursor().copy(statement) as copy:
                for row in self._rows[table]:
                    copy.write_row(row)


def fill(engine: Engine, cases: int) -> None:
    """Fill an empty ledger with `cases` cases, a fifth as many customers, and what belongs to them."""
    with transaction(engine) as session:
        ensure_builtin(session, builtin_policy_texts(), MONDAY)
    writer = Writer()
    _Filling(Random(7), writer, builtin_policies()["standard"]).run(cases)
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection, connection.transaction():
        writer.copy(
            connection,
            (
                *("company", "customer", "contact", "invoice", "dunning_case", "content"),
                *("fact", "payment", "payment_plan", "instalment", "contact_made", "contact_item"),
                *("communication", "task", "case_event"),
            ),
        )
    with transaction(engine) as session:
        # All companies are in one country.
        paris = business_calendar("FR", None)
        keep_owed(session, session.exec(select(Invoice.id)).all(), paris, new=True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


class _Filling:
    """Makes the rows, the same ones every time."""

    def __init__(self, random: Random, writer: Writer, policy: Policy) -> None:
        self._random = random
        self._put = writer.put
        self._policy = policy
        self._today = MONDAY.date()

    def run(self, cases: int) -> None:
        """Everything."""
        companies = [self._company(ref) for ref in COMPANIES]
        envelope = Envelope(
            channel="email", to_address="a@b.example", subject="Facture", text="Bonjour. " * 200
        )
        self._put("content", hash=_HASH, media_type=MEDIA_TYPE, body=envelope.model_dump_json().encode())
        large = [size for size in LARGE if size * 10 <= cases]
        sizes = [*large, *([CASES_A_CUSTOMER] * max(1, (cases - sum(large)) // CASES_A_CUSTOMER))]
        number = 0
        for place, size in enumerate(sizes):
            # The large ones are of the first company.
            company = companies[0 if place < len(large) or place % 2 else 1 + place // 2 % 2]
            customer = self._customer(company, place)
            for _ in range(size):
                self._case(company, customer, number)
                number += 1

    def _company(self, ref: str) -> UUID:
        company = self._id()
        self._put("company", id=company, ref=ref, name=ref.title(), country="FR", language="fr", gap_days=5)
        return company

    def _customer(self, company: UUID, place: int) -> UUID:
        customer, random = self._id(), self._random
        self._put(
            "customer",
            id=customer,
            company_id=company,
            ref=f"C-{place:06}",
            name=f"{random.choice(_WORDS)} {random.choice(_WORDS)} {place}",
            country="FR" if place % 10 else random.choice(("DE", "US", "GB", "CH")),
            collector_email=random.choice(_COLLECTORS),
            ledger_seq=0,
        )
        for role in ("accounting", "buyer", "executive"):
            self._put(
                "contact",
                id=self._id(),
                customer_id=customer,
                role=role,
                email=f"{role}@c{place}.example",
                phone="+33612345678",
                phone_kind="mobile",
            )
        return customer

    def _case(self, company: UUID, customer: UUID, place: int) -> None:
        random, today = self._random, self._today
        invoice = self._id()
        due = today + timedelta(days=random.randrange(-100, 45))
        total = Decimal(random.randrange(2_000, 2_000_000)).scaleb(-2)
        currency = random.choice(_CURRENCIES)
        closed = place % CLOSED_IN == 4
        state = "closed" if closed else random.choice(_STATES)
        done = [step for step in self._policy.steps[:5] if due + timedelta(days=step.offset_days) < today]
        following = self._policy.steps[len(done)]
        next_at = MONDAY + timedelta(hours=random.randrange(24 * 30))
        closed_at = MONDAY - timedelta(hours=random.randrange(2000)) if closed else None
        self._put(
            "invoice",
            id=invoice,
            company_id=company,
            customer_id=customer,
            number=f"FA-{place:07}",
            issued_on=due - timedelta(days=30),
            due_on=due,
            total=total,
            currency=currency,
            order_ref=f"PO-{random.randrange(10**6):06}",
            created_at=MONDAY,
        )
        self._put(
            "dunning_case",
            invoice_id=invoice,
            company_id=company,
            customer_id=customer,
            due_on=due,
            currency=currency,
            policy_key="standard",
            policy_version=1,
            state=state,
            stage="closed" if closed else (done[-1].key if done else "new"),
            opened_at=MONDAY - timedelta(days=140),
            opened_on=due - timedelta(days=30),
            next_step=None if closed else following.key,
            next_channel=None if closed else following.channel.value,
            next_at=None if closed or state in ("paused", "stopped") else next_at,
            next_why=f"{following.offset_days} days after the due date; 2026-03-14 is Saturday: moved",
            paused_by=random.choice(_PAUSES) if state == "paused" else None,
            outstanding=Decimal(0) if closed else total,
            disputed=Decimal(0),
            decided_at=MONDAY,
            decided_seq=0,
            closed_at=closed_at,
            closing_reason="paid in full" if closed else None,
        )
        self._journal(company, customer, invoice, "imported", None)
        if closed_at is not None:
            self._payment(company, customer, invoice, total, currency, closed_at)
        elif state == "paused" and place % 3 == 0:
            self._promise(company, customer, invoice, total)
        for step in done:
            self._contact(company, customer, invoice, step.key, due + timedelta(days=step.offset_days))
        if not closed and place % 4 == 0:
            self._task(company, customer, invoice, place)

    def _contact(self, company: UUID, customer: UUID, invoice: UUID, step: str, day: date) -> None:
        rung = self._policy.step(step)
        at = _morning(day)
        contact, message = self._id(), self._id()
        how = {"step": step, "channel": rung.channel.value, "tone": rung.tone.value}
        self._put(
            "contact_made",
            id=contact,
            customer_id=customer,
            **how,
            status="sent",
            composed_at=at,
            composed_on=day,
            concluded_at=at,
            on_day=day,
            ledger_seq=0,
            facts_hash="",
        )
        self._put(
            "contact_item",
            contact_id=contact,
            invoice_id=invoice,
            **how,
            offset_days=rung.offset_days,
            folded=False,
            concluded=True,
            concluded_at=at,
            on_day=day,
        )
        self._put(
            "communication",
            id=message,
            contact_id=contact,
            customer_id=customer,
            company_id=company,
            kind=rung.template,
            audience="debtor",
            channel=rung.channel.value,
            to_address="accounting@client.example",
            cc="[]",
            language="fr",
            subject="Facture",
            content_hash=_HASH,
            status="sent",
            ledger_seq=0,
            balance_quoted="{}",
            planned_at=at,
            sent_at=at,
            attempts=1,
        )
        detail = {"communication": str(message), "kind": rung.template, "channel": rung.channel.value}
        self._journal(company, customer, None, "message_sent", detail)
        self._journal(company, customer, invoice, "case_waiting", {"next": step})

    def _payment(
        self, company: UUID, customer: UUID, invoice: UUID, total: Decimal, currency: str, at: datetime
    ) -> None:
        fact = self._fact(company, customer, invoice, "payment_received")
        self._put(
            "payment",
            id=self._id(),
            fact_id=fact,
            invoice_id=invoice,
            customer_id=customer,
            amount=total,
            currency=currency,
            received_on=at.date(),
            recorded_at=at,
            event_id=str(fact),
        )
        told = {"amount": str(total), "currency": currency}
        self._journal(company, customer, invoice, "payment_received", told)

    def _promise(self, company: UUID, customer: UUID, invoice: UUID, total: Decimal) -> None:
        fact, plan = self._fact(company, customer, invoice, "payment_plan_agreed"), self._id()
        self._put("payment_plan", id=plan, fact_id=fact, invoice_id=invoice, agreed_at=MONDAY)
        until = self._today + timedelta(days=10)
        self._put("instalment", plan_id=plan, place=1, due_on=until, amount=total)

    def _fact(self, company: UUID, customer: UUID, invoice: UUID, kind: str) -> UUID:
        fact = self._id()
        self._put(
            "fact",
            id=fact,
            company_id=company,
            event_id=str(fact),
            kind=kind,
            invoice_id=invoice,
            customer_id=customer,
            payload="{}",
            recorded_at=MONDAY,
            recorded_by="bench",
        )
        return fact

    def _task(self, company: UUID, customer: UUID, invoice: UUID, place: int) -> None:
        kind = self._random.choice(("phone_call", "dispute", "find_contact", "broken_promise", "decision"))
        self._put(
            "task",
            id=self._id(),
            company_id=company,
            customer_id=customer,
            invoice_id=invoice,
            kind=kind,
            key=f"bench/{place}",
            title=f"{kind}: FA-{place:07}",
            body="What to say. " * 20,
            assignee_email=self._random.choice(_COLLECTORS),
            opened_at=MONDAY,
            opened_on=self._today,
            due_on=self._today + timedelta(days=self._random.randrange(-10, 10)),
            status="open",
        )

    def _journal(
        self,
        company: UUID,
        customer: UUID,
        invoice: UUID | None,
        what: str,
        detail: dict[str, Any] | None,
    ) -> None:
        self._put(
            "case_event",
            company_id=company,
            customer_id=customer,
            invoice_id=invoice,
            at=MONDAY,
            who="relance",
            what=what,
            detail=json.dumps(detail or {}),
        )

    def _id(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)


def _morning(day: date) -> datetime:
    return MONDAY.replace(year=day.year, month=day.month, day=day.day)


def sample(engine: Engine, count: int) -> Sequence[tuple[str, str, str]]:
    """Company, invoice number and customer of some open cases, spread over the ledger."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT co.ref, i.number, cu.ref FROM dunning_case d JOIN invoice i ON i.id = d.invoice_id "
                "JOIN customer cu ON cu.id = d.customer_id JOIN company co ON co.id = d.company_id "
                "WHERE d.closed_at IS NULL ORDER BY d.invoice_id LIMIT :count"
            ),
            {"count": count},
        )
        return [(row[0], row[1], row[2]) for row in rows]


def large_customers(engine: Engine) -> Sequence[tuple[str, int]]:
    """The customers of the first company with far more open cases than others, and how many they have."""
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT c.ref, count(*) FROM dunning_case d JOIN customer c ON c.id = d.customer_id "
                "WHERE d.closed_at IS NULL GROUP BY c.id, c.ref HAVING count(*) > :usual ORDER BY 2"
            ),
            {"usual": CASES_A_CUSTOMER},
        )
        return [(row[0], row[1]) for row in rows]
