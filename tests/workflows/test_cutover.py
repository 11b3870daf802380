"""A cut-over does what its report said: the same file, imported into a running installation.

Nobody pays, approves or finds an address: then the ten business days that were foreseen are those that come.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.store.engine import transaction
from admin.portfolio.cutover import CutOver, cutover_file
from admin.portfolio.cutover_lines import Ahead
from admin.portfolio.foresee import preview_file
from admin.portfolio.load import Report, load_portfolio
from admin.portfolio.row import Reject
from admin.portfolio.start import ledger_policies
from admin.standing import Standing, standing
from models.messages import CaseView
from models.tables import Communication, ContactItem, DunningCase, Invoice, OutboxNote, Task
from rules.calendar import BusinessCalendar, Channel
from rules.simulate import Contacted
from tests.unit.portfolio.files import write
from tests.workflows.oracle import MINUTE, lines, on_the_minute
from tests.workflows.world import World, world

pytestmark = [pytest.mark.integration, pytest.mark.slow]

START: Final = datetime(2026, 3, 1, 23, 0, tzinfo=UTC)
"""Monday 2026-03-02 begins in Paris."""

UNTIL: Final = "2026-03-14"
"""The Saturday after the tenth business day."""

_ALL: Final = {"collector_email": "claire@acme.example", "company": "acme"}


def _row(number: str, due: str, step: str = "", on: str = "", **more: str) -> dict[str, str]:
    customer = number.partition("-")[0]
    issued = str(date.fromisoformat(due) - timedelta(days=45))
    told = {
        "invoice": number,
        "customer": customer,
        "customer_name": f"Client {customer}",
        "issued_on": issued,
        "due_on": due,
        "accounting_email": f"compta@{customer.lower()}.example",
        "last_step": step,
        "last_contacted_on": on,
    }
    return _ALL | told | more


SMS: Final = {"accounting_phone": "0612345678"}

ROWS: Final = [
    # Three invoices of one customer: an SMS is due, a statement goes with it, the third waits for the gap.
    _row("A-1", "2026-01-29", "reminder_2", "2026-02-16", **SMS),
    _row("A-2", "2026-02-26", "pre_reminder", "2026-02-23", **SMS),
    _row("A-3", "2026-03-04", **SMS),
    # Promised, and paid in part before; another invoice of the same customer goes on.
    _row("B-1", "2026-01-20", "reminder_2", "2026-02-20", paid="200.00", promised_on="2026-03-04"),
    _row("B-2", "2026-02-19", "pre_reminder", "2026-02-16"),
    # What was paid before is no part of what is promised now.
    _row("C-1", "2026-02-10", "reminder_1", "2026-02-16", paid="600.00", promised_on="2026-03-03"),
    # Broken long before it came here, and broken so lately that the gap after it still runs.
    _row("D-1", "2026-01-22", "reminder_2", "2026-02-12", promised_on="2026-02-17", **SMS),
    _row("E-1", "2026-01-22", "reminder_2", "2026-02-12", promised_on="2026-02-26", **SMS),
    # Not all of it is promised.
    _row("F-1", "2026-02-05", "reminder_1", "2026-02-12", promised_on="2026-03-02", promised_amount="50.00"),
    # A letter that waits for approval carries a weaker step, which goes by itself the next day.
    _row("G-1", "2025-12-25", "phone_call", "2026-02-10", executive_email="direction@g.example"),
    _row("G-2", "2026-02-25"),
    # Nobody to write to.
    _row("H-1", "2026-02-24", accounting_email=""),
    _row("H-2", "2026-03-06", accounting_email=""),
    # Decisions are no contacts: the second invoice does not wait for the gap.
    _row("I-1", "2025-11-20", "handover", "2026-02-27"),
    _row("I-2", "2026-02-25"),
    _row("J-1", "2025-12-10", "formal_notice", "2026-02-16"),
    # Disputed, too small, promised for later.
    _row("K-1", "2026-02-20", "pre_reminder", "2026-02-17", disputed_on="2026-02-24"),
    _row("L-1", "2026-02-20", "reminder_1", "2026-02-26", amount="9.00", policy="standard"),
    _row("M-1", "2026-02-20", "reminder_1", "2026-02-26", promised_on="2026-04-10"),
    # Settled before it came here, and once reminded: whoever did it has said thank you.
    _row("N-1", "2026-02-10", "reminder_1", "2026-02-16", settled_on="2026-02-27"),
    _row("N-2", "2026-03-06"),
    # Elsewhere, under another policy.
    _row("P-1", "2026-02-24", country="US", policy="strict"),
    _row("Q-1", "2026-01-31", "call_1", "2026-02-20", segment="key_account", amount="60000.00"),
]


@dataclass(frozen=True)
class Brought:
    """The report, the import, what the ledger said right after it, and what had happened in the end."""

    path: Path
    foreseen: CutOver
    report: Report
    at_once: dict[str, Standing]
    world: World
    made: list[Contacted]

    def ahead(self, number: str) -> Ahead:
        """What was foreseen of an invoice."""
        (found,) = [line for line in self.foreseen.invoices if line.row.invoice == number]
        return found


def _refuse(reject: Reject) -> None:
    raise AssertionError(str(reject))


def _day(calendar: BusinessCalendar) -> date:
    return calendar.local_day(START)


@pytest.fixture(scope="module")
async def brought(shared_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Brought]:
    """The file foreseen, imported, and lived with for ten business days."""
    path = write(tmp_path_factory.mktemp("cutover") / "p.csv", ROWS)
    foreseen = cutover_file(path, creditors={}, today=_day, on_reject=_refuse)
    async with world(shared_engine, START - timedelta(minutes=5)) as it:
        it.approve_at_once = False
        await it.advance_to(START)
        policies = ledger_policies(shared_engine, it.clock)
        report = load_portfolio(shared_engine, path, now=START, policies=policies, on_reject=_refuse)
        at_once = {row.values["invoice"]: row for row in standing(shared_engine, "acme")}
        await _start(it)
        await it.day(UNTIL)
        yield Brought(path, foreseen, report, at_once, it, it.contacts())


async def _start(it: World) -> None:
    """Start the cases one after another: a machine under load would not answer to all at once in time."""
    with transaction(it.engine) as session:
        waiting = session.exec(
            select(OutboxNote.id, Invoice.number).join(Invoice, col(Invoice.id) == OutboxNote.key)
        ).all()
    for note, number in waiting:
        assert note is not None
        await it.courier.deliver_async([note])
        await it.handle(number).query("status", result_type=CaseView)


async def test_everything_is_in_the_report_and_in_the_ledger(brought: Brought) -> None:
    assert (brought.report.inserted, brought.report.closed) == (len(ROWS), 1)
    assert [line.row.invoice for line in brought.foreseen.invoices] == [row["invoice"] for row in ROWS]
    assert brought.foreseen.totals.invoices == len(ROWS)


async def test_right_after_the_import_the_ledger_says_what_was_announced(brought: Brought) -> None:
    for line in brought.foreseen.invoices:
        if line.row.invoice == "N-1":
            assert "N-1" not in brought.at_once
            continue
        found = brought.at_once[line.row.invoice]
        assert (found.values["state"], found.at) == (line.state, line.announced_at), line.row.invoice
        assert line.why.startswith(found.values["why"])
        if line.announced_at is not None:
            assert found.values["step"] == line.step
            assert found.values["channel"] == line.channel


async def test_what_leaves_is_what_was_foreseen_day_by_day(brought: Brought) -> None:
    channels: dict[date, Counter[str]] = defaultdict(Counter)
    invoices: Counter[date] = Counter()
    for contact in brought.made:
        day = contact.at.astimezone(brought.world.calendar.zone).date()
        if contact.channel is not Channel.DECISION:
            channels[day][contact.channel.value] += 1
            invoices[day] += len(contact.invoices) + len(contact.also)
    foreseen = brought.foreseen.totals.days
    assert channels == {on: day.channels for on, day in foreseen.items() if day.contacts}
    assert invoices == {on: day.invoices for on, day in foreseen.items() if day.contacts}
    assert {name for day in channels.values() for name in day} == {"email", "sms", "phone"}
    first = {c.customer for c in brought.made if _on_the_first_day(c)}
    assert brought.foreseen.totals.first_day == len(first) > 3


def _on_the_first_day(contact: Contacted) -> bool:
    return contact.channel is not Channel.DECISION and contact.at < START + timedelta(days=1)


async def test_each_invoice_acts_when_its_line_says_and_not_before(brought: Brought) -> None:
    first: dict[str, datetime] = {}
    for contact in brought.made:
        for number in (*contact.invoices, *contact.also):
            first.setdefault(number, contact.at)
    until = brought.world.calendar.start_of_day(date.fromisoformat(UNTIL))
    asked = {"approval", "find_contact"}
    for line in brought.foreseen.invoices:
        number, at = line.row.invoice, line.at
        if at is None or at >= until:
            assert number not in first, number
        elif asked.isdisjoint(task.kind for task in line.tasks):
            assert timedelta(0) <= first[number] - at <= MINUTE, number
    together = {
        tuple(sorted((*contact.invoices, *contact.also)))
        for contact in brought.made
        if len(contact.invoices) + len(contact.also) > 1
    }
    assert ("A-1", "A-3") in together
    assert brought.ahead("A-1").together == ("A-1", "A-3")


async def test_people_are_asked_what_was_foreseen(brought: Brought) -> None:
    found: set[tuple[str, str, date]] = set()
    with transaction(brought.world.engine) as session:
        numbers = {invoice.id: invoice.number for invoice in session.exec(select(Invoice))}
        items: dict[object, list[str]] = defaultdict(list)
        for item in session.exec(select(ContactItem).where(col(ContactItem.folded).is_(False))):
            items[item.contact_id].append(numbers[item.invoice_id])
        for task in session.exec(select(Task)):
            about = [numbers[task.invoice_id]] if task.invoice_id else items[task.contact_id]
            found |= {(task.kind, number, task.opened_on) for number in about}
    told = {
        (task.kind, line.row.invoice, task.on)
        for line in brought.foreseen.invoices
        for task in line.tasks
        if task.on < date.fromisoformat(UNTIL)
    }
    assert told <= found, told - found
    # What is told of the next step only is not told of the ones after it.
    assert {kind for kind, _, _ in found - told} <= {"call_overdue", "phone_call", "hold_proposal"}, (
        found - told
    )
    kinds = {kind for kind, _, _ in told}
    assert kinds >= {"approval", "broken_promise", "decision", "dispute", "find_contact", "phone_call"}
    broken = {number: on for kind, number, on in told if kind == "broken_promise"}
    first = date(2026, 3, 2)
    assert broken == {
        "B-1": date(2026, 3, 7), "C-1": date(2026, 3, 6), "D-1": first, "E-1": first, "F-1": date(2026, 3, 5)
    }  # fmt: skip


async def test_a_preview_of_a_promise_is_what_then_happens(brought: Brought) -> None:
    until = brought.world.calendar.start_of_day(date.fromisoformat(UNTIL))
    foreseen = preview_file(brought.path, policy=None, today=_day, on_reject=_refuse)
    alone = {"C-1", "D-1", "E-1", "F-1", "M-1", "J-1"}
    expected = [
        Contacted(number[0], told.step.at, told.step.channel, told.step.step, (number,))
        for told in foreseen
        if (number := told.step.invoice) in alone and told.step.at < until
    ]
    made = [contact for contact in brought.made if set(contact.invoices) <= alone]
    calendar = brought.world.calendar
    assert lines(on_the_minute(made, expected), calendar) == lines(expected, calendar)
    assert {contact.invoices[0] for contact in expected} == alone - {"M-1"}


async def test_nobody_is_thanked_for_what_was_settled_before(brought: Brought) -> None:
    with transaction(brought.world.engine) as session:
        kinds = set(session.exec(select(Communication.kind)))
        (case,) = session.exec(
            select(DunningCase).where(
                DunningCase.invoice_id == select(Invoice.id).where(Invoice.number == "N-1").scalar_subquery()
            )
        )
    assert "thank_you" not in kinds
    assert case.closing_reason == "paid in full"
    assert any(contact.invoices == ("N-2",) for contact in brought.made)


async def test_what_is_to_be_looked_at_is_said(brought: Brought) -> None:
    def told(number: str) -> str:
        return "; ".join(brought.ahead(number).warnings)

    assert "comes on 2026-03-09: the customer is contacted on 2026-03-02 about A-1, A-3" in told("A-2")
    assert told("D-1") == "broken promise: 1200.00 EUR promised for 2026-02-17 did not come"
    assert told("F-1") == "only 50.00 EUR of 1200.00 is promised"
    assert "carried by a letter that waits for approval" in told("G-2")
    assert told("H-1") == "no address for reminder_1: a person will be told to find a contact"
    assert told("I-1") == "handover was its last step: nothing more happens by itself"
    assert told("L-1") == "below the minimum: it is not chased"
    assert told("J-1") == told("N-1") == told("C-1") == ""
