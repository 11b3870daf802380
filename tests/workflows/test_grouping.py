"""One voice per customer: what is due together leaves together, and customers do not touch one another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from admin.sandbox import SandboxMessage
from models.tables.words import TaskKind
from rules.facts import Role
from rules.simulate import Contacted
from tests.workflows.oracle import Debtor, accounting, foreseen, lines, live, on_the_minute
from tests.workflows.world import Person, World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]

OPENED = "2026-03-10"
LATE_SINCE = [f"2026-0{month}-{day}" for month in (1, 2) for day in ("12", "15", "20", "23")] + ["2026-03-03"]


def _nine() -> Debtor:
    """Nine invoices taken over from one day to the next, all late, the last by a week."""
    debtor = Debtor("nine")
    for due in LATE_SINCE:
        debtor.invoice("100.00", due, opened=OPENED)
    return debtor


def _folding() -> Debtor:
    """The second invoice's reminders fall on the days of the first one's SMS and call."""
    return (
        Debtor("folding", people=[accounting("folding"), Person(Role.BUYER, "Bo", "bo@folding.example")])
        .invoice("1200.00", "2026-03-31", opened=OPENED)
        .invoice("340.00", "2026-04-25", opened="2026-03-26")
    )


def _currencies() -> Debtor:
    return (
        Debtor("currencies")
        .invoice("1200.00", "2026-03-31", opened=OPENED)
        .invoice("450.50", "2026-03-31", opened=OPENED, currency="USD")
        .pays("2026-04-20 11:00")
        .pays("2026-04-20 11:00", number="currencies/2")
    )


CUSTOMERS = {
    debtor.ref: debtor
    for debtor in (
        _nine(),
        Debtor("other").invoice("70.00", "2026-02-10", opened=OPENED).pays("2026-03-12 11:00"),
        _folding(),
        _currencies(),
    )
}


@dataclass(frozen=True)
class Grouped:
    """The world at the end, and what left."""

    world: World
    made: list[Contacted]
    inbox: Sequence[SandboxMessage]

    def to(self, ref: str, day: str) -> list[Contacted]:
        """The contacts with a customer on a day."""
        calendar = CUSTOMERS[ref].calendar
        return [c for c in self.made if c.customer == ref and str(calendar.local_day(c.at)) == day]

    def mail(self, ref: str) -> list[SandboxMessage]:
        """What a customer's mailbox got, in order."""
        return [m for m in self.inbox if f"compta@{ref}.example" in m.recipients]


@pytest.fixture(scope="module")
async def grouped(shared_engine: Engine) -> AsyncIterator[Grouped]:
    """The four customers, lived through side by side."""
    async with world(shared_engine, datetime(2026, 3, 9, 22, 55, tzinfo=UTC)) as it:
        await live(it, CUSTOMERS.values(), "2026-05-20")
        yield Grouped(it, it.contacts(), it.sandbox.messages())


@pytest.mark.parametrize("ref", CUSTOMERS)
async def test_groups_are_those_foreseen(grouped: Grouped, ref: str) -> None:
    debtor = CUSTOMERS[ref]
    until = debtor.moment("2026-05-20")
    expected = [contact for contact in foreseen(debtor) if contact.at < until]
    made = on_the_minute([c for c in grouped.made if c.customer == ref], expected)
    assert lines(made, debtor.calendar) == lines(expected, debtor.calendar)


async def test_nine_late_invoices_make_one_message(grouped: Grouped) -> None:
    (contact,) = grouped.to("nine", OPENED)
    assert contact.step == "reminder_2"
    assert sorted((*contact.invoices, *contact.also)) == sorted(CUSTOMERS["nine"].numbers)
    # Only the last one is due at a weaker step: it goes along.
    assert contact.also == ("nine/9",)
    message = grouped.mail("nine")[0]
    assert all(number in (message.text or "") for number in CUSTOMERS["nine"].numbers)
    assert "900,00" in (message.text or "")


async def test_another_customer_nudged_at_the_same_time_has_its_own(grouped: Grouped) -> None:
    (contact,) = grouped.to("other", OPENED)
    assert contact.invoices == ("other/1",)
    message = grouped.mail("other")[0]
    assert "nine/" not in f"{message.subject} {message.text} {message.html}"
    assert "70,00" in (message.text or "")


async def test_an_sms_with_folded_items_takes_a_statement_along(grouped: Grouped) -> None:
    (contact,) = grouped.to("folding", "2026-04-30")
    assert (contact.step, contact.channel) == ("reminder_3", "sms")
    assert (contact.invoices, contact.also) == (("folding/1",), ("folding/2",))
    phone = CUSTOMERS["folding"].people[0].phone
    (text,) = [m for m in grouped.inbox if phone in m.recipients]
    # The SMS leaves first: it decides the contact; the statement follows it at once.
    (statement,) = [m for m in grouped.mail("folding") if m.id == text.id + 1]
    assert all(number in (statement.text or "") for number in CUSTOMERS["folding"].numbers)


async def test_a_call_with_folded_items_takes_a_statement_along(grouped: Grouped) -> None:
    (contact,) = grouped.to("folding", "2026-05-11")
    assert (contact.step, contact.channel) == ("phone_call", "phone")
    assert (contact.invoices, contact.also) == (("folding/1",), ("folding/2",))
    calls = [
        task
        for task in grouped.world.tasks(TaskKind.PHONE_CALL)
        if task.customer_id == grouped.world.customers["folding"]
    ]
    assert [task.assignee_email for task in calls] == ["claire@acme.example"]
    assert all(number in calls[0].body for number in CUSTOMERS["folding"].numbers)
    statement = grouped.mail("folding")[-1]
    assert all(number in (statement.text or "") for number in CUSTOMERS["folding"].numbers)
    # One message for each e-mail contact, and the two statements that went along: no more.
    emails = [c for c in grouped.made if c.customer == "folding" and c.channel == "email"]
    assert len(grouped.mail("folding")) == len(emails) + 2
    sales = [m for m in grouped.inbox if m.recipients == ("sam@acme.example",)]
    assert sum("folding" in f"{m.subject} {m.text}" for m in sales) == 1


async def test_two_currencies_are_two_sections_of_one_message(grouped: Grouped) -> None:
    (contact,) = grouped.to("currencies", "2026-04-07")
    assert contact.invoices == ("currencies/1", "currencies/2")
    _, message = grouped.mail("currencies")[:2]
    text = (message.text or "").replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")
    assert "1 200,00 €" in text
    assert "450,50 $US" in text
    # Never one sum over both.
    assert "1 650,50" not in text
