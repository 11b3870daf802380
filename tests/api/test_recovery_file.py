"""The file of a claim over HTTP: who gets it, under which name, and that it is written down."""

from __future__ import annotations

import io
import json
import zipfile
from urllib.parse import quote

import pytest
from sqlmodel import select

from activities.store.engine import transaction
from models.tables import AuditEvent, Customer
from tests.api.conftest import Door

pytestmark = pytest.mark.integration


def test_any_reference_makes_a_name_and_no_browser_keeps_the_file(door: Door) -> None:
    with transaction(door.book.engine) as session:
        session.get_one(Customer, door.book.customer_id).ref = "Łódź/1"
    path = f"/v1/companies/acme/customers/{quote('Łódź/1', safe='')}/file"
    answered = door.ask("GET", path, role="collector")
    assert answered.status_code == 200, answered.text
    named = answered.headers["content-disposition"].removeprefix("attachment; filename*=UTF-8''")
    assert named.startswith(quote("dossier-Łódź-1-")), named
    assert answered.headers["cache-control"] == "private, no-store"
    with zipfile.ZipFile(io.BytesIO(answered.content)) as packed:
        assert json.loads(packed.read("manifest.json"))["customer"] == "Łódź/1"
    with transaction(door.book.engine) as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.what == "recovery_file_taken")).one()
    assert event.who == "api:usual collector"


def test_a_case_without_a_message_has_a_file_and_another_companys_has_none(door: Door) -> None:
    made = door.ask("GET", "/v1/companies/acme/cases/F-1/file?format=pdf", role="collector")
    assert (made.status_code, made.headers["content-type"]) == (200, "application/pdf")
    assert made.content.startswith(b"%PDF-")
    for path in ("/v1/companies/other/cases/F-1/file", "/v1/companies/acme/cases/X/file"):
        assert door.ask("GET", path, role="collector").status_code == 404, path
