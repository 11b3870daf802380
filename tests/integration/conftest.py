"""What the tests of several folders start once in each pytest process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fixtures import nursery as of_processes
from tests.fixtures.local_stack import environment
from tests.fixtures.nursery import Nursery


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Where workers come from, ready to begin."""
    with of_processes.nursery(environment(), tmp_path_factory.mktemp("nursery") / "nursery.log") as it:
        yield it
