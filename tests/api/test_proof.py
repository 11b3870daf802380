"""The proof of a message: whole, checkable, and readable by somebody who has never heard of us."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from activities.channels.sendgrid_email import Attachment
from activities.envelope import Envelope, keep
from activities.store.engine import transaction
from activities.store.events import add_event
from models.tables import Communication, CommunicationEvent
from tests.api.conftest import Door
from tests.fixtures.ledger import NOW

pytestmark = pytest.mark.integration

PAGES = b"%PDF-1.7 notice"


def sent(door: Door) -> UUID:
    """An e-mail that left, was delivered, and has a file with a name no program should trust."""
    envelope = Envelope(
        channel="email",
        to_address="compta@client.example",
        to_name="Comptabilité",
        from_address="claire@acme.example",
        cc=("achats@client.example",),
        subject="Relance : facture F-1",
        text="Bonjour,\nla facture F-1 …",
        html="<p>Bonjour</p>",
    )
    message = uuid4()
    with transaction(door.book.engine) as session:
        files = [Attachment("../../relevé é.pdf", "application/pdf", PAGES)]
        session.add(
            Communication(
                id=message,
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
                status="sent",
                ledger_seq=0,
                balance_quoted={"EUR": "1234.56"},
                policy_key="standard",
                policy_version=1,
                provider="sendgrid",
                provider_id="abc",
                planned_at=NOW,
                sending_at=NOW,
                sent_at=NOW,
                attempts=1,
            )
        )
        session.flush()
        for second, kind in ((1, "processed"), (3, "delivered")):
            session.add(
                CommunicationEvent(
                    id=uuid4(),
                    communication_id=message,
                    at=NOW + timedelta(seconds=second),
                    received_at=NOW + timedelta(minutes=1),
                    kind=kind,
                    provider_event_id=f"sendgrid/{kind}",
                    detail={"response": "250 OK"} if kind == "delivered" else {},
                )
            )
        add_event(
            session,
            company_id=door.book.company_id,
            customer_id=door.book.customer_id,
            at=NOW,
            who="relance",
            what="message_sent",
            detail={"communication": str(message)},
        )
    return message


def path(message: UUID) -> str:
    return f"/v1/companies/acme/communications/{message}/proof"


def test_the_proof_says_all_that_is_known(door: Door) -> None:
    message = sent(door)
    told = door.ask("GET", path(message), role="viewer").json()
    expected = {
        "to_address": "compta@client.example",
        "cc": ["achats@client.example"],
        "status": "sent",
        "delivery": "delivered",
        "provider_id": "abc",
        "policy": "standard@1",
        "balance_quoted": {"EUR": "1234.56"},
        "content_hash_now": told["content_hash"],
    }
    assert {name: told[name] for name in expected} == expected
    assert [event["kind"] for event in told["events"]] == ["processed", "delivered"]
    assert [line["what"] for line in told["journal"]] == ["message_sent"]
    page = door.ask("GET", path(message).removesuffix("/proof"), role="viewer").json()
    assert page["delivery"] == "delivered"


def test_the_archive_can_be_checked_without_us(door: Door) -> None:
    message = sent(door)
    answer = door.ask("GET", f"{path(message)}?format=zip", role="viewer")
    assert answer.headers["content-type"] == "application/zip"
    assert f"proof-{message}.zip" in answer.headers["content-disposition"]
    packed = zipfile.ZipFile(io.BytesIO(answer.content))
    assert packed.testzip() is None
    manifest = json.loads(packed.read("manifest.json"))
    listed = {file["name"]: file for file in manifest["files"]}
    assert {*listed, "manifest.json"} == set(packed.namelist())
    for name, file in listed.items():
        body = packed.read(name)
        assert (len(body), hashlib.sha256(body).hexdigest()) == (file["size"], file["sha256"]), name
    facts = json.loads(packed.read("proof.json"))
    assert hashlib.sha256(packed.read("message.json")).hexdigest() == facts["content_hash"]
    assert json.loads(packed.read("message.json"))["subject"] == "Relance : facture F-1"
    (attachment,) = (name for name in listed if name.startswith("attachments/"))
    assert packed.read(attachment) == PAGES
    assert ".." not in attachment
    assert attachment.count("/") == 1
    assert [event["kind"] for event in json.loads(packed.read("events.json"))] == ["processed", "delivered"]


def test_its_page_is_read_in_the_creditor_s_language(door: Door) -> None:
    message = sent(door)

    def page() -> str:
        archive = door.ask("GET", f"{path(message)}?format=zip", role="viewer").content
        return zipfile.ZipFile(io.BytesIO(archive)).read("summary.txt").decode()

    french = page()
    assert "Preuve d’un message" in french
    assert "Solde réclamé\u00a0: 1\u202f234,56\u00a0€" in french
    assert "compta@client.example (Comptabilité)" in french
    assert "delivered" in french
    with transaction(door.book.engine) as session:
        session.connection().execute(text("UPDATE company SET language = 'en'"))
    assert "Balance asked for: €1,234.56" in page()


def test_the_same_proof_has_the_same_bytes(door: Door) -> None:
    message = sent(door)
    first, second = (door.ask("GET", f"{path(message)}?format=zip").content for _ in range(2))
    assert first == second


def test_what_was_altered_proves_nothing(door: Door) -> None:
    message = sent(door)
    with transaction(door.book.engine) as session:
        session.connection().execute(text("UPDATE content SET body = body || ' '::bytea"))
    answer = door.ask("GET", path(message))
    assert answer.status_code == 404
    assert "altered" in answer.json()["detail"]
