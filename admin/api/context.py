"""What every request works with: the ledger, the clock, the courier to the cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy import Engine

from activities.clock import Clock
from activities.outbox import Courier
from activities.settings import Settings


@dataclass(frozen=True, slots=True)
class Api:
    """One API process."""

    engine: Engine
    clock: Clock
    courier: Courier
    settings: Settings


def of_request(request: Request) -> Api:
    """The API a request came to."""
    return cast(Api, request.app.state.api)


async def _of_request(request: Request) -> Api:
    # A coroutine is called where it stands; a plain function would be handed to a thread.
    return of_request(request)


ApiContext = Annotated[Api, Depends(_of_request)]
