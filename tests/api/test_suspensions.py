"""Suspending and resuming over HTTP: who may, what is refused, what is listed."""

from __future__ import annotations

import pytest

from activities.decisions import settle_case
from activities.store.engine import transaction
from tests.api.conftest import Door
from tests.api.pages import field_of, ok
from tests.fixtures.ledger import NOW

PATH = "/v1/companies/acme/suspensions"


def test_a_company_is_suspended_listed_and_goes_on(door: Door) -> None:
    body = {"scope": "company", "reason": "the ERP migration", "until": "2026-03-30"}
    assert door.ask("POST", PATH, body, role="collector").status_code == 403
    made = ok(door.ask("POST", PATH, body), 201)
    assert (made["scope"], made["by"], made["held_invoices"]) == ("company", "api:usual manager", 0)
    assert door.ask("POST", PATH, body).status_code == 409
    with transaction(door.book.engine) as session:
        for invoice_id in door.book.invoices.values():
            settle_case(session, invoice_id, NOW, "live")
    (row,) = ok(door.ask("GET", PATH, role="viewer"))["items"]
    assert (row["reason"], row["held_invoices"], row["held_customers"]) == ("the ERP migration", 2, 1)
    case = ok(door.ask("GET", "/v1/companies/acme/cases/F-1"))["decision"]
    assert (case["state"], case["paused_by"], case["suspension"]) == ("suspended", "suspension", made["id"])
    end = f"{PATH}/{made['id']}/resumption"
    assert door.ask("POST", end, {}, role="collector").status_code == 403
    done = ok(door.ask("POST", end, {"customers_per_day": 10}), 201)
    assert (done["customers"], done["last_turn"]) == (1, "2026-03-10")
    assert done["suspension"]["ended_by"] == "api:usual manager"
    assert len(door.courier.notes) == 2
    assert ok(door.ask("GET", PATH))["items"] == []
    assert [row["id"] for row in ok(door.ask("GET", f"{PATH}?ended=true"))["items"]] == [made["id"]]
    assert door.ask("POST", end, {}).status_code == 409
    assert door.ask("POST", f"{PATH}/999/resumption", {}).status_code == 404


def test_a_collector_stops_and_resumes_a_customer(door: Door) -> None:
    body = {"scope": "customer", "customer": "C-1", "reason": "the director calls"}
    made = ok(door.ask("POST", PATH, body, role="collector"), 201)
    assert made["customer"] == "C-1"
    ok(door.ask("POST", f"{PATH}/{made['id']}/resumption", {}, role="collector"), 201)
    assert door.ask("POST", PATH, body | {"customer": "C-9"}, role="collector").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"scope": "customer"}, "body.customer"),
        ({"scope": "channel"}, "body.channel"),
        ({"scope": "company", "policy": "strict"}, "body.policy"),
        ({"scope": "channel", "channel": "pigeon"}, "body.channel"),
        ({"scope": "policy", "policy": "none"}, "body.policy"),
        ({"scope": "company", "until": "2026-03-10"}, "body.until"),
        ({"scope": "world"}, "body.scope"),
        ({"scope": "company", "reason": ""}, "body.reason"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_field(door: Door, body: dict[str, str], field: str) -> None:
    assert field_of(door.ask("POST", PATH, {"reason": "why not"} | body)) == field


def test_a_company_sets_how_many_a_day(door: Door) -> None:
    changed = ok(door.ask("PATCH", "/v1/companies/acme", {"resume_per_day": 40}))
    assert changed["resume_per_day"] == 40
    assert ok(door.ask("GET", "/v1/companies/acme"))["resume_per_day"] == 40
    assert field_of(door.ask("PATCH", "/v1/companies/acme", {"resume_per_day": 0})) == "body.resume_per_day"


def test_closures_are_recorded_listed_and_taken_back(door: Door) -> None:
    path = "/v1/companies/acme/closures"
    summer = {"first_day": "2026-08-03", "last_day": "2026-08-21", "yearly": True, "reason": "summer"}
    assert door.ask("POST", path, summer, role="collector").status_code == 403
    made = ok(door.ask("POST", path, summer), 201)
    assert (made["yearly"], made["customer"], made["recorded_by"]) == (True, None, "api:usual manager")
    own = {"first_day": "2026-03-11", "last_day": "2026-03-12", "customer": "C-1"}
    theirs = ok(door.ask("POST", path, own, role="collector"), 201)
    assert [row["id"] for row in ok(door.ask("GET", path, role="viewer"))["items"]] == [
        theirs["id"],
        made["id"],
    ]
    assert field_of(door.ask("POST", path, summer | {"last_day": "2026-08-01"})) == "body.last_day"
    assert door.ask("POST", path, summer).status_code == 409
    assert door.ask("DELETE", f"{path}/{made['id']}", role="collector").status_code == 403
    assert ok(door.ask("DELETE", f"{path}/{theirs['id']}", role="collector"))["ended_at"] is not None
    assert [row["id"] for row in ok(door.ask("GET", path))["items"]] == [made["id"]]
    assert door.ask("DELETE", f"{path}/{theirs['id']}").status_code == 409
    assert door.ask("DELETE", f"{path}/999").status_code == 404
