"""Addresses that do not work, and what data lack, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx2 import Response
from sqlmodel import select

from activities.store.engine import transaction
from activities.store.marks import add_mark
from models.tables import CaseEvent, Contact, Customer, DunningCase
from models.tables.words import UnreachableCause
from rules.calendar import Channel
from tests.api.conftest import Door
from tests.api.pages import field_of
from tests.fixtures.ledger import NOW

pytestmark = pytest.mark.integration

C1 = "/v1/companies/acme/customers/C-1"
QUALITY = "/v1/companies/acme/data-quality"
MAILBOX, MOBILE = "compta@client.example", "+33612345678"


def ok(answer: Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def mark(door: Door, address: str, channel: Channel, cause: UnreachableCause) -> None:
    with transaction(door.book.engine) as session:
        add_mark(
            session,
            door.book.customer_id,
            channel,
            address,
            cause,
            since=NOW,
            now=NOW,
            who="relance",
            detail="550",
        )


def mine(door: Door) -> str:
    with transaction(door.book.engine) as session:
        found = session.exec(select(Contact.id).where(Contact.customer_id == door.book.customer_id)).one()
        return f"{C1}/contacts/{found}"


def test_a_mark_is_shown_and_a_collector_clears_it(door: Door) -> None:
    mark(door, MAILBOX, Channel.EMAIL, UnreachableCause.HARD_BOUNCE)
    (person,) = ok(door.ask("GET", C1))["contacts"]
    assert person["usable"] is True, "the telephone still works"
    (shown,) = person["marks"]
    assert (shown["channel"], shown["cause"], shown["detail"]) == ("email", "hard_bounce", "550")
    clearance = f"{mine(door)}/marks/email/clearance"
    assert door.ask("POST", clearance, {}, "collector").status_code == 422
    assert door.ask("POST", clearance, {"reason": "full"}, "viewer").status_code == 403
    cleared = ok(door.ask("POST", clearance, {"reason": "their mailbox was full"}, "collector"))
    assert (cleared["in_use"], cleared["marks"]) == (True, [])
    assert door.ask("POST", clearance, {"reason": "again"}, "collector").status_code == 409
    assert door.ask("POST", f"{mine(door)}/marks/fax/clearance", {"reason": "x"}).status_code == 422
    assert len(door.courier.notes) == 2, "both cases look again at once"
    with transaction(door.book.engine) as session:
        line = session.exec(select(CaseEvent).where(CaseEvent.what == "address_cleared")).one()
    assert line.detail["reason"] == "their mailbox was full"
    assert MAILBOX not in str(line.detail)


@pytest.mark.parametrize("cause", [UnreachableCause.SPAM_REPORT, UnreachableCause.UNSUBSCRIBED])
def test_a_wish_takes_a_manager(door: Door, cause: UnreachableCause) -> None:
    mark(door, MAILBOX, Channel.EMAIL, cause)
    clearance = f"{mine(door)}/marks/email/clearance"
    refused = door.ask("POST", clearance, {"reason": "they changed their mind"}, "collector")
    assert refused.status_code == 403
    again = {"role": "buyer", "email": MAILBOX}
    assert door.ask("POST", f"{C1}/contacts", again, "collector").status_code == 409
    assert ok(door.ask("POST", clearance, {"reason": "they changed their mind"}, "manager"))["marks"] == []


def test_preference_and_copies_are_people_s_to_set(door: Door) -> None:
    body = {"role": "accounting", "email": "factures@client.example", "preference": 1, "in_copy": True}
    made = ok(door.ask("POST", f"{C1}/contacts", body), 201)
    assert (made["preference"], made["in_copy"]) == (1, True)
    emails = [person["email"] for person in ok(door.ask("GET", C1))["contacts"]]
    assert emails == ["factures@client.example", MAILBOX]
    changed = ok(door.ask("PATCH", f"{C1}/contacts/{made['id']}", {"preference": 200, "in_copy": False}))
    assert (changed["preference"], changed["in_copy"]) == (200, False)
    for wrong in ({"preference": 0}, {"preference": 1000}, {"in_copy": None}):
        assert door.ask("PATCH", f"{C1}/contacts/{made['id']}", wrong).status_code == 422


def test_who_knows_a_contact_is_a_colleague(door: Door) -> None:
    known = {"known_by": "credit@acme.example"}
    made = ok(door.ask("POST", f"{C1}/contacts", {"role": "buyer", "phone": "06 12 34 56 70", **known}), 201)
    assert made["known_by"] == "credit@acme.example"
    assert ok(door.ask("GET", C1))["contacts"][-1]["known_by"] == "credit@acme.example"
    path = f"{C1}/contacts/{made['id']}"
    assert field_of(door.ask("PATCH", path, {"known_by": "x@elsewhere.example"})) == "body.known_by"
    assert ok(door.ask("PATCH", path, {"known_by": None}))["known_by"] is None


@pytest.mark.parametrize(
    "email",
    ["a@b", "a..b@client.fr", ".a@client.fr", "a@-client.fr", "a@client.test", "a@client.123", "é@client.fr"],
)
def test_a_bad_address_is_refused_with_its_reason(door: Door, email: str) -> None:
    refused = door.ask("POST", f"{C1}/contacts", {"role": "buyer", "email": email})
    (error,) = ok(refused, 422)["errors"]
    assert error["field"] == "body.email"
    assert "not an e-mail address: " in error["rule"]


def test_what_data_lack_is_one_list(door: Door) -> None:
    mark(door, MAILBOX, Channel.EMAIL, UnreachableCause.HARD_BOUNCE)
    with transaction(door.book.engine) as session:
        for number in ("C-2", "C-3"):
            session.add(
                Customer(
                    id=uuid4(),
                    company_id=door.book.company_id,
                    ref=number,
                    name=number,
                    country="FR",
                    language="fr",
                )
            )
    # Without an open case, nobody has to be written to.
    (row,) = ok(door.ask("GET", QUALITY, role="viewer"))["items"]
    assert (row["customer"], row["open_cases"]) == ("C-1", 2)
    found = {(each["kind"], each["role"], each["effect"]): each for each in row["findings"]}
    assert found["missing_email", "accounting", "waits"]["steps"] == [
        "pre_reminder",
        "reminder_1",
        "reminder_2",
    ]
    assert ("missing_postal_address", None, "waits") in found
    assert ("missing_language", None, "by_country") in found
    assert not any(kind == "missing_mobile" for kind, _, _ in found)
    unusable = found["unusable_address", None, "not_used"]
    assert (unusable["address"], unusable["cause"]) == (MAILBOX, "hard_bounce")
    # One kind alone.
    assert ok(door.ask("GET", f"{QUALITY}?kind=missing_mobile"))["items"] == []
    mark(door, MOBILE, Channel.SMS, UnreachableCause.LANDLINE)
    (row,) = ok(door.ask("GET", f"{QUALITY}?kind=missing_mobile"))["items"]
    (mobile,) = row["findings"]
    assert (mobile["role"], mobile["effect"], mobile["steps"]) == (
        "accounting", "another_channel", ["reminder_3"],
    )  # fmt: skip
    assert door.ask("GET", f"{QUALITY}?kind=missing_fax").status_code == 422
    assert door.ask("GET", f"{QUALITY}?after=nonsense").status_code == 422
    # Mended, it is off the list; of a customer that is not contacted, nothing is asked.
    with transaction(door.book.engine) as session:
        session.get_one(Customer, door.book.customer_id).do_not_contact_since = NOW.date()
    assert ok(door.ask("GET", QUALITY))["items"] == []


def test_its_pages_lead_through_every_customer(door: Door) -> None:
    with transaction(door.book.engine) as session:
        first = session.get_one(DunningCase, door.book.invoices["F-1"])
        second = session.get_one(DunningCase, door.book.invoices["F-2"])
        other = Customer(id=uuid4(), company_id=door.book.company_id, ref="C-0", name="Autre", country="FR")
        session.add(other)
        session.flush()
        second.customer_id = other.id
        first.next_at = second.next_at = NOW + timedelta(days=1)
    page = ok(door.ask("GET", f"{QUALITY}?limit=1"))
    assert [row["customer"] for row in page["items"]] == ["C-0"]
    page = ok(door.ask("GET", f"{QUALITY}?limit=1&after={page['next']}"))
    assert [row["customer"] for row in page["items"]] == ["C-1"]
    assert ok(door.ask("GET", f"{QUALITY}?limit=1&after={page['next']}")) == {"items": [], "next": None}
