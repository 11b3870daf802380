"""The promise under kill -9: 600 messages under way, and worker, Temporal and PostgreSQL die in turn."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from admin.chaos.campaign import Plan, Tally, run
from admin.stack.datafolder import DataFolder
from tests.fixtures.counts import tell
from tests.fixtures.local_stack import OURS, at_work, stored

# Its time is that of 600 messages and the 90 s after which Temporal gives up a send whose worker died.
pytestmark = [pytest.mark.integration, pytest.mark.slow]

MESSAGES = 600


class Seen:
    """Watches, and remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.worst = (0, 0)
        self.dead: set[str | None] = set()

    def say(self, text: str) -> None:
        """What happens, for the output of a test that fails."""
        self.said.append(text)
        print(text)

    def show(self, tally: Tally) -> None:
        """The counts as a visitor sees them."""
        self.worst = max(self.worst[0], tally.doubled), max(self.worst[1], tally.lost)
        self.dead.add(tally.dead)


def test_whatever_is_killed_no_message_leaves_twice_and_none_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    before = dict(os.environ)
    folder = DataFolder(tmp_path / "data")
    seen = Seen()
    report = run(folder, Plan(contacts=MESSAGES), seen)
    print(f"{report.seconds} s; {report.after_kills}")

    assert report.after_kills.faults == ()
    assert report.final.faults == ()
    assert report.held
    # What "held" means, once more in figures.
    first, last = report.after_kills, report.final
    assert [blow.server for blow in report.blows] == ["worker", "temporal", "postgres"]
    assert all(blow.sending for blow in report.blows)
    assert (first.doubled, first.lost, first.misplaced) == (0, 0, 0)
    assert first.intended == MESSAGES == first.sent + first.uncertain
    assert first.steps > MESSAGES
    assert 0 < first.uncertain <= first.in_flight
    # The requests that nobody took at the worker's kill; the others had left.
    assert report.answered == (first.uncertain - 3, 3)
    assert last.received == last.sent == MESSAGES
    assert last.uncertain == 0
    assert seen.worst == (0, 0)
    assert seen.dead == {None, "worker", "temporal", "postgres"}
    tell(
        f"killed in the middle of {MESSAGES} sends",
        kills=len(report.blows),
        in_flight=first.in_flight,
        left=first.received,
        sent=first.sent,
        uncertain=first.uncertain,
        people_asked=sum(report.answered),
        left_once_answered=last.received,
        doubled=last.doubled,
        lost=last.lost,
    )

    assert dict(os.environ) == before
    assert at_work(folder.root) == []
    # Crashes loosen no tongue: neither logs nor Temporal's store name a debtor.
    assert "FA-0001-1" in stored(folder.temporal)
    for name, written in {
        "Temporal's store": stored(folder.temporal),
        **{log.name: log.read_text("utf-8", errors="replace") for log in folder.logs.iterdir()},
    }.items():
        assert [mark for mark in ("client-0", "+3361234") if mark in written] == [], name
