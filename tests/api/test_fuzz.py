"""The API under requests made from its own document: no failure of ours, no answer that it does not have.

`FUZZ=200` makes a long run of it: every bound the document sets, every odd value everywhere, and so many
examples of each operation and kind.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from fastapi import FastAPI, Response
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlmodel import select

from activities.inbound.signatures import twilio_signature
from activities.store.engine import transaction
from models.tables import WebhookReceipt
from tests.api.conftest import Door
from tests.api.fuzzing import Fuzz, boundaries, drawn, operations_of
from tests.api.matrix import OPERATIONS, Furnished, Reach, furnish
from tests.api.odd import ODD_FILES, ODD_TEXTS, ODD_VALUES, places, put, turns
from tests.fixtures.signing import PUBLIC, TOKEN, sendgrid_headers

pytestmark = [pytest.mark.integration, pytest.mark.slow]

LONG: Final = int(os.environ.get("FUZZ", "0"))
EXAMPLES: Final = LONG or 1
BOUNDARIES: Final = None if LONG else 6
ODD: Final = None if LONG else 2
SECRET: Final = "a-secret-of-the-tests-1"


@pytest.fixture
def found(door: Door) -> Furnished:
    """What there is to ask about."""
    return furnish(door.book)


@pytest.fixture
def fuzz(door: Door, found: Furnished) -> Fuzz:
    """A manager of one company, of all where it takes that; providers sign."""
    here, everywhere = door.key("manager", ["acme"], name="here"), door.key("manager", None, name="all")

    def signing(name: str, url: str, body: bytes) -> Mapping[str, str]:
        if name == "receive_sendgrid_events":
            return sendgrid_headers(body, door.clock.at)
        if name in ("receive_twilio_status", "receive_twilio_text"):
            parts = urlsplit(url)
            signed = PUBLIC + parts.path + (f"?{parts.query}" if parts.query else "")
            fields = parse_qsl(body.decode("utf-8", "surrogateescape"), keep_blank_values=True)
            return {"X-Twilio-Signature": twilio_signature(TOKEN, signed, fields)}
        if name == "receive_sendgrid_mail":
            return {"Authorization": f"Basic {base64.b64encode(f'x:{SECRET}'.encode()).decode()}"}
        key = everywhere if OPERATIONS[name].reach is Reach.EVERYWHERE else here
        return {"Authorization": f"Bearer {key}"}

    return Fuzz(door.client, signing)


def document_of(door: Door) -> dict[str, Any]:
    app = door.client.app
    assert isinstance(app, FastAPI)
    return app.openapi()


def test_whatever_is_asked_the_answer_is_one_that_the_document_has(
    door: Door, found: Furnished, fuzz: Fuzz
) -> None:
    for name, operation in operations_of(document_of(door)).items():
        names = {**found.names, **found.own.get(name, {}), "secret": SECRET}
        for case in boundaries(operation, names, BOUNDARIES):
            fuzz.case(name, case)
        for case in drawn(operation, names, EXAMPLES):
            fuzz.case(name, case)
    assert not fuzz.faults, fuzz.report()
    assert fuzz.sent > 5 * len(OPERATIONS)
    with transaction(door.book.engine) as session:
        posts = session.exec(select(WebhookReceipt)).all()
    assert {post.kind for post in posts} == {"events", "status", "inbound_mail", "inbound_sms"}
    assert not [post.last_error for post in posts if post.state == "new"], (
        "what came was worked on, or refused"
    )


def test_an_odd_value_in_any_one_place_is_taken_or_refused(door: Door, found: Furnished, fuzz: Fuzz) -> None:
    document = document_of(door)
    texts, values = turns(ODD_TEXTS, ODD), turns(ODD_VALUES, ODD)
    for name, operation in operations_of(document).items():
        line, raw = OPERATIONS[name], operation.definition.raw
        good = found.path(name, operation.path)
        body = line.body if isinstance(line.body, bytes) else put(line.body, (), line.body)
        if line.body is None:
            body = b""
        for parameter in raw.get("parameters", []):
            for odd in texts():
                text = quote(odd.encode("utf-8", "surrogatepass"), safe="")
                if parameter["in"] == "query":
                    fuzz.send(name, operation, f"{good}?{parameter['name']}={text}", body)
                elif parameter["in"] == "path" and text:
                    there = found.path(name, operation.path, **{parameter["name"]: text})
                    fuzz.send(name, operation, there, body)
        if line.reach is Reach.SIGNED or "requestBody" not in raw:
            continue
        if isinstance(line.body, bytes):
            for file in (*ODD_FILES, line.body.replace(b"2026", b"0000"), line.body.replace(b"0", b"9" * 99)):
                fuzz.send(name, operation, good, file)
            continue
        reference = raw["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        model = document["components"]["schemas"][reference.rpartition("/")[2]]
        for at in places(line.body, list(model["properties"])):
            for odd in values():
                fuzz.send(name, operation, good, put(line.body, at, odd))
        for wrong in (b"", b"{", b"\xff", b"[" * 5000, b'{"a": ' + b"9" * 5000 + b"}"):
            fuzz.send(name, operation, good, wrong)
    assert not fuzz.faults, fuzz.report()


def test_each_kind_of_wrong_answer_is_found() -> None:
    class Told(BaseModel):
        number: int

    app = FastAPI()

    @app.get("/right", response_model=Told, operation_id="right")
    def right() -> Told:
        return Told(number=1)

    @app.get("/failing", response_model=Told, operation_id="failing")
    def failing() -> Told:
        raise KeyError

    @app.get("/undeclared", response_model=Told, operation_id="undeclared")
    def undeclared() -> Response:
        return Response('{"number": 1}', 202, media_type="application/json")

    @app.get("/off", response_model=Told, operation_id="off")
    def off() -> Response:
        return Response('{"number": "one"}', media_type="application/json")

    @app.get("/otherwise", response_model=Told, operation_id="otherwise")
    def otherwise() -> Response:
        return Response("1", media_type="text/plain")

    with TestClient(app, raise_server_exceptions=False) as client:
        fuzz = Fuzz(client, lambda name, url, body: {})
        for name, operation in operations_of(app.openapi()).items():
            fuzz.send(name, operation, f"/{name}")
    assert set(fuzz.faults) >= {
        ("failing", "ServerError 500"),
        ("undeclared", "UndefinedStatusCode 202"),
        ("off", "JsonSchemaError 200"),
        ("otherwise", "UndefinedContentType 200"),
    }
    assert not [name for name, _ in fuzz.faults if name == "right"]
