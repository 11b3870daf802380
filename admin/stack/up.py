"""`relance up`: PostgreSQL, Temporal, sandbox providers, a worker and the API, on one data folder.

What the environment already names (`RELANCE_DATABASE_URL`, `TEMPORAL_ADDRESS`, a real provider) is used,
not started.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

import migrations
from activities.clock import Clock
from activities.installation import read_offset, set_offset, who_runs
from activities.settings import Settings
from activities.store.api_keys import create_key
from activities.store.engine import make_engine, transaction
from activities.store.policies import ensure_builtin
from admin.sandbox.signing import EventKey
from admin.stack.checks import answers
from admin.stack.connection import remember_stack, sandbox_variables
from admin.stack.datafolder import DataFolder, read_json, write_private
from admin.stack.errors import StackError
from admin.stack.ports import LOOPBACK, PortBook
from admin.stack.postgres import LocalPostgres
from admin.stack.process import Child
from admin.stack.supervisor import Supervisor
from admin.stack.temporal import LocalTemporal
from models.ids import SEARCH_ATTRIBUTE_TYPES, TASK_QUEUE
from models.tables.words import ApiRole
from policies import builtin_policy_texts
from workflows.runtime import connect

POLL = timedelta(seconds=70)
"""A worker's poll lasts a minute: one that has not polled for longer is gone."""

POSTGRES_PORT, TEMPORAL_PORT, UI_PORT, SANDBOX_PORT, API_PORT = 54320, 7233, 8233, 8025, 8080
LOCAL_KEY_FILE = "api-key.json"
EVENT_KEY_FILE = "sandbox-events.pem"


@dataclass(slots=True)
class Stack:
    """A local stack that is up. `variables` are what its processes were given."""

    supervisor: Supervisor
    folder: DataFolder
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        """The ledger's URL."""
        return self.variables["RELANCE_DATABASE_URL"]

    @property
    def temporal_ui(self) -> str | None:
        """Where the Temporal UI is, when this stack runs it."""
        return self.variables.get("RELANCE_TEMPORAL_UI")

    @property
    def api_url(self) -> str:
        """Where the HTTP API answers."""
        return self.variables["RELANCE_API_URL"]

    @property
    def sandbox_url(self) -> str | None:
        """Where the sandbox inbox is, when this stack runs it."""
        return self.variables.get("RELANCE_SANDBOX_URL")


@contextmanager
def local_stack(
    folder: DataFolder,
    *,
    say: Callable[[str], None] = print,
    offset: Callable[[], timedelta] | None = None,
    talks_back: bool = True,
) -> Iterator[Stack]:
    """Start everything, in order, and stop it in reverse at the end of the block.

    Args:
        folder: where all of it is kept; started again on it, everything goes on where it was.
        say: told one line at each step.
        offset: business time less Temporal's time, asked for once, when the installation is new.
        talks_back: whether the sandbox tells the API what becomes of messages, by webhook.

    Raises:
        StackError: something does not come up; the text says what, and what it last said.
        StopRequested: Ctrl-C or SIGTERM while starting.
        RelanceError: a setting cannot be used.
        SQLAlchemyError: the given ledger does not answer.
    """
    # Before anything is started: a setting nobody can use is told at once.
    Settings.load()
    with Supervisor(folder, say=say) as supervisor:
        stack = Stack(supervisor, folder)
        ports = PortBook(folder.run / "ports.json")
        own_ledger = "RELANCE_DATABASE_URL" not in os.environ
        stack.variables = dict(_ledger(supervisor, folder, ports))
        prepare_ledger(stack.database_url, offset)
        stack.variables |= _temporal(supervisor, folder, ports)
        stack.variables |= _sandbox(supervisor, folder, ports, talks_back=talks_back)
        os.environ.update(stack.variables)
        supervisor.launch(_worker(folder))
        stack.variables |= _api(supervisor, folder, ports)
        if own_ledger:
            stack.variables["RELANCE_API_KEY"] = local_key(folder, stack.database_url)
        remember_stack(folder, stack.variables)
        yield stack


def prepare_ledger(url: str, offset: Callable[[], timedelta] | None = None) -> None:
    """Bring a database to the newest schema, with the built-in policies in it."""
    new = migrations.current(url) is None
    migrations.upgrade(url)
    engine = make_engine(url, pool_size=1)
    try:
        if new and offset is not None:
            set_offset(engine, offset())
        with transaction(engine) as session:
            ensure_builtin(session, builtin_policy_texts(), Clock().now())
    finally:
        engine.dispose()


def _ledger(supervisor: Supervisor, folder: DataFolder, ports: PortBook) -> dict[str, str]:
    given = os.environ.get("RELANCE_DATABASE_URL")
    if given:
        return {"RELANCE_DATABASE_URL": given}
    postgres = LocalPostgres(
        folder.postgres, port=ports.choose("postgres", POSTGRES_PORT), log=folder.logs / "postgres.log"
    )
    supervisor.launch(postgres.child())
    return {"RELANCE_DATABASE_URL": postgres.url()}


def _temporal(supervisor: Supervisor, folder: DataFolder, ports: PortBook) -> dict[str, str]:
    if "TEMPORAL_ADDRESS" in os.environ:
        return {}
    temporal = LocalTemporal(
        folder.temporal_db,
        port=ports.choose("temporal", TEMPORAL_PORT),
        ui_port=ports.choose("temporal-ui", UI_PORT),
        search_attributes=SEARCH_ATTRIBUTE_TYPES,
        log=folder.logs / "temporal.log",
    )
    supervisor.launch(temporal.child())
    return {"TEMPORAL_ADDRESS": temporal.address, "RELANCE_TEMPORAL_UI": temporal.ui_url or ""}


def _sandbox(
    supervisor: Supervisor, folder: DataFolder, ports: PortBook, *, talks_back: bool
) -> dict[str, str]:
    port = ports.choose("sandbox", SANDBOX_PORT)
    url = f"http://{LOOPBACK}:{port}"
    variables = sandbox_variables(url, os.environ)
    if not variables:
        return {}
    words = ["-m", "admin.sandbox", "--port", str(port), "--data-dir", str(folder.sandbox)]
    if talks_back:
        # The API starts later, on the port it is given here; what is told meanwhile is told again.
        api = f"http://{LOOPBACK}:{ports.choose('api', API_PORT)}"
        path = folder.run / EVENT_KEY_FILE
        words += ["--event-url", f"{api}/webhooks/sendgrid", "--event-key", str(path)]
        variables["SENDGRID_WEBHOOK_PUBLIC_KEY"] = event_key(path).public
        variables["RELANCE_PUBLIC_URL"] = os.environ.get("RELANCE_PUBLIC_URL") or api
    supervisor.launch(
        Child(
            name="sandbox",
            argv=(sys.executable, *words),
            log=folder.logs / "sandbox.log",
            ready=answers(f"{url}/api/counts"),
        )
    )
    return variables


def event_key(path: Path) -> EventKey:
    """The key pair with which a local sandbox signs its events, made at the first start and kept.

    Raises:
        StackError: what is kept is no such key.
    """
    if not path.exists():
        write_private(path, EventKey().pem)
    try:
        return EventKey.read(path)
    except (OSError, ValueError) as error:
        raise StackError(f"{path} cannot be used ({error}): remove it, and a new one is made") from error


def _api(supervisor: Supervisor, folder: DataFolder, ports: PortBook) -> dict[str, str]:
    port = ports.choose("api", API_PORT)
    url = f"http://{LOOPBACK}:{port}"
    supervisor.launch(
        Child(
            name="api",
            argv=(sys.executable, "-m", "admin", "serve", "--port", str(port)),
            log=folder.logs / "api.log",
            ready=answers(f"{url}/readyz"),
            grace_s=25.0,
        )
    )
    return {"RELANCE_API_URL": url}


def local_key(folder: DataFolder, database_url: str) -> str:
    """The manager's key of a local stack, made at its first start and kept where its owner alone reads it."""
    path = folder.run / LOCAL_KEY_FILE
    kept = read_json(path)
    if kept is not None:
        return str(kept["key"])
    engine = make_engine(database_url, pool_size=1)
    try:
        now = Clock(read_offset(engine)).now()
        with transaction(engine) as session:
            secret = create_key(
                session,
                name=f"local stack {now:%Y-%m-%d %H:%M:%S}",
                role=ApiRole.MANAGER,
                companies=None,
                expires_at=None,
                now=now,
                who=who_runs(),
            )
    finally:
        engine.dispose()
    write_private(path, json.dumps({"key": secret}) + "\n")
    return secret


def _worker(folder: DataFolder) -> Child:
    # A worker that died stays listed for minutes: only one that polled since this start counts.
    started: list[datetime] = []

    def starting() -> None:
        started[:] = [Clock().wall()]

    def missing() -> str | None:
        # A loop of its own in a thread of its own: the caller may be running one.
        with ThreadPoolExecutor(max_workers=1) as aside:
            found = aside.submit(lambda: asyncio.run(pollers(started[0]))).result()
        return None if found else "no worker polls yet"

    return Child(
        name="worker",
        argv=(sys.executable, "-m", "worker"),
        log=folder.logs / "worker.log",
        ready=missing,
        prepare=starting,
        grace_s=45.0,
    )


async def pollers(since: datetime) -> int:
    """How many workers polled our task queue after `since`, as Temporal saw them."""
    client = await connect()
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=TASK_QUEUE),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    return sum(poller.last_access_time.ToDatetime(UTC) >= since for poller in answer.pollers)
