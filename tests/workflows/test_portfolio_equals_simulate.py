"""Workflows and rules agree: what leaves is what `simulate` foresaw, contact by contact."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import Engine

from rules.calendar import Channel
from rules.facts import Role
from rules.simulate import Contacted
from tests.workflows.oracle import Debtor, accounting, foreseen, lines, live, on_the_minute
from tests.workflows.world import Person, World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]

RECEIVABLES = Path(__file__).parents[3] / "shared" / "data" / "receivables-2012-2013.csv"
INVOICES, CUSTOMERS = 200, 100


@dataclass(frozen=True)
class Receivable:
    """A line of the file that matters here; dates are M/D/YYYY there."""

    customer: str
    number: str
    issued: date
    due: date
    settled: date
    amount: str
    disputed: bool

    @property
    def late(self) -> int:
        """Days between the due date and the payment."""
        return (self.settled - self.due).days


def _receivables() -> list[Receivable]:
    def day(text: str) -> date:
        month, of_month, year = (int(part) for part in text.split("/"))
        return date(year, month, of_month)

    with RECEIVABLES.open(encoding="utf-8", newline="") as file:
        return [
            Receivable(
                customer=row["customerID"],
                number=row["invoiceNumber"],
                issued=day(row["InvoiceDate"]),
                due=day(row["DueDate"]),
                settled=day(row["SettledDate"]),
                amount=row["InvoiceAmount"],
                disputed=row["Disputed"] == "Yes",
            )
            for row in csv.DictReader(file)
        ]


def _chosen(rows: Sequence[Receivable]) -> dict[str, list[Receivable]]:
    """Two invoices a customer: the one paid latest without a dispute, and a late one due near it."""
    of: dict[str, list[Receivable]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.number):
        of[row.customer].append(row)
    chosen = {}
    for customer in sorted(of):
        worst = max(of[customer], key=lambda row: (not row.disputed, row.late))
        others = [row for row in of[customer] if row is not worst]
        others = [row for row in others if row.late > 0] or others
        chosen[customer] = [worst, min(others, key=lambda row: abs(row.due - worst.due))]
    return chosen


def _debtor(customer: str, rows: Sequence[Receivable]) -> Debtor:
    people = [Person(Role.ACCOUNTING, email=f"compta@{customer.lower()}.example")]
    debtor = Debtor(customer, people=people)
    for row in sorted(rows, key=lambda row: (row.issued, row.number)):
        debtor.invoice(row.amount, str(row.due), number=row.number, issued=str(row.issued))
        # What is settled by its due date is not disputed any more.
        if row.disputed and row.settled > row.due:
            debtor.disputes(str(row.due), number=row.number)
            debtor.resolves(str(row.settled), number=row.number)
        debtor.pays(str(row.settled), number=row.number)
    return debtor


async def _lived(engine: Engine, debtors: Sequence[Debtor], until: str) -> tuple[World, list[Contacted]]:
    first = min(happens.at for debtor in debtors for happens in debtor.happens)
    async with world(engine, first - timedelta(minutes=5)) as it:
        await live(it, debtors, until)
        return it, it.contacts()


def _compare(debtors: Sequence[Debtor], made: Sequence[Contacted]) -> list[Contacted]:
    """Both sides as lines, contact by contact; returns what was foreseen."""
    calendar = debtors[0].calendar
    expected = [contact for debtor in debtors for contact in foreseen(debtor)]
    assert lines(on_the_minute(made, expected), calendar) == lines(expected, calendar)
    return expected


@pytest.mark.skipif(not RECEIVABLES.exists(), reason=f"{RECEIVABLES.name} is not in ../shared/data")
async def test_two_hundred_real_invoices(engine: Engine) -> None:
    chosen = _chosen(_receivables())
    debtors = [_debtor(customer, rows) for customer, rows in chosen.items()]
    assert (len(debtors), sum(len(debtor.numbers) for debtor in debtors)) == (CUSTOMERS, INVOICES)
    assert sum(row.late > 5 for rows in chosen.values() for row in rows) > INVOICES // 3
    last = max(row.settled for rows in chosen.values() for row in rows)

    it, made = await _lived(engine, debtors, str(last + timedelta(days=10)))

    expected = _compare(debtors, made)
    assert any(contact.also for contact in expected)
    assert any(len(contact.invoices) > 1 for contact in expected)
    closed = [it.case(number).closing_reason for debtor in debtors for number in debtor.numbers]
    assert closed == ["paid in full"] * INVOICES


def _invented() -> list[Debtor]:
    """Eight customers with five invoices each, issued in a quarter; most pay late, some in part or never."""
    random = Random(2026)
    debtors = []
    for place in range(8):
        debtor = Debtor(f"C-{place + 1}", people=_people(place))
        for invoice in range(5):
            issued = date(2026, 1, 5) + timedelta(days=18 * invoice + random.randrange(12))
            due = issued + timedelta(days=30)
            number = f"F-{place + 1}{invoice + 1}"
            amount = Decimal(random.randrange(800, 250_000)) / 100
            debtor.invoice(str(amount), str(due), number=number, issued=str(issued))
            late = random.choice([-4, 0, 9, 17, 26, 38, 50, 70, None])
            if late is None:
                continue
            settled = due + timedelta(days=late)
            if late > 20 and random.random() < 0.4:
                debtor.disputes(str(due + timedelta(days=2)), number=number)
                debtor.resolves(str(due + timedelta(days=14)), number=number)
            if random.random() < 0.3:
                half = (amount / 2).quantize(Decimal("0.01"))
                debtor.pays(str(settled - timedelta(days=3)), str(half), number=number)
                debtor.pays(str(settled), str(amount - half), number=number)
            else:
                debtor.pays(str(settled), number=number)
        debtors.append(debtor)
    return debtors


def _people(place: int) -> list[Person]:
    """Every other customer has no mobile, every third a buyer."""
    first = accounting(f"C-{place + 1}")
    people = [first if place % 2 else Person(first.role, first.name, first.email)]
    if place % 3 == 0:
        people.append(Person(Role.BUYER, "Acheteur", f"achats@c-{place + 1}.example"))
    return people


async def test_an_invented_portfolio(engine: Engine) -> None:
    debtors = _invented()
    _, made = await _lived(engine, debtors, "2026-08-15")
    expected = _compare(debtors, made)
    assert {contact.channel for contact in expected} == set(Channel)
    assert any(contact.also for contact in expected)
    assert any(len(contact.invoices) > 1 for contact in expected)
    for debtor in debtors:
        days = sorted(
            debtor.calendar.local_day(contact.at)
            for contact in made
            if contact.customer == debtor.ref and contact.channel is not Channel.DECISION
        )
        gaps = [after - before for before, after in pairwise(days)]
        assert all(gap >= timedelta(days=5) for gap in gaps), f"{debtor.ref}: {days}"
