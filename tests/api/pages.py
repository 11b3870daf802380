"""What the pages are about: messages as sent, reminders, tasks; and asking for a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from httpx2 import Response

from activities.channels.sendgrid_email import Attachment
from activities.envelope import Envelope, keep
from activities.store.engine import transaction
from activities.store.tasks import open_task
from models.tables import (
    Communication,
    ContactMade,
)
from models.tables.words import TaskKind
from tests.api.conftest import Door
from tests.fixtures.ledger import NOW, TODAY, add_contact

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


def ok(answer: Response, status: int = 200) -> dict[str, Any]:
    """The document of an answer that succeeded."""
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def field_of(answer: Response, status: int = 422) -> str:
    """The one field a refusal names."""
    assert answer.status_code == status, answer.text
    (error,) = answer.json()["errors"]
    return str(error["field"])
