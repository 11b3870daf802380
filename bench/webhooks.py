"""A flood of SendGrid's events: signed, posted to the API, kept and worked on, against bare inserts.

Measured in a process of its own, from the first post to the last event in the ledger: the application with
its middleware, the signature, the receipt, and the inbox that finds each event's message and keeps it. Every
tenth post comes twice, and the events of a message come in no order.

The baseline inserts the same events, known and clean already, into the same table by plain psycopg: a
transaction for as many as a post holds.
"""

from __future__ import annotations

import base64
import json
import os
import random
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID, uuid4

import psycopg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi.testclient import TestClient
from sqlalchemy import make_url
from sqlmodel import func, select

from activities.clock import Clock
from activities.envelope import Envelope, keep
from activities.inbound.places import SENDGRID_EVENTS
from activities.outbox import Courier
from activities.settings import Settings
from activities.store.engine import make_engine, transaction
from admin.api.app import create_app
from admin.api.context import Api
from bench.contact import NoCourier
from bench.figures import Figure
from bench.harness import (
    MONDAY,
    found_company,
    new_ledger,
    peak_rss_mib,
    postgres,
    run_process,
    scratch,
    stopwatch,
)
from models.tables import Communication, CommunicationEvent, Company, Customer, WebhookReceipt
from models.tables.words import ReceiptState

EVENTS: Final = 10_000
A_POST: Final = 100
MESSAGES: Final = 1_000
AIM: Final = 1 / 3
WORDS: Final = ("processed", "deferred", "delivered")

_ADDRESS: Final = "RELANCE_DATABASE_URL"
_INSERT: Final = """
    INSERT INTO communication_event (id, communication_id, at, kind, provider_event_id, detail, received_at)
    VALUES (gen_random_uuid(), %s, %s, %s, %s, '{}', %s)
"""


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure with each number of events."""
    figures = []
    with scratch() as folder, postgres(folder) as server:
        for size in sizes or (EVENTS,):
            told = flood(new_ledger(server), size)
            bare_s = _bare(new_ledger(server), size)
            rate, bare_rate = size / told["seconds"], size / bare_s
            figures.append(
                Figure(
                    what=f"{size:,} events in posts of {A_POST}",
                    figure=rate,
                    baseline=bare_rate,
                    unit="events/s",
                    against="bare inserts",
                    aim="a third",
                    met=rate / bare_rate >= AIM,
                    peak_rss_mib=told["peak_rss_mib"],
                    notes=(("CPU of its process, s", told["cpu_seconds"]),),
                )
            )
    return figures


def flood(url: str, events: int) -> dict[str, float]:
    """Post that many events to an API of their own process; seconds, CPU seconds and peak MiB of it."""
    told: dict[str, float] = json.loads(
        run_process(["-m", "bench.webhooks", str(events)], {**os.environ, _ADDRESS: url})
    )
    return told


def posts(messages: Sequence[UUID], events: int, now: datetime) -> Iterator[bytes]:
    """Bodies as SendGrid writes them, every tenth of them twice."""
    chance = random.Random(events)
    for first in range(0, events, A_POST):
        batch = [_event(messages, place, now) for place in range(first, min(first + A_POST, events))]
        chance.shuffle(batch)
        body = json.dumps(batch).encode()
        yield body
        if first // A_POST % 10 == 0:
            yield body


def _event(messages: Sequence[UUID], place: int, now: datetime) -> dict[str, Any]:
    message = messages[place % len(messages)]
    return {
        "email": f"compta{place % len(messages)}@client.example",
        "timestamp": int(now.timestamp()) - 60 + place % 60,
        "event": WORDS[place // len(messages) % len(WORDS)],
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "sg_event_id": f"event-{place}",
        "sg_message_id": f"message{place % len(messages)}.recvd-5f4-1-{place}",
        "response": "250 2.0.0 OK",
        "communication": str(message),
    }


def _messages(url: str, number: int) -> list[UUID]:
    """So many e-mails that have left."""
    engine = make_engine(url, 2)
    found_company(engine, MONDAY)
    with transaction(engine) as session:
        company = session.exec(select(Company)).one()
        customer = Customer(id=uuid4(), company_id=company.id, ref="C-1", name="Client", country="FR")
        session.add(customer)
        session.flush()
        digest = keep(session, Envelope(channel="email", to_address="compta@client.example", text="Bonjour"))
        rows = [
            Communication(
                id=uuid4(),
                customer_id=customer.id,
                company_id=company.id,
                kind="courteous_reminder",
                audience="debtor",
                channel="email",
                to_address=f"compta{place}@client.example",
                language="fr",
                content_hash=digest,
                status="sent",
                ledger_seq=0,
                provider="sendgrid",
                provider_id=f"message{place}",
                planned_at=MONDAY,
                sent_at=MONDAY,
            )
            for place in range(number)
        ]
        session.add_all(rows)
        session.flush()
        found = [row.id for row in rows]
    engine.dispose()
    return found


def _bare(url: str, events: int) -> float:
    """Seconds that bare inserts of the same events take."""
    messages = _messages(url, MESSAGES)
    rows = [
        (messages[place % MESSAGES], MONDAY, WORDS[place // MESSAGES % 3], f"sendgrid/event-{place}", MONDAY)
        for place in range(events)
    ]
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection, stopwatch() as lap:
        for first in range(0, events, A_POST):
            connection.cursor().executemany(_INSERT, rows[first : first + A_POST])
            connection.commit()
    return lap.wall_s


def main(events: int) -> None:
    """The process that is measured: an API on the ledger the environment names; tells JSON."""
    url = os.environ[_ADDRESS]
    messages = _messages(url, MESSAGES)
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    settings = Settings(sendgrid_webhook_public_key=base64.b64encode(der).decode())
    engine, clock = make_engine(url, 4, "relance bench webhooks"), Clock()
    app = create_app(Api(engine, clock, cast(Courier, NoCourier()), settings))
    with TestClient(app) as client, stopwatch() as lap:
        for body in posts(messages, events, clock.wall()):
            timestamp = str(int(clock.wall().timestamp()))
            signature = private.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
            answer = client.post(
                SENDGRID_EVENTS,
                content=body,
                headers={
                    "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
                    "X-Twilio-Email-Event-Webhook-Timestamp": timestamp,
                },
            )
            assert answer.status_code == 204, answer.text
    with transaction(engine) as session:
        kept = session.exec(select(func.count()).select_from(CommunicationEvent)).one()
        waiting = session.exec(
            select(func.count()).select_from(WebhookReceipt).where(WebhookReceipt.state != ReceiptState.DONE)
        ).one()
    engine.dispose()
    assert (kept, waiting) == (events, 0), (kept, waiting)
    told = {"seconds": lap.wall_s, "cpu_seconds": lap.cpu_s, "peak_rss_mib": peak_rss_mib()}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]))
