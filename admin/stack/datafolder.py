"""The one folder in which the local stack keeps everything, and the lock that gives it to one stack."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from admin.stack.errors import DataFolderInUse, StackError

DEFAULT = Path(".relance")
VARIABLE = "RELANCE_DATA_DIR"


class DataFolder:
    """Where things are: ``postgres/``, ``temporal/temporal.db``, ``sandbox/``, ``logs/`` and ``run/``.

    ``run/`` holds the lock, the process records, the chosen ports and the passwords made here.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self.postgres = self.root / "postgres"
        self.temporal = self.root / "temporal"
        self.temporal_db = self.temporal / "temporal.db"
        self.sandbox = self.root / "sandbox"
        self.logs = self.root / "logs"
        self.run = self.root / "run"

    @classmethod
    def locate(cls, given: Path | None = None, environ: Mapping[str, str] = os.environ) -> "DataFolder":
        """`given` (``--data-dir``), else ``RELANCE_DATA_DIR``, else ``./.relance``; nothing is made yet."""
        return cls(given or Path(environ.get(VARIABLE) or DEFAULT))

    def prepare(self) -> None:
        """Make what is missing, readable by us alone: messages and addresses are kept here.

        Raises StackError when the folder cannot be made or written.
        """
        # Root's PostgreSQL runs as another user, which must pass through here to reach its own folder.
        mode = 0o711 if os.geteuid() == 0 else 0o700
        try:
            if not self.root.exists():
                self.root.mkdir(mode=mode, parents=True)
                (self.root / ".gitignore").write_text("*\n", encoding="ascii")
            for folder in (self.postgres, self.temporal, self.sandbox, self.logs, self.run):
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise StackError(f"cannot use {self.root} as data folder: {error}") from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process; the system lets go of it even after kill -9.

        Raises DataFolderInUse, naming the process that holds it.
        """
        self.prepare()
        try:
            descriptor = os.open(self.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StackError(f"cannot use {self.root} as data folder: {error}") from error
        with open(descriptor, "r+", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                holder = file.read().strip()
                raise DataFolderInUse(
                    f"{self.root} is in use by another stack"
                    + (f" (process {holder})" if holder else "")
                    + ": stop it with Ctrl-C in its window"
                    + (f" or `kill {holder}`" if holder else "")
                    + ", or choose another folder with --data-dir"
                ) from error
            # The file stays behind: removing it would let two processes lock two files of one name.
            file.truncate(0)
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield


def kept_secret(path: Path) -> str:
    """The random text kept in `path`, made at the first call and readable by its owner alone."""
    if path.exists():
        return path.read_text(encoding="ascii").strip()
    text = secrets.token_urlsafe(24)
    write_private(path, text + "\n")
    return text


def write_private(path: Path, text: str) -> None:
    """Write `text` so that readers see the old content or the new, and only the owner sees any."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def read_json(path: Path) -> dict[str, object] | None:
    """The JSON object in `path`; None when there is none or it is damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, dict) else None
