"""Servers that break the line on purpose, and the two ways out aimed at them."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from activities.channels import Attachment, Email, Outcome, SendGridEmail, Sms, TwilioSms

KEY = "SG.a-key-nobody-may-see"
SID = "AC" + "0123456789abcdef" * 2
TOKEN = "a-token-nobody-may-see"
TO = "compta@roux.example"
NUMBER = "+33639980012"
SENDER = "+33700900123"

Behaviour = Callable[["RawServer", socket.socket], None]
Way = Callable[..., Outcome]


def an_email(
    to_address: str = TO,
    *,
    to_name: str | None = "Comptabilité Roux",
    cc: tuple[str, ...] = (),
    subject: str = "Relance : facture F-17",
    text: str = "Bonjour,\n1 234,56 € restent à régler.",
    html: str | None = "<p>1 234,56 € restent à régler.</p>",
    custom_args: dict[str, str] | None = None,
    attachments: tuple[Attachment, ...] = (),
) -> Email:
    return Email(
        from_address="claire@mercier.example",
        from_name="Claire Mercier",
        to_address=to_address,
        to_name=to_name,
        reply_to_address="claire.mercier@mercier.example",
        reply_to_name="Claire Mercier",
        cc=cc,
        subject=subject,
        text=text,
        html=html,
        custom_args=custom_args or {},
        attachments=attachments,
    )


def an_sms(to_number: str = NUMBER, body: str = "Facture F-17 : merci de nous appeler.") -> Sms:
    return Sms(to_number=to_number, body=body, sender=SENDER, validity_seconds=3600, status_callback=None)


def twilio(url: str | None, timeout: float = 10) -> TwilioSms:
    return TwilioSms(SID, TOKEN, sender=SENDER, messaging_service_sid=None, base_url=url, timeout=timeout)


def by_email(url: str, timeout: float = 10) -> Outcome:
    return SendGridEmail(KEY, host=url, timeout=timeout).send(an_email())


def by_sms(url: str, timeout: float = 10) -> Outcome:
    return twilio(url, timeout).send(an_sms())


class RawServer:
    """Accepts connections and treats each as told; keeps what was read on it.

    With `tls`, the behaviour begins once the handshake is done; a handshake that fails is counted only.
    """

    def __init__(self, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._behaviour, self._tls = behaviour, tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.released = threading.Event()
        self.connections = 0
        self.read: list[bytes] = []

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        # Closing alone does not wake an accept() that waits.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def read_request(self, line: socket.socket) -> bytes:
        """One whole request, or what came of it."""
        got = b""
        while b"\r\n\r\n" not in got:
            part = line.recv(65536)
            if not part:
                self.read.append(got)
                return got
            got += part
        head, _, body = got.partition(b"\r\n\r\n")
        lengths = [row for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")]
        missing = int(lengths[0].partition(b":")[2]) - len(body) if lengths else 0
        while missing > 0 and (part := line.recv(65536)):
            got += part
            missing -= len(part)
        self.read.append(got)
        return got

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, line)

    def _serve(self, line: socket.socket) -> None:
        with line:
            try:
                if self._tls is None:
                    self._behaviour(self, line)
                    return
                with self._tls.wrap_socket(line, server_side=True) as wrapped:
                    self._behaviour(self, wrapped)
            except OSError:
                # The other side has gone: that is what most of these tests are about.
                return


def closes_at_once(server: RawServer, line: socket.socket) -> None:
    """Takes the connection, and closes it without reading."""


def closes_after_reading(server: RawServer, line: socket.socket) -> None:
    server.read_request(line)


def never_answers(server: RawServer, line: socket.socket) -> None:
    server.read_request(line)
    server.released.wait(60)


def never_even_reads(server: RawServer, line: socket.socket) -> None:
    server.released.wait(60)


def answers(raw: bytes, *, then_hangs: bool = False) -> Behaviour:
    """Reads the request and answers these bytes."""

    def behave(server: RawServer, line: socket.socket) -> None:
        server.read_request(line)
        line.sendall(raw)
        if then_hangs:
            server.released.wait(60)

    return behave
