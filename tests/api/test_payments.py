"""A payment told over HTTP is true in the ledger when the answer comes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.api.conftest import Door
from tests.fixtures.ledger import NOW

pytestmark = pytest.mark.integration

PAYMENTS = "/v1/companies/acme/invoices/F-1/payments"
FULL = {"amount": "100.00", "currency": "EUR"}


def test_paid_in_full_closes_the_case(door: Door) -> None:
    answer = door.ask("POST", PAYMENTS, {**FULL, "event_id": "bank-1"})
    assert answer.status_code == 201
    assert answer.json()["case"] == answer.json()["case"] | {"state": "closed", "outstanding": "0.00"}
    assert door.courier.notes
    again = door.ask("POST", PAYMENTS, {**FULL, "event_id": "bank-1"})
    assert again.json()["duplicate"] is True


def test_an_idempotency_key_answers_again_and_changes_nothing(door: Door) -> None:
    once = {"Idempotency-Key": "k-1"}
    half = {"amount": "40.00", "currency": "EUR"}
    first = door.ask("POST", PAYMENTS, half, headers=once)
    again = door.ask("POST", PAYMENTS, half, headers=once)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.text == first.text
    assert again.headers["Idempotency-Replayed"] == "true"
    other = door.ask("POST", PAYMENTS, half, headers={"Idempotency-Key": "k-2"})
    assert other.json()["case"]["outstanding"] == "20.00"
    reused = door.ask("POST", PAYMENTS, {**half, "amount": "41.00"}, headers=once)
    assert reused.status_code == 422
    assert reused.json()["type"] == "urn:relance:problem:idempotency-key-reused"


def test_bad_input_names_field_and_rule(door: Door) -> None:
    for body, field in (
        ({"amount": "-1", "currency": "EUR"}, "body.amount"),
        ({"amount": "10", "currency": "USD"}, "body.currency"),
        ({"amount": "10.001", "currency": "EUR"}, "body.amount"),
        ({"amount": "10", "currency": "EUR", "received_on": "2027-01-01"}, "body.received_on"),
        ({"amount": "10", "currency": "EUR", "colour": "red"}, "body.colour"),
        ({"amount": "10", "currency": "EUR", "note": "x" * 2001}, "body.note"),
    ):
        answer = door.ask("POST", PAYMENTS, body)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert door.book.seq() == 0


def test_unreadable_and_oversized_bodies(door: Door) -> None:
    headers = {"Authorization": f"Bearer {door.key()}", "Content-Type": "application/json"}
    assert door.client.post(PAYMENTS, content=b'{"amount": ', headers=headers).status_code == 400
    assert door.client.post(PAYMENTS, content=b" " * 2_000_000, headers=headers).status_code == 413


def test_keys(door: Door) -> None:
    assert door.ask("POST", PAYMENTS, FULL, key="relance_nobody").status_code == 401
    assert door.client.post(PAYMENTS, json=FULL).headers["WWW-Authenticate"] == "Bearer"
    assert door.ask("POST", PAYMENTS, FULL, role="viewer").status_code == 403
    expiring = door.key("manager", expires_at=NOW + timedelta(hours=1))
    door.clock.at = NOW + timedelta(hours=2)
    assert door.ask("POST", PAYMENTS, FULL, key=expiring).status_code == 401
    assert door.book.seq() == 0


def test_a_number_with_a_slash(door: Door) -> None:
    answer = door.ask("POST", "/v1/companies/acme/invoices/FA%2F1%20b/payments", FULL)
    assert answer.status_code == 404
    assert answer.json()["detail"] == "no invoice 'FA/1 b' in company 'acme'"
