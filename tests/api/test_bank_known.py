"""How far the bank is known, over HTTP: forward by a collector, back by a manager who says why."""

from __future__ import annotations

from sqlmodel import col, select

from activities.decisions import settle_case
from activities.store.bank_tasks import settle_bank_tasks
from activities.store.engine import transaction
from models.tables import AuditEvent
from tests.api.conftest import Door
from tests.api.pages import field_of, ok
from tests.fixtures.ledger import NOW

BANK = "/v1/companies/acme/bank-known"


def look(door: Door) -> None:
    """One wake of each case."""
    with transaction(door.book.engine) as session:
        for invoice_id in door.book.invoices.values():
            settle_case(session, invoice_id, NOW, "live")


def test_what_waits_is_shown_and_told(door: Door) -> None:
    assert ok(door.ask("GET", BANK))["bank_known_until"] is None
    done = ok(door.ask("POST", BANK, {"bank_known_until": "2026-03-02"}, role="collector"), 201)
    assert done == {
        "company": "acme",
        "bank_known_until": "2026-03-02",
        "before": None,
        "changed": True,
        "telling": 0,
    }
    look(door)
    shown = ok(door.ask("GET", BANK, role="viewer"))
    assert (shown["held_contacts"], shown["held_invoices"]) == (1, 2)
    assert shown["held_sums"] == [{"currency": "EUR", "amount": "200.00"}]
    case = ok(door.ask("GET", "/v1/companies/acme/cases/F-1"))
    assert (case["decision"]["state"], case["decision"]["paused_by"]) == ("awaiting_bank", "bank_data")
    listed = ok(door.ask("GET", "/v1/cases?state=awaiting_bank"))["items"]
    assert sorted(row["invoice"] for row in listed) == ["F-1", "F-2"]
    door.courier.notes.clear()
    done = ok(door.ask("POST", BANK, {"bank_known_until": "2026-03-09"}, role="collector"), 201)
    assert (done["before"], done["telling"], len(door.courier.notes)) == ("2026-03-02", 2, 2)
    again = ok(door.ask("POST", BANK, {"bank_known_until": "2026-03-09"}, role="collector"), 201)
    assert (again["changed"], again["telling"]) == (False, 0)
    shown = ok(door.ask("GET", BANK))
    assert [row["known_until"] for row in shown["statements"]] == ["2026-03-09", "2026-03-02"]
    assert shown["statements"][0]["stated_by"] == "api:usual collector"


def test_back_is_a_correction_by_a_manager_with_a_reason(door: Door) -> None:
    ok(door.ask("POST", BANK, {"bank_known_until": "2026-03-09"}), 201)
    for day in ("2026-03-02", "2026-03-11", None):
        assert field_of(door.ask("POST", BANK, {"bank_known_until": day})) == "body.bank_known_until"
    for body in ({}, {"bank_known_until": "yesterday"}, {"bank_known_until": "2026-03-02", "correction": ""}):
        assert door.ask("POST", BANK, body).status_code == 422
    right = {"bank_known_until": "2026-03-02", "correction": "it was another account's file"}
    assert door.ask("POST", BANK, right, role="collector").status_code == 403
    ok(door.ask("POST", BANK, right), 201)
    ok(door.ask("POST", BANK, {"bank_known_until": None, "correction": "no files any more"}), 201)
    shown = ok(door.ask("GET", BANK))
    assert (shown["bank_known_until"], [bool(row["retracted_at"]) for row in shown["statements"]]) == (
        None,
        [True, True],
    )
    with transaction(door.book.engine) as session:
        events = session.exec(
            select(AuditEvent).where(AuditEvent.what == "state_bank_known").order_by(col(AuditEvent.id))
        ).all()
    assert [event.detail["bank_known_until"]["to"] for event in events] == ["2026-03-09", "2026-03-02", None]
    assert events[1].detail["correction"] == "it was another account's file"


def test_the_task_about_a_company_is_listed_shown_given_away_and_not_completed(door: Door) -> None:
    ok(door.ask("POST", BANK, {"bank_known_until": "2026-03-02"}), 201)
    look(door)
    with transaction(door.book.engine) as session:
        settle_bank_tasks(session, NOW)
    for query in ("", "&kind=bank_file", "&company=acme&overdue=false", "&due_before=2026-03-11"):
        (row,) = ok(door.ask("GET", f"/v1/tasks?limit=50{query}"))["items"]
        assert (row["kind"], row["customer"], row["customer_name"]) == ("bank_file", None, None)
    task = f"/v1/companies/acme/tasks/{row['id']}"
    shown = ok(door.ask("GET", task))
    assert (shown["invoices"], shown["outcomes"]) == ([], [])
    assert "1 contact about 2 invoices (200.00 EUR)" in shown["body"]
    moved = ok(door.ask("PATCH", task, {"due_on": "2026-03-11"}))
    assert (moved["due_on"], moved["cases"]) == ("2026-03-11", [])
    refused = door.ask("POST", f"{task}/completion", {"outcome": "done"})
    assert refused.status_code == 409
    assert "state that day" in refused.json()["detail"]
