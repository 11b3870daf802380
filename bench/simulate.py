"""`relance simulate` on a real portfolio, as a whole process, against one that only reads the same file."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from admin.portfolio.debtors import DebtorKey, debtor_key, survey
from admin.portfolio.facts import life
from admin.portfolio.reader import read_portfolio
from admin.portfolio.row import Reject
from bench.figures import Figure
from bench.harness import process_seconds, scratch
from bench.samples import RECEIVABLES_ROWS, write_lives
from policies import builtin_policies
from rules.simulate import Life, simulate, summarise

POLICY: Final = "standard"
TIMES: Final = 5
LIMIT_S: Final = 5.0

_ONLY_READ: Final = """
import sys
from pathlib import Path
from admin.cli.main import app
from admin.portfolio.foresee import simulate_file
from admin.portfolio.tables import simulate_json
from policies import builtin_policies
from admin.portfolio.reader import read_portfolio
rows = list(read_portfolio(Path(sys.argv[1]), on_reject=print, policies=builtin_policies()))
"""
"""The baseline: the same imports, the same file read and checked, nothing lived."""


def run(sizes: Sequence[int] = ()) -> list[Figure]:
    """Measure at each size (invoices); the medians of `TIMES` processes."""
    with scratch() as folder:
        return [_measure(folder / "lives.csv", size, TIMES) for size in sizes or (RECEIVABLES_ROWS,)]


def _measure(path: Path, size: int, times: int) -> Figure:
    invoices = write_lives(path, size)
    whole = process_seconds(
        ["-m", "admin", "simulate", str(path), "--policy", POLICY, "--format", "json"], times
    )
    only_read = process_seconds(["-c", _ONLY_READ, str(path)], times)
    return Figure(
        what=f"{invoices:,} invoices lived through",
        figure=whole,
        baseline=only_read,
        unit="s",
        against="imports and reading alone",
        aim=f"at most {LIMIT_S:g} s",
        met=whole <= LIMIT_S,
        notes=(("rules alone, s", rules_seconds(path, times)),),
    )


def rules_seconds(path: Path, times: int) -> float:
    """Median seconds of the rules alone: rows to facts, lives, summary; nothing read or written."""
    policies = builtin_policies()
    policy = policies[POLICY]
    rows = list(read_portfolio(path, on_reject=_refused, policies=policies))
    laps = []
    for _ in range(times):
        began = time.perf_counter()
        debtors = survey(rows, None, {policy.key: policy})
        lives: dict[DebtorKey, list[Life]] = defaultdict(list)
        for row in rows:
            key = debtor_key(row)
            lives[key].append(life(row, debtors[key], policy, policies))
        outcomes = [simulate(key[1], debtors[key].facts, mine) for key, mine in lives.items()]
        summarise(outcomes, policy)
        laps.append(time.perf_counter() - began)
    return median(laps)


def _refused(reject: Reject) -> None:
    raise AssertionError(f"the sample has a bad row: {reject}")
