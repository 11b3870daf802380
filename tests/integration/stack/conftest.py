"""Fixtures for the local stack's tests: folders, and processes that must be gone at the end."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from admin.stack.datafolder import DataFolder
from admin.stack.process import Child

# Generous: it bounds a hang, and says nothing about how long things take.
DEADLINE_S = 60.0


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path: Path) -> Iterator[None]:
    """No process that names this test's folder, or works in it, outlives the test."""
    yield
    left = [
        process for process in psutil.process_iter() if process.pid != os.getpid() and uses(process, tmp_path)
    ]
    _, alive = psutil.wait_procs(left, timeout=DEADLINE_S)
    told = [str(process) for process in alive]
    for process in alive:
        process.kill()
    assert not told, told


def uses(process: psutil.Process, path: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return any(str(path) in word for word in process.cmdline()) or process.cwd().startswith(str(path))
    except psutil.Error:
        return False


def gone(*pids: int) -> bool:
    """Wait until none of the processes lives; false when one still does at the deadline."""
    processes = []
    for pid in pids:
        try:
            processes.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(processes, timeout=DEADLINE_S)
    # A process whose parent was killed is a zombie until the system's first process collects it.
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


PROGRAM = """
import os, pathlib, signal, sys, time
folder, how = pathlib.Path(sys.argv[1]), sys.argv[2]
def leave(number, frame):
    with open(folder / "ended", "a") as file:
        file.write(sys.argv[3] + " ")
    if how != "deaf":
        sys.exit(0)
signal.signal(signal.SIGTERM, leave)
print("started", flush=True)
if how == "dies":
    sys.exit(3)
if how != "slow":
    (folder / f"{sys.argv[3]}.ready").touch()
while True:
    time.sleep(0.05)
    if how == "talks":
        print("x" * 1000, flush=True)
"""


@pytest.fixture
def program(folder: DataFolder) -> Callable[..., Child]:
    """Makes a child that is soon ready, and ends when asked; `how`: dies, deaf, slow (never ready), talks."""
    folder.prepare()

    def make(name: str, how: str = "good", **others: float) -> Child:
        ready = folder.run / f"{name}.ready"

        def missing() -> str | None:
            return None if ready.exists() else "no file yet"

        return Child(
            name=name,
            argv=(sys.executable, "-c", PROGRAM, str(folder.run), how, name),
            log=folder.logs / f"{name}.log",
            ready=missing,
            prepare=lambda: ready.unlink(missing_ok=True),
            **others,  # type: ignore[arg-type]
        )

    return make
