"""One child process: started, waited for, stopped, and not outliving us."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from admin.stack.checks import ReadyCheck
from admin.stack.errors import ChildFailed, StopRequested
from admin.stack.logs import open_log, rotate, tail
from admin.stack.privileges import RunAs
from admin.stack.records import forget, remember

_LAUNCHER = Path(__file__).with_name("_launch.py")
_POLL_S = 0.05

# The kernel sends the death signal when the *thread* that started the child ends. This one lives as long
# as the process, so children may be started from threads that come and go.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="relance-start")


@dataclass(frozen=True, kw_only=True)
class Child:
    """What to run and how to know that it runs.

    `argv[0]` is a path. `env` None means ours. `ready` is asked until it returns None, for at most
    `ready_s` seconds. `stop_signal` asks it to end, `grace_s` seconds later it is killed. `prepare` runs
    before each start, also before a restart. `record` is the file that lets the next stack find it if
    we die; `run_as` the user it drops to.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    record: Path | None = None
    ready: ReadyCheck | None = None
    ready_s: float = 60.0
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 20.0
    prepare: Callable[[], None] | None = None
    run_as: RunAs | None = None


class Running:
    """A started child. `ready` is set once it has answered; `exited` when it ends, and `on_exit` is then
    called from a thread of its own.
    """

    def __init__(self, child: Child, on_exit: Callable[["Running"], None] | None = None) -> None:
        """Start `child`; raises ChildFailed when the system cannot."""
        self.child = child
        self.ready = threading.Event()
        self.exited = threading.Event()
        self.stopping = False
        if child.prepare is not None:
            child.prepare()
        rotate(child.log)
        self.started_at = time.monotonic()
        with open_log(child.log) as log:
            self._log_start = os.fstat(log.fileno()).st_size
            try:
                self._process = _STARTER.submit(
                    subprocess.Popen,
                    launch_argv(child.argv, run_as=child.run_as, die_signal=child.stop_signal),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=None if child.env is None else dict(child.env),
                    cwd=child.cwd,
                    # Ctrl-C at the terminal is for us: we stop the children one after another.
                    start_new_session=True,
                ).result()
            except OSError as error:
                raise ChildFailed(f"cannot start {child.name}: {error}") from error
        self.pid: int = self._process.pid
        if child.record is not None:
            remember(child.record, child.name, self.pid, child.stop_signal)
        self._on_exit = on_exit
        threading.Thread(target=self._reap, name=f"relance-wait-{child.name}", daemon=True).start()

    @property
    def returncode(self) -> int | None:
        """The exit status (negative: the signal that killed it); None while it runs."""
        return self._process.returncode if self.exited.is_set() else None

    def wait_ready(self, cancelled: threading.Event | None = None) -> float:
        """Wait until the child answers; returns the seconds since its start.

        Raises ChildFailed when it ends first or needs longer than `ready_s`, StopRequested when
        `cancelled` is set meanwhile. The child is left as it is.
        """
        deadline = self.started_at + self.child.ready_s
        missing = self.child.ready() if self.child.ready is not None else None
        while missing is not None:
            if cancelled is not None and cancelled.is_set():
                raise StopRequested
            if self.exited.wait(_POLL_S):
                break
            if time.monotonic() > deadline:
                raise ChildFailed(
                    f"{self.child.name} was not ready after {self.child.ready_s:g} s ({missing}); "
                    + self.last_words()
                )
            missing = self.child.ready() if self.child.ready is not None else None
        if self.exited.is_set():
            raise ChildFailed(
                f"{self.child.name} {self.how_it_ended()} before it was ready; {self.last_words()}"
            )
        self.ready.set()
        return time.monotonic() - self.started_at

    def stop(self, hurry: threading.Event | None = None) -> bool:
        """Ask the child to end and wait; after `grace_s` seconds, or once `hurry` is set, kill it.

        Returns whether it ended by itself.
        """
        self.stopping = True
        self._signal(self.child.stop_signal)
        deadline = time.monotonic() + self.child.grace_s
        while not self.exited.wait(_POLL_S):
            if time.monotonic() > deadline or (hurry is not None and hurry.is_set()):
                self.kill()
                return False
        return True

    def kill(self) -> None:
        """End the child and what shares its process group at once (SIGKILL), and wait."""
        self.stopping = True
        if not self.exited.is_set():
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                # Gone already, or (macOS) a zombie that its waiting thread is about to collect.
                self._signal(signal.SIGKILL)
        self.exited.wait()

    def how_it_ended(self) -> str:
        """``ended with status 1`` or ``was killed by SIGKILL``."""
        code = self.returncode
        if code is not None and code < 0:
            return f"was killed by {signal.Signals(-code).name}"
        return f"ended with status {code}"

    def last_words(self) -> str:
        """Where its log is, and the last lines of this run in it."""
        words = self.log_tail()
        return f"its log, {self.child.log}, " + (f"ends with:\n{words}" if words else "is empty")

    def log_tail(self, lines: int = 8) -> str:
        """The last lines this run wrote."""
        return tail(self.child.log, lines, self._log_start)

    def _signal(self, number: signal.Signals) -> None:
        if not self.exited.is_set():
            # Popen looks first whether the child is gone, so a reused process id is never hit.
            self._process.send_signal(number)

    def _reap(self) -> None:
        self._process.wait()
        if self.child.record is not None:
            forget(self.child.record, self.pid)
        self.exited.set()
        if self._on_exit is not None:
            self._on_exit(self)


def launch_argv(
    argv: tuple[str, ...], *, run_as: RunAs | None = None, die_signal: signal.Signals | None = None
) -> list[str]:
    """The command that becomes `argv` as `run_as`, and gets `die_signal` (Linux) when this process dies."""
    plan = {
        "parent": os.getpid(),
        "die_signal": None if die_signal is None else int(die_signal),
        "uid": None if run_as is None else run_as.uid,
        "gid": None if run_as is None else run_as.gid,
        "capability": None if run_as is None else run_as.capability,
    }
    return [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(plan), *argv]
