"""Fixtures for every test."""

from __future__ import annotations

import gc
from collections.abc import Generator
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from tests.workflows.lost import LostTaskError

TESTS = Path(__file__).parent

pytest_plugins = ["tests.fixtures.postgres"]

FIRST = (
    "workflows/test_portfolio_equals_simulate.py",
    "unit/bench/test_bench.py",
    "integration/faults/test_fault_campaign.py",
    "integration/campaign/test_crash_campaign.py",
    "workflows/test_lives.py",
    "properties/test_lives.py",
)
"""Files that take longest: begun last, one of them would be all that is left for one process to do."""

_LOST = pytest.StashKey[bool]()
_AGAIN: list[str] = []

# Until everything is imported and collected hardly anything can be thrown away.
gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest."""
    places = {TESTS / name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember that it was not the test that failed, but its time-skipping server."""
    if call.excinfo is not None and call.excinfo.errisinstance(LostTaskError):
        item.stash[_LOST] = True
    return (yield)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool:
    """Run a test; once more, in a new world, if the server of its own lost a task for good."""
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    reports = runtestprotocol(item, nextitem=nextitem, log=False)
    if item.stash.get(_LOST, False):
        reports = runtestprotocol(item, nextitem=nextitem, log=False)
        for report in reports:
            report.user_properties.append(("lived again", item.nodeid))
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep which tests were run once more."""
    if report.when == "call":
        _AGAIN.extend(str(value) for name, value in report.user_properties if name == "lived again")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were run once more."""
    for nodeid in _AGAIN:
        terminalreporter.write_line(f"run again, as the time-skipping server had lost a task: {nodeid}")


def pytest_collection_finish() -> None:
    """Tell the garbage collector that what was imported and collected by now is here to stay.

    It would go over all of that again and again, as no program of ours does: none imports as much as all
    tests together. That took a fifth of their time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
