"""The worker's log as JSON: what it tells of real work, and that it names nobody, whatever fails."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import Client

from activities.logs import VERSION
from models.ids import CaseSignal, case_id
from tests.fixtures.local_stack import Process, ask_temporal, spoken_secrets, until
from tests.fixtures.postgres import Server
from tests.integration.cli.debtors import COMPANY, Debtor, personal_data
from tests.integration.cli.place import API_KEY, TOKEN, Installation

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PAID, REFUSED, SMS = Debtor(1), Debtor(2), Debtor(3, late=35, step="reminder_2", asked=15)
IBAN = "FR1420041010050500013M02606"


@contextmanager
def talkative_provider() -> Iterator[str]:
    """A SendGrid that takes every message but those to `REFUSED`, and quotes the recipient in its refusal."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = self.rfile.read(int(self.headers["Content-Length"])).decode()
            refused = REFUSED.email in asked
            quoted = f"{REFUSED.name} <{REFUSED.email}> {REFUSED.phone} {IBAN} is no address"
            body = json.dumps({"errors": [{"message": quoted, "field": "to"}]}).encode() if refused else b""
            self.send_response(400 if refused else 202)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def records(process: Process) -> list[dict[str, Any]]:
    """What it wrote: one JSON object a line, and nothing else."""
    return [json.loads(line) for line in process.text.splitlines()]


def said(process: Process, message: str) -> list[dict[str, Any]]:
    return [record for record in records(process) if record["message"].startswith(message)]


def tell_a_name(place: Installation) -> None:
    """Somebody types a person's name into a signal that cannot be recorded."""

    async def signal(client: Client) -> None:
        handle = client.get_workflow_handle(case_id(COMPANY, PAID.invoice))
        await handle.signal(CaseSignal.PAYMENT_RECEIVED, {"amount": f"{PAID.name}, {IBAN}"})

    ask_temporal(place.address, signal)


def let_in(server: Server, database: object, allowed: bool) -> None:
    """The ledger takes connections, or takes none and ends those that its workers have."""
    server.administer.execute(text(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS {allowed}'))
    if not allowed:
        workers = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = :name AND application_name = 'relance worker'"
        )
        server.administer.execute(text(workers), {"name": database})


def test_whatever_fails_the_log_names_nobody(place: Installation, postgres_server: Server) -> None:
    database = place.ledger.value("SELECT current_database()")
    place.load(PAID, REFUSED, SMS)
    # PostgreSQL quotes the row that it refuses, with the debtor's address in it.
    place.ledger.change("ALTER TABLE communication ADD CONSTRAINT mishap CHECK (status <> 'planned')")
    with (
        talkative_provider() as url,
        place.worker(SENDGRID_HOST=url, RELANCE_LOG="json", RELANCE_LOG_LEVEL="debug") as process,
    ):
        process.until("prepare_contact failed: IntegrityError (23514)", times=3)
        place.ledger.change("ALTER TABLE communication DROP CONSTRAINT mishap")
        until(lambda: place.ledger.messages() == {"sent": 2, "failed": 1}, "all handed over")
        place.settled()
        tell_a_name(place)
        process.until("fact rejected")
        let_in(postgres_server, database, False)
        process.until("sweep failed", times=2)
        let_in(postgres_server, database, True)
        place.here("tell", COMPANY, PAID.invoice, "payment_received", '{"amount": "1200", "currency": "EUR"}')
        until(lambda: place.ledger.messages() == {"sent": 3, "failed": 1}, "the thank-you")
        assert process.stop() == 0

    written = process.text
    assert not personal_data(written)
    assert not spoken_secrets(written, place.ledger.url, API_KEY, TOKEN)
    for part in (IBAN, "Hélène", "Faure", "quartz.example"):
        assert part not in written

    for record in records(process):
        assert record.keys() >= {"time", "level", "logger", "message", "version"}
    (ready,) = said(process, "worker ready")
    assert ready["queue"] == "relance"
    assert ready["database"].endswith(f"/{database}")
    assert ready["temporal"] == place.address
    assert ready["version"] == VERSION
    assert said(process, "stopped")
    concluded = {
        (told["step"], told["channel"], told["status"]) for told in said(process, "contact concluded")
    }
    assert concluded == {
        ("reminder_1", "email", "sent"),
        ("reminder_1", "email", "failed"),
        ("reminder_3", "sms", "sent"),
    }
    for told in said(process, "contact concluded"):
        assert told["activity"] == "send_communication"
        assert told["workflow_id"] == f"outreach/{told['customer']}"
        assert told["attempt"] >= 1
        assert told["run_id"]
        assert told["ms"] >= 0
    (rejected,) = said(process, "fact rejected")
    assert rejected["signal"] == "payment_received"
    assert rejected["workflow_id"] == case_id(COMPANY, PAID.invoice)
    assert {told["invoice"] for told in said(process, "reviewed")} == {
        d.invoice for d in (PAID, REFUSED, SMS)
    }
    assert {told["level"] for told in said(process, "message failed")} == {"warning"}


def test_a_terminal_is_told_in_text_and_info_has_no_reviews(place: Installation) -> None:
    place.load(PAID)
    with place.worker(RELANCE_LOG="text") as process:
        process.until("contact concluded: sent")
        assert process.stop() == 0
    lines = process.text.splitlines()
    assert any(
        " INFO relance.worker: worker ready: 20 slots, sending live queue=relance " in ln for ln in lines
    )
    assert not any("reviewed" in line for line in lines)
    assert not personal_data(process.text)
