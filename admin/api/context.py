"""What every request works with: the ledger, the clock, the courier to the cases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy import Engine

from activities.clock import Clock
from activities.inbound.inbox import Inbox
from activities.inbound.work import Work
from activities.outbox import Courier
from activities.settings import Settings


@dataclass(frozen=True, slots=True)
class Api:
    """One API process. `inbox` works on what providers post, once the post is answered."""

    engine: Engine
    clock: Clock
    courier: Courier
    settings: Settings
    inbox: Inbox = field(init=False)

    def __post_init__(self) -> None:
        """Give the process one inbox, so that a flood has one thread working on it."""
        work = Work(self.engine, self.clock, self.courier, self.settings)
        object.__setattr__(self, "inbox", Inbox(work))


def of_request(request: Request) -> Api:
    """The API a request came to."""
    return cast(Api, request.app.state.api)


async def _of_request(request: Request) -> Api:
    # A coroutine is called where it stands; a plain function would be handed to a thread.
    return of_request(request)


ApiContext = Annotated[Api, Depends(_of_request)]
