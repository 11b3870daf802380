"""What an import found and did: counts, and lists of what a person should look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from admin.intake.items import Kind

SHOWN: Final = 1_000
"""Lines of each list that are kept; the count goes on."""


@dataclass(slots=True)
class Listed:
    """Lines for people, the first `SHOWN` of them, and how many there are."""

    count: int = 0
    lines: list[str] = field(default_factory=list)

    def add(self, line: object) -> None:
        """One more."""
        self.count += 1
        if len(self.lines) < SHOWN:
            self.lines.append(str(line))


@dataclass(slots=True)
class IntakeReport:
    """What an import did, or with `dry_run` would do.

    `items` are the invoices the file has: the sum of `new`, `unchanged`, `repeated`, `changed`, `lower`,
    `higher` and those `refused`, as far as they were refused after reading. `columns` says which header each
    field was read from.

    :ivar changed: invoices whose due date, total or order number the file corrects.
    :ivar lower: less is open in the file than in the ledger; with `settle` recorded as money received.
    :ivar higher: more is open in the file: the ledger knows of money the file does not.
    :ivar missing: open in the ledger, not in a full export.
    :ivar credits: what is owed to customers; `credited` of them were set against the invoice they name.
    :ivar kept: how customers' credit changes, with `settle`.
    :ivar warnings: terms beyond the law's cap, terms taken for lack of a due date.
    """

    source: str
    kind: Kind
    dry_run: bool
    settle: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    items: int = 0
    new: int = 0
    unchanged: int = 0
    repeated: int = 0
    settled: int = 0
    credited: int = 0
    changed: Listed = field(default_factory=Listed)
    lower: Listed = field(default_factory=Listed)
    higher: Listed = field(default_factory=Listed)
    missing: Listed = field(default_factory=Listed)
    credits: Listed = field(default_factory=Listed)
    kept: Listed = field(default_factory=Listed)
    refused: Listed = field(default_factory=Listed)
    warnings: Listed = field(default_factory=Listed)
    passed_over: Listed = field(default_factory=Listed)
