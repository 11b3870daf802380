"""Customers: the page of one, what leaves next, their order in the list; timelines."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from activities.store.engine import transaction
from models.ids import CaseSignal
from models.tables import (
    PaymentRow,
)
from tests.api.books import place
from tests.api.conftest import Door
from tests.api.pages import CASE, CUSTOMER, got, reminded, sent
from tests.fixtures.ledger import NOW, TODAY

pytestmark = pytest.mark.integration


def test_a_customer_whole(door: Door) -> None:
    book = door.book
    there = place(door, customer="C-9", country="US", zone="Pacific/Honolulu")
    there.invoice("U-1", TODAY - timedelta(days=1), "10.00", "USD")
    us = got(door, "/v1/companies/acme/customers/C-9")
    # Due on the 9th, and there it is still the 9th: due, not overdue.
    (owed,) = us["balance"]
    assert (us["today"], owed["due"], owed["overdue"], owed["ageing"]["not_due"]) == (
        "2026-03-09",
        "10.00",
        "0.00",
        "10.00",
    )
    book.tell(CaseSignal.PAYMENT_RECEIVED, "F-2", amount="130.00", currency="EUR")
    book.tell(CaseSignal.DISPUTE_OPENED, amount="25.00")
    with transaction(book.engine) as session:
        paid = session.exec(_payments()).one()
        session.add(
            PaymentRow(
                id=uuid4(),
                fact_id=paid.fact_id,
                customer_id=book.customer_id,
                amount=paid.amount - 123,
                currency="CHF",
                received_on=TODAY,
                recorded_at=NOW,
                event_id="loose",
            )
        )
    door.book.tell(CaseSignal.DELIVERY_HOLD_PLACED)
    customer = got(door, CUSTOMER)
    by_currency = {each["currency"]: each for each in customer["balance"]}
    assert by_currency["EUR"] == {
        "currency": "EUR",
        "open": "100.00",
        "due": "100.00",
        "overdue": "100.00",
        "coming_due": "0.00",
        "disputed": "25.00",
        "unallocated": "30.00",
        "ageing": {
            "not_due": "0.00",
            "1_30": "100.00",
            "31_60": "0.00",
            "61_90": "0.00",
            "over_90": "0.00",
        },
    }
    assert (by_currency["CHF"]["open"], by_currency["CHF"]["unallocated"]) == ("0.00", "7.00")
    items = {item["invoice"]: item for item in customer["items"]}
    assert items["F-1"]["case"]["next"]["step"] == "reminder_1"
    # Paid, though its case has not looked yet.
    assert (items["F-2"]["outstanding"], items["F-2"]["case"]["state"]) == ("0.00", "closed")
    (person,) = customer["contacts"]
    assert (person["email"], person["phone"], person["usable"]) == (
        "compta@client.example",
        "+33612345678",
        True,
    )
    assert customer["next_contact"] == {
        "at": "2026-03-10T09:00:00Z",
        "on": "2026-03-10",
        "step": "reminder_1",
        "channel": "email",
        "role": "accounting",
        "tone": "courteous",
        "needs_approval": False,
        "invoices": ["F-1"],
        "also": [],
    }
    assert {task["kind"] for task in customer["tasks"]} == {"overpayment", "dispute"}
    assert [hold["invoices"] for hold in customer["holds"]] == [["F-1"]]


def _payments() -> Any:
    from sqlmodel import select

    return select(PaymentRow)


def test_the_next_contact_is_the_one_the_outreach_will_make(door: Door) -> None:
    contact = reminded(door)
    customer = got(door, CUSTOMER)
    assert customer["last_contact"] == {
        "id": str(contact.id),
        "step": "reminder_1",
        "channel": "email",
        "tone": "courteous",
        "on_day": "2026-03-08",
    }
    # Both are planned for the 15th, a Sunday: one contact on Monday over both.
    following = customer["next_contact"]
    assert (following["step"], following["on"], following["invoices"]) == (
        "reminder_2",
        "2026-03-16",
        ["F-1", "F-2"],
    )
    door.book.tell(CaseSignal.INSOLVENCY_OPENED, opened_on=str(TODAY))
    stopped = got(door, CUSTOMER)
    assert (stopped["insolvency_on"], stopped["next_contact"]) == ("2026-03-10", None)


def test_customers_stand_by_their_oldest_unpaid_due_date(door: Door) -> None:
    late = place(door, customer="L", name="Tard et Cie", collector="claire@acme.example")
    late.invoice("L-1", TODAY - timedelta(days=50), "20.00")
    late.invoice("L-2", TODAY + timedelta(days=5), "30.00")
    late.invoice("L-3", TODAY - timedelta(days=3), "7.00", "USD")
    place(door, customer="N-1", name="Rien Un")
    place(door, customer="N-2", name="Rien Deux")
    path = "/v1/companies/acme/customers"
    rows = got(door, path)["items"]
    assert [row["ref"] for row in rows[:2]] == ["L", "C-1"]
    assert {row["ref"] for row in rows[2:]} == {"N-1", "N-2"}
    assert (rows[0]["oldest_due_on"], rows[0]["days_late"]) == ("2026-01-19", 50)
    assert rows[0]["owed"] == [
        {"currency": "EUR", "cases": 2, "outstanding": "50.00", "overdue": "20.00", "disputed": "0.00"},
        {"currency": "USD", "cases": 1, "outstanding": "7.00", "overdue": "7.00", "disputed": "0.00"},
    ]
    assert (rows[3]["oldest_due_on"], rows[3]["owed"]) == (None, [])
    for sort in ("overdue", "ref"):
        whole = [row["ref"] for row in got(door, f"{path}?sort={sort}")["items"]]
        paged, after = [], ""
        while True:
            page = got(door, f"{path}?sort={sort}&limit=1{after}")
            paged += [row["ref"] for row in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert paged == whole
    assert [row["ref"] for row in got(door, f"{path}?q=rien")["items"]] != []
    assert [row["ref"] for row in got(door, f"{path}?q=tard")["items"]] == ["L"]
    assert [row["ref"] for row in got(door, f"{path}?collector=CLAIRE@acme.example")["items"]] == ["L"]


def test_a_case_hears_of_its_own_messages_and_of_its_customer(door: Door) -> None:
    from activities.store.events import add_event

    contact = reminded(door)
    mine = sent(door, contact)
    foreign = sent(door, None)
    with transaction(door.book.engine) as session:
        for what, detail in (
            ("message_sent", {"communication": str(mine), "kind": "courteous_reminder", "channel": "email"}),
            ("message_sent", {"communication": str(foreign), "kind": "thank_you", "channel": "email"}),
            ("stopped_do_not_contact", {"since": "2026-03-10"}),
        ):
            add_event(
                session,
                company_id=door.book.company_id,
                customer_id=door.book.customer_id,
                at=NOW,
                who="relance",
                what=what,
                detail=detail,
            )
    entries = got(door, f"{CASE}/timeline")["items"]
    assert [entry["text"] for entry in entries] == [
        "All contact stopped: the customer must not be contacted",
        "Courteous reminder by email left",
        "Case opened under policy standard@1",
    ]
    whole = got(door, f"{CUSTOMER}/timeline")["items"]
    assert [entry["invoice"] for entry in whole] == [None, None, None, "F-2", "F-1"]
    first = got(door, f"{CUSTOMER}/timeline?limit=2")
    rest = got(door, f"{CUSTOMER}/timeline?limit=200&after={first['next']}")
    assert first["items"] + rest["items"] == whole
    assert rest["next"] is None
