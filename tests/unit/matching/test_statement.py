"""On statements whose truth is known, nothing is booked wrongly; and most is booked."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.fixtures.counts import tell
from tests.unit.matching.statement import Books, World

LINES = 1500


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_is_booked_wrongly(seed: int) -> None:
    world = World(seed)
    world.found(customers=600)
    books = Books.of(world)
    wrong = []
    made: Counter[str] = Counter()
    booked: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    for paid in world.payments(LINES):
        found = books.match(paid.line)
        made[paid.kind] += 1
        verdicts[found.verdict] += 1
        done = books.settle(paid, found)
        if done is not None:
            booked[paid.kind] += 1
            if done != dict(paid.truth):
                wrong.append((paid, found))
    assert wrong == []
    payable = sum(count for kind, count in made.items() if kind not in ("twice", "stranger"))
    sure = sum(count for kind, count in booked.items() if kind not in ("twice", "stranger"))
    tell(
        f"statement {seed}",
        lines=sum(made.values()),
        precision="1.0",
        recall=f"{sure / payable:.3f}",
        **{kind: f"{booked[kind]}/{count}" for kind, count in sorted(made.items())},
    )
    assert sure / payable > 0.6
    assert booked["stranger"] == booked["twice"] == 0
