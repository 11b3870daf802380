"""An adapter for `requests` that knows whether a request can have been written.

`requests` reports a refused connection and one cut in the middle by the same `ConnectionError`, and a TLS
failure before or after writing by the same `SSLError`. Here connecting raises an exception of its own, so
that "not sent" is only said when nothing was written. Requests are written once: no retries.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from activities.channels._answers import Answer, NoAnswerError, NotConnectedError, root_cause


class _Connection(HTTPConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except Exception as error:
            raise NotConnectedError(root_cause(error)) from error


class _TLSConnection(HTTPSConnection):
    def connect(self) -> None:
        # TCP, the proxy's tunnel and the TLS handshake: the request comes after all three.
        try:
            super().connect()
        except Exception as error:
            raise NotConnectedError(root_cause(error)) from error


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


def _guard(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


class OneShotAdapter(HTTPAdapter):
    """Sends once, and keeps the last answer, whatever is then made of it. Not thread-safe.

    `offered` turns true when a request is about to be opened; `forget` sets it and the answer back.

    Sending raises `NotConnectedError` or `NoAnswerError`, and never an exception for a status.
    """

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.offered = False
        super().__init__(max_retries=0)

    def forget(self) -> None:
        """Drop the last answer, so that it cannot be taken for the next one."""
        self.answer, self.offered = None, False

    def install(self, session: requests.Session) -> None:
        """Make it the only way out of a session, with a fresh connection for every request.

        A kept connection may be closed by the other side just as the next request is written on it: a
        message nobody took would then look uncertain, and cost a person's time.
        """
        session.headers["Connection"] = "close"
        session.adapters.clear()
        session.mount("https://", self)
        session.mount("http://", self)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        """As the base class does, with connections that say when they were never made."""
        super().init_poolmanager(connections, maxsize, block=block, **pool_kwargs)
        _guard(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """As the base class does, with connections that say when they were never made."""
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        # A SOCKS proxy needs connections of its own kind; its failures are then uncertain ones.
        if not proxy.lower().startswith("socks"):
            _guard(manager)
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send once. Raises `NotConnectedError` if nothing was written, `NoAnswerError` without a status."""
        self.answer, self.offered = None, True
        try:
            response = super().send(
                request,
                stream=stream,
                timeout=timeout,
                verify=verify,
                cert=cert,
                proxies=dict(proxies) if proxies else None,
            )
        except NotConnectedError:
            raise
        except Exception as error:
            raise NoAnswerError(root_cause(error)) from error
        try:
            body = response.content
        except Exception:
            # The status has come, and with it the answer: what breaks off now is only the explanation.
            body = b""
            response = _without_body(response)
        self.answer = Answer.of(response.status_code, response.headers.items(), body)
        return response


def _without_body(response: requests.Response) -> requests.Response:
    cut = requests.Response()
    cut.status_code, cut.headers, cut.reason = response.status_code, response.headers, response.reason
    cut.url, cut.request = response.url, response.request
    cut.raw = io.BytesIO()
    return cut
