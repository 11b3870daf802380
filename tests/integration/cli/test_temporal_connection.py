"""Temporal as it is reached in production: TLS, a client's certificate, an API key; and what it must know."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from admin.stack.temporal import LocalTemporal, temporal_path
from models.errors import Unreachable
from models.ids import SEARCH_ATTRIBUTE_TYPES
from tests.fixtures.local_stack import environment
from tests.integration.cli.debtors import Debtor
from tests.integration.cli.place import Installation
from workflows.namespace import how_to_create, missing_search_attributes
from workflows.runtime import connect

pytestmark = pytest.mark.integration

# Letters and digits with five-bit codes in HPACK's Huffman table (RFC 7541, appendix B).
SHORT = "012aceiost"
KEY = "state0sciatica1test2"
CODES = {letter: f"{code:05b}" for code, letter in enumerate(SHORT)} | {
    "B": "1011101",
    "r": "101100",
    " ": "010100",
}


def on_the_wire(text: str) -> bytes:
    """A header's value as HPACK writes it."""
    bits = "".join(CODES[letter] for letter in text)
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8)


# ------------------------------------------------------------------ certificates


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the test's own, with its files in `folder`."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def path(self) -> Path:
        """Its own certificate."""
        return self.folder / f"{self.name}.pem"

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of `name`, for 127.0.0.1; of the authority itself, when it is its name."""
        own = name == self.name
        key = self.key if own else ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(_called(name))
            .issuer_name(_called(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=own, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )
        files = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority(tmp_path, "authority")
    made.issue("authority")
    return made


# ------------------------------------------------------------------ a front of TLS


@dataclass
class Front:
    """TLS in front of a server that speaks none; `heard` is what clients said, decrypted."""

    address: str
    heard: bytearray = field(default_factory=bytearray)


@asynccontextmanager
async def front(authority: Authority, behind: str, *, asks_who: bool = False) -> AsyncIterator[Front]:
    """A front that ends TLS; with `asks_who`, for clients with a certificate of the authority only."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, key = authority.issue("server")
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    if asks_who:
        context.load_verify_locations(authority.path)
        context.verify_mode = ssl.CERT_REQUIRED
    host, port = behind.split(":")
    made = Front("")
    pumps: set[asyncio.Task[None]] = set()
    served: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        served.add(task)
        from_server, to_server = await asyncio.open_connection(host, int(port))
        ways = {
            asyncio.create_task(pump(reader, to_server, made.heard)),
            asyncio.create_task(pump(from_server, writer, bytearray())),
        }
        pumps.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
        for side in (writer, to_server):
            side.transport.abort()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, copy: bytearray) -> None:
        try:
            while data := await source.read(65536):
                copy += data
                sink.write(data)
                await sink.drain()
        except OSError:
            return

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    made.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        for way in pumps:
            way.cancel()
        await asyncio.gather(*served)


@pytest.fixture(scope="module")
def temporal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTemporal]:
    file = tmp_path_factory.mktemp("temporal") / "temporal.db"
    with LocalTemporal(file, ui=False, search_attributes=SEARCH_ATTRIBUTE_TYPES) as server:
        yield server


async def refused() -> str:
    """Why the standard configuration does not connect, in one line."""
    with pytest.raises(Unreachable) as caught:
        await connect()
    (line,) = str(caught.value).splitlines()
    return line


async def test_tls_with_an_authority_of_our_own_and_an_api_key(
    temporal: LocalTemporal, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with front(authority, temporal.address) as it:
        monkeypatch.setenv("TEMPORAL_ADDRESS", it.address)
        monkeypatch.setenv("TEMPORAL_NAMESPACE", "default")
        monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(authority.path))
        client = await connect()
        assert await missing_search_attributes(client) == {}
        bearer = f"Bearer {KEY}"
        assert it.heard, "it went through the front"
        assert on_the_wire(bearer) not in it.heard
        assert bearer.encode() not in it.heard

        it.heard.clear()
        monkeypatch.setenv("TEMPORAL_API_KEY", KEY)
        client = await connect()
        assert await missing_search_attributes(client) == {}
        assert on_the_wire(bearer) in it.heard or bearer.encode() in it.heard


async def test_a_server_that_asks_who_we_are_is_shown_a_certificate(
    temporal: LocalTemporal, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with front(authority, temporal.address, asks_who=True) as it:
        monkeypatch.setenv("TEMPORAL_ADDRESS", it.address)
        monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(authority.path))
        assert it.address in await refused()
        certificate, key = authority.issue("worker")
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(certificate))
        monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(key))
        client = await connect()
        assert await missing_search_attributes(client) == {}


async def test_a_server_with_another_authoritys_certificate_is_refused_in_a_line(
    temporal: LocalTemporal, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Authority(tmp_path, "other")
    other.issue("other")
    async with front(authority, temporal.address) as it:
        monkeypatch.setenv("TEMPORAL_ADDRESS", it.address)
        monkeypatch.setenv("TEMPORAL_API_KEY", KEY)
        for trusted in (other.path, None):
            if trusted is None:
                monkeypatch.delenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH")
            else:
                monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(trusted))
            line = await refused()
            assert it.address in line
            assert KEY not in line
        assert bytes(it.heard) == b"", "nothing was said before the certificate was looked at"


async def test_a_profile_of_the_configuration_file_is_used(
    temporal: LocalTemporal, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with front(authority, temporal.address) as it:
        file = tmp_path / "temporal.toml"
        file.write_text(
            f'[profile.production]\naddress = "{it.address}"\nnamespace = "default"\napi_key = "{KEY}"\n'
            f'[profile.production.tls]\nserver_ca_cert_path = "{authority.path}"\n',
            "utf-8",
        )
        monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
        monkeypatch.setenv("TEMPORAL_PROFILE", "production")
        client = await connect()
        assert client.namespace == "default"
        assert on_the_wire(f"Bearer {KEY}") in it.heard


async def test_a_configuration_that_cannot_be_read_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(tmp_path / "nowhere.pem"))
    assert "nowhere.pem" in await refused()
    monkeypatch.delenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH")
    file = tmp_path / "temporal.toml"
    file.write_text("[profile.default\n", "utf-8")
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(file))
    assert "configuration" in await refused()


# ------------------------------------------------------------------ search attributes


@pytest.mark.slow
def test_without_its_search_attributes_a_worker_refuses_and_says_what_to_run(
    place: Installation, tmp_path: Path
) -> None:
    """A case that writes an unknown attribute is reviewed again and again, and never sleeps."""
    debtor = Debtor(1)
    with LocalTemporal(tmp_path / "bare" / "temporal.db", ui=False) as bare:
        place.variables["TEMPORAL_ADDRESS"] = bare.address
        place.load(debtor)
        with place.worker(ready=False) as process:
            assert process.wait() == 2
        (line,) = process.text.splitlines()
        assert line.startswith("relance worker: the Temporal namespace default lacks search attributes")
        told = place.here("doctor")
        assert told.status == 1
        assert "search attributes missing: CaseStage" in told.out
        assert place.sandbox.messages(accepted=None) == []

        commands = line.partition("run: ")[2]
        assert commands == how_to_create(SEARCH_ATTRIBUTE_TYPES, "default", bare.address)
        for command in commands.split(" && "):
            words = command.split()
            assert words[0] == "temporal"
            subprocess.run(
                [str(temporal_path()), *words[1:], "--address", bare.address],
                env=environment(),
                check=True,
                capture_output=True,
                timeout=60,
            )
        with place.worker() as process:
            place.sandbox.wait_for(1, 60)
            place.settled()
            assert process.stop() == 0
        told = place.here("doctor")
        assert "search attributes registered in default" in told.out


def test_temporal_cloud_has_a_command_of_its_own() -> None:
    command = how_to_create(
        {"CaseStage": "Keyword", "DueDate": "Datetime"}, "acme.a1b2c", "acme.a1b2c.tmprl.cloud:7233"
    )
    assert command == (
        "tcld namespace search-attributes add --namespace acme.a1b2c"
        " --search-attribute CaseStage=Keyword --search-attribute DueDate=Datetime"
    )
    regional = how_to_create({"Policy": "Keyword"}, "acme.a1b2c", "eu-west-1.aws.api.temporal.io:7233")
    assert regional.startswith("tcld ")
