"""What a benchmark found, and how it is told: one line for people, one object for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured, beside its baseline.

    `figure` and `baseline` are in `unit`; `against` says what the baseline did. `aim` is a bound in words;
    `met` says whether it was, and is None without one. `peak_rss_mib` is the largest resident size, in MiB,
    of the process that did the work. `notes` are more figures of the same run, by name.
    """

    what: str
    figure: float
    baseline: float
    unit: str
    against: str
    aim: str | None = None
    met: bool | None = None
    peak_rss_mib: float | None = None
    notes: tuple[tuple[str, float], ...] = ()

    @property
    def ratio(self) -> float:
        """How many times the baseline the figure is."""
        return self.figure / self.baseline

    def line(self) -> str:
        """The figure as one line: what, figure, baseline, ratio, aim, memory."""
        parts = [
            f"{self.what}: {number(self.figure)} {self.unit}, {self.against} {number(self.baseline)} "
            f"{self.unit}, ratio {self.ratio:.2f}"
        ]
        if self.aim is not None:
            parts.append(f"aim {self.aim}: {'met' if self.met else 'NOT met'}")
        if self.peak_rss_mib is not None:
            parts.append(f"peak RSS {self.peak_rss_mib:.0f} MiB")
        parts += [f"{name} {number(value)}" for name, value in self.notes]
        return "; ".join(parts)

    def as_json(self) -> dict[str, object]:
        """The figure as JSON takes it, with its ratio."""
        return {**asdict(self), "ratio": self.ratio, "notes": dict(self.notes)}


Benchmark: TypeAlias = Callable[[Sequence[int]], list[Figure]]
"""Measures at the given sizes, or at its own when there are none."""


def number(value: float) -> str:
    """A number with as many digits as mean something: `12,345`, `12.3`, `0.123`."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
