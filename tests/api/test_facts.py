"""Facts told over HTTP: what the case then does, and what is refused with its field and rule."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import Door
from tests.fixtures.ledger import NOW

pytestmark = pytest.mark.integration

F1 = "/v1/companies/acme/invoices/F-1"
C1 = "/v1/companies/acme/customers/C-1"


def told(door: Door, path: str, body: object, status: int = 201) -> dict[str, Any]:
    """The answer to a change, as a manager makes it."""
    answer = door.ask("POST", path, body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(door: Door, path: str, body: object, status: int = 422) -> tuple[str, ...]:
    """The fields a refusal names; it is a problem document, and nothing changed."""
    before = door.book.seq()
    answer = door.ask("POST", path, body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
    assert door.book.seq() == before
    return tuple(error["field"] for error in problem["errors"])


def test_a_returned_payment_reopens_the_case(door: Door) -> None:
    paid = told(door, f"{F1}/payments", {"amount": "100", "currency": "EUR", "event_id": "bank/1"})
    assert paid["case"]["state"] == "closed"
    back = told(door, f"{F1}/payments/bank%2F1/reversal", {"reversed_on": "2026-03-10"})
    assert (back["case"]["state"], back["case"]["outstanding"]) == ("due", "100.00")
    refused(door, f"{F1}/payments/bank%2F1/reversal", {}, 409)
    refused(door, f"{F1}/payments/bank%2F9/reversal", {}, 404)
    told(door, f"{F1}/payments", {"amount": "10", "currency": "EUR", "event_id": "bank/2"})
    assert refused(door, f"{F1}/payments/bank%2F2/reversal", {"reversed_on": "2026-03-01"}) == (
        "body.reversed_on",
    )


def test_an_overpayment_is_credit_and_a_task(door: Door) -> None:
    told(door, f"{F1}/payments", {"amount": "130.00", "currency": "EUR"})
    (task,) = door.book.tasks("overpayment")
    assert task.title == "30.00 EUR too much on invoice F-1"


def test_a_credit_note_reduces_what_is_owed(door: Door) -> None:
    done = told(door, f"{F1}/credit-notes", {"amount": "30.00", "currency": "EUR", "number": "AV-1"})
    assert done["case"]["outstanding"] == "70.00"
    refused(door, f"{F1}/credit-notes", {"amount": "5.00", "currency": "EUR", "number": "AV-1"}, 409)
    assert refused(door, f"{F1}/credit-notes", {"amount": "0", "currency": "EUR"}) == ("body.amount",)


def test_a_dispute_leaves_the_chase_until_it_is_resolved(door: Door) -> None:
    dispute = {"amount": "40.00", "cause": "price", "event_id": "crm-1"}
    done = told(door, f"{F1}/disputes", dispute)
    assert (done["case"]["disputed"], done["case"]["outstanding"]) == ("40.00", "100.00")
    assert [task.due_on is not None for task in door.book.tasks("dispute")] == [True]
    over = told(door, f"{F1}/disputes/crm-1/resolution", {"credited": "15.00"})
    assert (over["case"]["disputed"], over["case"]["outstanding"]) == ("0.00", "85.00")
    refused(door, f"{F1}/disputes/crm-1/resolution", {}, 409)
    refused(door, "/v1/companies/acme/invoices/F-2/disputes/crm-1/resolution", {}, 404)
    assert refused(door, f"{F1}/disputes", {"cause": "weather"}) == ("body.cause",)
    assert refused(door, f"{F1}/disputes", {"amount": "1", "currency": "USD"}) == ("body.currency",)
    told(door, f"{F1}/disputes", {"amount": "10", "event_id": "crm-2"})
    assert refused(door, f"{F1}/disputes/crm-2/resolution", {"credited": "11"}) == ("body.credited",)


def test_a_claim_pauses_until_the_bank_is_known(door: Door) -> None:
    done = told(door, f"{F1}/claims", {"paid_on": "2026-03-09"})
    assert done["case"]["paused_by"] == "claimed_paid"
    assert refused(door, f"{F1}/claims", {"paid_on": "2026-03-20"}) == ("body.paid_on",)


def test_a_plan_pauses_and_is_cancelled_by_its_event(door: Door) -> None:
    plan = {
        "event_id": "plan-1",
        "instalments": [
            {"due_on": "2026-03-20", "amount": "50"},
            {"due_on": "2026-04-20", "amount": "50"},
        ],
    }
    assert told(door, f"{F1}/plans", plan)["case"]["paused_by"] == "plan"
    assert told(door, f"{F1}/plans/plan-1/cancellation", {})["case"]["paused_by"] is None
    refused(door, f"{F1}/plans/plan-1/cancellation", {"note": "once more"}, 409)
    refused(door, f"{F1}/plans/plan-7/cancellation", {}, 404)


@pytest.mark.parametrize(
    ("instalments", "field"),
    [
        ([], "body.instalments"),
        ([("2026-03-20", "99.00")], "body.instalments"),
        ([("2026-03-01", "100.00")], "body.instalments.0.due_on"),
        ([("2026-03-20", "50"), ("2026-03-20", "50")], "body.instalments.1.due_on"),
        ([("2026-03-20", "50"), ("2026-03-21", "-50")], "body.instalments.1.amount"),
        ([("2026-03-20", "50.001"), ("2026-03-21", "49.999")], "body.instalments.0.amount"),
        ([("2046-03-20", "100")], "body.instalments.0.due_on"),
    ],
)
def test_a_plan_that_cannot_be(door: Door, instalments: list[tuple[str, str]], field: str) -> None:
    plan = {"instalments": [{"due_on": day, "amount": amount} for day, amount in instalments]}
    assert refused(door, f"{F1}/plans", plan) == (field,)


def test_a_promise_is_of_all_that_is_owed(door: Door) -> None:
    promise = {"promised_on": "2026-03-17", "event_id": "call-1"}
    assert told(door, f"{F1}/promises", promise)["case"]["paused_by"] == "promise"
    told(door, f"{F1}/payments", {"amount": "60", "currency": "EUR"})
    assert told(door, f"{F1}/promises", promise)["duplicate"] is True
    assert refused(door, f"{F1}/promises", {"promised_on": "2026-03-18", "amount": "5"}) == ("body.amount",)
    told(door, f"{F1}/payments", {"amount": "40", "currency": "EUR"})
    refused(door, f"{F1}/promises", {"promised_on": "2026-03-18"}, 409)


def test_pause_and_resumption(door: Door) -> None:
    paused = told(door, f"{F1}/pauses", {"reason": "audit", "until": "2026-04-01"})
    assert (paused["case"]["state"], paused["case"]["paused_by"]) == ("paused", "pause")
    assert told(door, f"{F1}/resumption", {})["case"]["paused_by"] is None
    refused(door, f"{F1}/resumption", {"note": "again"}, 409)
    assert refused(door, f"{F1}/pauses", {"reason": "x", "until": "2026-03-10"}) == ("body.until",)
    assert refused(door, f"{F1}/pauses", {}) == ("body.reason",)


def test_correction_replacement_policy_and_closing(door: Door) -> None:
    moved = told(door, f"{F1}/changes", {"due_on": "2026-04-30", "total": "90.00"})
    assert (moved["case"]["outstanding"], moved["case"]["next_on"]) == ("90.00", "2026-04-27")
    assert refused(door, f"{F1}/changes", {}) == ("body",)
    assert refused(door, f"{F1}/changes", {"due_on": "2020-01-01"}) == ("body.due_on",)
    assert refused(door, f"{F1}/changes", {"replaced_by": "F-7"}) == ("body.replaced_by",)
    strict = told(door, f"{F1}/policy", {"policy": "strict"})
    assert strict["case"]["next_on"] == "2026-04-23"
    assert refused(door, f"{F1}/policy", {"policy": "gentle"}) == ("body.policy",)
    assert refused(door, f"{F1}/policy", {"policy": "strict", "version": 9}) == ("body.policy",)
    replaced = told(door, f"{F1}/changes", {"replaced_by": "F-2"})
    assert (replaced["case"]["state"], replaced["case"]["why"]) == ("closed", "replaced by F-2")
    closed = told(door, "/v1/companies/acme/invoices/F-2/closing", {"reason": "written off"})
    assert closed["case"]["state"] == "closed"
    refused(door, "/v1/companies/acme/invoices/F-2/closing", {"reason": "again"}, 409)


def test_an_event_told_otherwise_is_a_conflict(door: Door) -> None:
    told(door, f"{F1}/payments", {"amount": "10", "currency": "EUR", "event_id": "bank-1"})
    refused(door, f"{F1}/payments", {"amount": "11", "currency": "EUR", "event_id": "bank-1"}, 409)
    refused(door, f"{F1}/claims", {"event_id": "bank-1"}, 409)


def test_the_idempotency_key_stands_in_for_the_event_id(door: Door) -> None:
    """Two payments of the same words are two, under two keys; without, they are taken for one."""
    ten = {"amount": "10", "currency": "EUR"}
    for key in ("k-1", "k-2"):
        door.ask("POST", f"{F1}/payments", ten, headers={"Idempotency-Key": key})
    door.clock.at = NOW + timedelta(days=8)
    last = door.ask("POST", f"{F1}/payments", ten, headers={"Idempotency-Key": "k-1"})
    # The answer is forgotten after seven days, the fact never.
    assert last.json()["duplicate"] is True
    assert last.json()["case"]["outstanding"] == "80.00"


def test_delivery_holds_name_unpaid_invoices(door: Door) -> None:
    hold = told(door, f"{C1}/delivery-holds", {"invoices": ["F-1", "F-2"], "event_id": "hold-1"})
    assert hold["customer"]["delivery_holds"] == ["hold-1"]
    released = told(door, f"{C1}/delivery-holds/hold-1/release", {})
    assert released["customer"]["delivery_holds"] == []
    refused(door, f"{C1}/delivery-holds/hold-1/release", {"note": "again"}, 409)
    refused(door, f"{C1}/delivery-holds/hold-9/release", {}, 404)
    assert refused(door, f"{C1}/delivery-holds", {"invoices": ["F-9"]}) == ("body.invoices",)
    assert refused(door, f"{C1}/delivery-holds", {"invoices": ["F-1", "F-9"]}) == ("body.invoices",)
    told(door, f"{F1}/payments", {"amount": "100", "currency": "EUR"})
    assert refused(door, f"{C1}/delivery-holds", {"invoices": ["F-1"]}) == ("body.invoices",)


def test_a_hold_ends_by_itself_when_its_invoices_are_paid(door: Door) -> None:
    told(door, f"{C1}/delivery-holds", {"invoices": ["F-1"], "pauses_ladder": True})
    told(door, f"{F1}/payments", {"amount": "100", "currency": "EUR"})
    stop = told(door, f"{C1}/contact-stops", {"reason": "do_not_contact"})
    assert stop["delivery_holds"] == []


def test_insolvency_and_contact_stops(door: Door) -> None:
    stopped = told(door, f"{C1}/contact-stops", {"reason": "represented_by_lawyer"})
    assert stopped["lawyer_since"] == "2026-03-10"
    refused(door, f"{C1}/contact-stops", {"reason": "represented_by_lawyer"}, 409)
    assert refused(door, f"{C1}/contact-stops", {"reason": "insolvency"}) == ("body.reason",)
    lifted = told(door, f"{C1}/contact-stops/represented_by_lawyer/lifting", None, 200)
    assert lifted["lawyer_since"] is None
    refused(door, f"{C1}/contact-stops/represented_by_lawyer/lifting", None, 409)
    opened = told(door, f"{C1}/insolvency", {"opened_on": "2026-03-09", "event_id": "bodacc-1"})
    assert opened["customer"]["insolvency_on"] == "2026-03-09"
    assert told(door, f"{C1}/insolvency", {"opened_on": "2026-03-09", "event_id": "bodacc-1"})["duplicate"]
    refused(door, f"{C1}/insolvency", {"opened_on": "2026-03-08"}, 409)
    (task,) = door.book.tasks("claim_filing")
    assert str(task.due_on) == "2026-05-09"


def test_unknown_invoice_and_customer(door: Door) -> None:
    refused(door, "/v1/companies/acme/invoices/F-9/closing", {"reason": "x"}, 404)
    refused(door, "/v1/companies/acme/customers/C-9/insolvency", {}, 404)
