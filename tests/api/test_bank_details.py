"""Where a company is paid, over HTTP: one key asks, another approves, and only time writes it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from activities.payment_details import apply_change, due_changes
from activities.store.engine import transaction
from models.tables import AuditEvent, Communication, Company
from tests.api.conftest import Door
from tests.api.pages import field_of, ok
from tests.api.test_masters import ACME

pytestmark = pytest.mark.integration

CHANGES = f"{ACME}/bank-details-changes"
OLD, NEW = "FR7630006000011234567890189", "DE89370400440532013000"


@pytest.fixture
def paid(door: Door) -> Door:
    """A company that has bank details."""
    ok(door.ask("PATCH", ACME, {"iban": OLD, "bic": "AGRIFRPP"}))
    return door


def iban_of(door: Door) -> str | None:
    with transaction(door.book.engine) as session:
        return session.exec(select(Company.iban).where(Company.ref == "acme")).one()


def a_day_later(door: Door, day: timedelta = timedelta(hours=24)) -> int:
    """What a worker's sweep does then; how many changes took effect."""
    door.clock.at += day
    with transaction(door.book.engine) as session:
        due = due_changes(session, door.clock.at)
        return sum(apply_change(session, each, door.clock.at) for each in due)


def test_two_keys_and_a_day(paid: Door) -> None:
    second = paid.key("manager", name="second")
    asked = ok(paid.ask("POST", CHANGES, {"iban": "DE89 3704 0044 0532 0130 00", "bic": None}), 201)
    assert (asked["status"], asked["after"]) == ("asked", {"iban": NEW, "bic": None})
    assert asked["before"] == {"iban": OLD, "bic": "AGRIFRPP"}
    own = paid.ask("POST", f"{CHANGES}/{asked['id']}/approval")
    assert own.status_code == 422
    assert "whoever asked" in own.json()["detail"]
    assert a_day_later(paid) == 0, "time alone changes nothing"
    approved = ok(paid.ask("POST", f"{CHANGES}/{asked['id']}/approval", key=second))
    assert (approved["status"], approved["approved_by"]) == ("approved", "api:second")
    assert iban_of(paid) == OLD
    assert a_day_later(paid, timedelta(0)) == 1
    assert iban_of(paid) == NEW
    (listed,) = ok(paid.ask("GET", CHANGES))["items"]
    assert listed["status"] == "applied"
    for verb in ("approval", "cancellation"):
        assert paid.ask("POST", f"{CHANGES}/{asked['id']}/{verb}", key=second).status_code == 409
    with transaction(paid.book.engine) as session:
        trail = {row.what: row for row in session.exec(select(AuditEvent))}
        told = session.exec(select(Communication).where(Communication.kind == "bank_details_change")).all()
    assert {"bank_details_asked", "bank_details_approved", "bank_details_applied"} <= set(trail)
    assert not [row for row in trail.values() if OLD in str(row.detail) or NEW in str(row.detail)]
    assert [message.to_address for message in told] == ["credit@acme.example"] * 3
    assert {message.audience for message in told} == {"internal"}


def test_approved_at_once_it_still_waits_for_its_day(paid: Door) -> None:
    asked = ok(paid.ask("POST", CHANGES, {"iban": NEW}), 201)
    ok(paid.ask("POST", f"{CHANGES}/{asked['id']}/approval", key=paid.key("manager", name="second")))
    assert a_day_later(paid, timedelta(hours=23, minutes=59)) == 0
    assert iban_of(paid) == OLD
    assert a_day_later(paid, timedelta(minutes=1)) == 1


def test_any_manager_may_cancel_it(paid: Door) -> None:
    asked = ok(paid.ask("POST", CHANGES, {"iban": NEW}), 201)
    second = paid.key("manager", name="second")
    ok(paid.ask("POST", f"{CHANGES}/{asked['id']}/approval", key=second))
    gone = ok(
        paid.ask("POST", f"{CHANGES}/{asked['id']}/cancellation", key=paid.key("manager", name="third"))
    )
    assert (gone["status"], gone["cancelled_by"]) == ("cancelled", "api:third")
    assert a_day_later(paid) == 0
    assert iban_of(paid) == OLD


@pytest.mark.parametrize(
    "body",
    [
        {"iban": NEW},
        {"iban": None},
        {"payment_link": "https://pay.thief.example"},
        {"payee": "Thief Ltd"},
        {"bic": "COBADEFF"},
    ],
)
def test_a_patch_only_asks_and_nothing_goes_round_it(paid: Door, body: dict[str, str | None]) -> None:
    """Emptied first, an IBAN could be written as if there had been none."""
    changed = ok(paid.ask("PATCH", ACME, body | {"gap_days": 9}))
    assert changed["gap_days"] == 9
    assert changed["bank_details_change"]["after"] == body
    (name,) = body
    assert changed[name] != body[name]
    assert ok(paid.ask("PATCH", ACME, body))["bank_details_change"] == changed["bank_details_change"]
    other = paid.ask("PATCH", ACME, {"iban": "GB82WEST12345698765432"})
    assert other.status_code == 409
    assert "under way" in other.json()["detail"]


def test_what_is_wrong_is_named(paid: Door) -> None:
    assert field_of(paid.ask("POST", CHANGES, {"iban": "DE89370400440532013001"})) == "body.iban"
    for body in ({}, {"reason": "x"}, {"iban": OLD}):
        assert paid.ask("POST", CHANGES, body).status_code == 422
    for name in ("reason", "payee"):
        # A message that shows another IBAN than the company's is never written.
        body = {"iban": NEW, name: f"pay to {NEW}"}
        assert field_of(paid.ask("POST", CHANGES, body)) == f"body.{name}"
    missing = "5a1f6f0e-6a55-4c39-8f0c-2f1f9f3c6a12"
    assert paid.ask("POST", f"{CHANGES}/{missing}/approval").status_code == 404


def test_without_bank_details_there_is_nothing_to_guard(door: Door) -> None:
    assert door.ask("POST", CHANGES, {"iban": NEW}).status_code == 422
    assert ok(door.ask("PATCH", ACME, {"iban": NEW}))["iban"] == NEW
