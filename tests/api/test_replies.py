"""Replies over HTTP: who may bring them, what people see of them, and what they say of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.outbox import Courier
from activities.settings import Settings
from activities.store.engine import transaction
from admin.api.app import create_app
from admin.api.context import Api
from admin.api.limits import MAX_MAIL
from models.tables import AuditEvent, CaseEvent, Company, Reply, WebhookReceipt
from tests.api.conftest import Door, Noted, StillClock
from tests.fixtures.ledger import NOW, make_book
from tests.fixtures.mails import CONTENT_TYPE, basic, mail, parsed_post, raw_post
from tests.fixtures.signing import PUBLIC, TOKEN, twilio_post

MAIL = "/webhooks/sendgrid/inbound"
TEXTS = "/webhooks/twilio/inbound"
SECRET, FORMER = "the-secret-in-force-now", "the-secret-of-last-month"
SMS = {"MessageSid": "SM1", "From": "+33612345678", "To": "+33700000001", "Body": "Payé", "NumMedia": "0"}

integration = pytest.mark.integration


class Gate:
    """The API as a provider sees it."""

    def __init__(self, engine: Engine, **settings: Any) -> None:
        self.book = make_book(engine)
        self.engine = engine
        api = Api(engine, StillClock(NOW), cast(Courier, Noted()), Settings(**settings))
        self.client = TestClient(create_app(api), raise_server_exceptions=False)

    def mail(self, body: bytes | None = None, path: str = MAIL, authorization: str | None = None) -> Response:
        given = {"Content-Type": CONTENT_TYPE}
        if authorization is not None:
            given["Authorization"] = authorization
        return self.client.post(path, content=raw_post(mail()) if body is None else body, headers=given)

    def receipts(self) -> list[WebhookReceipt]:
        with transaction(self.engine) as session:
            return list(session.exec(select(WebhookReceipt).order_by(col(WebhookReceipt.id))))

    def replies(self) -> list[Reply]:
        with transaction(self.engine) as session:
            return list(session.exec(select(Reply).order_by(col(Reply.received_at), col(Reply.id))))


@pytest.fixture
def gate(engine: Engine) -> Iterator[Gate]:
    made = Gate(
        engine,
        inbound_secrets=f"{SECRET}, {FORMER}",
        inbound_domain="reponses.acme.example",
        twilio_auth_token=TOKEN,
        public_url=PUBLIC,
    )
    with made.client:
        yield made


# Bringing mail


@integration
@pytest.mark.parametrize(
    ("path", "authorization"),
    [
        (MAIL, basic(SECRET)),
        (MAIL, basic(FORMER, user="")),
        (f"{MAIL}/{SECRET}", None),
        (f"{MAIL}/{FORMER}", None),
    ],
)
def test_whoever_brings_the_secret_is_let_in(gate: Gate, path: str, authorization: str | None) -> None:
    assert gate.mail(path=path, authorization=authorization).status_code == 204
    (receipt,) = gate.receipts()
    assert (receipt.kind, receipt.state, receipt.headers) == (
        "inbound_mail",
        "done",
        {"content-type": CONTENT_TYPE},
    )
    assert gate.replies()[0].text == "Bonjour, c'est payé."


@integration
@pytest.mark.parametrize(
    ("path", "authorization"),
    [
        (MAIL, None),
        (MAIL, basic("wrong")),
        (MAIL, basic("")),
        (MAIL, "Basic not-base64!"),
        (MAIL, f"Bearer {SECRET}"),
        (f"{MAIL}/wrong", None),
        (f"{MAIL}/{SECRET}x", None),
        (f"{MAIL}/{SECRET[:-1]}", None),
    ],
)
def test_whoever_does_not_is_refused_and_nothing_is_kept(
    gate: Gate, path: str, authorization: str | None
) -> None:
    answer = gate.mail(path=path, authorization=authorization)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Basic")
    assert answer.json()["type"] == "urn:relance:problem:unauthorised"
    assert gate.receipts() == []


@integration
def test_without_a_secret_nothing_is_believed_and_sendgrid_tries_again(engine: Engine) -> None:
    with (gate := Gate(engine)).client:
        answer = gate.mail(authorization=basic(""))
    # It gives a mail up at once for any 4xx.
    assert answer.status_code == 503
    assert "RELANCE_INBOUND_SECRET" in answer.json()["detail"]
    assert gate.receipts() == []


@integration
def test_what_is_too_long_is_cut_and_not_lost(gate: Gate) -> None:
    huge = {"scan.pdf": ("application/pdf", b"x" * (MAX_MAIL + 1000))}
    body = parsed_post(headers="From: compta@client.example\n", text="Voir le scan", files=huge)
    assert gate.mail(body, authorization=basic(SECRET)).status_code == 204
    assert len(gate.receipts()[0].body) == MAX_MAIL
    (reply,) = gate.replies()
    assert (reply.text, reply.state) == ("Voir le scan", "matched")
    assert reply.fault == "it is over 10 MB, and what comes after that is missing"


@integration
def test_a_stranger_gets_no_room_for_a_long_body(gate: Gate) -> None:
    assert gate.mail(b"x" * 2_000_000).status_code == 413
    assert gate.mail(b"x" * 2_000_000, path=f"{MAIL}/wrong").status_code == 413
    assert gate.receipts() == []


@integration
def test_a_body_of_another_kind_is_refused(gate: Gate) -> None:
    answer = gate.client.post(MAIL, json={}, headers={"Authorization": basic(SECRET)})
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "the body is no multipart/form-data; nothing was kept",
    )


@integration
def test_text_messages_are_signed(gate: Gate) -> None:
    body, headers = twilio_post(f"{PUBLIC}{TEXTS}", SMS, TOKEN)
    answer = gate.client.post(TEXTS, content=body, headers=headers)
    assert (answer.status_code, answer.text) == (200, "<Response/>")
    assert answer.headers["content-type"].startswith("text/xml")
    assert [reply.text for reply in gate.replies()] == ["Payé"]
    assert gate.client.post(TEXTS, content=body, headers=headers).status_code == 200
    assert len(gate.receipts()) == 1
    for token, status in (("another token", 403), (TOKEN, 400)):
        fields = SMS if status == 403 else {"MessageSid": "SM2"}
        body, headers = twilio_post(f"{PUBLIC}{TEXTS}", fields, token)
        assert gate.client.post(TEXTS, content=body, headers=headers).status_code == status
    assert gate.client.post(TEXTS, content=body).status_code == 401


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("inbound_secrets", "short"),
        ("inbound_secrets", "with spaces and so on, yes"),
        ("inbound_secrets", f"{SECRET},short"),
        ("inbound_domain", "no domain"),
        ("inbound_domain", "user@host.example"),
        ("inbound_domain", "localhost"),
    ],
)
def test_settings_that_would_not_do(name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({name: value})
    assert value not in str(refused.value.errors(include_input=False))


def test_settings_as_they_are_typed() -> None:
    typed = {"inbound_secrets": f" {SECRET} ,{FORMER},", "inbound_domain": "Reponses.ACME.example."}
    settings = Settings.model_validate(typed)
    assert [secret.get_secret_value() for secret in settings.inbound_secrets] == [SECRET, FORMER]
    assert settings.inbound_domain == "reponses.acme.example"
    assert SECRET not in repr(settings)


# Looking at them, and saying whose they are


def bring(
    door: Door,
    text: str,
    *,
    sender: str = "inconnu@ailleurs.example",
    to: str = "credit@acme.example",
    **more: Any,
) -> str:
    """A mail; its id."""
    raw = mail(text, sender=sender, to=to, message_id=f"<{abs(hash(text))}@x>", **more)
    headers = {"Content-Type": CONTENT_TYPE, "Authorization": basic("a-secret-of-the-tests-1")}
    assert door.client.post(MAIL, content=raw_post(raw, to=to), headers=headers).status_code == 204
    with transaction(door.book.engine) as session:
        return str(session.exec(select(Reply.id).where(Reply.whole == text)).one())


@integration
def test_people_read_what_came(door: Door) -> None:
    known = bring(door, "Le virement est parti.", sender="compta@client.example", files={"avis.pdf": b"%PDF"})
    strange = bring(door, "Qui êtes-vous ?")
    page = door.ask("GET", "/v1/companies/acme/replies", role="viewer").json()
    assert {row["id"] for row in page["items"]} == {known, strange}
    unmatched = door.ask("GET", "/v1/companies/acme/replies?state=unmatched", role="viewer").json()
    assert [(row["id"], row["excerpt"]) for row in unmatched["items"]] == [(strange, "Qui êtes-vous ?")]
    mine = door.ask("GET", "/v1/companies/acme/replies?customer=C-1&kind=answer&limit=1").json()
    assert [row["customer"] for row in mine["items"]] == ["C-1"]

    whole = door.ask("GET", f"/v1/companies/acme/replies/{known}", role="viewer").json()
    assert (whole["matched_by"], whole["pause_until"], whole["text"]) == (
        "sender",
        "2026-03-17",
        "Le virement est parti.",
    )
    file = door.ask("GET", whole["files"][0]["content"], role="viewer")
    assert (file.content, file.headers["content-type"]) == (b"%PDF", "application/pdf")
    assert "sandbox" in file.headers["content-security-policy"]
    assert file.headers["x-content-type-options"] == "nosniff"

    timeline = door.ask("GET", "/v1/companies/acme/customers/C-1/timeline", role="viewer").json()
    assert timeline["items"][0]["text"] == "The customer answered by e-mail; paused until 2026-03-17"
    task = door.ask("GET", f"/v1/companies/acme/tasks/{whole['task_id']}", role="viewer").json()
    assert "Le virement est parti." in task["body"]
    assert {rule["word"] for rule in task["outcome_rules"]} >= {"answered", "promise", "dispute"}


@integration
def test_a_page_a_stranger_sent_is_saved_and_never_shown(door: Door) -> None:
    reply = bring(door, "Voir", files={"facture.html": b"<script>alert(1)</script>"})
    with transaction(door.book.engine) as session:
        row = session.get_one(Reply, UUID(reply))
        row.files = [{**row.files[0], "media_type": "text/html"}]
    answer = door.ask("GET", f"/v1/companies/acme/replies/{reply}/files/0")
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert door.ask("GET", f"/v1/companies/acme/replies/{reply}/files/1").status_code == 404


@integration
def test_somebody_says_whose_it_is(door: Door) -> None:
    reply = bring(door, "C'est payé.")
    path = f"/v1/companies/acme/replies/{reply}/assignment"
    missing = door.ask("POST", path, {"customer": "C-404"}, role="collector")
    assert (missing.status_code, missing.json()["detail"]) == (404, "no customer 'C-404' in company 'acme'")
    headers = {"Idempotency-Key": "once"}
    now = door.ask("POST", path, {"customer": "C-1"}, role="collector", headers=headers).json()
    assert (now["customer"], now["state"]) == ("C-1", "matched")
    assert now["task_id"]
    again = door.ask("POST", path, {"customer": "C-1"}, role="collector", headers=headers)
    assert again.json() == now
    assert door.ask("POST", path, {"customer": "C-1"}, role="collector").status_code == 409
    done = door.ask(
        "POST",
        f"/v1/companies/acme/tasks/{now['task_id']}/completion",
        {"outcome": "answered"},
        role="collector",
    )
    assert done.json()["task"]["status"] == "done"
    with transaction(door.book.engine) as session:
        assert session.get_one(Reply, UUID(reply)).pause_ended_at == NOW
        whats = session.exec(select(AuditEvent.what)).all()
    assert list(whats).count("assign_reply") == 1


@integration
def test_somebody_says_that_it_is_nobodys(door: Door) -> None:
    reply = bring(door, "Nos offres du printemps")
    path = f"/v1/companies/acme/replies/{reply}/dismissal"
    assert door.ask("POST", path, {"reason": ""}, role="collector").status_code == 422
    assert door.ask("POST", path, {"reason": "advertising"}, role="collector").json()["state"] == "dismissed"
    with transaction(door.book.engine) as session:
        line = session.exec(select(CaseEvent).where(CaseEvent.what == "reply_dismissed")).one()
    assert (line.why, line.company_id) == ("advertising", door.book.company_id)


@integration
def test_a_reply_of_no_company_is_seen_by_those_who_see_all(door: Door) -> None:
    with transaction(door.book.engine) as session:
        session.add(Company(id=UUID(int=9), ref="other", name="Other", country="FR"))
    reply = bring(door, "Bonjour", to="info@nulle-part.example")
    everywhere = door.key("manager", None, name="all")
    assert door.ask("GET", "/v1/companies/acme/replies").json()["items"] == []
    assert door.ask("GET", "/v1/replies").status_code == 403
    listed = door.ask("GET", "/v1/replies", key=everywhere).json()
    assert [row["id"] for row in listed["items"]] == [reply]
    assert (
        door.ask("POST", f"/v1/companies/acme/replies/{reply}/assignment", {"customer": "C-1"}).status_code
        == 404
    )
    moved = door.ask("POST", f"/v1/replies/{reply}/company", {"company": "acme"}, key=everywhere)
    assert moved.json()["company"] == "acme"
    assert door.ask("GET", "/v1/replies", key=everywhere).json()["items"] == []
    assert (
        door.ask("POST", f"/v1/replies/{reply}/company", {"company": "other"}, key=everywhere).status_code
        == 409
    )
    assigned = door.ask("POST", f"/v1/companies/acme/replies/{reply}/assignment", {"customer": "C-1"})
    assert assigned.json()["customer"] == "C-1"
