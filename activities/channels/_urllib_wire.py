"""SendGrid's HTTP client on a wire that knows whether a request can have been written.

`python_http_client` opens its requests with `urllib`, which reports a failure to connect and a failure to
write alike, as `URLError`. Here connecting raises an exception of its own, so that "not sent" is only said
when nothing was written. Every request has a connection of its own, is written once and never redirected.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from email.message import Message
from typing import IO, Any

import python_http_client

from activities.channels._answers import Answer, NoAnswerError, NotConnectedError, root_cause

_LONGEST_BODY = 64 * 1024


class TooLargeError(Exception):
    """The request has more bytes than the provider takes; nothing was sent."""


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:
            raise NotConnectedError(root_cause(error)) from error


class _TLSConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        # TCP, the proxy's tunnel and the TLS handshake: the request comes after all three.
        try:
            super().connect()
        except Exception as error:
            raise NotConnectedError(root_cause(error)) from error


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _TLSHandler(urllib.request.HTTPSHandler):
    def __init__(self) -> None:
        self._tls = ssl.create_default_context()
        self._tls.set_alpn_protocols(["http/1.1"])
        super().__init__(context=self._tls)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_TLSConnection, req, context=self._tls)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Following a redirection would offer the message, and our key, a second time."""

    def redirect_request(
        self,
        req: urllib.request.Request,  # noqa: ARG002 - the signature is urllib's
        fp: IO[bytes],  # noqa: ARG002
        code: int,  # noqa: ARG002
        msg: str,  # noqa: ARG002
        headers: Message,  # noqa: ARG002
        newurl: str,  # noqa: ARG002
    ) -> None:
        return None


class _Received:
    """An answer with the three methods `python_http_client.Response` reads."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def getcode(self) -> int:
        return self._answer.status

    def read(self) -> bytes:
        return self._answer.body

    def info(self) -> dict[str, str]:
        return dict(self._answer.headers)


@dataclass(slots=True)
class Wire:
    """Where one thread's requests leave: `limit` is the greatest size of a body in bytes.

    `offered` turns true when a request is about to be opened; the caller sets it back.
    """

    limit: int
    offered: bool = False
    opener: urllib.request.OpenerDirector = field(
        default_factory=lambda: urllib.request.build_opener(_Handler, _TLSHandler, _NoRedirect)
    )


class OneShotClient(python_http_client.Client):  # type: ignore[misc] # the library has no types
    """`python_http_client.Client` that returns every status instead of raising some.

    `timeout` is in seconds. Not thread-safe: the library keeps the headers of a client in one shared
    dictionary. Requests raise `NotConnectedError`, `NoAnswerError` or `TooLargeError`.
    """

    def __init__(
        self,
        host: str,
        request_headers: dict[str, str],
        wire: Wire,
        *,
        timeout: float,
        version: int | None = 3,
        url_path: list[str] | None = None,
    ) -> None:
        super().__init__(
            host=host, request_headers=request_headers, version=version, url_path=url_path, timeout=timeout
        )
        self._wire = wire

    def _build_client(self, name: str | None = None) -> OneShotClient:
        # The base class would build clients of its own class, without any of this.
        return OneShotClient(
            self.host,
            self.request_headers,
            self._wire,
            timeout=self.timeout,
            version=self._version,
            url_path=[*self._url_path, name] if name else self._url_path,
        )

    def _make_request(
        self,
        opener: urllib.request.OpenerDirector,  # noqa: ARG002 - the library's own, which follows redirections
        request: urllib.request.Request,
        timeout: float | None = None,
    ) -> _Received:
        size = len(request.data) if isinstance(request.data, bytes) else 0
        if size > self._wire.limit:
            raise TooLargeError(size)
        self._wire.offered = True
        try:
            try:
                response: Any = self._wire.opener.open(request, timeout=timeout or self.timeout)
            except urllib.error.HTTPError as error:
                response = error
            with response:
                return _Received(_read(response))
        except NotConnectedError:
            raise
        except Exception as error:
            raise NoAnswerError(root_cause(error)) from error


def _read(response: Any) -> Answer:
    try:
        body: bytes = response.read(_LONGEST_BODY)
    except (OSError, http.client.HTTPException, ValueError):
        # The status has come, and with it the answer: what breaks off now is only the explanation.
        body = b""
    return Answer.of(int(response.status), response.headers.items(), body)
