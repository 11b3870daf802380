"""A flood of what providers tell: all of it kept, once, in a memory that does not grow with it."""

from __future__ import annotations

import pytest

from bench.webhooks import flood
from tests.fixtures.postgres import Server

pytestmark = [pytest.mark.integration, pytest.mark.slow]

FEW, MANY = 500, 10_000
GROWTH = 1.10
"""Twenty times the events may not take a tenth more memory: the few load every part of the program."""


def test_ten_thousand_events_take_no_more_memory_than_five_hundred(
    postgres_server: Server, ledger_template: str
) -> None:
    peaks = []
    for events in (FEW, MANY):
        name = postgres_server.create(ledger_template)
        # It checks by itself that each event is kept once and no post waits.
        peaks.append(flood(postgres_server.url_of(name), events)["peak_rss_mib"])
        postgres_server.drop(name)
    assert peaks[1] <= GROWTH * peaks[0], peaks
