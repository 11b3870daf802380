"""What is written down about each child, so that the next stack can end what a killed one left behind.

On Linux the kernel ends the children of a killed stack; they still need a moment to finish. Elsewhere
they live on. A process is known by its id and the moment it started, since ids are used again.
"""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

from admin.stack.datafolder import read_json, write_private
from admin.stack.errors import DataFolderInUse

SUFFIX = ".process"
# A start is reckoned from the boot time, which clock corrections move a little.
_SAME_START_S = 2.0


def remember(record: Path, name: str, pid: int, stop_signal: signal.Signals) -> None:
    """Write down child `pid` of this process in the file `record`."""
    content = {
        "name": name,
        "pid": pid,
        "started": _started(pid),
        "owner": os.getpid(),
        "owner_started": _started(os.getpid()),
        "stop_signal": int(stop_signal),
    }
    write_private(record, json.dumps(content, indent=1) + "\n")


def forget(record: Path, pid: int) -> None:
    """Remove `record` if it is about `pid`."""
    found = read_json(record)
    if found is not None and found.get("pid") == pid:
        record.unlink(missing_ok=True)


def end_leftovers(folder: Path, say: Callable[[str], None], *, grace_s: float = 30.0) -> None:
    """End every process recorded in `folder` whose owner has died, and wait until it is gone.

    Raises DataFolderInUse when an owner is alive: its children are not ours to end.
    """
    for record in sorted(folder.glob("*" + SUFFIX)):
        end_leftover(record, say, grace_s=grace_s)


def end_leftover(record: Path, say: Callable[[str], None] | None = None, *, grace_s: float = 30.0) -> None:
    """The same for the process in one `record`; its owner has `grace_s` seconds to end before SIGKILL."""
    found = read_json(record)
    if found is None:
        record.unlink(missing_ok=True)
        return
    process = _same(found.get("pid"), found.get("started"))
    if process is not None:
        owner = _same(found.get("owner"), found.get("owner_started"))
        if owner is not None:
            raise DataFolderInUse(
                f"{found.get('name')} (process {process.pid}) is already running for process {owner.pid}"
            )
        if say is not None:
            say(f"ending {found.get('name')} (process {process.pid}), left behind by a stack that was killed")
        _end(process, found.get("stop_signal"), grace_s)
    record.unlink(missing_ok=True)


def _started(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def _same(pid: object, started: object) -> psutil.Process | None:
    """The living process with that id and start, if there is one."""
    if not isinstance(pid, int) or not isinstance(started, int | float):
        return None
    try:
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE
        return process if alive and abs(process.create_time() - started) < _SAME_START_S else None
    except psutil.NoSuchProcess:
        return None


def _end(process: psutil.Process, stop_signal: object, grace_s: float) -> None:
    try:
        process.send_signal(stop_signal if isinstance(stop_signal, int) else signal.SIGTERM)
        process.wait(grace_s)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(grace_s)
    except psutil.NoSuchProcess:
        return
