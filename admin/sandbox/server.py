"""The sandbox provider as an application, and as a server a test or the local stack can start and stop."""

import asyncio
import socket
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from admin.sandbox import api, pages, sendgrid_api, twilio_api, voice_api
from admin.sandbox.desk import Desk
from admin.sandbox.fates import Fate, FateRule, FateSpec
from admin.sandbox.faults import FaultBoard
from admin.sandbox.models import Channel, FaultMode, FaultRule, FaultSpec, SandboxMessage
from admin.sandbox.postman import Manners
from admin.sandbox.signing import EventKey
from admin.sandbox.store import MessageFilter, MessageStore
from admin.sandbox.transport import DroppableH11Protocol
from admin.sandbox.voice import Voice

START_TIMEOUT = 15.0
STOP_TIMEOUT = 10.0


def create_app(
    store: MessageStore,
    *,
    faults: FaultBoard | None = None,
    voice: Voice | None = None,
    sendgrid_key: str | None = None,
    twilio_sid: str | None = None,
    twilio_token: str | None = None,
) -> FastAPI:
    """The application: both providers' endpoints, the inbox page and the sandbox's own JSON.

    A credential left at ``None`` is any that is not empty. Faults that close the line need the server to
    run ``DroppableH11Protocol``, as ``SandboxUvicorn`` does; whoever runs it starts and stops the voice's
    postman.
    """
    # No interactive documentation: its page would load scripts from another host.
    app = FastAPI(title="Relance sandbox provider", docs_url=None, redoc_url=None)
    desk = Desk(store, faults or FaultBoard(), voice or Voice())
    app.include_router(sendgrid_api.router(desk, sendgrid_key))
    app.include_router(twilio_api.router(desk, twilio_sid, twilio_token))
    app.include_router(api.router(desk))
    app.include_router(voice_api.router(desk))
    pages.install(app, desk)
    app.add_exception_handler(ClientDisconnect, _client_left)
    return app


def _client_left(_request: Request, _error: Exception) -> Response:
    # A client that breaks off in the middle of its request is a test's doing, not an error to log.
    return Response(status_code=400)


class SandboxUvicorn(uvicorn.Server):
    """uvicorn with connections that can be dropped, and a stop that waits for no held request."""

    def __init__(self, app: FastAPI, faults: FaultBoard, *, log_level: str = "warning") -> None:
        config = uvicorn.Config(
            app,
            http=DroppableH11Protocol,
            ws="none",
            lifespan="off",
            # The process that holds the sandbox decides about its logs.
            log_config=None,
            log_level=log_level,
            access_log=False,
            timeout_graceful_shutdown=3,
        )
        super().__init__(config)
        self._faults = faults
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, and say so."""
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let held requests go, then stop."""
        self._faults.stop()
        await super().shutdown(sockets)


def bind(host: str, port: int) -> socket.socket:
    """A listening address; port 0 takes a free one. Raises ``OSError`` when it is taken."""
    # asyncio turns Nagle's delay off only for sockets that name their protocol: 40 ms an answer otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class SandboxServer:
    """The sandbox provider in a thread of this process.

    ``with SandboxServer() as sandbox:`` listens on ``sandbox.url`` (port 0: a free one) and keeps messages in
    memory, or in ``data_dir``. Credentials left at ``None`` are any that are not empty. With ``event_url`` it
    talks back: SendGrid's events go there, signed with ``event_key`` (a new one when left out), and Twilio's
    statuses to each message's own address.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        data_dir: Path | str | None = None,
        sendgrid_key: str | None = None,
        twilio_sid: str | None = None,
        twilio_token: str | None = None,
        event_url: str | None = None,
        event_key: EventKey | None = None,
    ) -> None:
        self.store = MessageStore(data_dir)
        self.faults = FaultBoard()
        self.voice = Voice(event_key, Manners(event_url=event_url))
        self._host, self._port = host, port
        self._app = create_app(
            self.store,
            faults=self.faults,
            voice=self.voice,
            sendgrid_key=sendgrid_key,
            twilio_sid=twilio_sid,
            twilio_token=twilio_token,
        )
        self._server: SandboxUvicorn | None = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        """Where both clients are to be aimed, and where the inbox is."""
        return f"http://{self._host}:{self._port}"

    def start(self) -> Self:
        """Listen. Raises ``OSError`` when the port is taken, ``RuntimeError`` when it fails to start."""
        if self._thread is not None:
            raise RuntimeError("the sandbox is already running")
        listener = bind(self._host, self._port)
        self._port = listener.getsockname()[1]
        self._server = SandboxUvicorn(self._app, self.faults)
        self._thread = threading.Thread(
            target=self._run, args=(self._server, listener), name="sandbox-provider", daemon=True
        )
        self._thread.start()
        if not self._server.listening.wait(START_TIMEOUT) or self._failure is not None:
            raise RuntimeError("the sandbox did not start") from self._failure
        self.voice.postman.start()
        return self

    def stop(self) -> None:
        """Stop listening and close the store. Stopping twice does nothing."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(STOP_TIMEOUT)
            if self._thread.is_alive():
                raise RuntimeError(f"the sandbox did not stop within {STOP_TIMEOUT:g} s")
            self._server = self._thread = None
            self.voice.postman.stop()
            self.store.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def add_fault(
        self,
        mode: FaultMode | str,
        *,
        provider: Literal["sendgrid", "twilio", "any"] = "any",
        on: Literal["send", "read"] = "send",
        match_to: str | None = None,
        status: int = 500,
        code: int | None = None,
        retry_after: int | None = None,
        delay: float | None = None,
        times: int | None = None,
    ) -> FaultRule:
        """Put a fault in force; the parameters are those of ``FaultSpec``."""
        spec = FaultSpec(
            mode=FaultMode(mode),
            provider=provider,
            on=on,
            match_to=match_to,
            status=status,
            code=code,
            retry_after=retry_after,
            delay=delay,
            times=times,
        )
        return self.faults.add(spec)

    def clear_faults(self) -> int:
        """Lift every fault; what they keep waiting goes on at once."""
        return self.faults.clear()

    def add_fate(
        self,
        fate: Fate | str,
        *,
        match_to: str | None = None,
        code: int | None = None,
        reason: str | None = None,
        times: int | None = None,
    ) -> FateRule:
        """Decide what becomes of messages that are taken; the parameters are those of ``FateSpec``."""
        spec = FateSpec(fate=Fate(fate), match_to=match_to, code=code, reason=reason, times=times)
        return self.voice.fates.add(spec)

    def messages(
        self, channel: Channel | str | None = None, to: str | None = None, accepted: bool | None = True
    ) -> Sequence[SandboxMessage]:
        """What came, in order of arrival; ``accepted=None`` also gives what was refused."""
        return self.store.find(_filter(channel, to, accepted))

    def wait_for(
        self,
        count: int,
        timeout: float = 10.0,
        *,
        channel: Channel | str | None = None,
        to: str | None = None,
        accepted: bool | None = True,
    ) -> Sequence[SandboxMessage]:
        """Wait until at least ``count`` messages came. Raises ``TimeoutError`` after ``timeout`` seconds."""
        return self.store.wait_for(count, timeout, _filter(channel, to, accepted))

    def _run(self, server: SandboxUvicorn, listener: socket.socket) -> None:
        try:
            with listener:
                asyncio.run(server.serve(sockets=[listener]))
        except BaseException as error:  # the thread that started it raises it
            self._failure = error
        finally:
            server.listening.set()


def _filter(channel: Channel | str | None, to: str | None, accepted: bool | None) -> MessageFilter:
    return MessageFilter(channel=Channel(channel) if channel else None, to=to, accepted=accepted)
