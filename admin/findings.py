"""What `relance doctor` reports: findings, each with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Mark(Enum):
    """How bad a finding is."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "bad"

    @property
    def symbol(self) -> str:
        """One character for a table."""
        return {"ok": "[green]✓[/]", "note": "[yellow]•[/]", "bad": "[red]✗[/]"}[self.value]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    mark: Mark
    what: str
    says: str
    advice: str = ""


def counted(what: str, count: int, says: str, advice: str, mark: Mark = Mark.BAD) -> Finding:
    """Good when the count is zero; else so many `says`, as bad as `mark`."""
    if count:
        return Finding(mark, what, f"{count} {says}", advice)
    return Finding(Mark.GOOD, what, f"no {says}")
