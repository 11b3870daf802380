"""What an import asks of the ledger: which invoices it knows, and what it knows of customers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias
from uuid import UUID

from psycopg import Connection as Psycopg
from sqlalchemy import Connection
from sqlmodel import Session

from activities.store.customers import FIND_NUMBER
from activities.store.marks import usable
from activities.store.outbox import add_notes
from admin.portfolio.debtors import Debtor, DebtorKey, means_of
from admin.portfolio.parser import Today
from admin.portfolio.row import Row
from models.ids import CaseSignal
from models.tables.words import NoteTo, TaskKind
from rules.calendar import BusinessCalendar, business_calendar
from rules.facts import Bank, CustomerFacts, Role, StopReason

InvoiceKey: TypeAlias = tuple[str, str]
"""Company and number, as the file names them."""


Database: TypeAlias = Psycopg[tuple[Any, ...]]
"""A connection of the driver's own."""


def raw(connection: Connection) -> Database:
    """The psycopg connection inside: for COPY and for arrays."""
    found: Database | None = connection.connection.driver_connection
    if found is None:
        raise RuntimeError("the connection is closed")
    return found


_PLANNING: Final = "SELECT current_setting('plan_cache_mode'), current_setting('enable_seqscan')"
_PLANNED: Final = "SELECT set_config('plan_cache_mode', %s, TRUE), set_config('enable_seqscan', %s, TRUE)"


@contextmanager
def keys_by_index(connection: Connection) -> Iterator[None]:
    """Within it, rows are copied whose foreign keys are looked up by an index, under a plan that is kept.

    The server asks for each key of each row. To plan that anew each time takes longer than the asking; and a
    plan that was made for a table of a few rows, and kept, would read through the table once it has grown.
    What was set before is in force again behind it, or with the end of a transaction that fails.
    """
    (before,) = raw(connection).execute(_PLANNING)
    raw(connection).execute(_PLANNED, ("auto", "off"))
    yield
    raw(connection).execute(_PLANNED, before)


def facts_of(row: Row) -> dict[str, str]:
    """What a row says of its invoice, as it is kept with the import: another file must say the same."""
    values = {
        "customer": row.customer,
        "issued_on": row.issued_on,
        "due_on": row.due_on,
        "amount": row.amount,
        "currency": row.currency,
        "order_ref": row.order_ref,
        "paid": row.paid,
        "settled_on": row.settled_on,
        "disputed_on": row.disputed_on,
        "resolved_on": row.resolved_on,
        "promised_on": row.promised_on,
        "promised_amount": row.promised_amount,
        "last_step": row.last_step,
        "last_contacted_on": row.last_contacted_on,
        "policy": row.policy,
    }
    return {name: str(value) for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Known:
    """An invoice of the ledger: what an import said of it, else what its row says."""

    facts: Mapping[str, str]
    imported: bool

    def differences(self, row: Row) -> list[tuple[str, str, str]]:
        """Field, value in the ledger and value in the file, where they differ."""
        told = facts_of(row)
        fields = list(told) + [name for name in self.facts if name not in told]
        if not self.imported:
            # Somebody else wrote it: the file may well know more, but must not say otherwise.
            fields = [name for name in fields if name in self.facts]
        return [
            (name, self.facts.get(name, ""), told.get(name, ""))
            for name in fields
            if self.facts.get(name, "") != told.get(name, "")
        ]


def known_numbers(connection: Connection, rows: Sequence[Row]) -> set[InvoiceKey]:
    """Which invoices of these rows the ledger has."""
    found = raw(connection).execute(
        """
        SELECT wanted.company, wanted.number
        FROM unnest(%s::text[], %s::text[]) AS wanted (company, number)
        JOIN company ON company.ref = wanted.company
        JOIN invoice ON invoice.company_id = company.id AND invoice.number = wanted.number
        """,
        ([row.company for row in rows], [row.invoice for row in rows]),
    )
    return {(company, number) for company, number in found}


def known_invoices(connection: Connection, rows: Sequence[Row]) -> dict[InvoiceKey, Known]:
    """The invoices of these rows that the ledger has, with what to compare."""
    found = raw(connection).execute(
        """
        SELECT wanted.company, wanted.number, customer.ref, invoice.issued_on, invoice.due_on,
            trim_scale(invoice.total)::text, invoice.currency, told.row
        FROM unnest(%s::text[], %s::text[]) AS wanted (company, number)
        JOIN company ON company.ref = wanted.company
        JOIN invoice ON invoice.company_id = company.id AND invoice.number = wanted.number
        JOIN customer ON customer.id = invoice.customer_id
        LEFT JOIN LATERAL (
            SELECT detail -> 'row' AS row FROM case_event
            WHERE case_event.invoice_id = invoice.id AND what = 'imported' ORDER BY id LIMIT 1
        ) AS told ON true
        """,
        ([row.company for row in rows], [row.invoice for row in rows]),
    )
    given = {(row.company, row.invoice): row for row in rows}
    known = {}
    for company, number, customer, issued_on, due_on, total, currency, told in found:
        key = (company, number)
        if told is not None:
            known[key] = Known(told, imported=True)
            continue
        same_amount = Decimal(total) == given[key].amount
        facts = {
            "customer": customer,
            "issued_on": str(issued_on),
            "due_on": str(due_on),
            "amount": str(given[key].amount) if same_amount else total,
            "currency": currency,
        }
        known[key] = Known(facts, imported=False)
    return known


def debtors_of(connection: Connection, keys: Iterable[DebtorKey], today: Today) -> dict[DebtorKey, Debtor]:
    """The customers among `keys` that the ledger has, with what they owe and which addresses are not used."""
    wanted = list(keys)
    found: dict[DebtorKey, Debtor] = {}
    rows = raw(connection).execute(
        """
        SELECT wanted.company, wanted.customer, customer.country, customer.zone, customer.segment,
            customer.risk, customer.policy, invoice.currency, invoice.due_on, sum(dunning_case.outstanding)
        FROM unnest(%s::text[], %s::text[]) AS wanted (company, customer)
        JOIN company ON company.ref = wanted.company
        JOIN customer ON customer.company_id = company.id AND customer.ref = wanted.customer
        LEFT JOIN dunning_case
            ON dunning_case.customer_id = customer.id AND dunning_case.closed_at IS NULL
        LEFT JOIN invoice ON invoice.id = dunning_case.invoice_id
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
        """,
        ([company for company, _ in wanted], [customer for _, customer in wanted]),
    )
    for company, customer, country, zone, segment, risk, policy, currency, due_on, owed in rows:
        key = (company, customer)
        debtor = found.get(key)
        if debtor is None:
            debtor = found[key] = Debtor(country, zone, segment, risk, policy=policy)
        if currency is not None:
            late = due_on < today(debtor.calendar)
            debtor.owe(currency, owed, owed if late else Decimal(0))
    marked: dict[DebtorKey, set[tuple[str, str]]] = {}
    for company, customer, channel, address in raw(connection).execute(
        """
        SELECT company.ref, customer.ref, mark.channel, mark.address
        FROM unnest(%s::text[], %s::text[]) AS wanted (company, customer)
        JOIN company ON company.ref = wanted.company
        JOIN customer ON customer.company_id = company.id AND customer.ref = wanted.customer
        JOIN address_mark AS mark ON mark.customer_id = customer.id AND mark.cleared_at IS NULL
        """,
        ([company for company, _ in found], [customer for _, customer in found]),
    ):
        marked.setdefault((company, customer), set()).add((channel, address))
    for key, marks in marked.items():
        found[key].marks = frozenset(marks)
    return found


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer of the ledger as an import needs it.

    `company` is the calendar of the company that is owed; `seq` its ledger's sequence before this batch,
    `owner` who follows it; its `facts` come without reach, which is in `means`, by role.
    """

    id: UUID
    company_id: UUID
    company: BusinessCalendar
    seq: int
    owner: str | None
    facts: CustomerFacts
    means: tuple[int, ...]


def lock_customers(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, CustomerRow]:
    """Lock customers, always in the same order, and read what decisions need of them."""
    database = raw(connection)
    rows = database.execute(
        """
        SELECT customer.id, customer.company_id, customer.ledger_seq,
            coalesce(customer.collector_email, company.signatory_email), customer.country, customer.zone,
            customer.insolvency_on, customer.do_not_contact_since, customer.lawyer_since, company.gap_days,
            company.bank_known_until, company.country, company.zone, customer.sales_rep_email IS NOT NULL
        FROM customer JOIN company ON company.id = customer.company_id
        WHERE customer.id = ANY(%s) ORDER BY customer.id FOR NO KEY UPDATE OF customer
        """,
        (list(ids),),
    ).fetchall()
    means = _means(connection, ids)
    last: dict[UUID, date] = {}
    for customer_id, day in database.execute(
        """
        SELECT customer_id, max(on_day) FROM contact_made
        WHERE customer_id = ANY(%s) AND on_day IS NOT NULL AND channel <> 'decision' GROUP BY 1
        """,
        (list(ids),),
    ):
        last[customer_id] = day
    found = {}
    for row in rows:
        (
            customer_id,
            company_id,
            seq,
            owner,
            country,
            zone,
            *stops,
            gap_days,
            known_until,
            its,
            place,
            rep,
        ) = row
        reason, since = next(
            ((why, day) for why, day in zip(StopReason, stops, strict=True) if day is not None), (None, None)
        )
        company = business_calendar(its, place)
        facts = CustomerFacts(
            calendar=business_calendar(country, zone),
            gap_days=gap_days,
            last_contact_on=last.get(customer_id),
            stopped_by=reason,
            stopped_on=since,
            bank=Bank(known_until, company) if known_until is not None else None,
            has_sales_rep=rep,
        )
        found[customer_id] = CustomerRow(
            customer_id, company_id, company, seq, owner, facts, means.get(customer_id, (0, 0, 0))
        )
    return found


_ANSWERED: Final = f"""
    UPDATE task SET status = 'done', outcome = 'a contact was imported', closed_at = %s, closed_by = %s
    FROM {usable("c.id = ANY(%s)")} found
    WHERE task.customer_id = found.customer_id AND task.kind = %s AND task.status = 'open'
        AND (found.phone IS NOT NULL OR NOT starts_with(task.key, %s))
    RETURNING task.customer_id
"""  # noqa: S608 (constant texts of ours)


def answer_searches(connection: Connection, contacts: Sequence[UUID], now: datetime, who: str) -> list[int]:
    """What waited for an address goes on with contacts that are new; the notes to deliver.

    A new contact with an address that is marked answers nothing.
    """
    database = raw(connection)
    given = (now, who, list(contacts), TaskKind.FIND_CONTACT.value, FIND_NUMBER)
    customers = {row[0] for row in database.execute(_ANSWERED, given)}
    if not customers:
        return []
    cases = database.execute(
        """
        SELECT invoice_id FROM dunning_case
        WHERE customer_id = ANY(%s) AND closed_at IS NULL ORDER BY invoice_id
        """,
        (list(customers),),
    )
    invoices = [row[0] for row in cases]
    # Joins the transaction that is under way, and leaves its end to whoever began it.
    with Session(connection) as session:
        return add_notes(
            session, invoices, NoteTo.CASE, CaseSignal.CONTACT_CONCLUDED, now, {"recorded": True}
        )


_MEANS: Final = f"""
    SELECT customer_id, role, email,
           CASE WHEN texted THEN 'mobile' WHEN phone IS NOT NULL THEN 'other' END
    FROM {usable("c.customer_id = ANY(%s)")} people
"""  # noqa: S608 (constant texts of ours)


def _means(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, tuple[int, ...]]:
    found: dict[UUID, list[int]] = {}
    places = {role.value: place for place, role in enumerate(Role)}
    for customer_id, role, email, phone in raw(connection).execute(_MEANS, (list(ids),)):
        found.setdefault(customer_id, [0, 0, 0])[places[role]] |= means_of(email, phone)
    return {customer_id: tuple(means) for customer_id, means in found.items()}
