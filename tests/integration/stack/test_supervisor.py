"""The supervisor: order, restarts, stops, and nothing left when it is killed itself."""

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from admin.stack.datafolder import DataFolder, read_json
from admin.stack.errors import ChildFailed, DataFolderInUse, StopRequested
from admin.stack.process import Child
from admin.stack.records import end_leftovers
from admin.stack.supervisor import Restarts, Supervisor

from .conftest import DEADLINE_S, gone

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[3]
QUICK = Restarts(limit=3, first_s=0.01, longest_s=0.02)
Program = Callable[..., Child]


class Told:
    """What the supervisor said; `until` waits for a line."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._queue: queue.SimpleQueue[str] = queue.SimpleQueue()

    def __call__(self, text: str) -> None:
        self.lines.append(text)
        self._queue.put(text)

    def until(self, part: str) -> str:
        while part not in (line := self._queue.get(timeout=DEADLINE_S)):
            pass
        return line


@contextmanager
def driver(folder: DataFolder, *names: str) -> Iterator[subprocess.Popen[str]]:
    """A stack in its own process, killed at the end if it still runs."""
    command = [
        sys.executable,
        "-W",
        "error",
        "-m",
        "tests.integration.stack.driver",
        str(folder.root),
        *names,
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def pids_of(process: subprocess.Popen[str]) -> dict[str, int]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    found: dict[str, int] = json.loads(line)
    return found


def test_children_start_in_order_and_stop_the_last_first(folder: DataFolder, program: Program) -> None:
    told = Told()
    with Supervisor(folder, say=told) as stack:
        pids = [stack.launch(program(name)).pid for name in ("first", "second", "third")]
        assert not stack.wait(0)
    assert (folder.run / "ended").read_text().split() == ["third", "second", "first"]
    assert gone(*pids)
    assert list(folder.run.glob("*.process")) == []
    assert [line for line in told.lines if line.startswith("stopping")] == [
        "stopping third ...",
        "stopping second ...",
        "stopping first ...",
    ]


def test_a_crashed_child_is_started_again_and_it_says_so(folder: DataFolder, program: Program) -> None:
    told = Told()
    with Supervisor(folder, say=told, restarts=QUICK) as stack:
        first = stack.launch(program("worker"))
        other = stack.launch(program("other"))
        os.kill(first.pid, signal.SIGKILL)
        assert told.until("worker was killed by SIGKILL").endswith(str(folder.logs / "worker.log"))
        told.until("worker is ready again")
        record = read_json(folder.run / "worker.process")
        assert record is not None
        assert record["pid"] != first.pid
        assert psutil.pid_exists(int(str(record["pid"])))
        assert not other.exited.is_set()
        again = stack.current("worker")
        assert (again.pid, again.ready.is_set()) == (record["pid"], True)
        assert stack.current("other") is other


def test_one_that_keeps_crashing_ends_the_stack_with_its_last_words(
    folder: DataFolder, program: Program
) -> None:
    told = Told()
    with pytest.raises(ChildFailed, match=r"3 restarts in a row did not help"):  # noqa: PT012, SIM117
        with Supervisor(folder, say=told, restarts=QUICK) as stack:
            child = program("worker")
            prepare = child.prepare
            assert prepare is not None
            running = stack.launch(child)
            # From now on its preparation fails, as a full disk or a lost file would make it.
            (folder.run / "worker.ready").unlink()
            (folder.run / "worker.ready").mkdir()
            os.kill(running.pid, signal.SIGKILL)
            stack.wait(DEADLINE_S)
    assert sum("did not come back" in line for line in told.lines) >= 2


def test_one_that_dies_at_the_start_is_told_with_its_log(folder: DataFolder, program: Program) -> None:
    with Supervisor(folder, say=Told()) as stack, pytest.raises(ChildFailed) as failure:
        stack.launch(program("worker", "dies"))
    assert "worker ended with status 3 before it was ready" in str(failure.value)
    assert str(failure.value).endswith("started")


def test_one_that_is_never_ready_is_told_with_what_is_missing(folder: DataFolder, program: Program) -> None:
    with (
        Supervisor(folder, say=Told()) as stack,
        pytest.raises(ChildFailed, match=r"not ready after 0.3 s \(no file yet\)"),
    ):
        stack.launch(program("worker", "slow", ready_s=0.3))


def test_a_program_that_does_not_exist_is_named(folder: DataFolder) -> None:
    child = Child(name="x", argv=("/does/not/exist",), log=folder.logs / "x.log", ready=lambda: "no")
    with Supervisor(folder, say=Told()) as stack, pytest.raises(ChildFailed, match="cannot start /does/not"):
        stack.launch(child)


def test_one_that_does_not_listen_is_killed_after_its_grace(folder: DataFolder, program: Program) -> None:
    told = Told()
    with Supervisor(folder, say=told) as stack:
        pid = stack.launch(program("deaf", "deaf", grace_s=0.3)).pid
    assert "deaf did not end in time and was killed" in told.lines
    assert gone(pid)


def test_logs_are_kept_short_while_the_child_writes_on(
    folder: DataFolder, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.stack.supervisor._LOG_CHECK_S", 0.1)
    with Supervisor(folder, say=Told(), log_limit_bytes=20_000) as stack:
        running = stack.launch(program("talker", "talks"))
        log, old = running.child.log, running.child.log.with_name("talker.log.1")
        while not old.exists():
            assert not running.exited.wait(0.1)
        assert log.stat().st_size < old.stat().st_size


def test_a_second_stack_on_the_folder_is_refused(folder: DataFolder) -> None:
    with driver(folder, "sleeper") as process:
        pids_of(process)
        with pytest.raises(DataFolderInUse, match=f"process {process.pid}"), Supervisor(folder, say=Told()):
            pass
        with driver(folder, "sleeper") as second:
            _, errors = second.communicate(timeout=DEADLINE_S)
            assert second.returncode == 1
            assert f"error: {folder.root} is in use by another stack (process {process.pid})" in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_all_and_ends_with_status_0(folder: DataFolder, number: signal.Signals) -> None:
    with driver(folder, "one", "two") as process:
        pids = pids_of(process)
        process.send_signal(number)
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, errors
    assert errors.index("stopping two") < errors.index("stopping one")
    assert gone(*pids.values())


def test_a_signal_while_a_child_is_starting_stops_too(folder: DataFolder) -> None:
    with driver(folder, "one", "never") as process:
        assert process.stderr is not None
        while "starting never" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, errors
    assert "stopped while starting" in errors


def test_asked_to_stop_it_starts_nothing_more(folder: DataFolder, program: Program) -> None:
    with Supervisor(folder, say=Told()) as stack:
        stack.request_stop()
        with pytest.raises(StopRequested):
            stack.launch(program("late"))
        assert stack.wait()


@pytest.mark.skipif(
    sys.platform != "linux", reason="only the Linux kernel ends the children of a killed parent"
)
def test_the_real_servers_die_with_a_killed_stack_and_the_next_one_goes_on(folder: DataFolder) -> None:
    with driver(folder, "postgres", "temporal", "sleeper") as process:
        pids = pids_of(process)
        ports = (folder.run / "ports.json").read_text()
        process.kill()
        process.wait(DEADLINE_S)
        # At once, while they may still be going: the next stack waits for them.
        with driver(folder, "postgres", "temporal") as following:
            again = pids_of(following)
            assert gone(*pids.values())
            assert (folder.run / "ports.json").read_text() == ports
            following.terminate()
            _, errors = following.communicate(timeout=DEADLINE_S)
            assert following.returncode == 0, errors
        assert gone(*again.values())


def test_a_killed_server_comes_back_under_the_supervisor(folder: DataFolder) -> None:
    with driver(folder, "postgres", "temporal") as process:
        pids = pids_of(process)
        assert process.stderr is not None
        for name in ("postgres", "temporal"):
            os.kill(pids[name], signal.SIGKILL)
            while f"{name} is ready again" not in (line := process.stderr.readline()):
                assert line, f"{name} did not come back"
        process.terminate()
        _, errors = process.communicate(timeout=DEADLINE_S)
        assert process.returncode == 0, errors


def test_what_a_dead_owner_left_running_is_ended(folder: DataFolder, program: Program) -> None:
    """Where no kernel does it (macOS), the record of the child does."""
    folder.prepare()
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", str(folder.root)])
    past = subprocess.Popen([sys.executable, "-c", ""])
    owner_started = psutil.Process(past.pid).create_time()
    past.wait(DEADLINE_S)
    record = {
        "name": "worker",
        "pid": orphan.pid,
        "started": psutil.Process(orphan.pid).create_time(),
        "owner": past.pid,
        "owner_started": owner_started,
        "stop_signal": int(signal.SIGTERM),
    }
    path = folder.run / "worker.process"

    # The same id, but started at another time: a stranger, who is left alone.
    path.write_text(json.dumps({**record, "started": 1.0}))
    end_leftovers(folder.run, Told())
    assert orphan.poll() is None
    assert not path.exists()

    path.write_text(json.dumps(record))
    told = Told()
    with Supervisor(folder, say=told):
        assert gone(orphan.pid)
    orphan.wait(DEADLINE_S)
    assert told.lines == [f"ending worker (process {orphan.pid}), left behind by a stack that was killed"]


def test_the_second_ctrl_c_kills_what_does_not_listen(folder: DataFolder, program: Program) -> None:
    told = Told()

    def say(text: str) -> None:
        told(text)
        if "stopping deaf" in text:
            os.kill(os.getpid(), signal.SIGINT)

    with Supervisor(folder, say=say) as stack:
        pid = stack.launch(program("deaf", "deaf", grace_s=DEADLINE_S * 10)).pid
        os.kill(os.getpid(), signal.SIGINT)
        assert stack.wait(DEADLINE_S)
    assert "killing what still runs" in told.lines
    assert gone(pid)
