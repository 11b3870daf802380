"""Ready-checks for children: each returns None when ready, else what is still missing."""

import http.client
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

ReadyCheck = Callable[[], str | None]


def listening(host: str, port: int) -> ReadyCheck:
    """Ready when something accepts connections on `host`:`port`."""

    def check() -> str | None:
        try:
            socket.create_connection((host, port), timeout=2).close()
        except OSError as error:
            return f"{host}:{port}: {error.strerror or error}"
        return None

    return check


def answers(url: str) -> ReadyCheck:
    """Ready when GET `url` (http) is answered with a status below 400 within two seconds."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise ValueError(f"not an http address: {url}")
    host, port, path = parts.hostname, parts.port or 80, parts.path or "/"

    def check() -> str | None:
        connection = http.client.HTTPConnection(host, port, timeout=2)
        try:
            connection.request("GET", path)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"{url}: {error}"
        finally:
            connection.close()
        return None if status < 400 else f"{url}: HTTP {status}"

    return check
