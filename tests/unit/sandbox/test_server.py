"""The sandbox starts, waits, keeps and stops."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from admin.sandbox import (
    Address,
    Channel,
    MessageStore,
    Provider,
    SandboxMessage,
    SandboxServer,
    create_app,
)

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[3]


def a_message(to: str = "compta@roux.example", *, accepted: bool = True) -> SandboxMessage:
    return SandboxMessage(
        provider=Provider.SENDGRID,
        channel=Channel.EMAIL,
        received_at=datetime.now(UTC),
        accepted=accepted,
        provider_id="abc",
        to=(Address(address=to),),
        subject="Relance",
    )


def test_messages_survive_a_restart(tmp_path: Path) -> None:
    with SandboxServer(data_dir=tmp_path / "new") as first:
        kept = first.store.add(a_message())
    with SandboxServer(data_dir=tmp_path / "new") as second:
        assert second.messages() == [kept]
        second.store.clear()
        # A number is never given twice, or a page left open would show another message.
        assert second.store.add(a_message()).id == kept.id + 1


def test_wait_for_wakes_on_arrival_and_names_what_is_missing() -> None:
    with SandboxServer() as sandbox:
        arrival = threading.Timer(0.05, lambda: sandbox.store.add(a_message()))
        arrival.start()
        assert len(sandbox.wait_for(1, 10, to="ROUX", channel="email")) == 1
        sandbox.store.add(a_message(accepted=False))
        with pytest.raises(TimeoutError, match=r"1 of 2 messages came within 0\.05 s"):
            sandbox.wait_for(2, 0.05)
        arrival.join()


def test_port_in_use_is_an_error() -> None:
    with SandboxServer() as sandbox:
        port = int(sandbox.url.rsplit(":", 1)[1])
        other = SandboxServer(port=port)
        with pytest.raises(OSError, match="in use"):
            other.start()
        other.store.close()


def test_stopped_server_listens_no_more() -> None:
    sandbox = SandboxServer().start()
    url = sandbox.url
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_application_also_runs_without_its_server() -> None:
    store = MessageStore()
    with TestClient(create_app(store)) as client:
        assert client.get("/api/counts").json()["total"] == 0
        client.post("/api/faults", json={"mode": "drop_before", "provider": "twilio"})
        with pytest.raises(RuntimeError, match="DroppableH11Protocol"):
            client.post(
                "/2010-04-01/Accounts/AC1/Messages.json",
                data={"To": "+33639980012", "From": "MERCIER", "Body": "x"},
                auth=("AC1", "t"),
            )
    store.close()


def test_store_refuses_an_instant_without_a_time_zone() -> None:
    store = MessageStore()
    naive = a_message().model_copy(update={"received_at": datetime(2026, 3, 1, 9, 30)})  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        store.add(naive)
    with pytest.raises(ValueError, match="attachments"):
        store.add(a_message(), [b"bytes of no attachment"])
    assert store.count() == 0
    store.close()


@pytest.fixture
def launch(tmp_path: Path) -> Callable[[], subprocess.Popen[str]]:
    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "admin.sandbox", "--port", "0", "--data-dir", str(tmp_path)]
        return subprocess.Popen(
            command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    return start


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_stops_cleanly_on_a_signal(
    launch: Callable[[], subprocess.Popen[str]], tmp_path: Path, number: signal.Signals
) -> None:
    with launch() as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        transport = httpx.HTTPTransport(retries=5)
        with httpx.Client(transport=transport) as client:
            sent = client.post(
                f"{url}/2010-04-01/Accounts/AC1/Messages.json",
                data={"To": "+33639980012", "From": "MERCIER", "Body": "x"},
                auth=("AC1", "t"),
            )
        assert sent.status_code == 201
        process.send_signal(number)
        rest = process.stdout.read()
        assert (process.wait(20), rest) == (0, "")
    store = MessageStore(tmp_path)
    assert store.count() == 1
    store.close()


def test_process_says_when_its_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, "-m", "admin.sandbox", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "cannot listen on" in done.stderr


def test_client_that_breaks_off_leaves_no_trace(
    sandbox: SandboxServer, caplog: pytest.LogCaptureFixture
) -> None:
    host, port = sandbox.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:
        line.sendall(b"POST /v3/mail/send HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
    assert httpx.get(f"{sandbox.url}/api/counts").json()["total"] == 0
    assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []
