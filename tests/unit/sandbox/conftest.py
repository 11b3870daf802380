"""A sandbox provider and the providers' own clients, aimed at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sendgrid import SendGridAPIClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from admin.sandbox import SandboxServer

KEY = "SG.test-key"
SID = "AC" + "0123456789abcdef" * 2
TOKEN = "test-token"


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[SandboxServer]:
    with SandboxServer(sendgrid_key=KEY, twilio_sid=SID, twilio_token=TOKEN) as server:
        yield server


@pytest.fixture
def sandbox(running_sandbox: SandboxServer) -> Iterator[SandboxServer]:
    """The one server, as good as new: starting one for each test would take most of their time."""
    yield running_sandbox
    running_sandbox.clear_faults()
    running_sandbox.store.clear()


@pytest.fixture
def sendgrid(sandbox: SandboxServer) -> SendGridAPIClient:
    client = SendGridAPIClient(KEY, host=sandbox.url)
    client.client.timeout = 5
    return client


@pytest.fixture
def twilio(sandbox: SandboxServer) -> Iterator[Client]:
    http = TwilioHttpClient(timeout=20)
    client = Client(SID, TOKEN, http_client=http)
    client.api.base_url = sandbox.url
    yield client
    http.session.close()
