"""A sandbox provider, a certificate, and both ways out."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from activities.channels import SendGridEmail, TwilioSms
from admin.sandbox import SandboxServer
from tests.integration.channels.wire import KEY, SID, TOKEN, Way, by_email, by_sms, twilio


@pytest.fixture(scope="session")
def running_provider() -> Iterator[SandboxServer]:
    with SandboxServer(sendgrid_key=KEY, twilio_sid=SID, twilio_token=TOKEN) as server:
        yield server


@pytest.fixture
def provider(running_provider: SandboxServer) -> Iterator[SandboxServer]:
    """The one sandbox, as good as new."""
    yield running_provider
    running_provider.clear_faults()
    running_provider.store.clear()


@pytest.fixture
def email(provider: SandboxServer) -> SendGridEmail:
    return SendGridEmail(KEY, host=provider.url, timeout=20)


@pytest.fixture
def sms(provider: SandboxServer) -> TwilioSms:
    return twilio(provider.url)


@pytest.fixture(params=[by_email, by_sms], ids=["sendgrid", "twilio"])
def way(request: pytest.FixtureRequest) -> Way:
    """Sends one message by each of the two ways: `way(url, timeout=20)`."""
    found: Way = request.param
    return found


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that no one trusts yet, as a server uses it and as a file."""

    server: ssl.SSLContext
    path: Path


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return Certificate(context, path)
