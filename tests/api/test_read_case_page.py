"""The page of one case: decided as of now, with what holds it up and what follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.ids import CaseSignal
from models.tables.words import TaskKind
from tests.api.books import place
from tests.api.conftest import Door
from tests.api.pages import CASE, asked, got, reminded, sent
from tests.fixtures.ledger import NOW, TODAY

pytestmark = pytest.mark.integration


def test_a_case_is_decided_on_the_facts_of_this_moment(door: Door) -> None:
    """The row still says `new`, to be looked at; the page knows that half is paid and a part contested."""
    book = door.book
    book.tell(CaseSignal.PAYMENT_RECEIVED, amount="40.00", currency="EUR", event_id="bank-1")
    book.tell(CaseSignal.CREDIT_NOTE_ISSUED, amount="10.00", currency="EUR", number="AV-1")
    book.tell(CaseSignal.DISPUTE_OPENED, amount="20.00", cause="price", event_id="quarrel")
    case = got(door, CASE)
    assert case["balance"] == {
        "currency": "EUR",
        "total": "100.00",
        "paid": "40.00",
        "credited": "10.00",
        "outstanding": "50.00",
        "disputed": "20.00",
        "chaseable": "30.00",
        "credit": "0.00",
    }
    assert (case["due_on"], case["days_late"], case["policy"]) == ("2026-02-28", 10, "standard@1")
    decision = case["decision"]
    assert (decision["state"], decision["stage"], decision["pauses"]) == ("due", "new", [])
    # Ten days late: its first letter is the first reminder, by e-mail, now.
    assert decision["next"] == decision["next"] | {
        "step": "reminder_1",
        "channel": "email",
        "role": "accounting",
        "tone": "courteous",
        "planned": "2026-03-05",
        "on": "2026-03-10",
        "at": "2026-03-10T09:00:00Z",
        "due": True,
        "approval": False,
    }
    assert "5 days after the due date" in decision["why"]
    (payment,) = case["payments"]
    assert (payment["event_id"], payment["amount"], payment["reversed_on"]) == ("bank-1", "40.00", None)
    assert [note["number"] for note in case["credit_notes"]] == ["AV-1"]
    (dispute,) = case["disputes"]
    assert (dispute["event_id"], dispute["amount"], dispute["cause"]) == ("quarrel", "20.00", "price")
    assert [task["kind"] for task in case["tasks"]] == ["dispute"]
    assert [entry["what"] for entry in case["timeline"]["items"]] == [
        "dispute_opened",
        "credit_note_issued",
        "payment_received",
        "opened",
    ]
    assert case["timeline"]["items"][0]["text"] == "The customer contests 20.00 EUR of it (price)"


def test_a_plan_shows_each_instalment_kept_broken_awaited_or_lapsed(door: Door) -> None:
    days = [TODAY + timedelta(days=count) for count in (5, 15, 25)]
    door.book.tell(
        CaseSignal.PAYMENT_PLAN_AGREED,
        instalments=[
            {"due_on": str(day), "amount": amount}
            for day, amount in zip(days, ("30.00", "30.00", "40.00"), strict=True)
        ],
    )

    def states() -> list[str]:
        (promise,) = got(door, CASE)["promises"]
        return [part["state"] for part in promise["instalments"]]

    case = got(door, CASE)
    assert states() == ["awaited", "awaited", "awaited"]
    assert (case["decision"]["state"], case["decision"]["paused_by"]) == ("paused", "plan")
    (pause,) = case["decision"]["pauses"]
    assert pause["reason"] == "plan"
    door.book.tell(CaseSignal.PAYMENT_RECEIVED, at=NOW + timedelta(days=4), amount="30.00", currency="EUR")
    door.clock.at = NOW + timedelta(days=4)
    assert states() == ["kept", "awaited", "awaited"]
    door.clock.at = NOW + timedelta(days=17)
    assert states() == ["kept", "awaited", "awaited"]
    door.clock.at = NOW + timedelta(days=19)
    assert states() == ["kept", "broken", "lapsed"]
    (promise,) = got(door, CASE)["promises"]
    assert (promise["kind"], promise["in_force"], promise["broken"]) == ("plan", False, True)


def test_a_case_tells_what_holds_it_up(door: Door) -> None:
    book = door.book
    book.tell(CaseSignal.PAUSED, reason="waits for the director", until=str(TODAY + timedelta(days=9)))
    book.tell(CaseSignal.PAYMENT_CLAIMED, paid_on=str(TODAY))
    book.tell(CaseSignal.DELIVERY_HOLD_PLACED, invoices=["F-1", "F-2"])
    case = got(door, CASE)
    assert [pause["reason"] for pause in case["decision"]["pauses"]] == ["pause", "claimed_paid"]
    (pause,) = case["pauses"]
    assert (pause["reason"], pause["until"]) == ("waits for the director", "2026-03-19")
    assert [claim["paid_on"] for claim in case["claims"]] == ["2026-03-10"]
    assert [hold["invoices"] for hold in case["holds"]] == [["F-1", "F-2"]]
    assert got(door, "/v1/companies/acme/cases/F-2")["claims"] == []


def test_contacts_and_messages_of_a_case(door: Door) -> None:
    contact = reminded(door)
    message = sent(door, contact)
    case = got(door, CASE)
    (made,) = case["contacts"]
    assert made == made | {
        "id": str(contact.id),
        "step": "reminder_1",
        "item_step": "reminder_1",
        "channel": "email",
        "tone": "courteous",
        "status": "sent",
        "on_day": "2026-03-08",
        "recipients": ["compta@client.example"],
    }
    (told,) = case["messages"]
    assert (told["id"], told["status"]) == (str(message), "sent")
    assert door.ask("GET", told["content"]).status_code == 200
    assert case["decision"]["stage"] == "reminder_1"
    assert case["decision"]["next"]["step"] == "reminder_2"


def test_a_letter_that_waits_stands_with_its_case_and_among_the_approvals(door: Door) -> None:
    contact = reminded(door, "draft", days_ago=1)
    message = sent(door, contact, "planned")
    task = asked(door, TaskKind.APPROVAL, contact_id=contact.id, step="reminder_1", due_on=TODAY)
    (waiting,) = got(door, "/v1/companies/acme/approvals")["items"]
    assert waiting == waiting | {
        "task_id": str(task),
        "customer": "C-1",
        "composed_on": "2026-03-09",
        "expires_on": "2026-03-23",
        "sums": {"EUR": "200.00"},
    }
    assert [item["invoice"] for item in waiting["invoices"]] == ["F-1", "F-2"]
    assert [each["id"] for each in waiting["messages"]] == [str(message)]
    assert got(door, CASE)["approvals"] == [waiting]
    assert got(door, CASE)["contacts"] == []
    assert [each["id"] for each in got(door, CASE)["tasks"]] == [str(task)]


def test_the_link_into_the_temporal_ui_has_the_id_as_one_segment(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = place(door)
    there.invoice("FA/1 é", TODAY)
    path = "/v1/companies/acme/cases/FA%2F1%20%C3%A9"
    assert got(door, path)["temporal_url"] is None
    api = door.client.app.state.api  # type: ignore[attr-defined]
    monkeypatch.setattr(api.settings, "temporal_ui", "http://localhost:8233/")
    case = got(door, path)
    assert case["workflow_id"] == "invoice/acme/FA%2F1%20%C3%A9"
    assert case["temporal_url"] == (
        "http://localhost:8233/namespaces/default/workflows/invoice%2Facme%2FFA%252F1%2520%25C3%25A9"
    )
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "relance.prod")
    assert "/namespaces/relance.prod/" in got(door, path)["temporal_url"]


def test_a_preview_tells_the_rest_of_the_ladder(door: Door) -> None:
    """Ten days late, never written to: it begins with the first reminder and climbs from there."""
    foreseen = got(door, f"{CASE}/preview")
    assert [(step["step"], step["on"]) for step in foreseen["steps"]] == [
        ("reminder_1", "2026-03-10"),
        ("reminder_2", "2026-03-16"),
        ("reminder_3", "2026-03-30"),
        ("phone_call", "2026-04-09"),
        ("formal_notice", "2026-04-29"),
        ("handover", "2026-05-15"),
    ]
    # A letter that waits for its approval is foreseen as if it came at once.
    contact = reminded(door, "draft", days_ago=0)
    assert contact.status == "draft"
    assert got(door, f"{CASE}/preview")["steps"] == foreseen["steps"]
    door.book.tell(CaseSignal.PAUSED)
    paused = got(door, f"{CASE}/preview")
    assert (paused["state"], paused["steps"]) == ("paused", [])
    door.book.tell(CaseSignal.CLOSED, reason="written off")
    assert got(door, f"{CASE}/preview") == {
        "invoice": "F-1",
        "policy": "standard@1",
        "state": "closed",
        "why": "written off",
        "steps": [],
    }
