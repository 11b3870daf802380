"""The API as a server process: one event loop, requests in threads, SIGTERM ends it gracefully."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from sqlalchemy import Engine

from activities.clock import Clock
from activities.installation import read_offset
from activities.outbox import Courier
from activities.settings import Settings
from activities.store.engine import make_engine
from admin.api.app import create_app
from admin.api.context import Api
from models.errors import RelanceError
from models.heap import keep_what_is_loaded, keep_what_loads_with_use
from workflows.runtime import connect

log = logging.getLogger("relance.api")

POOL = 20
"""Database connections; as many requests are worked on at a time."""


@asynccontextmanager
async def api_of(settings: Settings) -> AsyncIterator[Api]:
    """The API's parts on this event loop.

    Temporal may be down: what is told meanwhile waits in the outbox, and a worker's relay delivers it.

    Raises:
        RelanceError: no ledger is named.
        SQLAlchemyError: the ledger does not answer.
    """
    if settings.database_url is None:
        raise RelanceError("RELANCE_DATABASE_URL is not set: where is the ledger?")
    engine: Engine = make_engine(settings.database_url.get_secret_value(), POOL, "relance api")
    try:
        clock = Clock(await asyncio.to_thread(read_offset, engine))
        client = await connect(lazy=True)
        courier = Courier(engine, client, asyncio.get_running_loop(), clock)
        yield Api(engine, clock, courier, settings)
    finally:
        engine.dispose()


async def serve(settings: Settings, host: str, port: int) -> None:
    """Answer on `host`:`port` until the process is told to stop."""
    async with api_of(settings) as api:
        config = uvicorn.Config(
            create_app(api),
            host=host,
            port=port,
            # This process decides about its logs; a query string may hold a name, so paths are not logged.
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=20,
        )
        keep_what_is_loaded()
        keep_what_loads_with_use()
        log.info("the API answers on http://%s:%s", host, port)
        await uvicorn.Server(config).serve()
