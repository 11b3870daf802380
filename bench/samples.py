"""Portfolios to measure on: the public receivables file where it is at hand, else invented ones."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from bench.harness import COMPANY, MONDAY, ROOT

RECEIVABLES: Final = ROOT.parent / "shared" / "data" / "receivables-2012-2013.csv"
RECEIVABLES_ROWS, RECEIVABLES_CUSTOMERS = 2_466, 100

LIVES: Final = (
    *("company", "invoice", "customer", "customer_name", "issued_on", "due_on", "amount", "currency"),
    *("country", "accounting_email", "settled_on", "disputed_on", "resolved_on"),
)
"""Columns of a portfolio that says what its debtors did."""

OPEN: Final = (
    *("company", "invoice", "customer", "customer_name", "issued_on", "due_on", "amount", "currency"),
    *("language", "country", "segment", "accounting_email", "accounting_phone", "buyer_email"),
    *("executive_email", "collector_email", "order_ref", "paid", "policy"),
)
"""Columns of a portfolio as a bookkeeping program would give it."""

_INVOICES_EACH = 12


def write_lives(path: Path, size: int = RECEIVABLES_ROWS) -> int:
    """Write a portfolio of lived lives with up to `size` invoices; returns how many it has.

    The receivables file, where it is there; otherwise one of the same shape.
    """
    found = _receivables(RECEIVABLES) if RECEIVABLES.exists() else _invented_lives(size)
    rows = [row for _, row in zip(range(size), found, strict=False)]
    _write(path, LIVES, rows)
    return len(rows)


def _receivables(path: Path) -> Iterator[Sequence[object]]:
    """Its rows as ours: a disputed invoice is disputed in full on its due date, until it is settled."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            due, settled = _american(row["DueDate"]), _american(row["SettledDate"])
            disputed = row["Disputed"] == "Yes" and settled > due
            yield _life(
                row["customerID"],
                row["invoiceNumber"],
                _american(row["InvoiceDate"]),
                due,
                row["InvoiceAmount"],
                settled,
                disputed,
            )


def _american(text: str) -> date:
    """A date written M/D/YYYY."""
    month, day, year = (int(part) for part in text.split("/"))
    return date(year, month, day)


def _invented_lives(size: int) -> Iterator[Sequence[object]]:
    """Two years of a hundred customers: a third pays late, by two weeks in the middle; a quarter disputes."""
    random = Random(2012)
    for place in range(size):
        issued = date(2012, 1, 2) + timedelta(days=random.randrange(700))
        due = issued + timedelta(days=30)
        late = random.choice((-12, -5, -2, -1, 0, 0)) if random.random() < 0.64 else random.randrange(1, 45)
        settled = due + timedelta(days=late)
        amount = f"{random.randrange(526, 12_828) / 100:.2f}"
        disputed = random.random() < 0.23 and late > 0
        customer = f"C-{place % RECEIVABLES_CUSTOMERS:04}"
        yield _life(customer, f"F-{place:07}", issued, due, amount, settled, disputed)


def _life(
    customer: str, number: str, issued: date, due: date, amount: str, settled: date, disputed: bool
) -> Sequence[object]:
    """One row of `LIVES`."""
    quarrel = (due, settled) if disputed else ("", "")
    return (
        *(COMPANY, number, customer, f"Client {customer}", issued, due, amount, "EUR"),
        *("FR", f"compta@{customer.lower()}.example", settled, *quarrel),
    )


def write_open(path: Path, size: int, *, invoices_each: int = _INVOICES_EACH) -> None:
    """Write `size` open invoices dated around `MONDAY`, several to a customer; some in part paid."""
    _write(path, OPEN, _open_rows(size, invoices_each))


def _open_rows(size: int, invoices_each: int) -> Iterator[Sequence[object]]:
    random = Random(2026)
    today = MONDAY.date()
    for place in range(size):
        debtor = f"C-{place // invoices_each:06}"
        host = f"{debtor.lower()}.example"
        due = today + timedelta(days=random.randrange(-70, 45))
        cents = random.randrange(2_000, 2_000_000)
        paid = f"{cents / 300:.2f}" if place % 20 == 0 else ""
        yield (
            *(COMPANY, f"F-{place:07}", debtor, f"Établissements {debtor}"),
            *(due - timedelta(days=30), due, f"{cents / 100:.2f}", "EUR"),
            *(("fr", "FR") if place // invoices_each % 5 else ("en", "GB")),
            *("", f"compta@{host}", "+33612345678", f"achats@{host}"),
            *(f"direction@{host}", "claire@acme.example", f"PO-{place % 9_973}", paid, ""),
        )


def write_due(path: Path, customers: int, *, also_open: int = 2) -> int:
    """Write customers with one invoice whose first reminder is due on `MONDAY`, and others not yet due.

    Returns the number of invoices.
    """
    today = MONDAY.date()
    rows: list[Sequence[object]] = []
    for place in range(customers):
        debtor = f"C-{place:06}"
        for turn in range(1 + also_open):
            # Five days late asks for the first reminder; those due in three weeks are only listed.
            due = today + timedelta(days=-5 if turn == 0 else 20 + turn)
            rows.append(_standard(debtor, f"F-{place:06}-{turn}", due))
    _write(path, OPEN, rows)
    return len(rows)


def _standard(debtor: str, number: str, due: date) -> Sequence[object]:
    """One open invoice of a French customer under the standard policy."""
    host = f"{debtor.lower()}.example"
    return (
        *(COMPANY, number, debtor, f"Établissements {debtor}", due - timedelta(days=30), due),
        *("1234.56", "EUR", "fr", "FR", "", f"compta@{host}", "+33612345678", f"achats@{host}"),
        *(f"direction@{host}", "claire@acme.example", f"PO-{number}", "", "standard"),
    )


def write_future(path: Path, customers: int, due: date) -> None:
    """Write customers with one invoice each, all due on `due`."""
    rows = [_standard(f"C-{place:06}", f"F-{place:06}", due) for place in range(customers)]
    _write(path, OPEN, rows)


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
