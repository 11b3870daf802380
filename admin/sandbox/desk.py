"""The counter where both providers hand in what they got: faults are played, messages kept, answers given."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

from admin.sandbox.faults import FaultBoard
from admin.sandbox.models import Answer, FaultMode, FaultRule, Provider, RawRequest, SandboxMessage
from admin.sandbox.store import MessageStore
from admin.sandbox.transport import DroppedLine
from admin.sandbox.voice import Voice

DEFAULT_HANG = 120.0
DEFAULT_LATE = 3.0
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A message not yet answered, with the bytes of its attachments."""

    message: SandboxMessage
    contents: Sequence[bytes] = field(default=())


class Desk:
    """Keeps and answers what the provider endpoints have understood.

    ``unanswered`` is the number of requests to send that are being held at this moment.
    """

    def __init__(self, store: MessageStore, faults: FaultBoard, voice: Voice) -> None:
        self.store = store
        self.faults = faults
        self.voice = voice
        # Both endpoints run on the server's one loop, so counting needs no lock.
        self.unanswered = 0

    def keep(
        self, drafts: Sequence[Draft], raw: RawRequest, answer: Answer, *, accepted: bool
    ) -> list[SandboxMessage]:
        """Keep messages together with what the client is told about them; of those taken, the voice tells."""
        update: dict[str, Any] = {"answer": answer, "accepted": accepted}
        kept = [
            self.store.add(draft.message.model_copy(update=update), draft.contents, raw) for draft in drafts
        ]
        if accepted:
            self.voice.taken(kept)
        return kept

    async def send(
        self,
        request: Request,
        provider: Provider,
        drafts: Sequence[Draft],
        raw: RawRequest,
        *,
        success: Callable[[], Response],
        failure: Callable[[FaultRule], Response],
        accepts: bool = True,
    ) -> Response:
        """Answer a valid request to send, as a healthy provider would or as a fault that applies says.

        ``accepts`` is false for a request the real provider checks without sending anything.
        """
        recipients = [address for draft in drafts for address in draft.message.recipients]
        rule = self.faults.take(provider, "send", recipients)
        answer, response = _answer(rule, success, failure)
        # Kept before the answer leaves: a client that has given up must not unmake what was accepted.
        self.keep(drafts, raw, answer, accepted=accepts and (rule is None or rule.mode.accepts))
        if rule is not None:
            self.unanswered += 1
            try:
                await self._wait(request, rule)
            finally:
                self.unanswered -= 1
        return response

    async def read(
        self,
        request: Request,
        provider: Provider,
        recipients: Sequence[str],
        *,
        success: Callable[[], Response],
        failure: Callable[[FaultRule], Response],
    ) -> Response:
        """Answer a request that only reads, faults included."""
        rule = self.faults.take(provider, "read", recipients)
        _, response = _answer(rule, success, failure)
        if rule is not None:
            await self._wait(request, rule)
        return response

    async def _wait(self, request: Request, rule: FaultRule) -> None:
        if rule.mode is FaultMode.LATE:
            await self.faults.hold(rule, DEFAULT_LATE if rule.delay is None else rule.delay)
        elif rule.mode is FaultMode.HANG:
            hold = asyncio.ensure_future(
                self.faults.hold(rule, DEFAULT_HANG if rule.delay is None else rule.delay)
            )
            gone = asyncio.ensure_future(_client_gone(request))
            try:
                await asyncio.wait({hold, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                hold.cancel()
                gone.cancel()
                await asyncio.gather(hold, gone, return_exceptions=True)


def _answer(
    rule: FaultRule | None, success: Callable[[], Response], failure: Callable[[FaultRule], Response]
) -> tuple[Answer, Response]:
    mode = rule.mode if rule else None
    if rule is None or mode is FaultMode.LATE:
        response = success()
    elif mode in (FaultMode.STATUS, FaultMode.ACCEPT_THEN_STATUS):
        response = failure(rule)
        if rule.retry_after is not None:
            response.headers["Retry-After"] = str(rule.retry_after)
    else:
        return Answer(status=None, fault=mode), DroppedLine()
    return answer_of(response, mode), response


def answer_of(response: Response, fault: FaultMode | None = None) -> Answer:
    """A response as the inbox shows it."""
    return Answer(status=response.status_code, body=bytes(response.body).decode(), fault=fault)


async def _client_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def read_body(request: Request, limit: int) -> bytes | None:
    """The request's body, or ``None`` if it is longer than ``limit`` bytes.

    The rest of a body that is too long is still read: closing on a client that is writing would look like
    a broken line instead of the 413 it must see. Raises ``ClientDisconnect`` when the client goes away.
    """
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size <= limit:
            parts.append(part)
        else:
            parts.clear()
    return b"".join(parts) if size <= limit else None


def raw_request(request: Request, body: bytes) -> RawRequest:
    """The request as it came, with the credentials struck out."""
    headers: Headers = request.headers
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RawRequest(
        method=request.method,
        path=target,
        headers={key: "(hidden)" if key in _SECRET_HEADERS else value for key, value in headers.items()},
        body=body.decode("utf-8", errors="replace"),
    )
