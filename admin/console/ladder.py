"""A policy's ladder on a time axis: where its marks and words stand in the drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Final

from rules.policy import Step

WIDTH: Final = 400
TOP: Final = 24
LINE: Final = 44
"""Height of a step's two lines of words: they never lie over each other."""
TALLEST: Final = 680
"""Height of the axis, unless so many steps need more."""
NARROWEST: Final = 44
"""Between two days that are named on the axis."""
_TICKS: Final = (5, 10, 15, 30, 60, 90, 180, 365)


@dataclass(frozen=True, slots=True)
class Mark:
    """A step: its mark stands at `y` on the axis, its words at `words_y` beside it."""

    step: Step
    y: int
    words_y: int


@dataclass(frozen=True, slots=True)
class Tick:
    """A day that is named on the axis: so many after the due date, which is day 0."""

    day: int
    y: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """All of it; time runs downwards."""

    height: int
    bottom: int
    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]


def drawing_of(steps: Sequence[Step]) -> Drawing:
    """Place the steps of a ladder, which come in the order of their days."""
    first = min(0, steps[0].offset_days)
    last = max(0, steps[-1].offset_days)
    span = max(1, last - first)
    gaps = [later.offset_days - step.offset_days for step, later in pairwise(steps)]
    scale = max(min(LINE / min(gaps, default=span), TALLEST / span), 200 / span)

    def place(day: int) -> int:
        return TOP + round((day - first) * scale)

    marks: list[Mark] = []
    for step in steps:
        y = place(step.offset_days)
        marks.append(Mark(step, y, max(y, marks[-1].words_y + LINE) if marks else y))
    apart = next((days for days in _TICKS if days * scale >= NARROWEST), _TICKS[-1])
    ticks = [Tick(day, place(day)) for day in range(ceil(first / apart) * apart, last + 1, apart)]
    bottom = place(last)
    return Drawing(max(bottom, marks[-1].words_y) + TOP, bottom, tuple(marks), tuple(ticks))
