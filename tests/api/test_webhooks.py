"""The doors for providers: who is let in, what is kept, and what everybody else is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi.testclient import TestClient
from httpx2 import Response
from prometheus_client import generate_latest
from sqlalchemy import Engine
from sqlmodel import col, select

from activities.metrics import POST_REGISTRY
from activities.outbox import Courier
from activities.settings import Settings
from activities.store.engine import transaction
from admin.api.app import create_app
from admin.api.context import Api
from admin.api.limits import MAX_BODY
from models.tables import UnknownEvent, WebhookReceipt
from tests.api.conftest import Noted, StillClock
from tests.fixtures.ledger import NOW, make_book
from tests.fixtures.signing import PUBLIC, TOKEN, public_key, sendgrid_headers, twilio_post

pytestmark = pytest.mark.integration

EVENTS = "/webhooks/sendgrid"
STATUS = "/webhooks/twilio"
BODY = json.dumps([{"event": "delivered", "sg_event_id": "e-1", "sg_message_id": "m-1.recvd-2"}]).encode()
SMS = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+33612345678"}


@dataclass
class Doors:
    """The API as providers see it."""

    engine: Engine
    client: TestClient
    clock: StillClock
    courier: Noted = field(default_factory=Noted)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> Response:
        return self.client.post(path, content=body, headers=headers)

    def events(self, body: bytes = BODY, **signing: Any) -> Response:
        return self.post(EVENTS, body, sendgrid_headers(body, signing.pop("at", self.clock.at), **signing))

    def status(self, fields: dict[str, str] = SMS, query: str = "", token: str = TOKEN) -> Response:
        body, headers = twilio_post(f"{PUBLIC}{STATUS}{query}", fields, token)
        return self.post(STATUS + query, body, headers)

    def receipts(self) -> list[WebhookReceipt]:
        with transaction(self.engine) as session:
            return list(session.exec(select(WebhookReceipt).order_by(col(WebhookReceipt.id))))

    def unknown(self) -> dict[str, str]:
        with transaction(self.engine) as session:
            return {row.provider_event_id: row.kind for row in session.exec(select(UnknownEvent))}


def doors_with(engine: Engine, **settings: Any) -> Iterator[Doors]:
    make_book(engine)
    clock, courier = StillClock(NOW), Noted()
    api = Api(engine, clock, cast(Courier, courier), Settings(**settings))
    with TestClient(create_app(api), raise_server_exceptions=False) as client:
        yield Doors(engine, client, clock, courier)


@pytest.fixture
def doors(engine: Engine) -> Iterator[Doors]:
    yield from doors_with(
        engine,
        sendgrid_webhook_public_key=public_key(),
        twilio_auth_token=TOKEN,
        public_url=f"{PUBLIC}/",
    )


@pytest.fixture
def shut(engine: Engine) -> Iterator[Doors]:
    """Nothing is set up."""
    yield from doors_with(engine)


def refused(answer: Response, status: int, kind: str) -> bool:
    """Whether the answer is that problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert "nothing was" in told["detail"]
    return (answer.status_code, told["type"], told["status"]) == (
        status,
        f"urn:relance:problem:{kind}",
        status,
    )


def counted(provider: str, kind: str, result: str) -> float:
    """What the metrics of this process say."""
    name = f'relance_webhook_posts_total{{kind="{kind}",provider="{provider}",result="{result}"}}'
    lines = generate_latest(POST_REGISTRY).decode().splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name)), 0.0)


def test_a_signed_post_is_kept_as_it_came_answered_and_worked_on(doors: Doors) -> None:
    before = counted("sendgrid", "events", "stored")
    answer = doors.events()
    assert (answer.status_code, answer.content) == (204, b"")
    (receipt,) = doors.receipts()
    assert (receipt.provider, receipt.kind, receipt.body) == ("sendgrid", "events", BODY)
    assert (receipt.state, receipt.attempts, receipt.arrived_at) == ("done", 1, NOW)
    assert doors.unknown() == {"sendgrid/e-1": "delivered"}
    assert counted("sendgrid", "events", "stored") == before + 1


def test_told_twice_is_kept_once_and_answered_alike(doors: Doors) -> None:
    assert doors.events().status_code == 204
    # As SendGrid itself does when our answer was lost: the same body, signed afresh.
    doors.clock.at += timedelta(seconds=30)
    before = counted("sendgrid", "events", "duplicate")
    assert doors.events().status_code == 204
    assert len(doors.receipts()) == 1
    assert counted("sendgrid", "events", "duplicate") == before + 1


def test_a_replay_after_its_time_is_refused(doors: Doors) -> None:
    headers = sendgrid_headers(BODY, NOW)
    assert doors.post(EVENTS, BODY, headers).status_code == 204
    doors.clock.at += timedelta(minutes=10, seconds=1)
    assert refused(doors.post(EVENTS, BODY, headers), 403, "signature-stale")
    assert len(doors.receipts()) == 1


def test_a_status_of_an_sms_is_believed_by_the_public_address(doors: Doors) -> None:
    query = "?communication=0b1f6f0e-6a55-4c39-8f0c-2f1f9f3c6a10"
    assert doors.status(query=query).status_code == 204
    (receipt,) = doors.receipts()
    assert (receipt.provider, receipt.kind, receipt.query) == ("twilio", "status", query[1:])
    assert receipt.state == "done"
    # Another message in the query, or the address behind the proxy, is not what was signed.
    body, headers = twilio_post(f"{PUBLIC}{STATUS}{query}", SMS)
    assert refused(doors.post(f"{STATUS}?communication=other", body, headers), 403, "signature-invalid")
    body, headers = twilio_post(f"http://testserver{STATUS}", SMS)
    assert refused(doors.post(STATUS, body, headers), 403, "signature-invalid")
    assert len(doors.receipts()) == 1


def other_key() -> dict[str, str]:
    return sendgrid_headers(BODY, NOW, ec.generate_private_key(ec.SECP256R1()))


SIGNED = sendgrid_headers(BODY, NOW)
NO_JSON, NO_ARRAY = b"event=delivered", b'{"event": "delivered"}'
REFUSALS: list[tuple[str, bytes, dict[str, str], int, str, str]] = [
    (EVENTS, BODY, {}, 401, "signature-missing", "unsigned"),
    (EVENTS, BODY, other_key(), 403, "signature-invalid", "tampered"),
    (EVENTS, BODY.replace(b"delivered", b"bounce"), SIGNED, 403, "signature-invalid", "tampered"),
    (EVENTS, BODY + b" ", SIGNED, 403, "signature-invalid", "tampered"),
    (EVENTS, BODY, sendgrid_headers(BODY, NOW - timedelta(hours=1)), 403, "signature-stale", "stale"),
    (EVENTS, BODY, sendgrid_headers(BODY, NOW + timedelta(hours=1)), 403, "signature-stale", "stale"),
    (EVENTS, NO_JSON, sendgrid_headers(NO_JSON, NOW), 400, "bad-request", "malformed"),
    (EVENTS, NO_ARRAY, sendgrid_headers(NO_ARRAY, NOW), 400, "bad-request", "malformed"),
    (EVENTS, b"[" * 90_000, sendgrid_headers(b"[" * 90_000, NOW), 400, "bad-request", "malformed"),
    (EVENTS, b" " * (MAX_BODY + 1), {}, 413, "too-large", "oversized"),
    (STATUS, b"MessageSid=SM1&MessageStatus=sent", {}, 401, "signature-missing", "unsigned"),
    (STATUS, *twilio_post(PUBLIC + STATUS, SMS, "another token"), 403, "signature-invalid", "tampered"),
    (
        STATUS,
        b"MessageSid=SM1&MessageStatus=failed",
        twilio_post(PUBLIC + STATUS, SMS)[1],
        403,
        "signature-invalid",
        "tampered",
    ),
    (STATUS, *twilio_post(PUBLIC + STATUS, {"MessageSid": "SM1"}), 400, "bad-request", "malformed"),
    (STATUS, b"x" * (MAX_BODY + 1), {}, 413, "too-large", "oversized"),
]


@pytest.mark.parametrize(("path", "body", "headers", "status", "kind", "result"), REFUSALS)
def test_whoever_is_not_the_provider_leaves_nothing_but_a_count(
    doors: Doors, path: str, body: bytes, headers: dict[str, str], status: int, kind: str, result: str
) -> None:
    who = ("sendgrid", "events") if path == EVENTS else ("twilio", "status")
    before = counted(*who, result)
    assert refused(doors.post(path, body, headers), status, kind)
    assert doors.receipts() == []
    assert counted(*who, result) == before + 1


@pytest.mark.parametrize("path", [EVENTS, STATUS])
def test_what_cannot_be_checked_is_not_believed(shut: Doors, path: str) -> None:
    answer = shut.events() if path == EVENTS else shut.status()
    assert refused(answer, 503, "webhook-not-set-up")
    assert shut.receipts() == []


def test_no_key_of_ours_opens_a_provider_s_door(doors: Doors) -> None:
    answer = doors.post(EVENTS, BODY, {"Authorization": "Bearer relance_whatever"})
    assert refused(answer, 401, "signature-missing")
