"""The pages of a task and of a message as it was sent."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import uuid4

import pytest

from activities.channels.sendgrid_email import Attachment
from activities.envelope import Envelope, keep
from activities.store.engine import transaction
from activities.store.tasks import open_task
from models.tables import (
    CallAttempt,
    Communication,
    CommunicationEvent,
)
from models.tables.words import TaskKind
from tests.api.books import place
from tests.api.conftest import Door
from tests.api.pages import CUSTOMER, HTML, asked, got, reminded, sent
from tests.fixtures.ledger import NOW, TODAY

pytestmark = pytest.mark.integration


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


def test_a_message_and_its_content_as_sent(door: Door) -> None:
    files = (
        Attachment("Relevé été.pdf", "application/pdf", b"%PDF-1.7 bytes"),
        Attachment("x.html", "text/html", b"<script>alert(1)</script>"),
    )
    message = sent(door, reminded(door), files=files)
    with transaction(door.book.engine) as session:
        session.add(
            CommunicationEvent(
                id=uuid4(), communication_id=message, at=NOW, received_at=NOW, kind="delivered"
            )
        )
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
