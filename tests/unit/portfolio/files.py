"""Portfolio files for tests: a sound row, and ways to spoil it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from admin.portfolio.reader import PortfolioReader
from admin.portfolio.row import REQUIRED, Reject, Row
from policies import builtin_policies

TODAY = date(2026, 3, 2)

SOUND = {
    "company": "ACME",
    "invoice": "F-1",
    "customer": "C-1",
    "customer_name": "Client et Fils",
    "issued_on": "2026-01-15",
    "due_on": "2026-02-14",
    "amount": "1200.00",
    "currency": "EUR",
}


def write(path: Path, rows: Iterable[dict[str, str]], columns: Sequence[str] | None = None) -> Path:
    """Write rows, each over `SOUND`, with the columns they name."""
    given = list(rows)
    extra = dict.fromkeys(name for row in given for name in row if name not in REQUIRED)
    names = list(columns or (*REQUIRED, *extra))
    lines = [",".join(names)]
    lines += [",".join((SOUND | row).get(name, "") for name in names) for row in given]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def read(path: Path, today: date | None = TODAY, country: str = "FR") -> tuple[list[Row], list[Reject]]:
    """What a file gives: its rows and its rejects."""
    rejects: list[Reject] = []
    reader = PortfolioReader(
        path,
        on_reject=rejects.append,
        policies=builtin_policies(),
        today=None if today is None else lambda _: today,
        default_country=country,
    )
    rows = list(reader)
    assert reader.rows == len(rows)
    assert reader.rejected == len(rejects)
    return rows, rejects
