"""Files of invoices over HTTP: as one change, once, with a report."""

from __future__ import annotations

from typing import Any

import pytest
from httpx2 import Response

from admin.api.masters.invoice_imports import MAX_IMPORT
from tests.api.conftest import Door
from tests.fixtures.ledger import everything
from tests.unit.intake.documents import ubl

pytestmark = pytest.mark.integration

PLACE = "/v1/companies/acme/invoice-imports"
LIST = (
    "Code client;Raison sociale;N° facture;Date facture;Échéance;Solde\n"
    "C-50;Hôtel de la Gare;H-1;15/01/2026;14/02/2026;1 200,00\n"
    "C-50;Hôtel de la Gare;H-2;20/01/2026;30/02/2026;600,00\n"
).encode("cp1252")


def bring(door: Door, content: bytes, query: str = "", key: str | None = None) -> Response:
    headers = {"Idempotency-Key": key} if key else None
    return door.ask("POST", PLACE + query, content=content, headers=headers)


def written(door: Door) -> dict[str, tuple[int, str | None]]:
    """What the ledger holds, but for who asked."""
    asked = ("audit_event", "api_key", "api_key_company")
    return {table: rows for table, rows in everything(door.book.engine).items() if table not in asked}


def told(answer: Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_file_is_brought_once_and_says_what_became_of_it(door: Door) -> None:
    report = told(bring(door, LIST, "?name=march.csv", key="k-1"))
    assert (report["kind"], report["items"], report["new"]) == ("csv", 2, 1)
    assert report["refused"] == {"count": 1, "lines": ["line 3: due_on: 30/02/2026 is not in the calendar"]}
    assert report["columns"]["open"] == "Solde"
    assert len(door.courier.notes) == 1
    again = bring(door, LIST, "?name=march.csv", key="k-1")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == report
    once_more = told(bring(door, LIST, "?name=march.csv"))
    assert (once_more["new"], once_more["unchanged"]) == (0, 1)
    made = door.ask("GET", "/v1/companies/acme/cases/H-1").json()
    assert (made["balance"]["outstanding"], made["due_on"]) == ("1200.00", "2026-02-14")


def test_a_name_that_cannot_be_stored_is_refused(door: Door) -> None:
    before = written(door)
    answer = bring(door, LIST, "?name=a%00b")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:relance:problem:invalid")
    assert written(door) == before


def test_a_dry_run_and_a_file_that_is_refused_leave_nothing(door: Door) -> None:
    before = written(door)
    assert told(bring(door, LIST, "?dry_run=true"))["new"] == 1
    refused = bring(door, b"<!DOCTYPE x [<!ENTITY a 'b'>]><Invoice/>")
    assert refused.status_code == 422
    assert "document type" in refused.json()["detail"]
    wrong = bring(door, LIST, "?terms=soon")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "body.terms")
    assert written(door) == before


def test_a_file_may_be_larger_than_other_bodies_but_not_endless(door: Door) -> None:
    padded = LIST + b"\n" * 2_000_000
    assert told(bring(door, padded, "?dry_run=true"))["new"] == 1
    assert bring(door, b"x" * (MAX_IMPORT + 1)).status_code == 413


def test_an_electronic_invoice_comes_through_the_same_door(door: Door) -> None:
    report = told(bring(door, ubl(), "?name=FA-1.xml&customer=C-1"))
    assert (report["kind"], report["new"]) == ("ubl", 1)
    again = told(bring(door, ubl(), "?name=FA-1.xml&customer=C-1"))
    assert (again["new"], again["unchanged"]) == (0, 1)


def test_terms_are_checked_where_they_are_set(door: Door) -> None:
    told(door.ask("PATCH", "/v1/companies/acme/customers/C-1", {"payment_terms": "45 jours fin de mois"}))
    assert (
        told(door.ask("PATCH", "/v1/companies/acme", {"payment_terms": "net 30"}))["payment_terms"]
        == "net 30"
    )
    wrong = door.ask("PATCH", "/v1/companies/acme", {"payment_terms": "un de ces jours"})
    assert wrong.status_code == 422
