"""Customers of a test's own, so that one act does not touch another; and what previews carry."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID, uuid4

from sqlalchemy import Engine, text
from sqlmodel import Session, select

from activities.settings import Settings
from activities.store.cases import open_case
from activities.store.engine import transaction
from activities.store.marks import mark_contact
from activities.store.policies import latest
from admin.queries.case import CasePage, CasePreview, get_case, preview_case
from admin.queries.customer import CustomerPage, get_customer
from models.ids import CaseSignal
from models.tables import (
    Contact,
    Customer,
    SuspensionRow,
    metadata,
)
from models.tables.words import UnreachableCause
from tests.api.conftest import Door
from tests.fixtures.ledger import (
    NOW,
    TODAY,
    Book,
    add_invoice,
)

CASE = "/console/acme/cases/F-1"
CUSTOMER = "/console/acme/customers/C-1"
SETTINGS = Settings.model_validate({"RELANCE_SENDING": "live"})


@dataclass(frozen=True)
class Newcomer:
    """A customer of its own with one invoice, so that what others were told does not touch it."""

    door: Door
    book: Book
    number: str
    ref: str

    @property
    def case(self) -> str:
        """Address of its case."""
        return f"/console/acme/cases/{self.number}"

    @property
    def customer(self) -> str:
        """Address of it."""
        return f"/console/acme/customers/{self.ref}"

    def tell(self, signal: CaseSignal, event_id: str | None = None, **told: Any) -> str:
        """Record a fact about its invoice; the event id."""
        event_id = event_id or f"earlier {self.number}"
        return self.book.tell(signal, self.number, event_id=event_id, **told).event_id

    def look(self) -> tuple[CasePage, CustomerPage, CasePreview]:
        """How it stands, as the pages show it."""
        at, about = self.door.clock.now(), (self.book.company_id, "acme")
        with Session(self.book.engine) as session:
            return (
                get_case(session, *about, self.number, SETTINGS, at),
                get_customer(session, *about, self.ref, SETTINGS, at),
                preview_case(session, *about, self.number, SETTINGS, at),
            )


def newcomer(door: Door) -> Newcomer:
    """Somebody at the company of the door."""
    name = uuid4().hex[:6]
    with transaction(door.book.engine) as session:
        customer = Customer(
            id=uuid4(), company_id=door.book.company_id, ref=f"C-{name}", name=name, country="FR"
        )
        session.add(customer)
        session.flush()
        session.add(
            Contact(id=uuid4(), customer_id=customer.id, role="accounting", email=f"{name}@client.example")
        )
        invoice = add_invoice(session, door.book.company_id, customer, f"N-{name}", NOW)
        version = latest(session, "standard")
        open_case(session, invoice, customer, "standard", version, NOW, "test")
        numbers = {invoice.number: invoice.id}
    book = Book(door.book.engine, door.book.company_id, customer.id, numbers)
    return Newcomer(door, book, f"N-{name}", f"C-{name}")


def mine(door: Door) -> Newcomer:
    """The customer that is there in every test."""
    return Newcomer(door, door.book, "F-1", "C-1")


Before: TypeAlias = Callable[[Newcomer], str]


def fact(signal: CaseSignal, **told: Any) -> Before:
    """A fact that is there before; its event id."""
    return lambda who: who.tell(signal, **told)


def nothing(who: Newcomer) -> str:
    """No fact before."""
    return ""


def person(who: Newcomer) -> str:
    """The only person there."""
    with Session(who.book.engine) as session:
        return str(session.exec(select(Contact.id).where(Contact.customer_id == who.book.customer_id)).one())


def out_of_use(who: Newcomer) -> str:
    """That person, out of use."""
    found = UUID(person(who))
    with transaction(who.book.engine) as session:
        contact = session.get_one(Contact, found)
        contact.invalid_since, contact.invalid_reason = NOW, "gone"
    return str(found)


def marked(who: Newcomer) -> str:
    """That person's mailbox bounced."""
    found = UUID(person(who))
    with transaction(who.book.engine) as session:
        mark_contact(session, session.get_one(Contact, found), UnreachableCause.HARD_BOUNCE, NOW, "test")
    return str(found)


def stopped(who: Newcomer) -> str:
    """Contact is stopped."""
    with transaction(who.book.engine) as session:
        session.get_one(Customer, who.book.customer_id).do_not_contact_since = TODAY
    return "do_not_contact"


def insolvent(who: Newcomer) -> str:
    """Proceedings were recorded."""
    who.tell(CaseSignal.INSOLVENCY_OPENED, opened_on=TODAY)
    return "insolvency"


def suspended(who: Newcomer) -> str:
    """It is suspended."""
    with transaction(who.book.engine) as session:
        row = SuspensionRow(
            company_id=who.book.company_id,
            customer_id=who.book.customer_id,
            scope="customer",
            reason="fair",
            since=NOW,
            by="test",
        )
        session.add(row)
        session.flush()
        return str(row.id)


LATER = str(TODAY + timedelta(days=20))
PAID: dict[str, Any] = {"amount": "100.00", "currency": "EUR"}
PLAN: dict[str, Any] = {"instalments": [{"due_on": LATER, "amount": "100.00"}]}


def value(page: str, name: str) -> str:
    """What a hidden field of a page holds."""
    found = re.search(rf'name="{name}"[^>]* value="([^"]*)"', page)
    assert found is not None, page
    return found[1]


def carried(page: str) -> dict[str, str]:
    """Every hidden field of a preview's form, the last of the page: what its button sends."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))


def sessions_apart(engine: Engine) -> dict[str, tuple[int, str | None]]:
    """The ledger, without who is signed in: rows and a digest by table, in one statement."""
    query = " UNION ALL ".join(
        f"SELECT '{table.name}', count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table.name} t"
        for table in metadata.sorted_tables
        if table.name != "console_session"
    )
    with engine.connect() as connection:
        return {name: (count, digest) for name, count, digest in connection.execute(text(query))}
