"""The campaign's portfolio: invented customers, each of whom is due exactly one message now."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from admin.demo.portfolio import CLAIRE, COMPANIES_TOML, COMPANY

MOST: Final = 9_999
"""Customers for whom there are invented numbers."""

_TRADES: Final = ("Ateliers", "Boulangerie", "Garage", "Imprimerie", "Menuiserie", "Pépinières", "Transports")
_NAMES: Final = (
    "Aubrac",
    "Bellerive",
    "Chantemerle",
    "Duvernay",
    "Fontanges",
    "Granier",
    "Lescure",
    "Roussel",
)


@dataclass(frozen=True, slots=True)
class _Item:
    """One invoice: `late` days past due (negative: still to come); `asked`, days since the last step."""

    late: int
    step: str = ""
    asked: int = 0


_COURTEOUS: Final = _Item(6)
_FIRM: Final = _Item(17, "reminder_1", 9)
_SMS: Final = _Item(33, "reminder_2", 16)
_COMING: Final = _Item(-20)

_KINDS: Final = (
    # What a customer owes, and how often that is so. An SMS never carries folded items here: it would take
    # a second message along, and one customer is to stand for one message.
    ((_COURTEOUS,), 24),
    ((_COURTEOUS, _COURTEOUS, _COMING), 1),
    ((_FIRM, _COURTEOUS), 2),
    ((_FIRM, _FIRM, _COURTEOUS), 1),
    ((_SMS,), 10),
    ((_SMS, _SMS), 1),
    ((_SMS, _COMING), 1),
)


def write(folder: Path, today: date, contacts: int, seed: int) -> tuple[Path, Path]:
    """Write a portfolio of `contacts` customers dated around `today`, and the creditor's particulars.

    The same seed gives the same portfolio. Returns the paths of both.
    """
    folder.mkdir(parents=True, exist_ok=True)
    portfolio, companies = folder / "portfolio.csv", folder / "companies.toml"
    with portfolio.open("w", encoding="utf-8", newline="") as file:
        rows = list(_rows(today, contacts, seed))
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    companies.write_text(COMPANIES_TOML, encoding="utf-8")
    return portfolio, companies


def _rows(today: date, contacts: int, seed: int) -> Iterator[dict[str, str]]:
    if not 1 <= contacts <= MOST:
        raise ValueError(f"contacts: {contacts} is not between 1 and {MOST}")
    dice = random.Random(seed)  # noqa: S311 - invented customers need a seed, not secrecy
    kinds = [kind for kind, _ in _KINDS]
    weights = [weight for _, weight in _KINDS]
    for number in range(1, contacts + 1):
        (items,) = dice.choices(kinds, weights)
        name = f"{dice.choice(_TRADES)} {dice.choice(_NAMES)} {number}"
        for place, item in enumerate(items, 1):
            due = today - timedelta(days=item.late)
            yield {
                "company": COMPANY,
                "invoice": f"FA-{number:04}-{place}",
                "customer": f"C-{number:04}",
                "customer_name": name,
                "issued_on": str(due - timedelta(days=30)),
                "due_on": str(due),
                "amount": f"{dice.randrange(15_000, 900_000) / 100:.2f}",
                "currency": "EUR",
                "country": "FR",
                "accounting_email": f"comptabilite@client-{number:04}.example",
                "accounting_phone": f"+3361234{number:04}",
                "collector_email": CLAIRE,
                "last_step": item.step,
                "last_contacted_on": str(today - timedelta(days=item.asked)) if item.step else "",
            }
