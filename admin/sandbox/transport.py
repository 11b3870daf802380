"""Closing the line without an answer: what ASGI cannot say, taught to uvicorn's HTTP/1.1 protocol."""

import asyncio
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

DROP = "sandbox.drop_connection"


class DroppableH11Protocol(H11Protocol):
    """uvicorn's protocol, offering each request the means to cut its own connection in the ASGI state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note the connection, and hand its ``DROP`` function to the requests that come on it."""
        super().connection_made(transport)
        self.app_state: dict[str, Any] = {**self.app_state, DROP: self._drop}

    def _drop(self) -> None:
        if self.transport.is_closing():
            return
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            # Lingering for zero seconds makes the close a reset, as when a line breaks.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class DroppedLine(Response):
    """An answer that never comes: the TCP connection is reset instead.

    Raises ``RuntimeError`` under a server that does not run ``DroppableH11Protocol``.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - nothing is sent
        """Reset the connection and wait until the server has noticed."""
        drop = scope.get("state", {}).get(DROP)
        if drop is None:
            raise RuntimeError("this server cannot drop a connection: run it with DroppableH11Protocol")
        drop()
        # Returning sooner would let uvicorn see a request without an answer, and write a 500 into its log.
        while (await receive())["type"] != "http.disconnect":
            pass
