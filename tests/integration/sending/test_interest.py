"""What messages say of interest: nothing, that it is due, or its sum; and a rate that nobody knows."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from activities.store.engine import transaction
from activities.store.rates import enter_rate
from bench.statements import statements
from models.ids import CaseSignal
from models.tables import Company, Customer
from models.tables.words import TaskKind, TaskStatus
from rules.interest import Mode, Series
from tests.integration.sending.desk import NOW, Desk

pytestmark = pytest.mark.integration

FIRM_DUE = date(2026, 2, 20)
"""Eighteen days before: its second reminder, a firm one, is due."""
NOTICE_DUE = date(2026, 1, 9)
"""Sixty days before: its formal notice is due."""


def hears(desk: Desk, **settings: Any) -> None:
    """What is set of the customer."""
    if "C-1" not in desk.customers:
        desk.customer()
    with transaction(desk.engine) as session:
        row = session.get_one(Customer, desk.customers["C-1"])
        for name, value in settings.items():
            setattr(row, name, value)


def british(desk: Desk) -> None:
    """Both parties in the United Kingdom, of whose bank no rate was shipped; ten in the morning there."""
    desk.clock.at = NOW + timedelta(hours=1)
    hears(desk, country="GB", language="en")
    with transaction(desk.engine) as session:
        session.get_one(Company, desk.company_id).country = "GB"


def firm(desk: Desk, *numbers: str) -> UUID:
    """The firm reminder about these invoices, of 1,200.00 each."""
    for number in numbers or ("F-1",):
        desk.invoice(number, due=FIRM_DUE, last=("reminder_1", date(2026, 2, 26)))
    return desk.due()


def words(desk: Desk, message: UUID) -> str:
    """What a message says, its lines and no-break spaces made plain."""
    return re.sub(r"\s+", " ", desk.envelope(message).text)


def test_announced_it_is_said_to_be_due_without_a_sum(desk: Desk) -> None:
    said = words(desk, firm(desk))
    assert "L441-10" in said
    assert "de 40,00 € par facture" in said
    assert "s’élèvent" not in said


def test_claimed_a_firm_reminder_gives_the_sums_to_the_day(desk: Desk) -> None:
    hears(desk, interest=Mode.CLAIMED)
    message = firm(desk, "F-1", "F-2")
    # Of each: 18 days at 12.15 % on 1,200.00 are 7.19.
    assert "les intérêts s’élèvent à 14,38 € et les indemnités à 80,00 €" in words(desk, message)
    assert desk.send(message).outcome == "sent"


def test_a_partial_payment_counts_from_the_day_it_came_and_not_when_it_was_known(desk: Desk) -> None:
    hears(desk, interest=Mode.CLAIMED)
    desk.invoice("F-1", due=FIRM_DUE, last=("reminder_1", date(2026, 2, 26)))
    desk.tell(
        CaseSignal.PAYMENT_RECEIVED,
        "F-1",
        amount="1000.00",
        currency="EUR",
        received_on=FIRM_DUE + timedelta(days=1),
        event_id="bank-1",
    )
    # A day on 1,200.00 (0.39945), then 17 on 200.00 (1.13178).
    assert "les intérêts s’élèvent à 1,53 €" in words(desk, desk.due())


def test_silent_no_message_has_a_word_of_it(desk: Desk) -> None:
    hears(desk, interest=Mode.SILENT)
    assert not re.search(r"pénalit|intérêt|indemnit|L441|40,00", words(desk, firm(desk)))


def test_what_a_customer_hears_goes_before_what_the_company_says(desk: Desk) -> None:
    with transaction(desk.engine) as session:
        session.get_one(Company, desk.company_id).interest = Mode.SILENT
    hears(desk, interest=Mode.ANNOUNCED)
    assert "L441-10" in words(desk, firm(desk))


@pytest.mark.parametrize("last", ["phone_call", "reminder_1"])
def test_reckoning_costs_no_statement(desk: Desk, last: str) -> None:
    due = NOTICE_DUE if last == "phone_call" else FIRM_DUE
    taken = {}
    for place, mode in enumerate((Mode.SILENT, Mode.CLAIMED)):
        customer = f"C-{place}"
        for number in (f"F-{place}", f"G-{place}"):
            desk.invoice(number, customer=customer, due=due, last=(last, date(2026, 2, 24)))
        with transaction(desk.engine) as session:
            session.get_one(Customer, desk.customers[customer]).interest = mode
        for number in (f"F-{place}", f"G-{place}"):
            desk.review(number)
        with statements(desk.engine) as seen:
            desk.prepare(customer)
        taken[mode] = len(seen)
    assert taken[Mode.CLAIMED] == taken[Mode.SILENT]


def test_without_the_rate_the_reminder_leaves_without_the_sum_and_one_task_asks_for_it(desk: Desk) -> None:
    british(desk)
    hears(desk, interest=Mode.CLAIMED)
    message = firm(desk, "F-1", "F-2")
    said = words(desk, message)
    assert "late-payment interest" in said
    assert "amount to" not in said
    assert desk.send(message).outcome == "sent"
    (task,) = desk.tasks(TaskKind.REFERENCE_RATE)
    assert task.title == "Enter the Bank of England's rate for 2026-1: letters cannot reckon interest"
    assert "relance rates add boe 2026-1" in task.body
    assert (task.status, task.assignee_email) == (TaskStatus.OPEN, "manager@acme.example")

    with transaction(desk.engine) as session:
        enter_rate(session, Series.BOE, date(2026, 1, 1), Decimal("3.75"), "Bank of England", NOW, "test")
    (task,) = desk.tasks(TaskKind.REFERENCE_RATE)
    assert (task.status, task.outcome) == (TaskStatus.DONE, "entered")


def test_a_notice_without_the_rate_is_composed_all_the_same(desk: Desk) -> None:
    british(desk)
    for number, total in (("F-1", "999.99"), ("F-2", "10000.00")):
        desk.invoice(number, due=NOTICE_DUE, total=total, last=("phone_call", date(2026, 2, 20)))
        desk.review(number)
    assert desk.prepare().send == ()
    assert len(desk.tasks(TaskKind.APPROVAL, TaskStatus.OPEN)) == 1
    assert len(desk.tasks(TaskKind.REFERENCE_RATE, TaskStatus.OPEN)) == 1
