"""A process that has used Temporal's core ends with its own status, its output written, and no teardown."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.fixtures.local_stack import ROOT

PROGRAM = """
import atexit, sys, threading
{before}
from workflows.ending import run_to_end

class Last:
    def __del__(self):
        sys.__stderr__.write("torn down\\n")

kept = sys.modules["kept"] = Last()
held = threading.Event()

def work():
    held.wait()
    print("thread done")

def main():
    threading.Thread(target=work).start()
    atexit.register(lambda: print("handler done"))
    print("main done")
    held.set()
    {ending}

run_to_end(main)
"""
CORE = "import temporalio.bridge.runtime"


def ended(before: str, ending: str) -> subprocess.CompletedProcess[str]:
    """A program, whose output is buffered as a pipe's is, run to its end."""
    program = PROGRAM.format(before=before, ending=ending)
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("return None", 0),
        ("sys.exit(3)", 3),
        ("raise KeyboardInterrupt", 130),
        ("raise ValueError('told')", 1),
    ],
)
def test_status_output_threads_and_handlers_are_kept_and_nothing_is_torn_down(
    ending: str, status: int
) -> None:
    done = ended(CORE, ending)
    assert done.returncode == status, done
    assert done.stdout.splitlines() == ["main done", "thread done", "handler done"]
    assert "torn down" not in done.stderr
    if "told" in ending:
        assert "told" in done.stderr


def test_without_the_core_it_ends_as_any_process() -> None:
    done = ended("", "return 2")
    assert done.returncode == 2, done
    assert done.stdout.splitlines() == ["main done", "thread done", "handler done"]
    assert "torn down" in done.stderr
