"""Fixtures for every test."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

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

# Until everything is imported and collected hardly anything can be thrown away.
gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest."""
    places = {TESTS / name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_collection_finish() -> None:
    """Tell the garbage collector that what was imported and collected by now is here to stay.

    It would go over all of that again and again, as no program of ours does: none imports as much as all
    tests together. That took a fifth of their time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()
