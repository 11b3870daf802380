"""Lines that break at every point: "not sent" only when nothing was written, and never a second offer."""

from __future__ import annotations

import ctypes
import socket
import threading

import pytest
from temporalio.exceptions import CancelledError

from activities.channels import NotSent, Outcome, Rejected, Sent, Uncertain
from admin.sandbox import SandboxServer
from tests.integration.channels.conftest import Certificate
from tests.integration.channels.wire import (
    Behaviour,
    RawServer,
    Way,
    answers,
    closes_after_reading,
    closes_at_once,
    never_answers,
    never_even_reads,
)

pytestmark = pytest.mark.integration
SHORT = 0.3
"""Seconds, where nothing comes."""
PATIENT = 1.5
"""Where a status comes, and nothing after it: even a busy machine is to have read it by then."""


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """Both HTTP libraries trust the test's certificate, each by its own variable."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.path))
    return certificate


def test_a_closed_port_took_nothing(way: Way) -> None:
    outcome = way(f"http://127.0.0.1:{closed_port()}")
    assert isinstance(outcome, NotSent)
    assert "connection refused" in outcome.reason
    assert outcome.retry_after is None


def test_an_unknown_host_took_nothing(way: Way) -> None:
    # ".invalid" is reserved never to resolve (RFC 6761).
    outcome = way("http://provider.invalid")
    assert isinstance(outcome, NotSent)
    assert "host name not found" in outcome.reason


@pytest.mark.parametrize("behaviour", [closes_at_once, closes_after_reading])
def test_a_connection_that_closes_leaves_us_uncertain(way: Way, behaviour: Behaviour) -> None:
    with RawServer(behaviour) as server:
        outcome = way(server.url)
    assert isinstance(outcome, Uncertain)
    assert server.connections == 1


@pytest.mark.parametrize("behaviour", [never_answers, never_even_reads])
def test_a_provider_that_says_nothing_leaves_us_uncertain(way: Way, behaviour: Behaviour) -> None:
    with RawServer(behaviour) as server:
        outcome = way(server.url, timeout=SHORT)
    assert isinstance(outcome, Uncertain)
    assert "timed out" in outcome.reason
    assert server.connections == 1


@pytest.mark.parametrize(
    "raw",
    [b"HTTP/1.1 20", b"HTTP/1.1", b"\x16\x03\x01 this is not HTTP\r\n\r\n", b"SSH-2.0-OpenSSH_9.9\r\n"],
)
def test_half_a_status_line_says_nothing(way: Way, raw: bytes) -> None:
    with RawServer(answers(raw)) as server:
        outcome = way(server.url)
    assert isinstance(outcome, Uncertain)
    assert server.connections == 1


CUT = b"Content-Type: application/json\r\nContent-Length: 900\r\n\r\n"


@pytest.mark.parametrize("then_hangs", [False, True], ids=["closes", "hangs"])
@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"HTTP/1.1 202 Accepted\r\n" + CUT + b'{"sid": "SM12', Sent),
        (b"HTTP/1.1 400 Bad Request\r\n" + CUT + b'{"errors": [{"mess', Rejected),
        (b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 4\r\n" + CUT + b'{"cod', NotSent),
        (b"HTTP/1.1 503 Service Unavailable\r\n" + CUT + b"<ht", Uncertain),
        (b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{", Sent),
    ],
    ids=["202", "400", "429", "503", "202-chunked"],
)
def test_half_an_answer_is_worth_its_status(
    way: Way, raw: bytes, kind: type[Outcome], then_hangs: bool
) -> None:
    with RawServer(answers(raw, then_hangs=then_hangs)) as server:
        outcome = way(server.url, timeout=PATIENT)
    assert isinstance(outcome, kind)
    if isinstance(outcome, Sent):
        assert outcome.provider_id is None
    assert server.connections == 1


@pytest.mark.parametrize("body", [b"", b"OK", b"[1, 2]", b"null", b'{"sid": 7}', b'{"sid": ""}', b"\xff\xfe"])
def test_an_acceptance_no_one_can_read_is_still_one(way: Way, body: bytes) -> None:
    raw = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    with RawServer(answers(raw)) as server:
        outcome = way(server.url)
    assert isinstance(outcome, Sent)
    assert outcome.provider_id is None


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_is_not_followed(way: Way, provider: SandboxServer, status: int) -> None:
    raw = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {provider.url}/v3/mail/send\r\nContent-Length: 0\r\n\r\n"
    with RawServer(answers(raw.encode())) as server:
        outcome = way(server.url)
    assert isinstance(outcome, Uncertain)
    assert f"HTTP {status}" in outcome.reason
    assert server.connections == 1
    assert provider.messages(accepted=None) == []


@pytest.mark.parametrize(
    "behaviour", [closes_at_once, never_even_reads, answers(b"HTTP/1.1 400 Bad\r\n\r\n")]
)
def test_a_tls_handshake_that_fails_took_nothing(way: Way, behaviour: Behaviour) -> None:
    with RawServer(behaviour) as server:
        outcome = way(f"https://127.0.0.1:{server.port}", timeout=SHORT)
    assert isinstance(outcome, NotSent)
    assert server.connections == 1
    assert not any(b"POST" in got for got in server.read)


def test_a_certificate_no_one_trusts_took_nothing(way: Way, certificate: Certificate) -> None:
    with RawServer(closes_after_reading, tls=certificate.server) as server:
        outcome = way(f"https://127.0.0.1:{server.port}")
    assert isinstance(outcome, NotSent)
    assert "certificate not trusted" in outcome.reason
    assert (server.connections, server.read) == (1, [])


def test_over_tls_an_acceptance_is_read(way: Way, trusted: Certificate) -> None:
    raw = b'HTTP/1.1 201 Created\r\nX-Message-Id: m-1\r\nContent-Length: 14\r\n\r\n{"sid": "m-1"}'
    with RawServer(answers(raw), tls=trusted.server) as server:
        outcome = way(f"https://127.0.0.1:{server.port}")
    assert isinstance(outcome, Sent)
    assert outcome.provider_id == "m-1"
    assert len(server.read) == 1


def test_over_tls_a_line_that_breaks_after_writing_is_uncertain(way: Way, trusted: Certificate) -> None:
    with RawServer(closes_after_reading, tls=trusted.server) as server:
        outcome = way(f"https://127.0.0.1:{server.port}")
    assert isinstance(outcome, Uncertain)
    assert (server.connections, len(server.read)) == (1, 1)


def test_a_proxy_that_opens_no_tunnel_took_nothing(way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with RawServer(answers(raw)) as proxy:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        outcome = way("https://provider.invalid")
    assert isinstance(outcome, NotSent)
    assert proxy.connections == 1
    assert proxy.read[0].startswith(b"CONNECT provider.invalid:443")


def test_a_cancelled_thread_does_not_pass_for_a_message_not_sent(way: Way) -> None:
    """Temporal cancels a blocking activity by raising in its thread, wherever that stands."""
    sender = threading.get_ident()

    def cancels(server: RawServer, line: socket.socket) -> None:
        server.read_request(line)
        raised = ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(sender), ctypes.py_object(CancelledError)
        )
        assert raised == 1
        line.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")

    with RawServer(cancels) as server:
        outcome = way(server.url)
    assert isinstance(outcome, Uncertain)
    assert "CancelledError" in outcome.reason


def test_every_message_has_a_connection_of_its_own(way: Way) -> None:
    """A kept line that the provider has closed meanwhile would make the next message uncertain."""
    raw = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
    with RawServer(answers(raw)) as server:
        for _ in range(3):
            assert isinstance(way(server.url), Sent)
    assert server.connections == 3
    assert all(b"\r\nconnection: close\r\n" in got.lower() for got in server.read)
