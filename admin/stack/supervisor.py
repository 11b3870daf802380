"""Keep a handful of child processes running, in order, until someone asks to stop.

::

    with Supervisor(folder, say=print) as stack:      # takes the folder's lock, ends leftovers
        stack.launch(postgres.child())                # returns once it is ready
        stack.launch(temporal.child())
        stack.launch(worker)
        stack.wait()                                  # until Ctrl-C, SIGTERM, or a child that keeps dying
                                                      # leaving the block stops them, the last one first
"""

import queue
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import FrameType, TracebackType
from typing import Self

from admin.stack import logs
from admin.stack.datafolder import DataFolder
from admin.stack.errors import ChildFailed, StopRequested
from admin.stack.process import Child, Running
from admin.stack.records import SUFFIX, end_leftovers

_LOG_CHECK_S = 5.0


@dataclass(frozen=True)
class Restarts:
    """How often and how soon a crashed child is started again.

    The pause doubles from `first_s` up to `longest_s` seconds; after `limit` restarts in a row the stack
    gives up. A child that ran for `steady_s` seconds starts counting anew.
    """

    limit: int = 5
    first_s: float = 0.5
    longest_s: float = 15.0
    steady_s: float = 60.0

    def pause_s(self, attempt: int) -> float:
        """Seconds to wait before restart number `attempt` (from 1)."""
        return float(min(self.first_s * 2 ** (attempt - 1), self.longest_s))


class Supervisor:
    """Runs children on one data folder; see the module's text for its use."""

    def __init__(
        self,
        folder: DataFolder,
        *,
        say: Callable[[str], None] = print,
        restarts: Restarts | None = None,
        log_limit_bytes: int = logs.LIMIT_BYTES,
    ) -> None:
        self.folder = folder
        self.failure: ChildFailed | None = None
        self.stopping = threading.Event()
        self._tell = say
        self._restarts = restarts or Restarts()
        self._log_limit_bytes = log_limit_bytes
        self._hurry = threading.Event()
        self._running: dict[str, Running] = {}
        self._attempts: dict[str, int] = {}
        # SimpleQueue.put is safe in a signal handler; Event.set is not, hence the thread that listens.
        self._signals: queue.SimpleQueue[int | None] = queue.SimpleQueue()
        self._exits: queue.SimpleQueue[Running | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        """Raises DataFolderInUse when another stack runs on the folder."""
        with ExitStack() as resources:
            resources.enter_context(self.folder.lock())
            end_leftovers(self.folder.run, self._say)
            if threading.current_thread() is threading.main_thread():
                for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                    # Under nohup a closed terminal is to change nothing.
                    if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                        resources.callback(signal.signal, number, signal.signal(number, self._on_signal))
            self._resources = resources.pop_all()
        for work in (self._listen, self._watch):
            thread = threading.Thread(target=work, name=f"relance-{work.__name__.strip('_')}", daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        finally:
            self._signals.put(None)
            for thread in self._threads:
                thread.join()
            self._resources.close()

    def launch(self, child: Child) -> Running:
        """Start `child` and wait until it is ready.

        Raises ChildFailed when it does not come up, StopRequested when asked to stop meanwhile.
        """
        self.check()
        if child.name in self._running:
            raise ValueError(f"there is a child named {child.name} already")
        self._say(f"starting {child.name} ...")
        if child.record is None:
            child = replace(child, record=self.folder.run / (child.name + SUFFIX))
        running = Running(child, self._exits.put)
        self._running[child.name] = running
        try:
            seconds = running.wait_ready(self.stopping)
        except ChildFailed:
            # Nothing worked yet, so this is not a crash to recover from: tell it at once.
            running.kill()
            raise
        self._attempts[child.name] = 0
        self._say(f"{child.name} is ready ({seconds:.1f} s)")
        if running.exited.is_set():
            self._exits.put(running)
        return running

    def current(self, name: str) -> Running:
        """The child of that name as it runs now, or ran last; one that crashed gets a successor.

        Raises KeyError when none of that name was launched.
        """
        return self._running[name]

    def check(self) -> None:
        """Raise what ended the stack (ChildFailed, StopRequested), if anything has; for long work."""
        if self.failure is not None:
            raise self.failure
        if self.stopping.is_set():
            raise StopRequested

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until asked to stop, or for `seconds`; returns whether a stop was asked for.

        Raises ChildFailed when a child crashed too often.
        """
        asked = self.stopping.wait(seconds)
        if self.failure is not None:
            raise self.failure
        return asked

    def request_stop(self) -> None:
        """Ask the stack to stop, as Ctrl-C does; not from a signal handler."""
        self.stopping.set()

    def stop(self) -> None:
        """Stop the children, the last started first, and wait for each."""
        self.stopping.set()
        self._exits.put(None)
        for thread in self._threads:
            if thread.name == "relance-watch":
                thread.join()
        for name, running in reversed(self._running.items()):
            if running.exited.is_set():
                continue
            self._say(f"stopping {name} ...")
            if not running.stop(self._hurry):
                self._say(f"{name} did not end in time and was killed")
        self._running.clear()

    def _say(self, text: str) -> None:
        try:
            self._tell(text)
        except OSError:
            # The terminal is gone. The children must still be stopped, and their logs tell the rest.
            self._tell = lambda _text: None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._signals.put(number)

    def _listen(self) -> None:
        while (number := self._signals.get()) is not None:
            if self.stopping.is_set() and number == signal.SIGINT:
                self._say("killing what still runs")
                self._hurry.set()
            elif not self.stopping.is_set():
                self._say(f"{signal.Signals(number).name}: stopping (Ctrl-C again kills)")
                self.stopping.set()

    def _watch(self) -> None:
        """Restart what crashes and keep the logs short, until the stop."""
        look_at_logs = time.monotonic() + _LOG_CHECK_S
        while not self.stopping.is_set():
            try:
                running = self._exits.get(timeout=max(0.0, look_at_logs - time.monotonic()))
            except queue.Empty:
                for each in list(self._running.values()):
                    logs.rotate(each.child.log, self._log_limit_bytes)
                look_at_logs = time.monotonic() + _LOG_CHECK_S
                continue
            if running is None or running.stopping:
                continue
            name = running.child.name
            # One that is not ready yet is launch()'s to tell of; one seen already has a successor.
            if name in self._attempts and self._running[name] is running:
                self._recover(running)

    def _recover(self, crashed: Running) -> None:
        """Start a crashed child again, until it is ready or the limit is reached."""
        name, what = crashed.child.name, crashed.how_it_ended()
        if time.monotonic() - crashed.started_at >= self._restarts.steady_s:
            self._attempts[name] = 0
        while not self.stopping.is_set():
            attempt = self._attempts[name] = self._attempts[name] + 1
            if attempt > self._restarts.limit:
                self.failure = ChildFailed(
                    f"{name} {what}, and {self._restarts.limit} restarts in a row did not help; "
                    + self._running[name].last_words()
                )
                self._say(str(self.failure))
                self.stopping.set()
                return
            pause_s = self._restarts.pause_s(attempt)
            self._say(
                f"{name} {what}; starting it again in {pause_s:g} s "
                f"({attempt} of {self._restarts.limit}), log: {crashed.child.log}"
            )
            if self.stopping.wait(pause_s):
                return
            try:
                again = Running(crashed.child, self._exits.put)
                self._running[name] = again
                seconds = again.wait_ready(self.stopping)
            except StopRequested:
                return
            except Exception as error:
                # Whatever a check or a preparation raises is one more failed attempt, and is told.
                self._running[name].kill()
                what = f"did not come back ({str(error) or type(error).__name__})"
                continue
            self._say(f"{name} is ready again ({seconds:.1f} s)")
            if again.exited.is_set():
                self._exits.put(again)
            return
