"""What a visitor of the crash campaign reads."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from uuid import UUID

from rich.console import Console

from admin.chaos.books import Blow
from admin.chaos.campaign import Plan, Report, Tally
from admin.chaos.judge import Doubt, Verdict
from admin.chaos.show import Screen, report

DOUBT = Doubt(UUID(int=1), "C-1", "sms", received=False, task=UUID(int=2), killed="worker")
GOOD = Verdict(
    intended=600,
    steps=650,
    received=599,
    sent=599,
    doubts=(DOUBT,),
    doubled=0,
    lost=0,
    cases=720,
    misplaced=0,
    in_flight=21,
    faults=(),
)
FINAL = replace(GOOD, received=600, sent=600, doubts=())
BLOW = Blow("worker", (4711,), 201, 9, frozenset({UUID(int=1)}), 2.5)
FOUND = Report(Plan(), (BLOW,), GOOD, (0, 1), FINAL, 140.0)


def written(found: Report) -> str:
    out = StringIO()
    report(found, Console(file=out, width=100))
    return out.getvalue()


def test_a_promise_that_held() -> None:
    assert FOUND.held
    text = written(FOUND)
    assert "The promise held. 140 s" in text
    assert "720 of 720" in text
    assert "201 messages" in text
    assert "0 had left; 1 had not" in text


def test_a_promise_that_did_not_hold_says_why() -> None:
    broken = replace(FOUND, after_kills=replace(GOOD, lost=1, faults=("lost: C-2 was due an [email]",)))
    assert not broken.held
    text = written(broken)
    assert "lost: C-2 was due an [email]" in text
    assert "The promise did not hold." in text


def test_a_doubt_that_stays_is_no_promise_held() -> None:
    open_doubt = replace(FOUND, final=GOOD)
    assert not open_doubt.held
    assert "1 messages are still uncertain after all were answered" in written(open_doubt)


def test_a_long_list_of_faults_is_cut() -> None:
    many = replace(FOUND, final=replace(FINAL, faults=tuple(f"lost: C-{n}" for n in range(50))))
    text = written(many)
    assert "lost: C-19" in text
    assert "lost: C-20" not in text
    assert "and 30 more" in text


def test_without_a_terminal_the_counts_come_as_lines() -> None:
    out = StringIO()
    tally = Tally("sending", 600, received=40, sent=38, in_flight=2, dead="postgres", seconds=12.0)
    with Screen(Console(file=out, width=60)) as screen:
        screen.say("kill -9 [postgres]")
        screen.show(tally)
        screen.show(replace(tally, sent=39))
    lines = out.getvalue().splitlines()
    assert lines[0] == "kill -9 [postgres]"
    # The second came at once: too soon for another line.
    assert len(lines) == 2
    assert "intended 600  sent 38  in flight 2  uncertain 0  doubled 0  lost 0" in lines[1]
    assert lines[1].endswith("postgres is dead")


def test_at_a_terminal_the_table_names_the_dead_server() -> None:
    out = StringIO()
    with Screen(Console(file=out, width=100, force_terminal=True)) as screen:
        screen.show(Tally("until postgres is back", 600, doubled=1, dead="postgres"))
    assert "postgres is dead" in out.getvalue()
