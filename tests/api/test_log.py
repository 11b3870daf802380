"""Each request leaves one line in the log, with neither path nor body."""

from __future__ import annotations

import json
import logging

import pytest

from activities.logs import JsonLines
from tests.api.conftest import Door

pytestmark = pytest.mark.integration


def test_a_request_is_told_without_what_it_was_about(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "relance.api"):
        door.ask("GET", "/v1/companies/acme/customers?q=Durand")
        door.ask("POST", "/v1/companies/acme/invoices/Dupont/payments", {"amount": "1", "currency": "EUR"})
        door.ask("GET", "/nowhere/Durand")
    lines = [JsonLines().format(record) for record in caplog.records if record.name == "relance.api"]
    told = [json.loads(line) for line in lines]
    assert [(each.get("operation"), each["method"], each["status"]) for each in told] == [
        ("list_customers", "GET", 200),
        ("record_payment", "POST", 404),
        (None, "GET", 404),
    ]
    assert not any(word in line for line in lines for word in ("Durand", "Dupont", "relance_"))
