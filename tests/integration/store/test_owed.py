"""What is kept of what was owed by days: after any life, it is what the facts say of each day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

import migrations
from activities.decisions import settle_case
from activities.store.cases import open_case
from activities.store.engine import transaction
from activities.store.owed import mend_owed
from activities.store.sql import run
from admin.queries.reading import snapshot
from models.errors import RelanceError
from models.ids import CaseSignal
from models.tables import Customer, Owed
from rules.calendar import business_calendar
from tests.fixtures.ledger import NOW, Book, add_invoice, make_book
from tests.fixtures.reckoned import days_apart

pytestmark = pytest.mark.integration

_PARIS = business_calendar("FR", None)
_FIRST = date(2026, 1, 20)


def apart(book: Book, until: date) -> list[object]:
    """The days up to one on which what is kept is not what the facts say."""
    days = (_FIRST + timedelta(days=count) for count in range((until - _FIRST).days + 1))
    return [*days_apart(book.engine, book.company_id, days, _PARIS)]


class Life:
    """Facts about a company's invoices, drawn by chance: some are refused, as they must be."""

    def __init__(self, book: Book, seed: int) -> None:
        self.book, self.chance, self.now, self.told = book, Random(seed), NOW, 0
        self.accepted: set[CaseSignal] = set()
        self.paid: list[tuple[str, str]] = []
        self.to_withdraw: list[tuple[str, str]] = []

    def day(self) -> date:
        """A day of the last two months, today at the latest."""
        return self.now.date() - timedelta(days=self.chance.choice((0, 0, 1, 3, 8, 20, 60)))

    def live(self, acts: int) -> None:
        """Let so many things happen, some days apart."""
        for _ in range(acts):
            self.now += timedelta(hours=self.chance.choice((1, 7, 23, 50, 100)))
            invoice = self.chance.choice(sorted(self.book.invoices))
            signal, told = self._fact()
            goes_back = signal is CaseSignal.PAYMENT_REVERSED
            is_earned = signal is CaseSignal.CREDIT_NOTE_ISSUED and self.chance.random() < 0.5
            if self.paid and (goes_back or is_earned):
                invoice, told["payment_event_id"] = self.chance.choice(self.paid)
            if signal is CaseSignal.FACT_WITHDRAWN and self.to_withdraw:
                invoice, told["fact_event_id"] = self.chance.choice(self.to_withdraw)
            event, self.told = f"e{self.told}", self.told + 1
            try:
                self.book.tell(signal, invoice, self.now, event_id=event, **told)
            except RelanceError:
                continue
            self.accepted.add(signal)
            if signal is CaseSignal.PAYMENT_RECEIVED:
                self.paid.append((invoice, event))
            else:
                self.to_withdraw.append((invoice, event))
            if self.chance.random() < 0.5:
                with transaction(self.book.engine) as session:
                    settle_case(session, self.book.invoices[invoice], self.now, "")

    def _fact(self) -> tuple[CaseSignal, dict[str, Any]]:
        chance = self.chance
        amount = f"{chance.choice((5, 25, 40, 100, 130))}.00"
        return chance.choice(
            (
                (CaseSignal.PAYMENT_RECEIVED, {"amount": amount, "received_on": self.day()}),
                (CaseSignal.PAYMENT_RECEIVED, {"amount": amount, "received_on": self.day()}),
                (CaseSignal.PAYMENT_REVERSED, {"reversed_on": self.day()}),
                (CaseSignal.PAYMENT_REVERSED, {}),
                (CaseSignal.CREDIT_NOTE_ISSUED, {"amount": amount, "issued_on": self.day()}),
                (CaseSignal.CREDIT_NOTE_ISSUED, {"amount": amount}),
                (CaseSignal.INVOICE_CHANGED, {"total": amount}),
                (CaseSignal.INVOICE_CHANGED, {"issued_on": self.day(), "due_on": self.now.date()}),
                (CaseSignal.INVOICE_CHANGED, {"replaced_by": chance.choice(sorted(self.book.invoices))}),
                (CaseSignal.CLOSED, {"reason": "perte"}),
                (CaseSignal.CLOSED, {"reason": "irrécouvrable"}),
                (CaseSignal.FACT_WITHDRAWN, {}),
                (CaseSignal.FACT_WITHDRAWN, {}),
            )
        )


def lived(engine: Engine, seed: int) -> Life:
    """A company with six invoices, and a life of it; two invoices come later than the others."""
    life = Life(make_book(engine, ("F-1", "F-2", "F-3", "F-4")), seed)
    life.live(15)
    with transaction(engine) as session:
        customer = session.get_one(Customer, life.book.customer_id)
        for number in ("G-1", "G-2"):
            invoice = add_invoice(session, life.book.company_id, customer, number, life.now)
            open_case(session, invoice, customer, "standard", 1, life.now, "test")
            life.book.invoices[number] = invoice.id
    life.live(25)
    return life


@pytest.mark.parametrize("seed", range(6))
def test_each_day_of_any_life_is_kept_as_the_facts_say(engine: Engine, seed: int) -> None:
    life = lived(engine, seed)
    assert life.accepted == {
        *(CaseSignal.PAYMENT_RECEIVED, CaseSignal.PAYMENT_REVERSED, CaseSignal.CREDIT_NOTE_ISSUED),
        *(CaseSignal.INVOICE_CHANGED, CaseSignal.CLOSED, CaseSignal.FACT_WITHDRAWN),
    }
    assert apart(life.book, life.now.date()) == []
    with snapshot(engine) as session:
        rows = session.exec(select(Owed)).all()
    assert any(row.until_on is not None for row in rows)


def test_an_evening_is_of_the_day_it_is_in_the_companys_place(engine: Engine) -> None:
    """Half past eleven at night in UTC: the next day has begun in Paris."""
    book = make_book(engine, ("F-1",), datetime(2026, 2, 28, 23, 30, tzinfo=UTC))
    late = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    book.tell(CaseSignal.CLOSED, "F-1", late, reason="perte")
    assert apart(book, date(2026, 3, 12)) == []
    with snapshot(engine) as session:
        (row,) = session.exec(select(Owed)).all()
    assert row.until_on == date(2026, 3, 11)


def test_a_migration_keeps_of_a_lived_ledger_what_was_kept_all_along(engine: Engine) -> None:
    lived(engine, 11)
    with transaction(engine) as session:
        before = _rows(session)
        assert before
        run(session, "DROP TABLE owed")
        run(session, "UPDATE alembic_version SET version_num = '0031'")
    migrations.upgrade(engine.url.render_as_string(hide_password=False), "0032")
    with transaction(engine) as session:
        assert _rows(session) == before


def test_what_another_version_left_out_is_kept_where_cases_say_otherwise(engine: Engine) -> None:
    life = lived(engine, 3)
    untouched = make_book(engine, ("H-1",), company_ref="other", customer_ref="O-1")
    with transaction(engine) as session:
        before = _rows(session)
        raised = "UPDATE owed SET rest = rest + 1 WHERE until_on IS NULL AND company_id = %(company)s"
        run(session, raised, company=life.book.company_id)
        run(session, "DELETE FROM owed WHERE company_id = %(company)s", company=untouched.company_id)
    with transaction(engine) as session:
        assert mend_owed(session, 100) > 1
        assert _rows(session) == before
        assert mend_owed(session, 100) == 0


def _rows(session: Session) -> list[tuple[Any, ...]]:
    found = run(session, "SELECT invoice_id, from_on, until_on, due_on, rest FROM owed ORDER BY 1, 2")
    return [(*row[:4], Decimal(row[4])) for row in found]
