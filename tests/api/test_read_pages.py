"""Pages about one thing: a case, a customer, a task, a message. What they say is decided as of now."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from activities.channels.sendgrid_email import Attachment
from activities.envelope import Envelope, keep
from activities.store.engine import transaction
from activities.store.tasks import open_task
from models.ids import CaseSignal
from models.tables import (
    CallAttempt,
    Communication,
    CommunicationEvent,
    ContactMade,
    PaymentRow,
)
from models.tables.words import TaskKind
from tests.api.books import place
from tests.api.conftest import Door
from tests.fixtures.ledger import NOW, TODAY, add_contact

pytestmark = pytest.mark.integration

CASE = "/v1/companies/acme/cases/F-1"
CUSTOMER = "/v1/companies/acme/customers/C-1"
HTML = "<p>Bonjour</p><script>alert(1)</script>"


def got(door: Door, path: str, **how: Any) -> Any:
    answer = door.ask("GET", path, **how)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


def sent(
    door: Door, contact: ContactMade | None, status: str = "sent", files: tuple[Attachment, ...] = ()
) -> UUID:
    """A message with its stored content."""
    with transaction(door.book.engine) as session:
        envelope = Envelope(
            channel="email",
            to_address="compta@client.example",
            to_name="Comptabilité",
            from_address="claire@acme.example",
            reply_to_address="claire@acme.example",
            cc=("achats@client.example",),
            subject="Facture F-1",
            text="Bonjour, 100,00 €",
            html=HTML,
        )
        message = Communication(
            id=uuid4(),
            contact_id=contact.id if contact else None,
            customer_id=door.book.customer_id,
            company_id=door.book.company_id,
            kind="courteous_reminder",
            audience="debtor",
            channel="email",
            to_address=envelope.to_address,
            cc=list(envelope.cc),
            language="fr",
            subject=envelope.subject,
            content_hash=keep(session, envelope, files),
            status=status,
            ledger_seq=0,
            balance_quoted={"EUR": "100.00"},
            policy_key="standard",
            policy_version=1,
            provider="sendgrid",
            provider_id="sg-1",
            planned_at=NOW,
            sent_at=NOW if status == "sent" else None,
        )
        session.add(message)
        return message.id


def reminded(door: Door, status: str = "sent", days_ago: int = 2) -> ContactMade:
    """A first reminder over both invoices."""
    with transaction(door.book.engine) as session:
        return add_contact(
            session,
            door.book,
            status,
            {"F-1": "reminder_1", "F-2": "reminder_1"},
            concluded_on=TODAY - timedelta(days=days_ago) if status == "sent" else None,
            composed_at=NOW - timedelta(days=days_ago),
        )


def asked(door: Door, kind: TaskKind, **about: Any) -> UUID:
    """An open task."""
    with transaction(door.book.engine) as session:
        task, _ = open_task(
            session,
            key=f"{kind}/{uuid4()}",
            kind=kind,
            company_id=door.book.company_id,
            customer_id=door.book.customer_id,
            title=f"A {kind}",
            body="Ask for a date and a cause.",
            now=NOW,
            today=TODAY,
            **about,
        )
        return task.id


# ------------------------------------------------------------------------------------------------ case


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


# -------------------------------------------------------------------------------------------- customer


def test_a_customer_whole(door: Door) -> None:
    book = door.book
    there = place(door, customer="C-9", country="US", zone="Pacific/Honolulu")
    there.invoice("U-1", TODAY - timedelta(days=1), "10.00", "USD")
    us = got(door, "/v1/companies/acme/customers/C-9")
    # Due on the 9th, and there it is still the 9th: due, not overdue.
    (owed,) = us["balance"]
    assert (us["today"], owed["due"], owed["overdue"], owed["ageing"]["not_due"]) == (
        "2026-03-09",
        "10.00",
        "0.00",
        "10.00",
    )
    book.tell(CaseSignal.PAYMENT_RECEIVED, "F-2", amount="130.00", currency="EUR")
    book.tell(CaseSignal.DISPUTE_OPENED, amount="25.00")
    with transaction(book.engine) as session:
        paid = session.exec(_payments()).one()
        session.add(
            PaymentRow(
                id=uuid4(),
                fact_id=paid.fact_id,
                customer_id=book.customer_id,
                amount=paid.amount - 123,
                currency="CHF",
                received_on=TODAY,
                recorded_at=NOW,
                event_id="loose",
            )
        )
    door.book.tell(CaseSignal.DELIVERY_HOLD_PLACED)
    customer = got(door, CUSTOMER)
    by_currency = {each["currency"]: each for each in customer["balance"]}
    assert by_currency["EUR"] == {
        "currency": "EUR",
        "open": "100.00",
        "due": "100.00",
        "overdue": "100.00",
        "coming_due": "0.00",
        "disputed": "25.00",
        "unallocated": "30.00",
        "ageing": {
            "not_due": "0.00",
            "1_30": "100.00",
            "31_60": "0.00",
            "61_90": "0.00",
            "over_90": "0.00",
        },
    }
    assert (by_currency["CHF"]["open"], by_currency["CHF"]["unallocated"]) == ("0.00", "7.00")
    items = {item["invoice"]: item for item in customer["items"]}
    assert items["F-1"]["case"]["next"]["step"] == "reminder_1"
    # Paid, though its case has not looked yet.
    assert (items["F-2"]["outstanding"], items["F-2"]["case"]["state"]) == ("0.00", "closed")
    (person,) = customer["contacts"]
    assert (person["email"], person["phone"], person["usable"]) == (
        "compta@client.example",
        "+33612345678",
        True,
    )
    assert customer["next_contact"] == {
        "at": "2026-03-10T09:00:00Z",
        "on": "2026-03-10",
        "step": "reminder_1",
        "channel": "email",
        "role": "accounting",
        "tone": "courteous",
        "needs_approval": False,
        "invoices": ["F-1"],
        "also": [],
    }
    assert {task["kind"] for task in customer["tasks"]} == {"overpayment", "dispute"}
    assert [hold["invoices"] for hold in customer["holds"]] == [["F-1"]]


def _payments() -> Any:
    from sqlmodel import select

    return select(PaymentRow)


def test_the_next_contact_is_the_one_the_outreach_will_make(door: Door) -> None:
    contact = reminded(door)
    customer = got(door, CUSTOMER)
    assert customer["last_contact"] == {
        "id": str(contact.id),
        "step": "reminder_1",
        "channel": "email",
        "tone": "courteous",
        "on_day": "2026-03-08",
    }
    # Both are planned for the 15th, a Sunday: one contact on Monday over both.
    following = customer["next_contact"]
    assert (following["step"], following["on"], following["invoices"]) == (
        "reminder_2",
        "2026-03-16",
        ["F-1", "F-2"],
    )
    door.book.tell(CaseSignal.INSOLVENCY_OPENED, opened_on=str(TODAY))
    stopped = got(door, CUSTOMER)
    assert (stopped["insolvency_on"], stopped["next_contact"]) == ("2026-03-10", None)


def test_customers_stand_by_their_oldest_unpaid_due_date(door: Door) -> None:
    late = place(door, customer="L", name="Tard et Cie", collector="claire@acme.example")
    late.invoice("L-1", TODAY - timedelta(days=50), "20.00")
    late.invoice("L-2", TODAY + timedelta(days=5), "30.00")
    late.invoice("L-3", TODAY - timedelta(days=3), "7.00", "USD")
    place(door, customer="N-1", name="Rien Un")
    place(door, customer="N-2", name="Rien Deux")
    path = "/v1/companies/acme/customers"
    rows = got(door, path)["items"]
    assert [row["ref"] for row in rows[:2]] == ["L", "C-1"]
    assert {row["ref"] for row in rows[2:]} == {"N-1", "N-2"}
    assert (rows[0]["oldest_due_on"], rows[0]["days_late"]) == ("2026-01-19", 50)
    assert rows[0]["owed"] == [
        {"currency": "EUR", "cases": 2, "outstanding": "50.00", "overdue": "20.00", "disputed": "0.00"},
        {"currency": "USD", "cases": 1, "outstanding": "7.00", "overdue": "7.00", "disputed": "0.00"},
    ]
    assert (rows[3]["oldest_due_on"], rows[3]["owed"]) == (None, [])
    for sort in ("overdue", "ref"):
        whole = [row["ref"] for row in got(door, f"{path}?sort={sort}")["items"]]
        paged, after = [], ""
        while True:
            page = got(door, f"{path}?sort={sort}&limit=1{after}")
            paged += [row["ref"] for row in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert paged == whole
    assert [row["ref"] for row in got(door, f"{path}?q=rien")["items"]] != []
    assert [row["ref"] for row in got(door, f"{path}?q=tard")["items"]] == ["L"]
    assert [row["ref"] for row in got(door, f"{path}?collector=CLAIRE@acme.example")["items"]] == ["L"]


# ------------------------------------------------------------------------------------------ timelines


def test_a_case_hears_of_its_own_messages_and_of_its_customer(door: Door) -> None:
    from activities.store.events import add_event

    contact = reminded(door)
    mine = sent(door, contact)
    foreign = sent(door, None)
    with transaction(door.book.engine) as session:
        for what, detail in (
            ("message_sent", {"communication": str(mine), "kind": "courteous_reminder", "channel": "email"}),
            ("message_sent", {"communication": str(foreign), "kind": "thank_you", "channel": "email"}),
            ("stopped_do_not_contact", {"since": "2026-03-10"}),
        ):
            add_event(
                session,
                company_id=door.book.company_id,
                customer_id=door.book.customer_id,
                at=NOW,
                who="relance",
                what=what,
                detail=detail,
            )
    entries = got(door, f"{CASE}/timeline")["items"]
    assert [entry["text"] for entry in entries] == [
        "All contact stopped: the customer must not be contacted",
        "Courteous reminder by email left",
        "Case opened under policy standard@1",
    ]
    whole = got(door, f"{CUSTOMER}/timeline")["items"]
    assert [entry["invoice"] for entry in whole] == [None, None, None, "F-2", "F-1"]
    first = got(door, f"{CUSTOMER}/timeline?limit=2")
    rest = got(door, f"{CUSTOMER}/timeline?limit=200&after={first['next']}")
    assert first["items"] + rest["items"] == whole
    assert rest["next"] is None


# ---------------------------------------------------------------------------------------------- tasks


def test_a_task_whole(door: Door) -> None:
    contact = reminded(door)
    message = sent(door, contact)
    task = asked(door, TaskKind.PHONE_CALL, contact_id=contact.id, due_on=TODAY - timedelta(days=1))
    with transaction(door.book.engine) as session:
        session.add(CallAttempt(id=uuid4(), task_id=task, at=NOW, outcome="voicemail", by="claire"))
    page = got(door, f"/v1/companies/acme/tasks/{task}")
    assert page == page | {"kind": "phone_call", "overdue": True, "body": "Ask for a date and a cause."}
    assert page["outcomes"][0] == "promise"
    assert page["outcome_rules"][0]["requires"] == ["promised_on"]
    assert [item["invoice"] for item in page["invoices"]] == ["F-1", "F-2"]
    (told,) = page["messages"]
    assert (told["id"], told["text"]) == (str(message), "Bonjour, 100,00 €")
    assert [attempt["outcome"] for attempt in page["attempts"]] == ["voicemail"]
    alone = asked(door, TaskKind.UNCERTAIN_MESSAGE, communication_id=sent(door, None, "uncertain"))
    assert len(got(door, f"/v1/companies/acme/tasks/{alone}")["messages"]) == 1
    one = asked(door, TaskKind.DISPUTE, invoice_id=door.book.invoices["F-2"])
    assert [item["invoice"] for item in got(door, f"/v1/companies/acme/tasks/{one}")["invoices"]] == ["F-2"]


def test_tasks_filtered_sorted_and_paged(door: Door) -> None:
    contact = reminded(door)
    call = asked(
        door, TaskKind.PHONE_CALL, contact_id=contact.id, due_on=TODAY, assignee_email="claire@acme.example"
    )
    dispute = asked(
        door, TaskKind.DISPUTE, invoice_id=door.book.invoices["F-2"], due_on=TODAY - timedelta(days=2)
    )
    someday = asked(door, TaskKind.OVERPAYMENT, invoice_id=door.book.invoices["F-1"])
    all_three = [str(dispute), str(call), str(someday)]

    def found(query: str) -> list[str]:
        return [row["id"] for row in got(door, f"/v1/tasks?{query}")["items"]]

    assert found("") == all_three
    assert found("sort=-due_on") == [str(call), str(dispute), str(someday)]
    assert sorted(found("sort=-opened_at")) == sorted(all_three)
    assert found("kind=dispute") == [str(dispute)]
    assert found("assignee=claire@ACME.example") == [str(call)]
    assert found("invoice=F-2") == [str(dispute), str(call)]
    assert found("customer=C-1&company=acme") == all_three
    assert found("customer=C-2") == []
    assert found("due_before=2026-03-10") == [str(dispute)]
    assert found("overdue=true") == [str(dispute)]
    assert found("overdue=false") == [str(call), str(someday)]
    assert found("status=done") == []
    assert found("status=all") == all_three
    paged, after = [], ""
    while True:
        page = got(door, f"/v1/tasks?limit=1{after}")
        paged += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert paged == all_three
    answer = door.ask(
        "POST", "/v1/companies/acme/invoices/F-1/payments", {"amount": "1.00", "currency": "EUR"}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("country", "zone", "due_on", "overdue"),
    [
        ("FR", None, "2026-03-09", True),
        ("FR", None, "2026-03-10", False),
        ("US", "Pacific/Honolulu", "2026-03-09", False),
        ("US", "Pacific/Honolulu", "2026-03-08", True),
        ("NZ", None, "2026-03-10", False),
        ("KI", "Pacific/Kiritimati", "2026-03-09", True),
    ],
)
def test_a_task_is_overdue_where_its_customer_is(
    door: Door, country: str, zone: str | None, due_on: str, overdue: bool
) -> None:
    there = place(door, customer="X", country=country, zone=zone)
    with transaction(door.book.engine) as session:
        open_task(
            session,
            key="x",
            kind=TaskKind.DECISION,
            company_id=there.company_id,
            customer_id=there.customer_id,
            title="x",
            now=NOW,
            today=TODAY,
            due_on=date.fromisoformat(due_on),
        )
    (row,) = got(door, "/v1/tasks")["items"]
    assert row["overdue"] is overdue
    assert len(got(door, "/v1/tasks?overdue=true")["items"]) == overdue
    assert len(got(door, "/v1/tasks?overdue=false")["items"]) == (not overdue)


# ------------------------------------------------------------------------------------------- messages


def test_a_message_and_its_content_as_sent(door: Door) -> None:
    files = (
        Attachment("Relevé été.pdf", "application/pdf", b"%PDF-1.7 bytes"),
        Attachment("x.html", "text/html", b"<script>alert(1)</script>"),
    )
    message = sent(door, reminded(door), files=files)
    with transaction(door.book.engine) as session:
        session.add(CommunicationEvent(id=uuid4(), communication_id=message, at=NOW, kind="delivered"))
    path = f"/v1/companies/acme/communications/{message}"
    page = got(door, path)
    assert page == page | {
        "customer": "C-1",
        "step": "reminder_1",
        "to_address": "compta@client.example",
        "to_name": "Comptabilité",
        "cc": ["achats@client.example"],
        "reply_to_address": "claire@acme.example",
        "balance_quoted": {"EUR": "100.00"},
        "policy": "standard@1",
        "provider_id": "sg-1",
        "status": "sent",
        "content": f"{path}/content",
    }
    assert [event["kind"] for event in page["events"]] == ["delivered"]
    assert [item["invoice"] for item in page["invoices"]] == ["F-1", "F-2"]
    html = door.ask("GET", page["content"])
    assert html.text == HTML
    assert html.headers["content-type"] == "text/html; charset=utf-8"
    policy = html.headers["content-security-policy"]
    # Nothing runs: no `allow-scripts`, no source for scripts.
    assert policy.startswith("sandbox; default-src 'none'")
    assert "allow-" not in policy
    assert "script-src" not in policy
    assert html.headers["x-content-type-options"] == "nosniff"
    assert html.headers["content-disposition"].startswith("inline")
    text = door.ask("GET", f"{page['content']}?part=text")
    assert (text.text, text.headers["content-type"]) == ("Bonjour, 100,00 €", "text/plain; charset=utf-8")
    assert door.ask("GET", f"{page['content']}?part=pdf").status_code == 422
    pdf, other = (door.ask("GET", file["content"]) for file in page["attachments"])
    assert (pdf.content, pdf.headers["content-type"]) == (b"%PDF-1.7 bytes", "application/pdf")
    assert pdf.headers["content-disposition"] == "inline; filename*=UTF-8''Relev%C3%A9%20%C3%A9t%C3%A9.pdf"
    # What a browser might run is handed over to be saved, in the same sandbox.
    assert other.headers["content-disposition"].startswith("attachment;")
    assert other.headers["content-security-policy"] == policy
    assert door.ask("GET", f"{path}/attachments/2").status_code == 404
    (listed,) = got(door, f"{CUSTOMER}/communications")["items"]
    assert listed["id"] == str(message)


def test_a_message_without_html_shows_its_text(door: Door) -> None:
    with transaction(door.book.engine) as session:
        digest = keep(session, Envelope(channel="sms", to_address="+33612345678", text="Rappel"))
        message = Communication(
            id=uuid4(),
            customer_id=door.book.customer_id,
            company_id=door.book.company_id,
            kind="sms_reminder",
            audience="debtor",
            channel="sms",
            to_address="+33612345678",
            language="fr",
            content_hash=digest,
            status="sent",
            ledger_seq=0,
            planned_at=NOW,
        )
        session.add(message)
    path = f"/v1/companies/acme/communications/{message.id}/content"
    assert door.ask("GET", path).text == "Rappel"
    assert door.ask("GET", f"{path}?part=html").status_code == 404
