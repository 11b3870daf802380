"""Invented debtors, and portfolio files of them."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

COMPANY = "quartz"
COMPANIES = """\
[[company]]
ref = "quartz"
name = "Quartz"
legal_name = "Quartz SAS"
registration = "SIREN 552 100 554, RCS Lyon"
address = ["1 rue des Essais", "69007 Lyon", "France"]
country = "FR"
language = "fr"
email = "comptabilite@quartz.example"
phone = "+33 4 72 00 11 22"
payee = "Quartz SAS"
iban = "FR14 2004 1010 0505 0001 3M02 606"
signatory = { name = "Hélène Faure", title = "Credit manager", email = "helene.faure@quartz.example", \
phone = "+33 4 72 00 11 30" }
"""


@dataclass(frozen=True)
class Debtor:
    """A customer with one invoice, `late` days after its due date; `step` was made `asked` days ago."""

    number: int
    late: int = 6
    amount: str = "1200.00"
    step: str = ""
    asked: int = 0

    @property
    def invoice(self) -> str:
        """The invoice's number."""
        return f"QZ-{self.number:04}"

    @property
    def name(self) -> str:
        """A name that nothing else has."""
        return f"Zéphyrine Outillage {self.number}"

    @property
    def email(self) -> str:
        """Where its reminders go."""
        return f"compta.{self.number}@zephyrine.example"

    @property
    def phone(self) -> str:
        """A mobile number of its own."""
        return f"+3361234{self.number:04}"

    def row(self, today: date) -> dict[str, str]:
        """Its line in a portfolio."""
        due = today - timedelta(days=self.late)
        return {
            "company": COMPANY,
            "invoice": self.invoice,
            "customer": f"Z-{self.number}",
            "customer_name": self.name,
            "issued_on": str(due - timedelta(days=30)),
            "due_on": str(due),
            "amount": self.amount,
            "currency": "EUR",
            "country": "FR",
            "accounting_email": self.email,
            "accounting_phone": self.phone,
            "executive_email": f"direction.{self.number}@zephyrine.example",
            "collector_email": "claire.morel@quartz.example",
            "last_step": self.step,
            "last_contacted_on": str(today - timedelta(days=self.asked)) if self.step else "",
        }


def write_portfolio(path: Path, debtors: Iterable[Debtor], today: date) -> Path:
    """Write debtors as a portfolio dated around `today`."""
    rows = [debtor.row(today) for debtor in debtors]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def personal_data(written: str) -> list[str]:
    """Lines of `written` that name a debtor, or its address or number."""
    marks = ("zéphyrine", "zephyrine", "z\\xe9phyrine", "+3361234")
    return [line for line in written.splitlines() if any(mark in line.lower() for mark in marks)]
